// The pace of background work: a token bucket over the monotonic clock, and how far a job is. Work
// that came late catches up by one burst at most, so a pause is not followed by a flood.

import { assert } from './assert.ts'
import type { Clock } from './clock.ts'

export interface RateOptions {
  readonly clock: Clock
  /** Units (bytes, records, what the caller counts) a second. */
  readonly unitsPerSec: number
  /** Units that may be used at once after a rest. */
  readonly burstUnits: number
}

/** A bucket that fills at a rate. */
export class RateLimiter {
  readonly #clock: Clock
  readonly #burstUnits: number
  #unitsPerSec: number
  #units: number
  #filledAtMs: number

  constructor({ clock, unitsPerSec, burstUnits }: RateOptions) {
    assert(unitsPerSec > 0 && burstUnits > 0, 'a rate is above zero')
    this.#clock = clock
    this.#unitsPerSec = unitsPerSec
    this.#burstUnits = burstUnits
    this.#units = burstUnits
    this.#filledAtMs = clock.monotonicMs()
  }

  /** Another rate from now on. */
  setRate(unitsPerSec: number): void {
    assert(unitsPerSec > 0, 'a rate is above zero')
    this.#fill()
    this.#unitsPerSec = unitsPerSec
  }

  /** Takes units if they are there. */
  tryTake(units: number): boolean {
    this.#fill()
    if (units > this.#units) return false
    this.#units -= units
    return true
  }

  /** Takes units, then waits until they are earned; more than a burst at once is allowed. */
  async take(units: number, signal?: AbortSignal): Promise<void> {
    this.#fill()
    this.#units -= units
    if (this.#units < 0) await this.#clock.sleep((-this.#units / this.#unitsPerSec) * 1000, signal)
  }

  #fill(): void {
    const nowMs = this.#clock.monotonicMs()
    const earned = ((nowMs - this.#filledAtMs) / 1000) * this.#unitsPerSec
    this.#units = Math.min(this.#burstUnits, this.#units + earned)
    this.#filledAtMs = nowMs
  }
}

export interface ProgressReport {
  readonly doneUnits: number
  readonly totalUnits: number
  /** 0 to 1. */
  readonly doneShare: number
  /** Over the whole job so far; null before anything is done. */
  readonly unitsPerSec: number | null
  /** At that rate; null while it is unknown. */
  readonly leftMs: number | null
}

/** How far a job is. The total may be corrected while it runs. */
export class Progress {
  readonly #clock: Clock
  readonly #startMs: number
  #doneUnits = 0
  #totalUnits: number

  constructor(clock: Clock, totalUnits: number) {
    this.#clock = clock
    this.#startMs = clock.monotonicMs()
    this.#totalUnits = totalUnits
  }

  add(units: number): void {
    this.#doneUnits += units
  }

  setTotal(totalUnits: number): void {
    this.#totalUnits = totalUnits
  }

  report(): ProgressReport {
    const doneUnits = this.#doneUnits
    const totalUnits = Math.max(this.#totalUnits, doneUnits)
    const elapsedMs = this.#clock.monotonicMs() - this.#startMs
    const isKnown = doneUnits > 0 && elapsedMs > 0
    const unitsPerSec = isKnown ? (doneUnits / elapsedMs) * 1000 : null
    const leftMs = unitsPerSec === null ? null : ((totalUnits - doneUnits) / unitsPerSec) * 1000
    const doneShare = totalUnits === 0 ? 1 : doneUnits / totalUnits
    return { doneUnits, totalUnits, doneShare, unitsPerSec, leftMs }
  }
}
