// What the browser looks at: an embedded store behind proxies that stand in for three cells in two
// regions, a service beside it, and two sites in processes of their own that watch them.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { freePort, ROOT_CREDENTIALS, run, ServerUnderTest } from '../clients/harness/server.mjs'
import { until } from '../status-proof/asking.mjs'
import { Proxy } from '../status-proof/proxy.mjs'

const SITES = ['ams', 'iad']
const CELLS = ['eu/a', 'eu/b', 'us/a']
const WELL_SEC_MAX = 120
const LOG_SHOWN = 2000

/** Far more often than in operation, so that a run is short. */
const TIMING = { probeIntervalSec: 3, proofSec: 10, exchangeIntervalSec: 1, slowMs: 10_000 }

export class PlaneError extends Error {
  name = 'PlaneError'
}

export class Plane {
  #closers = []
  /** By REGION/CELL. */
  proxies = new Map()
  /** Origins by site. */
  urls = new Map()
  keyFile = ''
  strangerFile = ''
  publicFile = ''

  static async open({ folder, main }) {
    const plane = new Plane()
    try {
      await plane.#open(folder, main)
      return plane
    } catch (error) {
      await plane.close()
      throw error
    }
  }

  async close() {
    for (const close of this.#closers.splice(0).reverse()) await close()
  }

  /** Resolves when each site tells that all is operational. */
  async untilWell() {
    for (const site of SITES) {
      await until(`all is well by site ${site}`, WELL_SEC_MAX, async () => {
        const ill = [...(await this.levels(site))].filter(([, level]) => level !== 'operational')
        return ill.length === 0 ? null : ill.join(' ')
      })
    }
  }

  /** Levels by component. */
  async levels(site) {
    const { components } = await this.json(site, '/-/posting')
    return new Map(components.map(({ id, level }) => [id, level]))
  }

  async json(site, path) {
    const answer = await fetch(`${this.urls.get(site)}${path}`)
    if (!answer.ok) throw new PlaneError(`site ${site} answered ${answer.status} for ${path}`)
    return await answer.json()
  }

  async #open(folder, main) {
    const home = join(folder, 'store-home')
    mkdirSync(home)
    const logFile = join(folder, 'store.log')
    const args = ['--workers', '1', '--access-log', 'none']
    const port = await freePort()
    const store = new ServerUnderTest({
      main,
      folder: join(folder, 's'),
      home,
      logFile,
      port,
      args,
    })
    this.#closers.push(async () => await store.kill())
    await store.init()
    await store.start()
    for (const cell of CELLS) {
      const proxy = await Proxy.open(port)
      this.#closers.push(() => proxy.close())
      this.proxies.set(cell, proxy)
    }
    const service = await this.#listen()
    const command = async (...words) => {
      const ended = await run(process.execPath, [main, 'status', ...words], { cwd: folder })
      if (ended.exitCode !== 0) throw new PlaneError(`status ${words[0]}: ${ended.stderr}`)
      return ended.stdout
    }
    const sites = []
    for (const name of SITES) {
      this.urls.set(name, `http://127.0.0.1:${await freePort()}`)
      const words = ['init', name, '--site', name, '--url', this.urls.get(name), '--json']
      const { key, url } = JSON.parse(await command(...words))
      sites.push({ name, key, url })
    }
    const { key } = JSON.parse(await command('key', 'ada.pem', '--name', 'On call', '--json'))
    await command('key', 'stranger.pem', '--json')
    this.keyFile = join(folder, 'ada.pem')
    this.strangerFile = join(folder, 'stranger.pem')
    this.publicFile = join(folder, 'letter.txt')
    writeFileSync(this.publicFile, 'Dear site, let me in.\n')
    const configFile = join(folder, 'config.json')
    const config = this.#config({ sites, people: [{ name: 'On call', key }], service })
    writeFileSync(configFile, JSON.stringify(config))
    for (const name of SITES) await this.#startSite(name, { configFile, folder, main })
  }

  #config({ people, service, sites }) {
    const cellsOf = (region) =>
      CELLS.filter((id) => id.startsWith(`${region}/`)).map((id) => ({
        name: id.split('/')[1],
        title: `Cell ${id.split('/')[1].toUpperCase()}`,
        endpoints: [this.proxies.get(id).origin],
        accessKey: ROOT_CREDENTIALS.access,
        secretKey: ROOT_CREDENTIALS.secret,
        bucket: `status-probes-${id.replace('/', '-')}`,
      }))
    const billing = { name: 'billing', title: 'Billing', url: `${service}/up` }
    return {
      plane: 'example',
      title: 'Example Storage',
      sites,
      people,
      regions: [
        { name: 'eu', title: 'Europe', cells: cellsOf('eu'), services: [billing] },
        { name: 'us', title: 'US East', cells: cellsOf('us') },
      ],
      timing: { ...TIMING, anchors: [service] },
    }
  }

  /** A service that is well, and an anchor. */
  async #listen() {
    const server = http.createServer((_, response) => response.end('up\n'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#closers.push(() => {
      server.close()
      server.closeAllConnections()
    })
    return `http://127.0.0.1:${server.address().port}`
  }

  async #startSite(name, { configFile, folder, main }) {
    const logFile = join(folder, `${name}.log`)
    const log = openSync(logFile, 'a')
    const listen = this.urls.get(name).replace('http://', '')
    const words = ['--site', name, '--config', configFile, '--listen', listen]
    const child = spawn(process.execPath, [main, 'status', 'serve', name, ...words], {
      env: { PATH: process.env.PATH },
      cwd: folder,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    const end = () => child.kill('SIGKILL')
    process.on('exit', end)
    const ended = once(child, 'exit')
    this.#closers.push(async () => {
      end()
      await ended
      process.off('exit', end)
    })
    await until(`site ${name} answers`, WELL_SEC_MAX, async () => {
      if (child.exitCode !== null) {
        throw new PlaneError(`it ended: ${readFileSync(logFile, 'utf8').slice(-LOG_SHOWN)}`)
      }
      const answer = await fetch(`${this.urls.get(name)}/-/health/ready`).catch(() => null)
      return answer?.ok === true ? null : 'not yet'
    })
  }
}
