// One site of a plane on a bad day: three regions of four cells, none of which answers, so that it probes,
// judges, posts and tells as much as it ever does, beside what is measured.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  newNonce,
  readKeyFile,
  recordText,
  seal,
} from '../../src/status/console/browser/signing.page.js'
import { BUILT_MAIN, freePort, run, until } from '../../test/clients/harness/server.mjs'

const HOST = '127.0.0.1'
const REGIONS = ['EU West', 'US East', 'Asia South']
const CELLS = ['a', 'b', 'c', 'd']
const PEOPLE = ['ada', 'ben', 'cleo', 'dan']
/** Nobody listens there. */
const CLOSED = `http://${HOST}:1`
const START_MS_MAX = 60_000
/** By then incidents are open, and what is told is as large as it gets. */
const ILL_MS_MAX = 90_000

export class SiteError extends Error {
  name = 'SiteError'
}

export class Site {
  #child
  #folder
  #postCount = 0

  /** Resolves when the outage is told. */
  static async start(folder) {
    const site = new Site()
    await site.#start(folder)
    return site
  }

  get pid() {
    return this.#child.pid
  }

  async #start(folder) {
    mkdirSync(folder)
    this.port = await freePort()
    const own = await command(
      folder,
      'init',
      'a',
      '--site',
      'a',
      '--url',
      `http://${HOST}:${this.port}`,
    )
    const people = []
    for (const name of PEOPLE) {
      const { key } = await command(folder, 'key', `${name}.pem`, '--name', name)
      people.push({ name, key })
    }
    this.#folder = folder
    const { key, name, url } = own
    const config = configOf([{ name, key, url }], people)
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
    const log = openSync(join(folder, 'log'), 'a')
    const words = ['--config', 'config.json', '--listen', `${HOST}:${this.port}`]
    this.#child = spawn(
      process.execPath,
      [BUILT_MAIN, 'status', 'serve', 'a', '--site', 'a', ...words],
      { cwd: folder, env: { PATH: process.env.PATH }, stdio: ['ignore', log, log] },
    )
    closeSync(log)
    process.on('exit', () => this.#child.kill('SIGKILL'))
    const answers = async () => (await this.#json('/-/health/ready')) !== null
    if (!(await until(answers, START_MS_MAX, 100))) {
      throw new SiteError(`the site does not start: ${readFileSync(join(folder, 'log'), 'utf8')}`)
    }
    const isTold = async () => (await this.#json('/-/posting'))?.incidents.length === REGIONS.length
    if (!(await until(isTold, ILL_MS_MAX, 500))) throw new SiteError('the outage is not told')
    await pause(2000) // what follows the incidents is rendered too
  }

  async stop() {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
  }

  /** Sockets and files that its process has open. */
  get openCount() {
    return readdirSync(`/proc/${this.pid}/fd`).length
  }

  /** Signs and hands in one post, over connections of its own; milliseconds from the first byte to the answer. */
  async post(text) {
    const { orderMax, plane } = await this.#json('/-/posting')
    const pair = await readKeyFile(readFileSync(this.#nextKeyFile(), 'utf8'))
    const statement = {
      kind: 'override',
      component: 'region-0/a/get',
      level: 'major-outage',
      over: null,
      reason: text,
      untilMs: null,
    }
    const parts = { plane, author: pair.id, atMs: Date.now(), order: orderMax + 1 }
    const record = recordText({ ...parts, nonce: newNonce(), statement })
    const body = JSON.stringify(await seal('record', record, pair))
    const beganMs = performance.now()
    const answer = await fetch(`http://${HOST}:${this.port}/-/post`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', connection: 'close' },
    })
    const said = await answer.text()
    if (answer.status !== 201) throw new SiteError(`a post was not taken: ${answer.status} ${said}`)
    return performance.now() - beganMs
  }

  /** One person posts so and so often a minute. */
  #nextKeyFile() {
    this.#postCount += 1
    return join(this.#folder, `${PEOPLE[this.#postCount % PEOPLE.length]}.pem`)
  }

  /** Null: no answer yet. */
  async #json(path) {
    const headers = { connection: 'close' }
    const answer = await fetch(`http://${HOST}:${this.port}${path}`, { headers }).catch(() => null)
    return answer?.ok === true ? await answer.json() : null
  }
}

async function command(folder, ...words) {
  const ended = await run(process.execPath, [BUILT_MAIN, 'status', ...words, '--json'], {
    cwd: folder,
  })
  if (ended.exitCode !== 0) throw new SiteError(`status ${words[0]}: ${ended.stderr}`)
  return JSON.parse(ended.stdout)
}

function configOf(sites, people) {
  const regions = REGIONS.map((title, index) => ({
    name: `region-${index}`,
    title,
    cells: CELLS.map((name) => ({
      name,
      title: `Cell ${name.toUpperCase()}`,
      endpoints: [CLOSED],
      accessKey: 'bench',
      secretKey: 'bench',
      bucket: `status-probes-${name}`,
    })),
    services: [{ name: 'console', title: 'Console', url: CLOSED }],
  }))
  return { plane: 'bench', title: 'Example Storage', sites, people, regions }
}
