// A sum record: eight signed 64-bit numbers, big-endian, 64 bytes. See docs/formats/sums.md.

import { EngineError } from './engine-error.ts'
import { SUM_FIELDS } from './mutation.ts'

const SUM_SIZE_BYTES: number = SUM_FIELDS * 8
const NO_SUMS: readonly bigint[] = Object.freeze(Array.from({ length: SUM_FIELDS }, () => 0n))

export function encodeSums(sums: readonly bigint[]): Buffer {
  const record = Buffer.allocUnsafe(SUM_SIZE_BYTES)
  for (let field = 0; field < SUM_FIELDS; field += 1) {
    record.writeBigInt64BE(sums[field] ?? 0n, field * 8)
  }
  return record
}

/** @throws EngineError `corrupt` where the record is no sum record */
export function decodeSums(record: Buffer | null): readonly bigint[] {
  if (record === null) return NO_SUMS
  if (record.length !== SUM_SIZE_BYTES) {
    throw new EngineError(
      'corrupt',
      `engine: a sum record has ${record.length} bytes, not ${SUM_SIZE_BYTES}`,
    )
  }
  return NO_SUMS.map((_, field) => record.readBigInt64BE(field * 8))
}

/** Adds modulo 2^64, as signed numbers. */
export function addSums(sums: readonly bigint[], deltas: readonly bigint[]): readonly bigint[] {
  return sums.map((sum, field) => {
    const delta = deltas[field] ?? 0n
    return delta === 0n ? sum : BigInt.asIntN(64, sum + delta)
  })
}
