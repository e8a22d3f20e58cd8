// Buckets decided: create, delete, versioning, tags, ACL, quota. The directory owns the name; what stands here
// is the cell's copy, which every commit in the bucket checks.

import type { IndexOperation, IndexOutcome, Bucket } from './object-index.ts'
import type { BucketId } from '../base/id.ts'
import { bucketKey, encodeBucketRecord, encodeRangeRecord, rangeKey } from './bucket-record.ts'
import { bucketTagsKey, encodeBucketTags } from './bucket-settings.ts'
import { corrupt } from './binary.ts'
import { bucketSumKey, Changes, SUM, SWEEP } from './changes.ts'
import { SPACE, bucketRange } from './keys.ts'
import { apply, bucketIn, plan, refuse, type Plan } from './plan.ts'

type Create = Extract<IndexOperation, { kind: 'create-bucket' }>
type Delete = Extract<IndexOperation, { kind: 'delete-bucket' }>
type SetVersioning = Extract<IndexOperation, { kind: 'set-versioning' }>
type SetBucketTags = Extract<IndexOperation, { kind: 'set-bucket-tags' }>
type SetBucketAcl = Extract<IndexOperation, { kind: 'set-bucket-acl' }>
type SetQuota = Extract<IndexOperation, { kind: 'set-quota' }>

export function planCreateBucket(operation: Create): Plan<IndexOutcome> {
  const { id } = operation.bucket
  return plan({ keys: [bucketKey(id)] }, (overlay) => {
    if (overlay.get(bucketKey(id)) !== null) return refuse('bucket-exists')
    const changes = new Changes()
    const bucket: Bucket = { ...operation.bucket, createdAtMs: overlay.nowMs, generation: 1 }
    changes.set(bucketKey(id), encodeBucketRecord(bucket))
    changes.set(rangeKey(id), encodeRangeRecord(id, { generation: 1, state: 'serving' }))
    return apply(changes, { kind: 'done', versionId: null, lastModifiedMs: overlay.nowMs })
  })
}

/** Refused while any version or delete marker is left; unfinished uploads are swept afterwards. */
export function planDeleteBucket(operation: Delete): Plan<IndexOutcome> {
  const { bucketId } = operation
  const currents = bucketRange(SPACE.current, bucketId)
  const versions = bucketRange(SPACE.versions, bucketId)
  const sumKey = bucketSumKey(bucketId)
  const reads = { keys: [bucketKey(bucketId), sumKey], firsts: [currents, versions] }
  return plan(reads, (overlay) => {
    if (bucketIn(overlay, bucketId) === null) return refuse('no-such-bucket')
    if (overlay.first(currents) !== null || overlay.first(versions) !== null) {
      return refuse('bucket-not-empty')
    }
    // Emptiness is proven twice: a damaged key can hide what stands behind it.
    const sums = overlay.sum(sumKey)
    if (sums[SUM.objects] !== 0n || sums[SUM.otherVersions] !== 0n) {
      throw corrupt(sumKey, 'the bucket looks empty, and its sums say that it is not')
    }
    const changes = new Changes()
    changes.delete(bucketKey(bucketId))
    changes.delete(rangeKey(bucketId))
    changes.delete(bucketTagsKey(bucketId))
    changes.sweep(overlay.nowMs, SWEEP.bucket, bucketId, bucketId)
    return apply(changes, { kind: 'done', versionId: null, lastModifiedMs: overlay.nowMs })
  })
}

export function planSetVersioning(operation: SetVersioning): Plan<IndexOutcome> {
  return planSetting(operation.bucketId, (bucket) => ({
    ...bucket,
    versioning: operation.versioning,
  }))
}

/** A bucket without ACLs stays without: its callers have refused that before. */
export function planSetBucketAcl({ bucketId, acl }: SetBucketAcl): Plan<IndexOutcome> {
  return planSetting(bucketId, (bucket) =>
    bucket.ownership === 'ObjectWriter' ? { ...bucket, acl } : bucket,
  )
}

export function planSetQuota(operation: SetQuota): Plan<IndexOutcome> {
  const { quotaBytes, quotaObjects } = operation
  return planSetting(operation.bucketId, (bucket) => ({ ...bucket, quotaBytes, quotaObjects }))
}

/** No tags: the record goes. */
export function planSetBucketTags(operation: SetBucketTags): Plan<IndexOutcome> {
  const { bucketId, tags } = operation
  return planSetting(
    bucketId,
    (bucket) => bucket,
    (changes) => {
      const key = bucketTagsKey(bucketId)
      if (tags.length === 0) changes.delete(key)
      else changes.set(key, encodeBucketTags(bucketId, tags))
    },
  )
}

function planSetting(
  bucketId: BucketId,
  change: (bucket: Bucket) => Bucket,
  changeMore: (changes: Changes) => void = () => undefined,
): Plan<IndexOutcome> {
  return plan({ keys: [bucketKey(bucketId)] }, (overlay) => {
    const bucket = bucketIn(overlay, bucketId)
    if (bucket === null) return refuse('no-such-bucket')
    const changes = new Changes()
    changes.set(
      bucketKey(bucketId),
      encodeBucketRecord({ ...change(bucket), generation: bucket.generation + 1 }),
    )
    changeMore(changes)
    return apply(changes, { kind: 'done', versionId: null, lastModifiedMs: overlay.nowMs })
  })
}
