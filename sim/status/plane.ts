// A status plane in a simulated world: real sites, each a process with a drive and a clock of its own,
// that watch simulated regions over a simulated network.

import { assert } from '../../src/base/assert.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { HttpAnswer, HttpRequest } from '../../src/base/network.ts'
import type { StatusConfig } from '../../src/status/config.ts'
import { Renderer } from '../../src/status/output/render.ts'
import { checkConfig } from '../../src/status/parse-config.ts'
import { answerOf } from '../../src/status/probes/cell-model.ts'
import { makeKeyPair } from '../../src/status/records/keys.ts'
import type { KeyPair } from '../../src/status/records/keys.ts'
import type { SiteLog } from '../../src/status/site-members.ts'
import { openStatusSite } from '../../src/status/status-service.ts'
import type { StatusSite } from '../../src/status/status.ts'
import { openSimDisk } from '../disk.ts'
import { Drive } from '../drive.ts'
import { Faults } from '../faults.ts'
import { SimProcess } from '../process.ts'
import type { World } from '../world.ts'
import { openRegion, regionFile } from './store.ts'
import type { RegionShape, SimRegion } from './store.ts'
import { Timeline } from './timeline.ts'
import { Web } from './web.ts'

export interface PlaneShape {
  readonly regions: readonly RegionShape[]
  readonly sites: number
  readonly anchors: number
  readonly timing: {
    readonly probeIntervalSec: number
    readonly proofSec: number
    readonly exchangeIntervalSec: number
  }
  /** Whether pages are made of what is told, which takes most of a run's time. */
  readonly pages: 'made' | 'left-out'
}

const DRIVE_SIZE_BYTES = 64 * 1024 * 1024
const REMARKS_MAX = 200
const CLOCK_OFFSET_MS_MAX = 3000
/** Of a clock that nobody sets right: 200 parts in a million. */
const DRIFT_MAX = 0.0002

export class SimPlane {
  readonly world: World
  readonly web: Web
  readonly regions: readonly SimRegion[]
  readonly anchors: readonly string[]
  readonly config: StatusConfig
  readonly sites: readonly SimSite[]
  /** What operators were told, the last of it. */
  readonly remarks: string[] = []
  /** Of sites' processes that ended by themselves. */
  readonly defects: unknown[] = []

  constructor(world: World, shape: PlaneShape) {
    this.world = world
    this.web = new Web(world)
    this.regions = shape.regions.map((region) => openRegion(region, this.web, world))
    this.anchors = Array.from({ length: shape.anchors }, (_, index) => `https://a${index + 1}.test`)
    for (const anchor of this.anchors) this.web.serve(anchor, () => answerOf(404, ''))
    const keys = world.random.fork('keys')
    const sites = ['a', 'b', 'c'].slice(0, shape.sites)
    const named = sites.map((name) => ({ name: `site-${name}`, pair: makeKeyPair(keys) }))
    this.config = configOf(this, named, shape)
    this.sites = named.map(
      ({ name, pair }) => new SimSite(this, { name, pair, pages: shape.pages }),
    )
  }

  remark(site: string, message: string): void {
    const line = `${(this.world.nowMs / 1000).toFixed(1)} ${site}: ${message}`
    if (this.remarks.push(line) > REMARKS_MAX) this.remarks.shift()
  }

  /** Ends all, as power cuts do. */
  kill(): void {
    for (const site of this.sites) site.kill()
  }
}

interface NamedSite {
  readonly name: string
  readonly pair: KeyPair
}

function configOf(
  { anchors, regions }: Pick<SimPlane, 'anchors' | 'regions'>,
  sites: readonly NamedSite[],
  { timing }: PlaneShape,
): StatusConfig {
  const text = JSON.stringify({
    plane: 'simulated',
    title: 'Simulated',
    sites: sites.map(({ name, pair }) => ({ name, key: pair.publicRaw, url: siteOrigin(name) })),
    regions: regions.map((region) => regionFile(region)),
    timing: { ...timing, anchors },
  })
  const { config, problems } = checkConfig(text, () => '')
  assert(config !== null, `the configuration is one: ${problems.join('; ')}`)
  return config
}

export function siteOrigin(name: string): string {
  return `https://${name}.status.test`
}

/** One site; its drive and what it told outlive its process. */
export class SimSite {
  readonly name: string
  readonly timeline: Timeline = new Timeline()
  readonly #plane: SimPlane
  readonly #pair: KeyPair
  readonly #pages: PlaneShape['pages']
  readonly #drive: Drive
  readonly #rate: number
  readonly #offsetMs: number
  #process: SimProcess | null = null
  #site: StatusSite | null = null
  #startCount = 0

  constructor(plane: SimPlane, { name, pages, pair }: NamedSite & Pick<PlaneShape, 'pages'>) {
    const { web, world } = plane
    const random = world.random.fork(`site ${name}`)
    this.name = name
    this.#plane = plane
    this.#pair = pair
    this.#pages = pages
    const size = { totalBytes: DRIVE_SIZE_BYTES, freeShare: 1 }
    this.#drive = new Drive(world, new Faults({}, random.fork('drive')), size)
    this.#rate = 1 + DRIFT_MAX * (2 * random.fraction() - 1)
    this.#offsetMs = CLOCK_OFFSET_MS_MAX * (2 * random.fraction() - 1)
    web.serve(siteOrigin(name), (request) => this.#answer(request))
  }

  /** Starts it, with what its drive has. */
  async start(): Promise<void> {
    assert(this.#process === null, 'it is not running')
    const { config, world } = this.#plane
    this.#startCount += 1
    const process = new SimProcess(world, {
      name: `${this.name}#${this.#startCount}`,
      clockRate: this.#rate,
      diesAtCall: Infinity,
    })
    process.onDeath((death) => {
      if (death.kind === 'threw') this.#plane.defects.push(death.error)
    })
    this.#process = process
    const renderer = this.#pages === 'made' ? new Renderer() : null
    const site = await openStatusSite({
      config,
      site: this.name,
      pair: this.#pair,
      disk: openSimDisk(this.#drive, process),
      openFolder: () => openSimDisk(this.#drive, process),
      network: this.#plane.web.from({ name: this.name, process }),
      clock: this.#clockOf(process),
      random: process.random,
      log: this.#logOf(),
      renderer: {
        render: (snapshot) => {
          this.timeline.take(world.nowMs, snapshot)
          return renderer?.render(snapshot) ?? new Map()
        },
      },
    })
    this.#site = site
  }

  /** Ends it between two instructions. */
  kill(): void {
    if (this.#process === null) return
    this.#process.die({ kind: 'killed', why: 'by the run' })
    this.#process = null
    this.#site = null
    this.timeline.takeEnd(this.#plane.world.nowMs)
  }

  /** Its machine's wall clock is off, and drifts with all of its clock. */
  #clockOf(process: SimProcess): Clock {
    const { clock } = process
    const nowMs = (): number => {
      const driftMs = this.#plane.world.nowMs * (this.#rate - 1)
      return Math.floor(clock.nowMs() + this.#offsetMs + driftMs)
    }
    return { ...clock, nowMs }
  }

  #logOf(): SiteLog {
    const tell = (fields: object, message: string): void => {
      const { component, message: why } = fields as { component?: string; message?: string }
      this.#plane.remark(this.name, [message, component, why].filter(Boolean).join(' '))
    }
    return { debug: () => undefined, info: tell, warn: tell, error: tell }
  }

  #answer({ body, headers, method, target }: HttpRequest): HttpAnswer | Promise<HttpAnswer> | null {
    if (this.#site === null || this.#process?.isDead !== false) return null
    const named = new Map<string, string>()
    for (let index = 0; index < headers.length; index += 2) {
      named.set((headers[index] ?? '').toLowerCase(), headers[index + 1] ?? '')
    }
    return this.#site.answer({ method, target, headers: named, body })
  }
}
