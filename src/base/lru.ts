// A map that keeps what was used last and forgets the rest, by count or by weight.

import { assert } from './assert.ts'

/** Entries in the order of their last use. */
export class Lru<K, V> {
  readonly #entries = new Map<K, V>()
  readonly #weightMax: number
  readonly #weigh: (value: V) => number
  readonly #onForget: (value: V, key: K) => void
  #weight = 0

  /** `weigh` gives a value's weight, 1 without it; `onForget` gets what is dropped, by any way. */
  constructor(
    weightMax: number,
    weigh: (value: V) => number = () => 1,
    onForget: (value: V, key: K) => void = () => undefined,
  ) {
    assert(weightMax > 0, 'a cache has room')
    this.#weightMax = weightMax
    this.#weigh = weigh
    this.#onForget = onForget
  }

  get size(): number {
    return this.#entries.size
  }

  get weight(): number {
    return this.#weight
  }

  /** The value, which is now the one used last; undefined where none is kept. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  /** Keeps a value and forgets the oldest ones that no longer fit; at worst this one. */
  set(key: K, value: V): void {
    this.delete(key)
    this.#entries.set(key, value)
    this.#weight += this.#weigh(value)
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#weightMax) return
      this.delete(oldest)
    }
  }

  /** Forgets a value; answers whether it was kept. */
  delete(key: K): boolean {
    const value = this.#entries.get(key)
    if (value === undefined) return false
    this.#entries.delete(key)
    this.#weight -= this.#weigh(value)
    this.#onForget(value, key)
    return true
  }

  clear(): void {
    for (const key of this.#entries.keys()) this.delete(key)
  }
}
