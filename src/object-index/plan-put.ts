// PutObject decided: condition, lease, quota, then the new version on top of the others.

import type { ExtentId, WriterId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import type { Decision, Overlay, Reads } from '../engine/engine.ts'
import { bucketKey } from './bucket-record.ts'
import { Changes, SUM, type BlobOrigin } from './changes.ts'
import { decodeExtentRecord, extentKey } from './extent-record.ts'
import {
  isNullVersion,
  keyReads,
  keyStateIn,
  nullVersionKey,
  storedAt,
  subjectOf,
  type Depth,
  type KeyState,
  type Stored,
  type Subject,
} from './key-state.ts'
import type {
  BodyRef,
  Bucket,
  ExtentRecord,
  IndexOperation,
  IndexOutcome,
  IndexRefusal,
  ObjectDraft,
  WriteCondition,
} from './object-index.ts'
import { DecodeMemo } from './memo.ts'
import { NO_LOCK, etagOf, sizeOf, versionIdFor, type Newcomer } from './object-record.ts'
import {
  MoreOnce,
  again,
  apply,
  bucketIn,
  mergeReads,
  plan,
  refuse,
  type Plan,
  type Settled,
} from './plan.ts'
import { placeNewest, replacesOlderNull, type Placing } from './place.ts'

type Put = Extract<IndexOperation, { kind: 'put-object' }>
const NO_BYTES: Uint8Array = new Uint8Array(0)

export function planPut(operation: Put, depth: Depth): Plan<IndexOutcome> {
  const { bucketId, draft, condition, writerId } = operation
  const subject = subjectOf(bucketId, operation.key)
  const locations = locationsIn(draft.body)
  const more = new MoreOnce()
  const reads = mergeReads([
    { keys: [bucketKey(bucketId), subject.sum] },
    keyReads(subject, depth),
    leaseReads(locations),
  ])
  return plan(reads, (overlay) => {
    const bucket = bucketIn(overlay, bucketId)
    if (bucket === null) return refuse('no-such-bucket')
    if (depth === 'current' && bucket.versioning !== 'unversioned') return again()
    const state = keyStateIn(overlay, subject, depth)
    const broken = conditionRefusal(condition, state) ?? leaseRefusal(overlay, locations, writerId)
    if (broken !== null) return refuse(broken)
    return putVersion({
      overlay,
      bucket,
      subject,
      state,
      more,
      changes: new Changes(),
      newcomer: newcomerOf(draft, overlay.nowMs),
      origin: 'new',
    })
  })
}

export interface Putting {
  readonly overlay: Overlay
  readonly bucket: Bucket
  readonly subject: Subject
  readonly state: KeyState
  readonly more: MoreOnce
  readonly changes: Changes
  readonly newcomer: Newcomer
  readonly origin: BlobOrigin
  /** Bytes of parts that become the newcomer's own. */
  readonly partBytes?: number
  /** Further changes, once it is sure that the newcomer is placed. */
  readonly also?: (order: number) => void
}

/** The end of every operation that makes a version: the null version asked for, quota, changes. */
export function putVersion(putting: Putting): Decision<Settled<IndexOutcome>> {
  const { overlay, bucket, subject, state, changes, newcomer } = putting
  const { versioning } = bucket
  let replacedNull: Stored | null = null
  if (replacesOlderNull(state, versioning)) {
    const key = nullVersionKey(subject, state)
    if (!putting.more.hasAsked(overlay)) return { kind: 'more', reads: { keys: [key] } }
    replacedNull = storedAt(overlay, key)
  }
  const placing: Placing = {
    subject,
    state,
    versioning,
    replacedNull,
    nowMs: overlay.nowMs,
    origin: putting.origin,
  }
  const order = placeNewest(changes, placing, newcomer)
  const replacedBytes = replacedSize(placing)
  const grownBytes = newcomer.sizeBytes - replacedBytes - (putting.partBytes ?? 0)
  if (
    isOverQuota(overlay, bucket, subject, {
      bytes: grownBytes,
      objects: state.current === null ? 1 : 0,
    })
  )
    return refuse('quota-exceeded')
  putting.also?.(order)
  return apply(changes, {
    kind: 'done',
    lastModifiedMs: newcomer.lastModifiedMs,
    versionId:
      versioning === 'unversioned'
        ? null
        : versioning === 'suspended'
          ? 'null'
          : versionIdFor(order, newcomer.versionRandom),
  })
}

/** Bytes of the null version that a newcomer in this bucket takes the place of. */
function replacedSize(placing: Placing): number {
  if (placing.versioning === 'enabled') return 0
  const { current } = placing.state
  if (placing.replacedNull !== null) return sizeOf(placing.replacedNull.value)
  return current !== null && isNullVersion(current) ? sizeOf(current.value) : 0
}

/** Whether growth by so much would pass a quota. What shrinks a bucket is never refused. */
export function isOverQuota(
  overlay: Overlay,
  bucket: Bucket,
  subject: Pick<Subject, 'sum'>,
  growth: { readonly bytes: number; readonly objects: number },
): boolean {
  const { quotaBytes, quotaObjects } = bucket
  if (quotaBytes === null && quotaObjects === null) return false
  const sums = overlay.sum(subject.sum)
  const at = (field: number): number => Number(sums[field] ?? 0n)
  const bytes = at(SUM.bytes) + at(SUM.otherBytes) + at(SUM.uploadBytes) + growth.bytes
  if (quotaBytes !== null && growth.bytes > 0 && bytes > quotaBytes) return true
  return (
    quotaObjects !== null && growth.objects > 0 && at(SUM.objects) + growth.objects > quotaObjects
  )
}

/** What the condition of a write refuses with; null where it holds. Source: S3.md, 26. */
export function conditionRefusal(condition: WriteCondition, state: KeyState): IndexRefusal | null {
  switch (condition.kind) {
    case 'none':
      return null
    case 'absent':
      return state.current === null ? null : 'precondition-failed'
    case 'etag':
      if (state.current === null) return 'no-such-key'
      if (condition.etag === '*') return null
      return etagOf(state.current.value) === condition.etag ? null : 'precondition-failed'
  }
}

/** Field by field: spreading a draft costs more than all the rest of the decision. */
export function newcomerOf(draft: ObjectDraft, lastModifiedMs: number): Newcomer {
  return {
    ownerId: draft.ownerId,
    sizeBytes: draft.sizeBytes,
    etag: draft.etag,
    storageClass: draft.storageClass,
    checksum: draft.checksum,
    headers: draft.headers,
    userMetadata: draft.userMetadata,
    tags: draft.tags,
    acl: draft.acl,
    versionRandom: draft.versionRandom,
    body: draft.body,
    lastModifiedMs,
    isDeleteMarker: false,
    lock: NO_LOCK,
    cipher: 0,
    cipherKeyId: NO_BYTES,
    replication: 0,
  }
}

function locationsIn(body: BodyRef): readonly Location[] {
  return body.kind === 'blobs' ? body.locations : []
}

export function leaseReads(locations: readonly Location[]): Reads {
  return { keys: extentsIn(locations).map(extentKey) }
}

function extentsIn(locations: readonly Location[]): ExtentId[] {
  const [first] = locations
  if (first !== undefined && locations.length === 1) return [first.extentId]
  return [...new Set(locations.map((location) => location.extentId))]
}

const EXTENTS: DecodeMemo<ExtentRecord> = new DecodeMemo()

/** Every extent that is named must be open and leased to this writer. */
export function leaseRefusal(
  overlay: Overlay,
  locations: readonly Location[],
  writerId: WriterId,
): 'lease-lost' | null {
  for (const extentId of extentsIn(locations)) {
    const value = overlay.get(extentKey(extentId))
    if (value === null) return 'lease-lost'
    const extent = EXTENTS.get(extentId, value, () => decodeExtentRecord(extentId, value))
    if (extent.state !== 'open' || extent.writerId !== writerId) return 'lease-lost'
  }
  return null
}
