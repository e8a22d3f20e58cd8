// Choices drawn from one stream of randomness.

import { assert } from '../../src/base/assert.ts'
import type { Random } from '../../src/base/random.ts'

export class Dice {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** A whole number in [0, count). */
  below(count: number): number {
    return Math.floor(this.#random.fraction() * count)
  }

  chance(share: number): boolean {
    return this.#random.fraction() < share
  }

  pick<T>(choices: readonly T[]): T {
    const chosen = this.pickAny(choices)
    assert(chosen !== null, 'there is something to choose from')
    return chosen
  }

  pickAny<T>(choices: readonly T[]): T | null {
    return choices[this.below(choices.length)] ?? null
  }

  /** One of the names, by its weight. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][]
    let left = this.#random.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      if (left < weight) return name
      left -= weight
    }
    assert(entries[0] !== undefined, 'there is something to choose from')
    return entries[0][0]
  }

  /** In [low, high), spread evenly over the orders of magnitude. */
  spread(low: number, high: number): number {
    return low * (high / low) ** this.#random.fraction()
  }
}
