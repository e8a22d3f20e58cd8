// Writes records and replayed mutations into a fresh engine, in commits of as many as fit, several
// of them under way. Within a commit the last word on a key counts, and sums add up.

import { newId, type CommitId } from '../base/id.ts'
import { COMMIT_MUTATIONS_MAX, COMMIT_SIZE_BYTES_MAX } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import {
  addSums,
  decodeSums,
  encodeSums,
  type Engine,
  keyText,
  type Mutation,
} from '../engine/engine.ts'
import { indexError } from './reading.ts'

const MUTATIONS_MAX: number = COMMIT_MUTATIONS_MAX - 100
const SIZE_BYTES_MAX: number = COMMIT_SIZE_BYTES_MAX - 100 * 1024
const IN_FLIGHT_MAX = 8

export class Importer {
  readonly #engine: Engine
  readonly #random: Random
  readonly #pending: Map<string, Mutation> = new Map()
  readonly #inFlight: Set<Promise<void>> = new Set()
  #sizeBytes = 0
  #failure: unknown = null

  constructor(engine: Engine, random: Random) {
    this.#engine = engine
    this.#random = random
  }

  /** Takes one mutation; keys and values stay as they are until `finish`. */
  async add(mutation: Mutation): Promise<void> {
    const text = keyText(mutation.key)
    const before = this.#pending.get(text)
    const merged = before === undefined ? mutation : merge(before, mutation)
    this.#sizeBytes += sizeOf(merged) - (before === undefined ? 0 : sizeOf(before))
    this.#pending.set(text, merged)
    if (this.#pending.size >= MUTATIONS_MAX || this.#sizeBytes >= SIZE_BYTES_MAX) {
      this.#send()
      while (this.#inFlight.size >= IN_FLIGHT_MAX) await Promise.race(this.#inFlight)
      if (this.#failure !== null) throw indexError(this.#failure)
    }
  }

  /** All that was added is durable on return. @throws ObjectIndexError */
  async finish(): Promise<void> {
    this.#send()
    await Promise.all(this.#inFlight)
    if (this.#failure !== null) throw indexError(this.#failure)
  }

  #send(): void {
    if (this.#pending.size === 0) return
    const mutations = [...this.#pending.values()]
    this.#pending.clear()
    this.#sizeBytes = 0
    const sent: Promise<void> = this.#engine
      .commit({
        id: newId<CommitId>(this.#random),
        reads: {},
        decide: () => ({ kind: 'apply', mutations, result: null }),
      })
      .then(
        () => undefined,
        (cause: unknown) => {
          this.#failure ??= cause
        },
      )
      .finally(() => this.#inFlight.delete(sent))
    this.#inFlight.add(sent)
  }
}

/** What two mutations of one key are together. */
function merge(before: Mutation, next: Mutation): Mutation {
  if (next.kind !== 'sum') return next
  const { key } = next
  switch (before.kind) {
    case 'sum':
      return { kind: 'sum', key, deltas: addSums(before.deltas, next.deltas) }
    case 'delete':
      return { kind: 'set', key, value: encodeSums(next.deltas) }
    case 'set': {
      const sums = decodeSums(Buffer.from(before.value))
      return { kind: 'set', key, value: encodeSums(addSums(sums, next.deltas)) }
    }
  }
}

function sizeOf(mutation: Mutation): number {
  const valueSize = mutation.kind === 'set' ? mutation.value.length : 80
  return mutation.key.length + valueSize
}
