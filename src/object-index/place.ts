// The moves that versions of a key make: a newcomer on top of the others, one that goes, and the
// next older one that becomes current when the newest goes. Source: S3.md, 40 to 42.

import { bodyOf, versionReferrer } from './body.ts'
import type { BlobOrigin, Changes } from './changes.ts'
import {
  encodeNullSlot,
  highestOrder,
  isNullVersion,
  type KeyState,
  type Stored,
  type Subject,
} from './key-state.ts'
import { nullSlotKey, versionKey } from './keys.ts'
import type { VersioningState } from './object-index.ts'
import { FLAG, encodeNewcomer, hasFlag, orderOf, type Newcomer } from './object-record.ts'
import { sealRecord, seedOf } from './checksum.ts'

export interface Placing {
  /** Of the newcomer's blobs, where there is a newcomer. */
  readonly origin: BlobOrigin
  readonly subject: Subject
  readonly state: KeyState
  readonly versioning: VersioningState
  /** The null version where it is not current and the newcomer takes its place. */
  readonly replacedNull: Stored | null
  readonly nowMs: number
}

/** Whether a newcomer takes the place of a null version that is not current: it must be read. */
export function replacesOlderNull(state: KeyState, versioning: VersioningState): boolean {
  return versioning !== 'enabled' && state.nullOrder !== 0
}

/** Puts a new version or delete marker on top; answers its order. */
export function placeNewest(changes: Changes, placing: Placing, newcomer: Newcomer): number {
  const { subject, state, versioning, replacedNull } = placing
  const isNull = versioning !== 'enabled'
  const order = highestOrder(state) + 1
  if (replacedNull !== null) {
    dropRecord(changes, placing, replacedNull)
    // A null marker would write the slot anew.
    if (!newcomer.isDeleteMarker) dropSlot(changes, placing)
  }
  const { current } = state
  const isReplaced = current !== null && isNull && isNullVersion(current)
  if (current !== null && isReplaced) dropReferences(changes, placing, current)
  if (current !== null && !isReplaced) moveToVersions(changes, placing, current)
  if (newcomer.isDeleteMarker) {
    if (current !== null) changes.record(subject.sum, subject.current, current.value, null)
    const key = versionKey(subject.bucketId, subject.key, order)
    changes.record(subject.sum, key, null, encodeNewcomer(key, newcomer, order, isNull))
    if (isNull) setSlot(changes, placing, order)
    return order
  }
  const value = encodeNewcomer(subject.current, newcomer, order, isNull)
  changes.record(subject.sum, subject.current, current?.value ?? null, value)
  changes.addBody(
    newcomer.body,
    versionReferrer(subject.bucketId, subject.key, order),
    placing.origin,
  )
  return order
}

/** Takes a version away; `next` is the one behind it when it was the newest. */
export function removeVersion(
  changes: Changes,
  placing: Placing,
  target: Stored,
  next: Stored | null,
): void {
  const { subject, state } = placing
  const isCurrent = target === state.current
  if (isNullVersion(target) && !isCurrent) dropSlot(changes, placing)
  const promoted = next !== null && !hasFlag(next.value, FLAG.deleteMarker) ? next : null
  if (!isCurrent) dropRecord(changes, placing, target)
  else dropReferences(changes, placing, target)
  if (promoted === null) {
    if (isCurrent) changes.record(subject.sum, target.key, target.value, null)
    return
  }
  changes.record(subject.sum, promoted.key, promoted.value, null)
  if (isNullVersion(promoted)) dropSlot(changes, placing)
  changes.record(
    subject.sum,
    subject.current,
    isCurrent ? target.value : null,
    underKey(promoted.value, subject.current),
  )
}

/** Current becomes one of the others; its references name the version and stay. */
function moveToVersions(changes: Changes, placing: Placing, current: Stored): void {
  const { subject } = placing
  const order = orderOf(current.value)
  const key = versionKey(subject.bucketId, subject.key, order)
  changes.record(subject.sum, key, null, underKey(current.value, key))
  if (isNullVersion(current)) setSlot(changes, placing, order)
}

/** The same record, sealed for another key. */
function underKey(value: Buffer, key: Buffer): Buffer {
  const copy = Buffer.from(value)
  sealRecord(copy, seedOf(key))
  return copy
}

function dropRecord(changes: Changes, placing: Placing, stored: Stored): void {
  changes.record(placing.subject.sum, stored.key, stored.value, null)
  dropReferences(changes, placing, stored)
}

function dropReferences(changes: Changes, placing: Placing, stored: Stored): void {
  const { bucketId, key } = placing.subject
  changes.dropBody(
    bodyOf(stored.value),
    versionReferrer(bucketId, key, orderOf(stored.value)),
    bucketId,
    placing.nowMs,
  )
}

function setSlot(changes: Changes, placing: Placing, order: number): void {
  const { subject, state, replacedNull } = placing
  const key = nullSlotKey(subject.bucketId, subject.key)
  const before = replacedNull === null ? null : encodeNullSlot(key, state.nullOrder)
  changes.record(subject.sum, key, before, encodeNullSlot(key, order))
}

function dropSlot(changes: Changes, placing: Placing): void {
  const { subject, state } = placing
  const key = nullSlotKey(subject.bucketId, subject.key)
  changes.record(subject.sum, key, encodeNullSlot(key, state.nullOrder), null)
}
