// CopyObject by reference, and new tags or another ACL for a version.

import type { Overlay } from '../engine/engine.ts'
import { bodyOf, isSameBody } from './body.ts'
import { bucketKey } from './bucket-record.ts'
import { Changes } from './changes.ts'
import {
  isNullVersion,
  keyReads,
  keyStateIn,
  newestOf,
  nullVersionKey,
  storedAt,
  subjectOf,
  type Depth,
  type KeyState,
  type Stored,
  type Subject,
} from './key-state.ts'
import { versionKey } from './keys.ts'
import type { IndexOperation, IndexOutcome, VersionSelector } from './object-index.ts'
import {
  FLAG,
  decodeObjectRecord,
  encodeObjectRecord,
  hasFlag,
  versionIdOf,
  lastModifiedOf,
} from './object-record.ts'
import { MoreOnce, again, apply, bucketIn, mergeReads, plan, refuse, type Plan } from './plan.ts'
import { orderIn } from './plan-delete.ts'
import { conditionRefusal, newcomerOf, putVersion } from './plan-put.ts'

type Copy = Extract<IndexOperation, { kind: 'copy-object' }>
/** What is said of a version and may be said anew. */
type Rewrite = Extract<IndexOperation, { kind: 'set-tags' | 'set-acl' }>

/** The references that the copy would add have been counted before: `too-many-references`. */
export function planCopy(operation: Copy, depth: Depth): Plan<IndexOutcome> {
  const { bucketId, key, source, draft } = operation
  const subject = subjectOf(bucketId, key)
  const order = orderIn(source.versionId)
  const from = subjectOf(source.bucketId, source.key)
  const older = order === null ? null : versionKey(source.bucketId, source.key, order)
  const more = new MoreOnce()
  const reads = mergeReads([
    { keys: [bucketKey(bucketId), subject.sum, from.current, ...(older === null ? [] : [older])] },
    keyReads(subject, depth),
  ])
  return plan(reads, (overlay) => {
    const bucket = bucketIn(overlay, bucketId)
    if (bucket === null) return refuse('no-such-bucket')
    if (depth === 'current' && bucket.versioning !== 'unversioned') return again()
    const state = keyStateIn(overlay, subject, depth)
    const broken = conditionRefusal(operation.condition, state)
    if (broken !== null) return refuse(broken)
    const found = [from.current, older]
      .map((at) => (at === null ? null : storedAt(overlay, at)))
      .find((stored) => stored !== null && versionIdOf(stored.value) === source.versionId)
    if (found === undefined || found === null || !isSameBody(bodyOf(found.value), draft.body)) {
      return refuse('source-changed')
    }
    return putVersion({
      overlay,
      bucket,
      subject,
      state,
      more,
      changes: new Changes(),
      newcomer: newcomerOf(draft, overlay.nowMs),
      origin: 'shared',
    })
  })
}

/** Rewrites one version's tags or ACL in place; its ETag, id and time stay. */
export function planRewrite(operation: Rewrite, depth: Depth): Plan<IndexOutcome> {
  const { bucketId, key, version } = operation
  const subject = subjectOf(bucketId, key)
  const order = version.kind === 'id' ? orderIn(version.versionId) : null
  const named = order === null ? [] : [versionKey(bucketId, key, order)]
  const more = new MoreOnce()
  const reads = mergeReads([{ keys: [bucketKey(bucketId), ...named] }, keyReads(subject, depth)])
  return plan(reads, (overlay) => {
    const bucket = bucketIn(overlay, bucketId)
    if (bucket === null) return refuse('no-such-bucket')
    if (depth === 'current' && bucket.versioning !== 'unversioned') return again()
    const state = keyStateIn(overlay, subject, depth)
    const nullKey =
      version.kind === 'null' && state.nullOrder !== 0 ? nullVersionKey(subject, state) : null
    if (nullKey !== null && !more.hasAsked(overlay)) {
      return { kind: 'more', reads: { keys: [nullKey] } }
    }
    const found = find(overlay, version, state, nullKey ?? named[0] ?? null)
    if (found === null) return refuse(version.kind === 'latest' ? 'no-such-key' : 'no-such-version')
    if (hasFlag(found.value, FLAG.deleteMarker)) return refuse('is-delete-marker')
    const changes = new Changes()
    rewrite(changes, subject, found, operation)
    return apply(changes, {
      kind: 'done',
      lastModifiedMs: lastModifiedOf(found.value),
      versionId:
        bucket.versioning === 'unversioned'
          ? null
          : isNullVersion(found)
            ? 'null'
            : versionIdOf(found.value),
    })
  })
}

function rewrite(changes: Changes, subject: Subject, found: Stored, operation: Rewrite): void {
  const record = decodeObjectRecord(found.key, found.value)
  const next =
    operation.kind === 'set-tags'
      ? { ...record, tags: operation.tags }
      : { ...record, acl: operation.acl }
  changes.record(subject.sum, found.key, found.value, encodeObjectRecord(found.key, next))
}

/** The version that the selector names, from the records that were read for it. */
function find(
  overlay: Overlay,
  version: VersionSelector,
  state: KeyState,
  other: Buffer | null,
): Stored | null {
  const { current } = state
  switch (version.kind) {
    case 'latest':
      return newestOf(state)
    case 'null':
      if (current !== null && isNullVersion(current)) return current
      return other === null ? null : storedAt(overlay, other)
    case 'id': {
      if (current !== null && versionIdOf(current.value) === version.versionId) return current
      const stored = other === null ? null : storedAt(overlay, other)
      return stored !== null && versionIdOf(stored.value) === version.versionId ? stored : null
    }
  }
}
