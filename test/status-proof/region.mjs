// A region: three embedded stores as its cells, a steady load of real requests on each, and a service
// that depends on it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openS3 } from '../clients/harness/s3.mjs'
import { freePort, ROOT_CREDENTIALS, ServerUnderTest } from '../clients/harness/server.mjs'

export const CELLS = ['c1', 'c2', 'c3']
export const OPERATIONS = ['get', 'list', 'put', 'delete', 'multipart', 'sign-in']
export const REGION = 'eu'
export const SERVICE = 'thumbnails'

const BUCKET = 'work'
const OWN_KEY = 'thumbnails/own'
const CLIENTS_PER_CELL = 2
const KEYS_PER_CLIENT = 40
/** Between two requests of one client. */
const PAUSE_MS = 150
/** What a client waits behind a request that failed. */
const FAILED_PAUSE_MS = 300

export class Region {
  #cells
  #service = null
  servicePort = 0
  load = null

  static async make({ folder, main }) {
    const cells = []
    for (const name of CELLS) {
      const home = join(folder, `${name}-home`)
      mkdirSync(home)
      const server = new ServerUnderTest({
        main,
        folder: join(folder, name),
        home,
        logFile: join(folder, `${name}.log`),
        port: await freePort(),
        args: ['--workers', '1', '--access-log', 'none'],
      })
      cells.push({ name, server })
    }
    return new Region(cells)
  }

  constructor(cells) {
    this.#cells = cells
  }

  /** Ports of the cells by name. */
  get ports() {
    return new Map(this.#cells.map(({ name, server }) => [name, server.port]))
  }

  /** Makes the stores and serves them; the service and the load begin. */
  async open() {
    await Promise.all(this.#cells.map(async ({ server }) => await server.init()))
    this.servicePort = await freePort()
    await this.start()
    this.load = new Load(this.#cells.map(({ server }) => server.endpoint))
    await this.load.prepare()
    this.load.start()
  }

  async start() {
    await Promise.all(this.#cells.map(async ({ server }) => await server.start()))
    await this.#startService()
  }

  /** SIGKILL to all processes of all cells, and to the service. */
  async kill() {
    this.#service?.kill('SIGKILL')
    await Promise.all(this.#cells.map(async ({ server }) => await server.kill()))
  }

  async close() {
    await this.load?.stop()
    await this.kill()
  }

  async #startService() {
    const program = fileURLToPath(new URL('service.mjs', import.meta.url))
    const { access, secret } = ROOT_CREDENTIALS
    const [{ server }] = this.#cells
    const child = spawn(
      process.execPath,
      [program, String(this.servicePort), server.endpoint, BUCKET, OWN_KEY],
      {
        env: {
          PATH: process.env.PATH,
          HOLDFAST_ACCESS_KEY: access,
          HOLDFAST_SECRET_KEY: secret,
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    this.#service = child
    process.on('exit', () => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
  }
}

/** What clients do all the time, and what was acknowledged to them. */
class Load {
  #stores
  #acknowledged = new Map()
  #isOver = false
  #running = []
  answered = 0
  failed = 0

  constructor(endpoints) {
    this.#stores = endpoints.map((endpoint) =>
      openS3({ endpoint, credentials: ROOT_CREDENTIALS, timeoutMs: 5000 }),
    )
  }

  async prepare() {
    await Promise.all(this.#stores.map(async (s3) => await s3.makeBucket(BUCKET)))
    await this.#stores[0].put(BUCKET, OWN_KEY, Buffer.from('a small picture'))
  }

  start() {
    this.#stores.forEach((s3, cell) => {
      for (let client = 0; client < CLIENTS_PER_CELL; client++) {
        this.#running.push(this.#run(s3, `${cell}/${client}`))
      }
    })
  }

  async stop() {
    this.#isOver = true
    await Promise.all(this.#running)
    for (const s3 of this.#stores) s3.close()
  }

  /** Reads back all that was acknowledged and not written since. Answers what is wrong. */
  async readBack() {
    const problems = []
    let count = 0
    for (const [place, body] of new Map(this.#acknowledged)) {
      const s3 = this.#stores[Number(place.split('/')[0])]
      const read = await s3.get(BUCKET, place).catch((error) => error)
      const now = this.#acknowledged.get(place)
      if (now !== body) continue // it was written meanwhile
      count += 1
      if (!Buffer.isBuffer(read)) problems.push(`${place}: ${read.message}`)
      else if (read.toString() !== body) problems.push(`${place} has another body`)
    }
    return { count, problems }
  }

  async #run(s3, prefix) {
    for (let number = 0; !this.#isOver; number++) {
      const place = `${prefix}/${number % KEYS_PER_CLIENT}`
      try {
        await this.#turn(s3, place, number)
        await pause(PAUSE_MS)
      } catch {
        this.failed += 1
        await pause(FAILED_PAUSE_MS)
      }
    }
  }

  /** PUT, GET, and now and then LIST or DELETE. */
  async #turn(s3, place, number) {
    const body = `${place} ${number} `.repeat(1 + (number % 300))
    this.#acknowledged.delete(place) // either is right until it is answered
    await s3.put(BUCKET, place, Buffer.from(body))
    this.#acknowledged.set(place, body)
    await s3.get(BUCKET, place)
    this.answered += 2
    if (number % 5 === 0) await s3.list(BUCKET, place.slice(0, 4))
    if (number % 7 === 0) {
      this.#acknowledged.delete(place)
      await s3.remove(BUCKET, place)
    }
    this.answered += Number(number % 5 === 0) + Number(number % 7 === 0)
  }
}
