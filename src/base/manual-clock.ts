// A clock that is turned by hand, for tests of one subsystem: nothing fires until `advance`.

import type { Clock, Timer } from './clock.ts'

interface Waiting {
  readonly atMs: number
  readonly fire: () => void
}

/** Starts at `startMs` on all three scales. */
export class ManualClock implements Clock {
  readonly #waiting = new Set<Waiting>()
  #elapsedMs = 0
  #wallMs: number

  constructor(startMs = 0) {
    this.#wallMs = startMs
  }

  nowMs(): number {
    return this.#wallMs + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  uptimeMs(): number {
    return this.#elapsedMs
  }

  /** Timers that have not fired. */
  get waiting(): number {
    return this.#waiting.size
  }

  after(delayMs: number, fire: () => void): Timer {
    const waiting = { atMs: this.#elapsedMs + Math.max(0, delayMs), fire }
    this.#waiting.add(waiting)
    return { cancel: () => this.#waiting.delete(waiting) }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        timer.cancel()
        reject(signal?.reason)
      }
      const timer = this.after(delayMs, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Sets the wall clock, as an administrator or a time server would; nothing fires by it. */
  setWall(nowMs: number): void {
    this.#wallMs = nowMs - this.#elapsedMs
  }

  /** Lets `byMs` pass: timers fire in their order, and what they lead to runs before the next. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + byMs
    await settle()
    for (let next = this.#next(untilMs); next !== null; next = this.#next(untilMs)) {
      this.#waiting.delete(next)
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs)
      next.fire()
      await settle()
    }
    this.#elapsedMs = untilMs
  }

  /** The earliest timer due by then; of equals the one set first. */
  #next(untilMs: number): Waiting | null {
    let earliest: Waiting | null = null
    for (const waiting of this.#waiting) {
      const isEarlier = earliest === null || waiting.atMs < earliest.atMs
      if (waiting.atMs <= untilMs && isEarlier) earliest = waiting
    }
    return earliest
  }
}

/** Lets promises that can go on do so, a bounded number of steps deep. */
async function settle(): Promise<void> {
  for (let step = 0; step < 20; step += 1) await Promise.resolve()
}
