// The pace of a background loop: so many bytes a second, less while requests are waiting, nothing
// while it is paused. Shared by all that a loop does at once.

import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { RateLimiter } from '../base/rate.ts'

/** While requests wait, a loop goes on at this share of its rate: held up, but never for good. */
const BUSY_SHARE = 0.1
const BURST_MS = 100

export interface PaceParts {
  readonly clock: Clock
  readonly rateBytesPerSec: number
  /** Whether requests are waiting. */
  readonly isBusy: () => boolean
}

export class Pace {
  readonly #limiter: RateLimiter
  readonly #isBusy: () => boolean
  readonly rateBytesPerSec: number
  #resumed: Promise<void> | null = null
  #resume: (() => void) | null = null

  constructor({ clock, rateBytesPerSec, isBusy }: PaceParts) {
    assert(rateBytesPerSec > 0, 'a rate is above zero')
    this.rateBytesPerSec = rateBytesPerSec
    this.#isBusy = isBusy
    this.#limiter = new RateLimiter({
      clock,
      unitsPerSec: rateBytesPerSec,
      burstUnits: Math.max(1, (rateBytesPerSec * BURST_MS) / 1000),
    })
  }

  get isPaused(): boolean {
    return this.#resumed !== null
  }

  pause(): void {
    this.#resumed ??= new Promise((resolve) => {
      this.#resume = resolve
    })
  }

  resume(): void {
    this.#resume?.()
    this.#resumed = null
    this.#resume = null
  }

  /** Waits until `bytes` may be moved. Rejects with the signal's reason when aborted. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    while (this.#resumed !== null) await abortable(this.#resumed, signal)
    signal.throwIfAborted()
    await this.#limiter.take(this.#isBusy() ? bytes / BUSY_SHARE : bytes, signal)
  }
}

async function abortable(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    void wait.then(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
  })
}
