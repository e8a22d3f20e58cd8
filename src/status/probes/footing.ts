// Whether this site stands on its own feet: signs that its own network works. Without them what fails
// says nothing of the store.

import { BLIND_MS_MIN, PROBE_MS_MAX, SIGN_DELAY_MS_MAX, SIGNS_MAX } from '../../base/limits.ts'
import { NetworkError } from '../../base/network.ts'
import type { Clock } from '../../base/clock.ts'
import type { Network } from '../../base/network.ts'

/** Signs of one grain are kept as the first and the last of it. */
const GRAIN_MS = 250

interface Grain {
  firstMs: number
  lastMs: number
}

/** All times are the site's monotonic clock. */
export class Footing {
  readonly #countsRefused: boolean
  /** By the time at which what was answered had been asked. */
  readonly #grains = new Map<number, Grain>()
  #lastMs: number | null = null

  /** Without anchors a refused connection must do for a sign: some machine answered. */
  constructor({ hasAnchors }: { readonly hasAnchors: boolean }) {
    this.#countsRefused = !hasAnchors
  }

  /** What was asked at `beganMs` is answered now, over HTTP, whatever the answer is. */
  noteAnswer(beganMs: number, nowMs: number): void {
    this.#lastMs = nowMs
    const index = Math.floor(beganMs / GRAIN_MS)
    const grain = this.#grains.get(index)
    if (grain === undefined) {
      this.#grains.set(index, { firstMs: beganMs, lastMs: beganMs })
      this.#forget()
      return
    }
    grain.firstMs = Math.min(grain.firstMs, beganMs)
    grain.lastMs = Math.max(grain.lastMs, beganMs)
  }

  /** The same for a connection that was refused. */
  noteRefused(beganMs: number, nowMs: number): void {
    if (this.#countsRefused) this.noteAnswer(beganMs, nowMs)
  }

  /**
   * Whether anything was answered that was asked while a probe went on; or right after it, where the site was
   * not blind by then: else its network came back between the two. Only then a failure of it without an answer
   * counts. What is answered later proves nothing of it: the network may have been away for just this probe.
   */
  hasSignAfter(beganMs: number, endedMs: number = beganMs + PROBE_MS_MAX): boolean {
    if (this.#hasSignWithin(beganMs, endedMs)) return true
    return (
      this.#hasSignWithin(endedMs, endedMs + SIGN_DELAY_MS_MAX) &&
      this.#hasSignWithin(endedMs - BLIND_MS_MIN, endedMs)
    )
  }

  /** Both ends included. */
  #hasSignWithin(fromMs: number, untilMs: number): boolean {
    const isWithin = (ms: number): boolean => ms >= fromMs && ms <= untilMs
    const firstIndex = Math.floor(fromMs / GRAIN_MS)
    const lastIndex = Math.min(Math.floor(untilMs / GRAIN_MS), firstIndex + SIGNS_MAX)
    for (let index = firstIndex; index <= lastIndex; index += 1) {
      const grain = this.#grains.get(index)
      if (grain !== undefined && (isWithin(grain.firstMs) || isWithin(grain.lastMs))) return true
    }
    return false
  }

  /** Whether there was no sign for so long that nothing can be said; also before the first one. */
  isBlind(nowMs: number): boolean {
    return this.#lastMs === null || nowMs - this.#lastMs >= BLIND_MS_MIN
  }

  /** Lets the grain go that came first. */
  #forget(): void {
    if (this.#grains.size <= SIGNS_MAX) return
    for (const index of this.#grains.keys()) {
      this.#grains.delete(index)
      return
    }
  }
}

/** A network whose answers are signs. */
export function watchNetwork(network: Network, footing: Footing, clock: Clock): Network {
  return {
    request: async (request, signal) => {
      const beganMs = clock.monotonicMs()
      try {
        const answer = await network.request(request, signal)
        footing.noteAnswer(beganMs, clock.monotonicMs())
        return answer
      } catch (error) {
        if (error instanceof NetworkError) {
          // Too large is an answer over HTTP too.
          if (error.code === 'too-large') footing.noteAnswer(beganMs, clock.monotonicMs())
          if (error.code === 'refused') footing.noteRefused(beganMs, clock.monotonicMs())
        }
        throw error
      }
    },
  }
}
