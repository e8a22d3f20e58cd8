// Multipart uploads decided: begin, a part, abort. An upload's own record, under its id, changes
// with each part; a part's references name (upload, part) from the start and are never rewritten.

import { assert } from '../base/assert.ts'
import type { BucketId, UploadId } from '../base/id.ts'
import type { Decision, Overlay } from '../engine/engine.ts'
import { bucketKey } from './bucket-record.ts'
import { Changes, SWEEP, bucketSumKey } from './changes.ts'
import {
  keyReads,
  keyStateIn,
  newestOf,
  subjectOf,
  type Depth,
  type KeyState,
} from './key-state.ts'
import { partKey, uploadNameKey } from './keys.ts'
import type { Bucket, IndexOperation, IndexOutcome, Referrer } from './object-index.ts'
import { versionIdOf } from './object-record.ts'
import { decodePartRecord, encodePartRecord, type PartRecord } from './part-record.ts'
import {
  again,
  apply,
  bucketIn,
  mergeReads,
  plan,
  refuse,
  type Plan,
  type Settled,
} from './plan.ts'
import { isOverQuota, leaseReads, leaseRefusal } from './plan-put.ts'
import {
  NO_VERSION,
  decodeUploadRecord,
  encodeUploadName,
  encodeUploadRecord,
  uploadKey,
  type OpenUpload,
  type UploadRecord,
} from './upload-record.ts'

type CreateUpload = Extract<IndexOperation, { kind: 'create-upload' }>
type PutPart = Extract<IndexOperation, { kind: 'put-part' }>
type AbortUpload = Extract<IndexOperation, { kind: 'abort-upload' }>

const PART_NUMBER_MAX = 10_000

export function planCreateUpload(operation: CreateUpload, depth: Depth): Plan<IndexOutcome> {
  const { bucketId, upload } = operation
  const subject = subjectOf(bucketId, upload.key)
  const reads = mergeReads([
    { keys: [bucketKey(bucketId), uploadKey(upload.uploadId)] },
    keyReads(subject, depth),
  ])
  return plan(reads, (overlay) => {
    const bucket = bucketIn(overlay, bucketId)
    if (bucket === null) return refuse('no-such-bucket')
    if (depth === 'current' && bucket.versioning !== 'unversioned') return again()
    assert(overlay.get(uploadKey(upload.uploadId)) === null, 'an upload id is used once')
    const state = keyStateIn(overlay, subject, depth)
    const initiatedAtMs = overlay.nowMs
    const changes = new Changes()
    changes.set(
      uploadKey(upload.uploadId),
      encodeUploadRecord(upload.uploadId, {
        kind: 'open',
        bucketId,
        partBytes: 0,
        ...startOf(state),
        upload: { ...upload, initiatedAtMs, generation: 0 },
      }),
    )
    const nameKey = uploadNameKey(bucketId, upload.key, initiatedAtMs, upload.uploadId)
    changes.set(nameKey, encodeUploadName(nameKey))
    return apply(changes, { kind: 'done', versionId: null, lastModifiedMs: initiatedAtMs })
  })
}

/** What the completing commit compares the key with. */
export function startOf(state: KeyState): Pick<OpenUpload, 'newestAtStart' | 'hadObjectAtStart'> {
  const newest = newestOf(state)
  return {
    newestAtStart: newest === null ? NO_VERSION : versionIdOf(newest.value),
    hadObjectAtStart: state.current !== null,
  }
}

export function planPutPart(operation: PutPart): Plan<IndexOutcome> {
  const { bucketId, key, uploadId, part, writerId } = operation
  assert(part.partNumber >= 1 && part.partNumber <= PART_NUMBER_MAX, 'parts are 1 to 10,000')
  const at = partKey(uploadId, part.partNumber)
  const sumKey = bucketSumKey(bucketId)
  const reads = mergeReads([
    { keys: [bucketKey(bucketId), sumKey, uploadKey(uploadId), at] },
    leaseReads(part.locations),
  ])
  return plan(reads, (overlay) => {
    const bucket = bucketIn(overlay, bucketId)
    if (bucket === null) return refuse('no-such-bucket')
    const record = openUploadIn(overlay, uploadId, bucketId, key)
    if (record === null) return refuse('no-such-upload')
    const lost = leaseRefusal(overlay, part.locations, writerId)
    if (lost !== null) return refuse(lost)
    const value = overlay.get(at)
    const before = value === null ? null : decodePartRecord(uploadId, part.partNumber, value)
    const growth = part.sizeBytes - (before?.sizeBytes ?? 0)
    if (isOverQuota(overlay, bucket, { sum: sumKey }, { bytes: growth, objects: 0 })) {
      return refuse('quota-exceeded')
    }
    const lastModifiedMs = overlay.nowMs
    const changes = new Changes()
    if (before !== null) dropPartReferences(changes, uploadId, before)
    const next: PartRecord = { ...part, bucketId, lastModifiedMs }
    changes.set(at, encodePartRecord(uploadId, next))
    for (const location of part.locations) {
      changes.addReference(location, partOf(uploadId, next), 'new')
    }
    changes.set(uploadKey(uploadId), encodeUploadRecord(uploadId, raised(record, growth)))
    changes.partBytes(sumKey, growth, 0)
    return apply(changes, { kind: 'done', versionId: null, lastModifiedMs })
  })
}

function raised(record: OpenUpload, growth: number): UploadRecord {
  const { upload } = record
  return {
    ...record,
    partBytes: record.partBytes + growth,
    upload: { ...upload, generation: upload.generation + 1 },
  }
}

function partOf(uploadId: UploadId, part: { readonly partNumber: number }): Referrer {
  return { kind: 'part', uploadId, partNumber: part.partNumber }
}

/** A part's references go; the part's record is the caller's to change. */
export function dropPartReferences(changes: Changes, uploadId: UploadId, part: PartRecord): void {
  for (const location of part.locations) changes.dropReference(location, partOf(uploadId, part))
}

/** The upload while it can take parts; null when it is another's, ended or unknown. */
function openUploadIn(
  overlay: Overlay,
  uploadId: UploadId,
  bucketId: BucketId,
  key: string,
): OpenUpload | null {
  const value = overlay.get(uploadKey(uploadId))
  if (value === null) return null
  const record = decodeUploadRecord(uploadId, value)
  if (record.kind !== 'open' || record.bucketId !== bucketId) return null
  return record.upload.key === key ? record : null
}

export function planAbortUpload(operation: AbortUpload): Plan<IndexOutcome> {
  const { bucketId, key, uploadId } = operation
  const reads = { keys: [bucketKey(bucketId), uploadKey(uploadId)] }
  return plan(reads, (overlay): Decision<Settled<IndexOutcome>> => {
    const bucket: Bucket | null = bucketIn(overlay, bucketId)
    if (bucket === null) return refuse('no-such-bucket')
    const record = openUploadIn(overlay, uploadId, bucketId, key)
    if (record === null) return refuse('no-such-upload')
    const changes = new Changes()
    abort(changes, uploadId, record, overlay.nowMs)
    return apply(changes, { kind: 'done', versionId: null, lastModifiedMs: overlay.nowMs })
  })
}

/** The upload ends; its parts no longer count and wait for the sweeper. */
export function abort(
  changes: Changes,
  uploadId: UploadId,
  record: OpenUpload,
  nowMs: number,
): void {
  const { bucketId, partBytes, upload } = record
  changes.delete(uploadKey(uploadId))
  changes.delete(uploadNameKey(bucketId, upload.key, upload.initiatedAtMs, uploadId))
  changes.partBytes(bucketSumKey(bucketId), -partBytes, partBytes)
  // Also without parts: one that is of no length has a record too.
  if (upload.generation > 0) changes.sweep(nowMs, SWEEP.parts, uploadId, bucketId)
}
