// Extents decided for placement: leased once, sealed by a commit, parked without a reference,
// removed only when parked and still without one. Source: DESIGN.md, Placement and storage.

import type { ExtentId } from '../base/id.ts'
import type { KeyRange, Overlay } from '../engine/engine.ts'
import { Changes, EXTENT_SUM } from './changes.ts'
import { decodeExtentRecord, encodeExtentRecord, extentKey, extentSumKey } from './extent-record.ts'
import { SPACE, after, idKey } from './keys.ts'
import type { ExtentRecord, IndexOperation, IndexOutcome } from './object-index.ts'
import { apply, plan, refuse, type Plan } from './plan.ts'
import { decodeReverse } from './reverse-record.ts'

type Lease = Extract<IndexOperation, { kind: 'lease-extent' }>
type ExtentOperation = Extract<
  IndexOperation,
  { kind: 'seal-extent' | 'park-extent' | 'restore-extent' | 'remove-extent' }
>

export function planLeaseExtent(operation: Lease): Plan<IndexOutcome> {
  const { extent } = operation
  const key = extentKey(extent.extentId)
  return plan({ keys: [key] }, (overlay) => {
    if (overlay.get(key) !== null) return refuse('extent-state')
    const changes = new Changes()
    changes.set(
      key,
      encodeExtentRecord({ ...extent, state: 'open', sizeBytes: 0, changedAtMs: overlay.nowMs }),
    )
    return apply(changes, done(overlay))
  })
}

/** Repeating an operation that has been done says 'done' again; removal is the exception. */
export function planExtent(operation: ExtentOperation): Plan<IndexOutcome> {
  const { extentId } = operation
  const key = extentKey(extentId)
  const references = referencesOf(extentId)
  const needsNone = operation.kind === 'park-extent' || operation.kind === 'remove-extent'
  const reads = {
    keys: [key, extentSumKey(extentId)],
    firsts: needsNone ? [references] : [],
    lasts: operation.kind === 'seal-extent' ? [references] : [],
  }
  return plan(reads, (overlay) => {
    const value = overlay.get(key)
    if (value === null) return refuse('extent-state')
    const extent = decodeExtentRecord(extentId, value)
    if (needsNone && overlay.first(references) !== null) return refuse('extent-state')
    const changes = new Changes()
    if (operation.kind === 'remove-extent') {
      if (extent.state !== 'parked') return refuse('extent-state')
      changes.delete(key)
      changes.delete(extentSumKey(extentId))
      return apply(changes, done(overlay))
    }
    const next = nextOf(operation.kind, extent, overlay, references)
    if (next === null) return refuse('extent-state')
    if (next !== extent) changes.set(key, encodeExtentRecord(next))
    return apply(changes, done(overlay))
  })
}

/** The record after the operation: the same where nothing is left to do, null where it can't be. */
function nextOf(
  kind: Exclude<ExtentOperation['kind'], 'remove-extent'>,
  extent: ExtentRecord,
  overlay: Overlay,
  references: KeyRange,
): ExtentRecord | null {
  const changedAtMs = overlay.nowMs
  switch (kind) {
    case 'seal-extent':
      if (extent.state === 'sealed') return extent
      if (extent.state !== 'open') return null
      return {
        ...extent,
        state: 'sealed',
        sizeBytes: committedEnd(overlay, extent.extentId, references),
        changedAtMs,
      }
    case 'park-extent':
      if (extent.state === 'parked') return extent
      return extent.state === 'sealed' ? { ...extent, state: 'parked', changedAtMs } : null
    case 'restore-extent':
      if (extent.state === 'sealed') return extent
      return extent.state === 'parked' ? { ...extent, state: 'sealed', changedAtMs } : null
  }
}

/**
 * How far the extent was filled: behind the data of its last referenced blob, or as many bytes as
 * were ever committed in it, where later blobs have gone. CRCs and trailers come on top.
 */
function committedEnd(overlay: Overlay, extentId: ExtentId, references: KeyRange): number {
  const filled = Number(overlay.sum(extentSumKey(extentId))[EXTENT_SUM.filled] ?? 0n)
  const last = overlay.last(references)
  if (last === null) return filled
  const { location } = decodeReverse(last.key, last.value)
  return Math.max(filled, location.offset + location.headerSizeBytes + location.dataSizeBytes)
}

/** All references into an extent. */
export function referencesOf(extentId: ExtentId): KeyRange {
  const start = idKey(SPACE.reverse, extentId)
  return { start, end: after(start) }
}

function done(overlay: Overlay): IndexOutcome {
  return { kind: 'done', versionId: null, lastModifiedMs: overlay.nowMs }
}
