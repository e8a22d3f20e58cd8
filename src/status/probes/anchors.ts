// Asks anchors and peers whether this site's own network works: each every few seconds, and all at
// once when a probe has failed without an answer. What they answer does not matter.

import type { Clock } from '../../base/clock.ts'
import { ANCHOR_INTERVAL_MS, SIGN_MS_MAX } from '../../base/limits.ts'
import { NetworkError } from '../../base/network.ts'
import type { Network } from '../../base/network.ts'
import type { Random } from '../../base/random.ts'
import { jittered } from './jitter.ts'

export interface AnchorsOptions {
  /** Whose answers are signs: see watchNetwork. */
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly urls: readonly string[]
  readonly signal: AbortSignal
}

/** One that answers, or fails, at once is asked no more often than this, however much fails. */
const PAUSE_MS_MIN = 250

export class Anchors {
  readonly #options: AnchorsOptions
  readonly #wakes = new Set<() => void>()
  /** Raised by each call for a sign: who is busy then asks again. */
  #callCount = 0

  constructor(options: AnchorsOptions) {
    this.#options = options
  }

  /** A sign is wanted now. */
  askNow(): void {
    this.#callCount += 1
    for (const wake of this.#wakes) wake()
  }

  /** Runs until the signal. */
  async run(): Promise<void> {
    await Promise.all(this.#options.urls.map(async (url) => await this.#askOne(url)))
  }

  async #askOne(url: string): Promise<void> {
    const { clock, network, random, signal } = this.#options
    const request = {
      origin: new URL(url).origin,
      method: 'HEAD',
      target: '/',
      headers: [],
      body: new Uint8Array(),
      timeoutMs: SIGN_MS_MAX,
      answerSizeBytesMax: 0,
    }
    while (!signal.aborted) {
      const callCount = this.#callCount
      const nextMs = clock.monotonicMs() + jittered(ANCHOR_INTERVAL_MS, random)
      await network.request(request, signal).catch((error: unknown) => {
        if (!(error instanceof NetworkError) && !signal.aborted) throw error
      })
      await this.#pause(PAUSE_MS_MIN)
      if (this.#callCount === callCount)
        await this.#pause(nextMs - clock.monotonicMs(), 'until-called')
    }
  }

  /** Ends early at the signal, and where a call for a sign ends it. */
  async #pause(delayMs: number, end?: 'until-called'): Promise<void> {
    const { clock, signal } = this.#options
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        timer.cancel()
        this.#wakes.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = clock.after(delayMs, done)
      if (end === 'until-called') this.#wakes.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }
}
