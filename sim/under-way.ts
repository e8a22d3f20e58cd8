// What may still change the store though its client hears nothing of it any more: requests on their
// way to a writer, operations that a writer carries out, a batch whose outcome is in doubt. It tells
// from when on an operation can take effect no more, whatever its client was told.
//
// Why that is so. An operation does nothing but what its act does in its worker, and an act changes a
// key only by what it asks of the index, and awaits. So once the act has ended, by itself or with its
// process, all that is left of it is
//   - a request that its worker sent, until it is handed to a writer or lost, and then
//   - what that writer's index does for it, until that has ended, or the writer is dead, and then
//   - a batch that an engine left in doubt: the store shows it later, whoever is dead by then.
// Each begins before the one ahead of it has ended. So all that is under way when the act ended is
// waited for, whoever's it is; then all that is under way by then, as a request may have become an
// operation; then for a moment without a doubt. A process that is paused, cut off, or taken for dead
// has ended nothing: what is under way there stays so until it goes on, or dies.
//
// A process that dies within a turn may still write, or leave a doubt, before that turn is over, and
// never behind it; and clients do nothing within the turns of others. So it is judged between turns.

import type { SimProcess } from './process.ts'

/** Requests become operations, and operations nothing but doubts: see above. */
const ROUNDS = 2

interface Waiting {
  /** All numbers below this one must have ended. */
  readonly below: number
  /** This one with them. */
  readonly roundsLeft: number
  readonly settled: () => void
}

export class UnderWay {
  readonly #isInDoubt: () => boolean
  /** Numbers of what is under way, in their order. */
  readonly #begun = new Set<number>()
  /** By what they wait for, the least first. */
  readonly #waiting: Waiting[] = []
  #next = 0

  /** `isInDoubt`: whether the store has a batch whose outcome is unknown. */
  constructor(isInDoubt: () => boolean) {
    this.#isInDoubt = isInDoubt
  }

  /** Notes something that ends when the answer is called, or with the process that has it. */
  begin(process: SimProcess): () => void {
    const number = this.#next++
    this.#begun.add(number)
    const end = (): void => void this.#begun.delete(number)
    process.onDeath(end)
    return end
  }

  /** Calls `settled` once nothing is left of what is under way now, between two turns. */
  whenSettled(settled: () => void): void {
    this.#waiting.push({ below: this.#next, roundsLeft: ROUNDS, settled })
  }

  /** Called behind each turn of the world. */
  judge(): void {
    for (;;) {
      const [first] = this.#waiting
      const [oldest = this.#next] = this.#begun
      if (first === undefined || first.below > oldest) return
      const roundsLeft = first.roundsLeft - 1
      if (roundsLeft === 0 && this.#isInDoubt()) return
      this.#waiting.shift()
      if (roundsLeft === 0) first.settled()
      else this.#waiting.push({ ...first, below: this.#next, roundsLeft })
    }
  }
}
