// Seconds that the page told each level of a component, a day: what uptime is computed from. Time that
// passes is the monotonic clock's; the wall clock only says which day it is.

import { STATUS_DAYS_MAX, WATCH_GAP_MS_MAX } from '../../base/limits.ts'
import { LEVELS } from '../status.ts'
import type { ComponentId, DayCount, Level } from '../status.ts'

const DAY_MS = 86_400_000

type Seconds = Record<Level, number>

/** Of one site; only ever grows, but for days that are too old. */
export class DayCounter {
  /** By day, then component. */
  readonly #days = new Map<number, Map<ComponentId, Seconds>>()
  #told: ReadonlyMap<ComponentId, Level> = new Map()
  #tickMs: number | null = null
  /** Of a second that is not whole yet. */
  #restMs = 0

  constructor(before: readonly DayCount[] = []) {
    for (const { component, day, seconds } of before) {
      const counted = this.#secondsOf(day, component)
      for (const level of LEVELS) counted[level] += seconds[level]
    }
  }

  /**
   * Counts what was told since the tick before, and takes what is told from now on. Ticks come about
   * every second; a gap of more than `WATCH_GAP_MS_MAX` is not counted.
   */
  tick(nowMs: number, wallMs: number, told: ReadonlyMap<ComponentId, Level>): void {
    const sinceMs = this.#tickMs ?? nowMs
    const before = this.#told
    this.#tickMs = nowMs
    this.#told = new Map(told)
    const passedMs = nowMs - sinceMs
    if (passedMs < 0 || passedMs > WATCH_GAP_MS_MAX) return
    this.#restMs += passedMs
    const wholeSec = Math.floor(this.#restMs / 1000)
    if (wholeSec === 0) return
    this.#restMs -= wholeSec * 1000
    const day = dayOf(wallMs)
    for (const [component, level] of before) this.#secondsOf(day, component)[level] += wholeSec
    this.#forgetOld(day)
  }

  /** By day and component. */
  counts(): DayCount[] {
    return [...this.#days]
      .toSorted(([one], [other]) => one - other)
      .flatMap(([day, components]) =>
        [...components].map(([component, seconds]) => ({
          component,
          day,
          seconds: { ...seconds },
        })),
      )
  }

  #secondsOf(day: number, component: ComponentId): Seconds {
    const components = this.#days.get(day) ?? new Map<ComponentId, Seconds>()
    this.#days.set(day, components)
    const seconds = components.get(component) ?? noSeconds()
    components.set(component, seconds)
    return seconds
  }

  /** Of too many days those furthest from today go: a clock that was wrong for a while costs its own. */
  #forgetOld(today: number): void {
    while (this.#days.size > STATUS_DAYS_MAX) {
      const distances = [...this.#days.keys()].map((day) => ({ day, far: Math.abs(day - today) }))
      const furthest = distances.reduce((one, other) => (other.far > one.far ? other : one))
      this.#days.delete(furthest.day)
    }
  }
}

/** Days since 1970-01-01 UTC. */
export function dayOf(wallMs: number): number {
  return Math.max(0, Math.floor(wallMs / DAY_MS))
}

function noSeconds(): Seconds {
  return {
    operational: 0,
    unknown: 0,
    recovering: 0,
    degraded: 0,
    'partial-outage': 0,
    'major-outage': 0,
  }
}
