// What a client remembers from call to call, as SDKs and the balancers before a store do: which
// endpoints were silent lately, and by how much the store's clock differs from this machine's.

import { S3_CLIENT_AVOIDED_MS } from '../base/limits.ts'
import type { Random } from '../base/random.ts'

export class ClientMemory {
  readonly #silentUntilMs = new Map<string, number>()
  /** To be added to this machine's wall clock for signatures. */
  clockOffsetMs = 0

  /** The endpoints in the order in which to ask them: by lot, those that were silent last. */
  order(endpoints: readonly string[], random: Random, nowMs: number): readonly string[] {
    const drawn = endpoints.map((origin) => {
      const isAvoided = (this.#silentUntilMs.get(origin) ?? nowMs) > nowMs
      return { origin, rank: random.fraction() + (isAvoided ? 1 : 0) }
    })
    return drawn.sort((one, other) => one.rank - other.rank).map(({ origin }) => origin)
  }

  /** Nothing came from it. Times are the monotonic clock's. */
  noteSilence(origin: string, nowMs: number): void {
    this.#silentUntilMs.set(origin, nowMs + S3_CLIENT_AVOIDED_MS)
  }

  noteAnswer(origin: string): void {
    this.#silentUntilMs.delete(origin)
  }
}
