// Seeded randomness for the black-box tests: the same seed and label give the same choices on every
// machine. Not for secrets.

import { createHash } from 'node:crypto'

/** Choices of one seeded stream (sfc32); `label` tells streams of one seed apart. */
export function createRandom(seed, label = '') {
  const digest = createHash('sha256').update(`${seed}:${label}`).digest()
  let a = digest.readUInt32LE(0)
  let b = digest.readUInt32LE(4)
  let c = digest.readUInt32LE(8)
  let count = 1

  /** A whole number from 0 to 2^32 - 1. */
  const next = () => {
    const sum = (a + b + count) | 0
    count = (count + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  /** A whole number from `low` to `high`, both included. */
  const between = (low, high) => low + Math.floor((next() / 2 ** 32) * (high - low + 1))
  const chance = (share) => next() / 2 ** 32 < share
  const pick = (choices) => choices[between(0, choices.length - 1)]
  /** Picks a name from `[weight, name]` pairs. */
  const weighted = (pairs) => {
    let left = between(
      1,
      pairs.reduce((sum, [weight]) => sum + weight, 0),
    )
    return pairs.find(([weight]) => (left -= weight) <= 0)[1]
  }
  const bytes = (sizeBytes) => {
    const filled = Buffer.alloc(sizeBytes + 3)
    for (let offset = 0; offset < sizeBytes; offset += 4) {
      if (offset + 4 <= filled.length) filled.writeUInt32LE(next(), offset)
    }
    return filled.subarray(0, sizeBytes)
  }
  return { next, between, chance, pick, weighted, bytes }
}

/** A seed for a run that was given none: printed by whoever uses it. */
export function freshSeed() {
  return String(Math.floor(Math.random() * 2 ** 32))
}
