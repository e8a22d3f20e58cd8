// The set hash: a sum of hashes, one for each record of a bucket in the spaces current and versions
// (null slots too), so that a record that is missing is found, and not only one that is damaged.
// Hashed are the engine key (space, bucket id, key, order) and the record without its locations.

import { hash } from 'node:crypto'
import { RECORD_SIZE_BYTES_MAX } from './binary.ts'
import { CRC_SIZE_BYTES } from './checksum.ts'
import { ORDER_SUFFIX_BYTES, SPACE } from './keys.ts'
import { hashedEndOf } from './object-record.ts'

const KEY_SIZE_BYTES_MAX = 2048

/** Four 32-bit words of a hash, first word first. Reused: take them before the next call. */
export type HashWords = Uint32Array

let scratch: Buffer | null = null
let words: Uint32Array | null = null

/** Hash of a record of space current or versions. Its checksum has been verified. */
export function recordHash(key: Buffer, value: Buffer): HashWords {
  return hashOf(key, value, isNullSlot(key) ? value.length - CRC_SIZE_BYTES : hashedEndOf(value))
}

/** Whether a key of current or versions is a null slot's: its order is 0. */
export function isNullSlot(key: Buffer): boolean {
  const at = key.length - ORDER_SUFFIX_BYTES + 1
  return (
    key[0] === SPACE.versions &&
    key.readUInt32BE(at) === 0xffffffff &&
    key.readUInt32BE(at + 4) === 0xffffffff
  )
}

/** First 128 bits of SHA-256 over the key's length, the key, and `end` bytes of the value. */
export function hashOf(key: Buffer, value: Buffer, end: number): HashWords {
  scratch ??= Buffer.allocUnsafeSlow(2 + KEY_SIZE_BYTES_MAX + RECORD_SIZE_BYTES_MAX)
  scratch.writeUInt16BE(key.length, 0)
  scratch.set(key, 2)
  const at = 2 + key.length
  value.copy(scratch, at, 0, end)
  // 'binary' is a string of one character a byte: the cheapest form in which Node gives a digest.
  const digest = hash('sha256', scratch.subarray(0, at + end), 'binary')
  words ??= new Uint32Array(4)
  for (let index = 0; index < 4; index += 1) {
    const from = index * 4
    words[index] =
      (digest.charCodeAt(from) << 24) |
      (digest.charCodeAt(from + 1) << 16) |
      (digest.charCodeAt(from + 2) << 8) |
      digest.charCodeAt(from + 3)
  }
  return words
}

/**
 * Adds up hashes as the engine's sums do: two 64-bit numbers, each modulo 2^64, kept in four
 * 32-bit words so that a scan makes no bigints.
 */
export class HashSum {
  private readonly sum: Uint32Array = new Uint32Array(4)

  add(hash: HashWords): void {
    for (let high = 0; high < 4; high += 2) {
      const low = (this.sum[high + 1] ?? 0) + (hash[high + 1] ?? 0)
      this.sum[high + 1] = low
      this.sum[high] = (this.sum[high] ?? 0) + (hash[high] ?? 0) + (low > 0xffffffff ? 1 : 0)
    }
  }

  /** Adds a sum made elsewhere, as `toHex` wrote it. */
  addHex(hex: string): void {
    this.add(Uint32Array.from([0, 8, 16, 24], (at) => Number.parseInt(hex.slice(at, at + 8), 16)))
  }

  /** 32 hex digits. */
  toHex(): string {
    let text = ''
    for (const word of this.sum) text += word.toString(16).padStart(8, '0')
    return text
  }
}

/** The two 64-bit numbers of a hash, as sum records hold them. */
export function hashNumbers(hash: HashWords): readonly [bigint, bigint] {
  return [toNumber(hash[0] ?? 0, hash[1] ?? 0), toNumber(hash[2] ?? 0, hash[3] ?? 0)]
}

function toNumber(high: number, low: number): bigint {
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))
}
