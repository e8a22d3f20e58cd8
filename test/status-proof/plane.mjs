// A status plane: sites in processes of their own, made by the command line as an operator makes them,
// and what they tell.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, ROOT_CREDENTIALS, run } from '../clients/harness/server.mjs'
import { get, until } from './asking.mjs'
import { CELLS, OPERATIONS, REGION, SERVICE } from './region.mjs'
import { ProofError, tallyOf } from './report.mjs'

export const SITES = ['a', 'b']
/** Components of one cell. */
export const operationsOf = (cell) =>
  OPERATIONS.map((operation) => `${REGION}/${cell}/${operation}`)
export const ALL_OPERATIONS = CELLS.flatMap(operationsOf)
export const SERVICE_ID = `${REGION}/${SERVICE}`
export const ALL = [...ALL_OPERATIONS, SERVICE_ID]

const START_SEC_MAX = 60
const LOG_SHOWN = 2000

/**
 * Makes keys and configurations in `folder`. `waysOf(site)` says where the site finds `c1`, `c2`, `c3`,
 * the service, anchors and its peer: origins, as each machine's own names and routes would.
 */
export async function makePlane({ bucket, folder, main, timing, waysOf }) {
  mkdirSync(folder)
  const command = async (...words) => await run(process.execPath, [main, ...words], options)
  const options = { env: { PATH: process.env.PATH, LANG: 'C.UTF-8' }, cwd: folder }
  const ports = new Map()
  const lines = []
  for (const name of SITES) {
    const port = await freePort()
    ports.set(name, port)
    const url = `http://127.0.0.1:${port}`
    lines.push(await made(command, ['init', name, '--site', name, '--url', url]))
  }
  const people = [await made(command, ['key', 'ada.pem', '--name', 'On call'])]
  const sites = new Map()
  for (const name of SITES) {
    const ways = await waysOf(name, ports)
    const config = configOf({ bucket, lines, people, timing, ways })
    const configFile = join(folder, `config-${name}.json`)
    writeFileSync(configFile, JSON.stringify(config))
    const port = ports.get(name)
    sites.set(name, new Site({ name, port, folder, main, configFile, peer: ways.peer }))
  }
  return { sites, keyFile: join(folder, 'ada.pem'), command }
}

async function made(command, words) {
  const { exitCode, stderr, stdout } = await command('status', ...words, '--json')
  if (exitCode !== 0) throw new ProofError(`status ${words[0]} ended with ${exitCode}: ${stderr}`)
  const { key, name, url } = JSON.parse(stdout)
  return url === undefined ? { name, key } : { name, key, url }
}

function configOf({ bucket, lines, people, timing, ways }) {
  const cells = CELLS.map((name) => ({
    name,
    title: `Cell ${name.slice(1)}`,
    endpoints: [ways[name]],
    accessKey: ROOT_CREDENTIALS.access,
    secretKey: ROOT_CREDENTIALS.secret,
    bucket,
    reports: [`${ways[name]}/-/health/ready`],
  }))
  const services = [{ name: SERVICE, title: 'Thumbnails', url: `${ways.service}/health` }]
  return {
    plane: 'proof',
    title: 'The proof',
    sites: lines,
    people,
    regions: [{ name: REGION, title: 'EU West', cells, services }],
    timing: { ...timing, anchors: ways.anchors },
  }
}

/** `holdfast status serve` over one directory; started, killed, started again. */
class Site {
  #options
  #child = null
  #onExit = () => this.#child?.kill('SIGKILL')

  constructor(options) {
    this.#options = options
    this.name = options.name
    this.url = `http://127.0.0.1:${options.port}`
  }

  /** Resolves when it answers. */
  async start() {
    const { configFile, folder, main, name, peer, port } = this.#options
    const logFile = join(folder, `${name}.log`)
    const log = openSync(logFile, 'a')
    const peerWords = peer === undefined ? [] : ['--peer', peer]
    const words = ['--site', name, '--config', configFile, '--listen', `127.0.0.1:${port}`]
    const child = spawn(process.execPath, [main, 'status', 'serve', name, ...words, ...peerWords], {
      env: { PATH: process.env.PATH },
      cwd: folder,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    this.#child = child
    process.on('exit', this.#onExit)
    await until(`site ${name} answers`, START_SEC_MAX, async () => {
      if (child.exitCode !== null) {
        const end = readFileSync(logFile, 'utf8').slice(-LOG_SHOWN)
        throw new ProofError(`site ${name} ended with ${child.exitCode}: ${end}`)
      }
      const answer = await get(`${this.url}/-/health/ready`).catch(() => null)
      return answer?.status === 200 ? null : 'it does not yet'
    })
  }

  async kill() {
    const child = this.#child
    if (child === null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await ended
    process.off('exit', this.#onExit)
    this.#child = null
  }

  async text(path) {
    const { body, status } = await get(`${this.url}${path}`)
    if (status !== 200) throw new ProofError(`site ${this.name} answered ${status} for ${path}`)
    return body
  }

  async json(path) {
    return JSON.parse(await this.text(path))
  }

  /** Levels by component. */
  async levels() {
    const { components } = await this.json('/-/posting')
    return new Map(components.map(({ id, level }) => [id, level]))
  }

  async incidents() {
    return (await this.json('/api/v2/incidents.json')).incidents
  }
}

/** Null where each of these components is told so; else what is told instead. */
export function missingOf(levels, expected) {
  const other = [...expected].flatMap(([id, level]) => {
    const told = levels.get(id)
    return told === level ? [] : [`${id} ${told}`]
  })
  if (other.length === 0) return null
  return other.length > 6 ? tallyOf(other.map((text) => text.split(' ')[1])) : other.join(', ')
}

/** Components at one level. */
export function allAt(level, ids = ALL) {
  return new Map(ids.map((id) => [id, level]))
}

/** What a page says of the standing of a site: `reached`, `cut off, so …`; null where it does not name it. */
export function standingOf(page, name) {
  const row = new RegExp(`<th[^>]*>${name} <small>([^<]*)</small></th>([\\s\\S]*?)</tr>`).exec(page)
  if (row === null) return null
  const cells = row[2].replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
  return `${row[1]}; ${cells.trim()}`
}

/** Waits until all of it is operational by each of the sites. */
export async function untilWell(sites, secMax, ids = ALL) {
  await until('all is operational', secMax, async () => {
    for (const site of sites) {
      const missing = missingOf(await site.levels(), allAt('operational', ids))
      if (missing !== null) return `site ${site.name} tells ${missing}`
    }
    return null
  })
}
