// CRC-32 of index records, seeded with the engine key they stand under, so that a record under
// another key, and a damaged key, are found like a flipped bit.

import { crc32 } from '../base/checksum.ts'

/** Bytes of the CRC at the end of every record. */
export const CRC_SIZE_BYTES = 4
/** Below this a table walk beats the call into native code. */
const SHORT_SIZE_BYTES = 64

const TABLE: Uint32Array = makeTable()

/** CRC-32 (IEEE) of bytes [start, end), going on from `seed`. */
export function crcOf(bytes: Uint8Array, start: number, end: number, seed: number): number {
  if (end - start >= SHORT_SIZE_BYTES) return crc32(bytes.subarray(start, end), seed)
  let crc = ~seed
  for (let index = start; index < end; index += 1) {
    crc = (TABLE[(crc ^ (bytes[index] ?? 0)) & 255] ?? 0) ^ (crc >>> 8)
  }
  return ~crc >>> 0
}

/**
 * What the CRC of bytes and, little-endian behind them, their CRC always is, whatever the seed: so
 * a record is verified whole, without a view of its part.
 */
const RESIDUE = 0x2144df1c

/** Writes the CRC, little-endian, into a record's last four bytes. `seed` is its key's CRC. */
export function sealRecord(record: Buffer, seed: number): void {
  const end = record.length - CRC_SIZE_BYTES
  record.writeUInt32LE(crcOf(record, 0, end, seed), end)
}

/** Whether a record carries its CRC. */
export function isSealed(record: Buffer, seed: number): boolean {
  if (record.length <= CRC_SIZE_BYTES) return false
  if (record.length < SHORT_SIZE_BYTES) return crcOf(record, 0, record.length, seed) === RESIDUE
  return crc32(record, seed) === RESIDUE
}

/** The seed of a record under this engine key. */
export function seedOf(key: Uint8Array): number {
  return crcOf(key, 0, key.length, 0)
}

function makeTable(): Uint32Array {
  const table = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    table[byte] = crc
  }
  return table
}
