// CompleteMultipartUpload decided in one commit, which moves no bytes: the manifest's pages are
// small (8 bytes a part), so they come with the version that names them. The upload's record
// becomes the marker that answers a repeated completion. Source: S3.md, 27 and 33 to 35.

import { digestHex } from '../base/digest.ts'
import type { Decision, Overlay } from '../engine/engine.ts'
import { bucketKey } from './bucket-record.ts'
import { Changes, SWEEP } from './changes.ts'
import { keyReads, keyStateIn, subjectOf, type Depth, type KeyState } from './key-state.ts'
import { manifestPageKey, uploadNameKey } from './keys.ts'
import type {
  IndexOperation,
  IndexOutcome,
  IndexRefusal,
  NamedPart,
  ObjectDraft,
  Part,
  VersionId,
  WriteCondition,
} from './object-index.ts'
import { versionIdFor } from './object-record.ts'
import { encodeManifestPage, manifestPages } from './part-record.ts'
import {
  MoreOnce,
  again,
  answer,
  bucketIn,
  mergeReads,
  plan,
  refuse,
  type Plan,
  type Settled,
} from './plan.ts'
import { conditionRefusal, newcomerOf, putVersion } from './plan-put.ts'
import { startOf } from './plan-upload.ts'
import {
  decodeUploadRecord,
  encodeUploadRecord,
  uploadKey,
  type CompletedRecord,
  type OpenUpload,
} from './upload-record.ts'

type Complete = Extract<IndexOperation, { kind: 'complete-upload' }>

/** A completed upload is remembered this long, so that a repeated completion is answered alike. */
const COMPLETED_KEPT_MS: number = 60 * 60 * 1000

/**
 * `parts` are all the upload's parts as the service read them. The commit holds them to be what
 * they were by the upload's generation, which each part raises.
 */
export function planComplete(
  operation: Complete,
  parts: readonly Part[],
  depth: Depth,
): Plan<IndexOutcome> {
  const { bucketId, key, uploadId } = operation
  const subject = subjectOf(bucketId, key)
  const more = new MoreOnce()
  const reads = mergeReads([
    { keys: [bucketKey(bucketId), subject.sum, uploadKey(uploadId)] },
    keyReads(subject, depth),
  ])
  return plan(reads, (overlay) => {
    const bucket = bucketIn(overlay, bucketId)
    if (bucket === null) return refuse('no-such-bucket')
    if (depth === 'current' && bucket.versioning !== 'unversioned') return again()
    const value = overlay.get(uploadKey(uploadId))
    const record = value === null ? null : decodeUploadRecord(uploadId, value)
    if (record === null || record.bucketId !== bucketId) return refuse('no-such-upload')
    if (record.kind === 'completed') return repeated(record, operation)
    if (record.upload.key !== key) return refuse('no-such-upload')
    const state = keyStateIn(overlay, subject, depth)
    const broken = completeRefusal(operation, record, state)
    if (broken !== null) return refuse(broken)
    const named = namedParts(operation.parts, parts)
    if (named === null || sizeOfAll(named) !== operation.sizeBytes) return refuse('invalid-part')
    const changes = new Changes()
    return putVersion({
      overlay,
      bucket,
      subject,
      state,
      more,
      changes,
      origin: 'shared',
      newcomer: newcomerOf(draftOf(operation, record, named), record.upload.initiatedAtMs),
      partBytes: record.partBytes,
      also: (order) =>
        finishUpload({
          changes,
          overlay,
          operation,
          record,
          named,
          isAllNamed: named.length === parts.length,
          order,
          versioning: bucket.versioning,
          sum: subject.sum,
        }),
    })
  })
}

/** The same parts again get the same answer; others find no upload any more. */
function repeated(record: CompletedRecord, operation: Complete): Decision<Settled<IndexOutcome>> {
  const { versionId, lastModifiedMs } = record.result
  if (record.key !== operation.key || record.partsDigest !== digestOf(operation.parts)) {
    return refuse('no-such-upload')
  }
  return answer({ kind: 'done', versionId, lastModifiedMs })
}

function completeRefusal(
  operation: Complete,
  record: OpenUpload,
  state: KeyState,
): IndexRefusal | null {
  if (record.upload.generation !== operation.generation) return 'upload-changed'
  return (
    raceRefusal(operation.condition, record, state) ?? conditionRefusal(operation.condition, state)
  )
}

/** Under a condition, a key that changed since the upload began is a conflict of its own. */
function raceRefusal(
  condition: WriteCondition,
  record: OpenUpload,
  state: KeyState,
): IndexRefusal | null {
  if (condition.kind === 'none') return null
  const now = startOf(state)
  if (now.newestAtStart === record.newestAtStart) return null
  if (state.current !== null) return 'conditional-conflict'
  if (condition.kind === 'etag') return 'no-such-key'
  return record.hadObjectAtStart ? 'conditional-conflict' : null
}

/** The upload's parts in the order named; null where one is missing or has another ETag. */
function namedParts(names: readonly NamedPart[], parts: readonly Part[]): Part[] | null {
  const byNumber = new Map(parts.map((part) => [part.partNumber, part]))
  const named: Part[] = []
  let last = 0
  for (const name of names) {
    const part = byNumber.get(name.partNumber)
    if (part === undefined || part.etag !== name.etag || name.partNumber <= last) return null
    last = name.partNumber
    named.push(part)
  }
  return named.length === 0 ? null : named
}

function sizeOfAll(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.sizeBytes, 0)
}

function draftOf(operation: Complete, record: OpenUpload, named: readonly Part[]): ObjectDraft {
  return {
    ...record.upload.draft,
    sizeBytes: operation.sizeBytes,
    etag: operation.etag,
    checksum: operation.checksum,
    body: { kind: 'manifest', uploadId: operation.uploadId, partCount: named.length },
  }
}

interface Finishing {
  readonly changes: Changes
  readonly overlay: Overlay
  readonly operation: Complete
  readonly record: OpenUpload
  readonly named: readonly Part[]
  readonly isAllNamed: boolean
  readonly order: number
  readonly versioning: 'unversioned' | 'enabled' | 'suspended'
  readonly sum: Buffer
}

function finishUpload(finishing: Finishing): void {
  const { changes, overlay, operation, record, named, order, versioning } = finishing
  const { uploadId, bucketId, key, sizeBytes, etag, checksum } = operation
  const { upload, partBytes } = record
  for (const [index, page] of manifestPages(bucketId, named).entries()) {
    changes.set(manifestPageKey(uploadId, index), encodeManifestPage(uploadId, index, page))
  }
  const versionId: VersionId | 'null' | null =
    versioning === 'unversioned'
      ? null
      : versioning === 'suspended'
        ? 'null'
        : versionIdFor(order, upload.draft.versionRandom)
  changes.set(
    uploadKey(uploadId),
    encodeUploadRecord(uploadId, {
      kind: 'completed',
      bucketId,
      key,
      partsDigest: digestOf(operation.parts),
      result: {
        versionId,
        lastModifiedMs: upload.initiatedAtMs,
        completedAtMs: overlay.nowMs,
        sizeBytes,
        etag,
        checksum,
        partCount: named.length,
      },
    }),
  )
  changes.delete(uploadNameKey(bucketId, key, upload.initiatedAtMs, uploadId))
  changes.partBytes(finishing.sum, -partBytes, partBytes - sizeBytes)
  changes.sweep(overlay.nowMs + COMPLETED_KEPT_MS, SWEEP.marker, uploadId, bucketId)
  if (!finishing.isAllNamed) changes.sweep(overlay.nowMs, SWEEP.parts, uploadId, bucketId)
}

/** 16 bytes as hex over the part numbers and ETags, in order. */
function digestOf(parts: readonly NamedPart[]): string {
  const text = parts.map((part) => `${part.partNumber}:${part.etag}\n`).join('')
  return digestHex('sha256', text).slice(0, 32)
}
