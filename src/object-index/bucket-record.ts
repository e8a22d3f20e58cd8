// The record of a bucket (docs/formats/bucket-record.md), as its cell keeps it, and the range
// record beside it: the whole bucket is one range until ranges split.

import type { BucketId } from '../base/id.ts'
import { RecordReader, startRecord } from './binary.ts'
import { SPACE, idKey } from './keys.ts'
import type { Bucket, VersioningState } from './object-index.ts'

const BUCKET_RECORD_VERSION = 1
const RANGE_RECORD_VERSION = 1
const VERSIONING: readonly VersioningState[] = ['unversioned', 'enabled', 'suspended']
const STATE_ACTIVE = 0

export function bucketKey(bucketId: BucketId): Buffer {
  return idKey(SPACE.bucket, bucketId)
}

export function encodeBucketRecord(bucket: Bucket): Buffer {
  return startRecord(BUCKET_RECORD_VERSION)
    .u8(STATE_ACTIVE)
    .u8(VERSIONING.indexOf(bucket.versioning))
    .u8((bucket.quotaBytes === null ? 0 : 1) | (bucket.quotaObjects === null ? 0 : 2))
    .u64(bucket.generation)
    .u64(bucket.createdAtMs)
    .u64(bucket.quotaBytes ?? 0)
    .u64(bucket.quotaObjects ?? 0)
    .text(bucket.name)
    .owner(bucket.ownerId)
    .finish(bucketKey(bucket.id))
}

/** @throws ObjectIndexError `corrupt` */
export function decodeBucketRecord(bucketId: BucketId, bytes: Buffer): Bucket {
  const from = new RecordReader(bucketKey(bucketId), bytes, BUCKET_RECORD_VERSION)
  const state = from.u8()
  const versioning = VERSIONING[from.u8()]
  if (state !== STATE_ACTIVE || versioning === undefined) throw from.wrong('an unknown state')
  const quotas = from.u8()
  const generation = from.u64()
  const createdAtMs = from.u64()
  const quotaBytes = from.u64()
  const quotaObjects = from.u64()
  const bucket: Bucket = {
    id: bucketId,
    generation,
    createdAtMs,
    versioning,
    quotaBytes: (quotas & 1) === 0 ? null : quotaBytes,
    quotaObjects: (quotas & 2) === 0 ? null : quotaObjects,
    name: from.text(),
    ownerId: from.owner(),
  }
  from.done()
  return bucket
}

/** One range of a bucket's keys. Until ranges split there is one, whole, owned by this cell. */
export interface RangeRecord {
  readonly generation: number
  readonly state: 'serving'
}

export function rangeKey(bucketId: BucketId): Buffer {
  return idKey(SPACE.range, bucketId)
}

export function encodeRangeRecord(bucketId: BucketId, range: RangeRecord): Buffer {
  return startRecord(RANGE_RECORD_VERSION).u8(0).u64(range.generation).finish(rangeKey(bucketId))
}

/** @throws ObjectIndexError `corrupt` */
export function decodeRangeRecord(bucketId: BucketId, bytes: Buffer): RangeRecord {
  const from = new RecordReader(rangeKey(bucketId), bytes, RANGE_RECORD_VERSION)
  if (from.u8() !== 0) throw from.wrong('an unknown state')
  const generation = from.u64()
  from.done()
  return { generation, state: 'serving' }
}
