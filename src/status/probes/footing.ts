// Whether this site stands on its own feet: signs that its own network works. Without them what fails
// says nothing of the store.

import { BLIND_MS_MIN, PROBE_MS_MAX, SIGN_DELAY_MS_MAX, SIGNS_MAX } from '../../base/limits.ts'
import { NetworkError } from '../../base/network.ts'
import type { Clock } from '../../base/clock.ts'
import type { Network } from '../../base/network.ts'

/** Signs this close to each other are kept as one. */
const GRAIN_MS = 250

interface Signs {
  firstMs: number
  lastMs: number
}

/** All times are the site's monotonic clock. */
export class Footing {
  readonly #countsRefused: boolean
  /** By when what was answered had been asked; oldest first, as far as answers come in order. */
  readonly #signs: Signs[] = []
  #lastMs: number | null = null

  /** Without anchors a refused connection must do for a sign: some machine answered. */
  constructor({ hasAnchors }: { readonly hasAnchors: boolean }) {
    this.#countsRefused = !hasAnchors
  }

  /** What was asked at `beganMs` is answered now, over HTTP, whatever the answer is. */
  noteAnswer(beganMs: number, nowMs: number): void {
    this.#lastMs = nowMs
    const last = this.#signs.at(-1)
    if (last !== undefined && Math.abs(beganMs - last.firstMs) < GRAIN_MS) {
      last.firstMs = Math.min(last.firstMs, beganMs)
      last.lastMs = Math.max(last.lastMs, beganMs)
      return
    }
    this.#signs.push({ firstMs: beganMs, lastMs: beganMs })
    if (this.#signs.length > SIGNS_MAX) this.#signs.shift()
  }

  /** The same for a connection that was refused. */
  noteRefused(beganMs: number, nowMs: number): void {
    if (this.#countsRefused) this.noteAnswer(beganMs, nowMs)
  }

  /**
   * Whether anything was answered that was asked while a probe went on, or right after it. Only then
   * a failure of it without an answer counts. What is answered later proves nothing of it: the network may
   * have been away for just this probe.
   */
  hasSignAfter(beganMs: number, endedMs: number = beganMs + PROBE_MS_MAX): boolean {
    const untilMs = endedMs + SIGN_DELAY_MS_MAX
    for (let index = this.#signs.length - 1; index >= 0; index -= 1) {
      const signs = this.#signs[index]
      if (signs === undefined) continue
      const isWithin = (ms: number): boolean => ms >= beganMs && ms <= untilMs
      if (isWithin(signs.firstMs) || isWithin(signs.lastMs)) return true
      if (signs.lastMs < beganMs - PROBE_MS_MAX) return false // older ones are older still
    }
    return false
  }

  /** Whether there was no sign for so long that nothing can be said; also before the first one. */
  isBlind(nowMs: number): boolean {
    return this.#lastMs === null || nowMs - this.#lastMs >= BLIND_MS_MIN
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
