// Collects the mutations of one commit. Every change of an object record is followed at once by the
// change of its bucket's sums that goes with it, so that a reader of the change log can tell the
// two apart record by record (validation under load rests on that); extents' sums come last.

import type { BucketId, ExtentId, UploadId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import type { Mutation } from '../engine/engine.ts'
import { startRecord } from './binary.ts'
import { extentSumKey } from './extent-record.ts'
import { SPACE, idKey, manifestReverseKey, reverseKey, sweepKey } from './keys.ts'
import type { ArchiveBlob, BodyRef, Referrer } from './object-index.ts'
import { hashNumbers, isNullSlot, recordHash } from './set-hash.ts'
import { sizeOf } from './object-record.ts'
import { manifestReverseEntry, reverseEntry } from './reverse-record.ts'

/** Fields of a bucket's sums; docs/formats/keys.md. */
export const SUM = {
  objects: 0,
  otherVersions: 1,
  bytes: 2,
  otherBytes: 3,
  uploadBytes: 4,
  hash: 5,
  hash2: 6,
  sweptBytes: 7,
} as const
/**
 * Fields of an extent's sums. `filled` is never taken back: headers and data of every blob that was
 * ever committed in it.
 */
export const EXTENT_SUM = { references: 0, bytes: 1, filled: 2 } as const
/** Whether a body's blobs were just written, or are another version's too. */
export type BlobOrigin = 'new' | 'shared'

/** What the sweeper does for a queue entry; the byte in its key. */
export const SWEEP = { manifest: 1, parts: 2, marker: 3, bucket: 4, unnamed: 5 } as const
export const SWEEP_RECORD_VERSION = 1

const ZERO: readonly bigint[] = [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n]

export function bucketSumKey(bucketId: BucketId): Buffer {
  return idKey(SPACE.bucketSum, bucketId)
}

export class Changes {
  readonly mutations: Mutation[] = []
  /** Bytes of keys and values so far, about. */
  sizeBytes = 0
  private readonly extents: Map<ExtentId, { references: number; bytes: number; filled: number }> =
    new Map()

  /** Mutations there will be once `finish` has added the extents' sums. */
  get count(): number {
    return this.mutations.length + this.extents.size
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.mutations.push({ kind: 'set', key, value })
    this.sizeBytes += key.length + value.length
  }

  delete(key: Uint8Array): void {
    this.mutations.push({ kind: 'delete', key })
    this.sizeBytes += key.length
  }

  sum(key: Uint8Array, deltas: readonly bigint[]): void {
    this.mutations.push({ kind: 'sum', key, deltas })
    this.sizeBytes += key.length + 8 * deltas.length
  }

  /** A record of space current or versions, also a null slot, becomes `next`; null: none. */
  record(sumKey: Uint8Array, key: Buffer, before: Buffer | null, next: Buffer | null): void {
    if (next === null) this.delete(key)
    else this.set(key, next)
    this.sum(sumKey, recordDelta(key, before, next))
  }

  /** Bytes of unfinished uploads and of parts that wait for the sweeper. */
  partBytes(sumKey: Uint8Array, uploadBytes: number, sweptBytes: number): void {
    if (uploadBytes === 0 && sweptBytes === 0) return
    const deltas = [...ZERO]
    deltas[SUM.uploadBytes] = BigInt(uploadBytes)
    deltas[SUM.sweptBytes] = BigInt(sweptBytes)
    this.sum(sumKey, deltas)
  }

  addReference(
    location: Location,
    referrer: Referrer,
    origin: BlobOrigin,
    blob: ArchiveBlob | null = null,
  ): void {
    const { key, value } = reverseEntry(location, referrer, blob)
    this.set(key, value)
    this.extentDelta(
      location,
      1,
      origin === 'new' ? location.headerSizeBytes + location.dataSizeBytes : 0,
    )
  }

  dropReference(location: Location, referrer: Referrer): void {
    this.delete(reverseKey(location.extentId, location.offset, referrer))
    this.extentDelta(location, -1, 0)
  }

  addBody(body: BodyRef, referrer: Referrer, origin: BlobOrigin): void {
    if (body.kind === 'manifest') {
      const { key, value } = manifestReverseEntry(body.uploadId, referrer)
      this.set(key, value)
      return
    }
    for (const location of body.locations) this.addReference(location, referrer, origin)
  }

  /** A manifest that may have lost its last reference is looked at by the sweeper. */
  dropBody(body: BodyRef, referrer: Referrer, bucketId: BucketId, nowMs: number): void {
    if (body.kind === 'manifest') {
      this.delete(manifestReverseKey(body.uploadId, referrer))
      this.sweep(nowMs, SWEEP.manifest, body.uploadId, bucketId)
      return
    }
    for (const location of body.locations) this.dropReference(location, referrer)
  }

  /** Queues work for the sweeper. */
  sweep(dueAtMs: number, kind: number, id: UploadId | BucketId, bucketId: BucketId): void {
    const key = sweepKey(dueAtMs, kind, id)
    this.set(key, startRecord(SWEEP_RECORD_VERSION).id(bucketId).finish(key))
  }

  private extentDelta(location: Location, sign: 1 | -1, filled: number): void {
    const at = this.extents.get(location.extentId)
    const bytes = sign * location.dataSizeBytes
    if (at === undefined) this.extents.set(location.extentId, { references: sign, bytes, filled })
    else {
      at.references += sign
      at.bytes += bytes
      at.filled += filled
    }
  }

  /** All mutations, in order. */
  finish(): readonly Mutation[] {
    for (const [extentId, { references, bytes, filled }] of this.extents) {
      if (references === 0 && bytes === 0 && filled === 0) continue
      const deltas = [...ZERO]
      deltas[EXTENT_SUM.references] = BigInt(references)
      deltas[EXTENT_SUM.bytes] = BigInt(bytes)
      deltas[EXTENT_SUM.filled] = BigInt(filled)
      this.sum(extentSumKey(extentId), deltas)
    }
    this.extents.clear()
    return this.mutations
  }
}

/** What a record's change adds to its bucket's sums. */
export function recordDelta(
  key: Buffer,
  before: Buffer | null,
  next: Buffer | null,
): readonly bigint[] {
  const isSlot = isNullSlot(key)
  const at = key[0] === SPACE.current ? 0 : 1
  let records = 0
  let bytes = 0
  let hash = 0n
  let hash2 = 0n
  if (next !== null) {
    const numbers = hashNumbers(recordHash(key, next))
    hash = numbers[0]
    hash2 = numbers[1]
    records += 1
    if (!isSlot) bytes += sizeOf(next)
  }
  if (before !== null) {
    const numbers = hashNumbers(recordHash(key, before))
    hash -= numbers[0]
    hash2 -= numbers[1]
    records -= 1
    if (!isSlot) bytes -= sizeOf(before)
  }
  const deltas = [...ZERO]
  if (!isSlot) {
    deltas[SUM.objects + at] = BigInt(records)
    deltas[SUM.bytes + at] = BigInt(bytes)
  }
  deltas[SUM.hash] = BigInt.asIntN(64, hash)
  deltas[SUM.hash2] = BigInt.asIntN(64, hash2)
  return deltas
}
