// Hours of ordinary operation: requests that are lost, cut, late or answered 503, hosts that restart,
// one that is gone for hours, a site that restarts, networks that are away for seconds, clocks that
// drift. Nothing but `operational` may be told, and no incident.

import type { ComponentId, Level } from '../../src/status/status.ts'
import type { SeededRandom } from '../random.ts'
import { World } from '../world.ts'
import { failed, silent } from './fault.ts'
import { SimPlane } from './plane.ts'
import type { PlaneShape, SimSite } from './plane.ts'
import { ORDINARY } from './web.ts'

export interface DayRequest {
  readonly seed: number
  readonly hours: number
}

/** Plain values: it crosses processes. */
export interface DayResult {
  readonly seed: number
  readonly hours: number
  /** One line for each component and level that was told and should not; incidents; defects. */
  readonly findings: readonly string[]
  /** What happened, oldest first. */
  readonly events: readonly string[]
  readonly requests: number
  readonly virtualMs: number
  readonly trace: string
}

const HOUR_MS = 3_600_000
/** After a start a site knows nothing for so long. */
const KNOWS_MS_MAX = 60_000
const START_MS = 3000
const HOST_RESTART_MS = [4000, 20_000] as const
const LOST_SHARE = [0.1, 0.3] as const
const SITE_RESTART_MS = [5000, 40_000] as const
const BLIP_MS = [1000, 6000] as const
const BLIPS_PER_DAY = 4
const EVENTS_MAX = 20_000_000

const SHAPE: PlaneShape = {
  regions: [{ name: 'eu', hosts: [3, 2], services: 1, hasReports: true }],
  sites: 2,
  anchors: 2,
  timing: { probeIntervalSec: 15, proofSec: 120, exchangeIntervalSec: 5 },
  pages: 'left-out',
}

export async function runDay({ hours, seed }: DayRequest): Promise<DayResult> {
  const world = new World(`status day ${seed}`)
  const plane = new SimPlane(world, SHAPE)
  plane.web.weather = ORDINARY
  const day = new Day(plane, world.random.fork('day'), hours * HOUR_MS)
  await world.run(day.run(), { eventsMax: EVENTS_MAX })
  plane.kill()
  return {
    seed,
    hours,
    findings: [...day.findings(), ...[...plane.defects, ...world.defects].map(String)],
    events: day.events,
    requests: plane.web.requestCount,
    virtualMs: world.nowMs,
    trace: world.traceHash,
  }
}

class Day {
  readonly events: string[] = []
  readonly #plane: SimPlane
  readonly #random: SeededRandom
  readonly #untilMs: number
  /** By site, when it was started. */
  readonly #starts = new Map<SimSite, number[]>()

  constructor(plane: SimPlane, random: SeededRandom, untilMs: number) {
    this.#plane = plane
    this.#random = random
    this.#untilMs = untilMs
  }

  async run(): Promise<void> {
    const { sites, world } = this.#plane
    for (const site of sites) {
      await this.#start(site)
      await world.clock.sleep(START_MS)
    }
    await Promise.all([
      this.#restartHosts(),
      this.#loseHost(),
      this.#restartSite(),
      ...sites.map(async (site) => await this.#blips(site)),
      world.clock.sleep(this.#untilMs - world.nowMs),
    ])
  }

  async #start(site: SimSite): Promise<void> {
    this.#starts.set(site, [...(this.#starts.get(site) ?? []), this.#plane.world.nowMs])
    await site.start()
  }

  /** One after another, each once, as a release goes through a cell. */
  async #restartHosts(): Promise<void> {
    const origins = this.#plane.regions.flatMap(({ cells }) =>
      cells.flatMap((cell) => cell.origins),
    )
    await this.#sleepShare(0.05, 0.4)
    for (const origin of origins) {
      this.#note(`${origin} restarts`)
      const end = this.#plane.web.addRule((ask) =>
        ask.origin === origin ? failed('refused')() : null,
      )
      await this.#sleep(HOST_RESTART_MS)
      end()
      await this.#sleepShare(0.002, 0.02)
    }
  }

  async #loseHost(): Promise<void> {
    const cells = this.#plane.regions.flatMap((region) => region.cells)
    const origin = this.#random.pick(this.#random.pick(cells).origins)
    await this.#sleepShare(0.1, 0.5)
    this.#note(`${origin} is lost`)
    const end = this.#plane.web.addRule((ask) => (ask.origin === origin ? silent() : null))
    await this.#sleepShare(...LOST_SHARE)
    end()
    this.#note(`${origin} is back`)
  }

  async #restartSite(): Promise<void> {
    const site = this.#random.pick(this.#plane.sites)
    await this.#sleepShare(0.2, 0.8)
    this.#note(`${site.name} is restarted`)
    site.kill()
    await this.#sleep(SITE_RESTART_MS)
    await this.#start(site)
  }

  /** A site's own network is away for seconds. */
  async #blips(site: SimSite): Promise<void> {
    for (let count = 0; count < BLIPS_PER_DAY; count += 1) {
      await this.#sleepShare(0.05, 0.2)
      this.#note(`the network of ${site.name} is away`)
      const end = this.#plane.web.addRule(({ from }) => (from === site.name ? silent() : null))
      await this.#sleep(BLIP_MS)
      end()
    }
  }

  async #sleep([low, high]: readonly [number, number]): Promise<void> {
    await this.#plane.world.clock.sleep(low + (high - low) * this.#random.fraction())
  }

  /** A share of the whole time. */
  async #sleepShare(low: number, high: number): Promise<void> {
    await this.#sleep([low * this.#untilMs, high * this.#untilMs])
  }

  #note(what: string): void {
    this.events.push(`${Math.round(this.#plane.world.nowMs / 1000)} s: ${what}`)
  }

  findings(): string[] {
    return this.#plane.sites.flatMap((site) => [
      ...this.#oddLevels(site),
      ...(site.timeline.all.at(-2)?.incidents ?? []).map(
        ({ title }) => `${site.name}: an incident: ${title}`,
      ),
    ])
  }

  /** What was told and is not `operational`, but for a start. */
  #oddLevels(site: SimSite): string[] {
    const starts = this.#starts.get(site) ?? []
    const odd = new Map<string, { forMs: number; firstMs: number; why: string }>()
    for (const { atMs, forMs, levels, whys } of site.timeline.within(0, this.#untilMs)) {
      const isStart = starts.some((ms) => atMs >= ms && atMs + forMs <= ms + KNOWS_MS_MAX)
      for (const [component, level] of levels) {
        if (level === 'operational' || (isStart && level === 'unknown')) continue
        const key = nameOf(component, level)
        const why = whys.get(component) ?? ''
        const seen = odd.get(key) ?? { forMs: 0, firstMs: atMs, why }
        odd.set(key, { ...seen, forMs: seen.forMs + forMs })
      }
    }
    return [...odd].map(
      ([key, { firstMs, forMs, why }]) =>
        `${site.name}: ${key} for ${(forMs / 1000).toFixed(1)} s from ` +
        `${Math.round(firstMs / 1000)} s on: ${why}`,
    )
  }
}

function nameOf(component: ComponentId, level: Level): string {
  return `${component} was told ${level}`
}
