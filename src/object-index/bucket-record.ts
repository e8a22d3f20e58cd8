// The record of a bucket (docs/formats/bucket-record.md), as its cell keeps it, and the range
// record beside it: the whole bucket is one range until ranges split.

import type { BucketId } from '../base/id.ts'
import { aclCode, aclOfCode } from './acl-code.ts'
import { RecordReader, startRecord } from './binary.ts'
import { SPACE, idKey } from './keys.ts'
import type { Bucket, VersioningState } from './object-index.ts'

const BUCKET_RECORD_VERSION = 1
const RANGE_RECORD_VERSION = 1
const VERSIONING: readonly VersioningState[] = ['unversioned', 'enabled', 'suspended']
const STATE_ACTIVE = 0
/** Bits of the settings byte; the ACL's code stands above them, from ACL_SHIFT on. */
const SETTING = { quotaBytes: 1, quotaObjects: 2, objectWriter: 4 } as const
const ACL_SHIFT = 4
const UNKNOWN_BITS = 0x88

export function bucketKey(bucketId: BucketId): Buffer {
  return idKey(SPACE.bucket, bucketId)
}

export function encodeBucketRecord(bucket: Bucket): Buffer {
  return startRecord(BUCKET_RECORD_VERSION)
    .u8(STATE_ACTIVE)
    .u8(VERSIONING.indexOf(bucket.versioning))
    .u8(settingsOf(bucket))
    .u64(bucket.generation)
    .u64(bucket.createdAtMs)
    .u64(bucket.quotaBytes ?? 0)
    .u64(bucket.quotaObjects ?? 0)
    .text(bucket.name)
    .owner(bucket.ownerId)
    .finish(bucketKey(bucket.id))
}

function settingsOf({ quotaBytes, quotaObjects, ownership, acl }: Bucket): number {
  return (
    (quotaBytes === null ? 0 : SETTING.quotaBytes) |
    (quotaObjects === null ? 0 : SETTING.quotaObjects) |
    (ownership === 'ObjectWriter' ? SETTING.objectWriter | (aclCode(acl) << ACL_SHIFT) : 0)
  )
}

/** @throws ObjectIndexError `corrupt` */
export function decodeBucketRecord(bucketId: BucketId, bytes: Buffer): Bucket {
  const from = new RecordReader(bucketKey(bucketId), bytes, BUCKET_RECORD_VERSION)
  const state = from.u8()
  const versioning = VERSIONING[from.u8()]
  if (state !== STATE_ACTIVE || versioning === undefined) throw from.wrong('an unknown state')
  const settings = from.u8()
  const hasAcls = (settings & SETTING.objectWriter) !== 0
  const acl = aclOfCode(settings >> ACL_SHIFT)
  if ((settings & UNKNOWN_BITS) !== 0 || acl === undefined || (acl !== 'private' && !hasAcls)) {
    throw from.wrong('unknown settings')
  }
  const generation = from.u64()
  const createdAtMs = from.u64()
  const quotaBytes = from.u64()
  const quotaObjects = from.u64()
  const bucket: Bucket = {
    id: bucketId,
    generation,
    createdAtMs,
    versioning,
    quotaBytes: (settings & SETTING.quotaBytes) === 0 ? null : quotaBytes,
    quotaObjects: (settings & SETTING.quotaObjects) === 0 ? null : quotaObjects,
    name: from.text(),
    ownerId: from.owner(),
    ownership: hasAcls ? 'ObjectWriter' : 'BucketOwnerEnforced',
    acl,
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
