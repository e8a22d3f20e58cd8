// One timer for all requests: each second it looks at every one under way, so that a request needs
// no timer of its own for a silent body, a client that does not read, or its deadline.

import type { Clock, Timer } from '../base/clock.ts'

/** How often requests are looked at; every time-out is late by up to this. */
const TICK_MS = 1000

/** Something under way that may have to be ended. */
export interface Watched {
  /** Ends itself if it is too late, by the monotonic clock. */
  check(nowMs: number): void
}

/** Looks at what is under way, once a second while anything is. */
export class Watchdog {
  readonly #clock: Clock
  readonly #watched: Set<Watched> = new Set()
  #timer: Timer | null = null
  #onIdle: (() => void)[] = []
  /** Requests under way; lingering connections are watched, but not counted. */
  count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Monotonic; read where a wait begins. */
  nowMs(): number {
    return this.#clock.monotonicMs()
  }

  /** Watches until `remove`. */
  add(watched: Watched): void {
    this.#watched.add(watched)
    if (this.#timer === null) this.#arm()
  }

  remove(watched: Watched): void {
    this.#watched.delete(watched)
  }

  /** One request less. */
  leave(): void {
    this.count -= 1
    if (this.count > 0 || this.#onIdle.length === 0) return
    const waiting = this.#onIdle
    this.#onIdle = []
    for (const resolve of waiting) resolve()
  }

  /** Resolves when no request is under way. */
  async idle(): Promise<void> {
    if (this.count === 0) return
    await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  /** Looks no more; what is under way ends by itself. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #arm(): void {
    this.#timer = this.#clock.after(TICK_MS, () => {
      this.#timer = null
      const nowMs = this.#clock.monotonicMs()
      for (const watched of this.#watched) watched.check(nowMs)
      if (this.#watched.size > 0) this.#arm()
    })
  }
}
