// Randomness that a seed fixes. Each user has a stream of its own, drawn from the seed and its name,
// so that one more draw in one place does not change what all others draw.

import type { Random } from '../src/base/random.ts'

/** sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, passes BigCrush. */
export class SeededRandom implements Random {
  readonly #seed: string
  #a = 0
  #b = 0
  #c = 0
  #count = 1

  constructor(seed: string) {
    this.#seed = seed
    const mix = hashText(seed)
    this.#a = mix[0]
    this.#b = mix[1]
    this.#c = (mix[0] ^ Math.imul(mix[1], 0x9e3779b1)) >>> 0
    for (let round = 0; round < 12; round++) this.word()
  }

  /** A stream of its own; the same name gives the same one. */
  fork(name: string): SeededRandom {
    return new SeededRandom(`${this.#seed}/${name}`)
  }

  /** 32 bits. */
  word(): number {
    const sum = (this.#a + this.#b + this.#count) >>> 0
    this.#count = (this.#count + 1) >>> 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) >>> 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) >>> 0
    this.#c = (this.#c + sum) >>> 0
    return sum
  }

  bytes(count: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(count)
    let at = 0
    for (; at + 4 <= count; at += 4) bytes.writeUInt32LE(this.word(), at)
    for (; at < count; at++) bytes[at] = this.word() & 0xff
    return bytes
  }

  fraction(): number {
    return this.word() / 4_294_967_296
  }

  chance(share: number): boolean {
    return share > 0 && this.fraction() < share
  }

  /** A whole number in [0, count). */
  below(count: number): number {
    return Math.floor(this.fraction() * count)
  }

  /** In [low, high), spread evenly over the orders of magnitude. */
  spread(low: number, high: number): number {
    return low * (high / low) ** this.fraction()
  }

  pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.below(choices.length)]
    if (chosen === undefined) throw new RangeError('there is nothing to choose from')
    return chosen
  }
}

/** A running hash of 64 bits; not secret, only unlike for what is unlike. */
export class RunningHash {
  #high = 0xdeadbeef
  #low = 0x41c6ce57

  /** Takes a text and an end mark. */
  add(text: string): void {
    for (let at = 0; at < text.length; at++) this.#mix(text.charCodeAt(at))
    this.#mix(0x1f)
  }

  addNumber(number: number): void {
    this.#mix(number | 0)
    this.#mix((number * 1_048_576) | 0)
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ value, 2_654_435_761)
    this.#low = Math.imul(this.#low ^ value ^ (this.#high >>> 15), 1_597_334_677)
  }

  words(): [number, number] {
    const high = Math.imul(this.#high ^ (this.#low >>> 16), 2_246_822_507) >>> 0
    const low = Math.imul(this.#low ^ (high >>> 13), 3_266_489_909) >>> 0
    return [high, low]
  }

  /** 16 hex digits. */
  text(): string {
    return this.words()
      .map((word) => word.toString(16).padStart(8, '0'))
      .join('')
  }
}

function hashText(text: string): [number, number] {
  const hash = new RunningHash()
  hash.add(text)
  return hash.words()
}
