// Sum records as a reader finds them: eight signed 64-bit numbers, big-endian
// (docs/formats/sums.md); decisions see them through the engine's overlay.

import { SUM_FIELDS } from '../engine/engine.ts'
import { corrupt } from './binary.ts'
import { EXTENT_SUM, SUM } from './changes.ts'
import type { BucketUsage } from './object-index.ts'

const SUM_SIZE_BYTES: number = SUM_FIELDS * 8
const NOTHING: readonly bigint[] = Array.from({ length: SUM_FIELDS }, () => 0n)

/** @throws ObjectIndexError `corrupt` */
export function decodeSums(key: Buffer, value: Buffer | null): readonly bigint[] {
  if (value === null) return NOTHING
  if (value.length !== SUM_SIZE_BYTES) throw corrupt(key, 'the sums have another length')
  return NOTHING.map((_, field) => value.readBigInt64BE(field * 8))
}

export function usageOf(sums: readonly bigint[]): BucketUsage {
  const at = (field: number): number => Number(sums[field] ?? 0n)
  return {
    objects: at(SUM.objects),
    bytes: at(SUM.bytes),
    otherVersions: at(SUM.otherVersions),
    otherBytes: at(SUM.otherBytes),
    uploadBytes: at(SUM.uploadBytes),
  }
}

export function extentUseOf(sums: readonly bigint[]): {
  readonly references: number
  readonly referencedBytes: number
} {
  return {
    references: Number(sums[EXTENT_SUM.references] ?? 0n),
    referencedBytes: Number(sums[EXTENT_SUM.bytes] ?? 0n),
  }
}
