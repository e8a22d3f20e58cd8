// The versions of one key as a decision sees them: the current record, the newest of the others,
// and where the null version is. Unversioned buckets have nothing but current records.

import type { BucketId } from '../base/id.ts'
import type { KeyRange, Overlay, Reads } from '../engine/engine.ts'
import { RecordReader, startRecord } from './binary.ts'
import { bucketSumKey } from './changes.ts'
import { currentKey, nullSlotKey, versionKey, versionsOf } from './keys.ts'
import { FLAG, checkObjectRecord, hasFlag, orderOf } from './object-record.ts'

const NULL_SLOT_VERSION = 1

/** A verified record and where it stands. */
export interface Stored {
  readonly key: Buffer
  readonly value: Buffer
}

/** One key of one bucket, and the engine keys that belong to it. */
export interface Subject {
  readonly bucketId: BucketId
  readonly key: string
  readonly current: Buffer
  readonly sum: Buffer
}

/** How far the decision looks: 'current' is enough for a bucket that never had versions. */
export type Depth = 'current' | 'versions'

export interface KeyState {
  readonly current: Stored | null
  /** The newest of the versions that are not current, markers too. */
  readonly newestOther: Stored | null
  /** The null version's order where it is not current; 0 where it is, or there is none. */
  readonly nullOrder: number
}

export function subjectOf(bucketId: BucketId, key: string): Subject {
  return { bucketId, key, current: currentKey(bucketId, key), sum: bucketSumKey(bucketId) }
}

export function keyReads(subject: Subject, depth: Depth): Reads {
  const { bucketId, key, current } = subject
  if (depth === 'current') return { keys: [current] }
  return { keys: [current, nullSlotKey(bucketId, key)], firsts: [versionsOf(bucketId, key)] }
}

/** @throws ObjectIndexError `corrupt` */
export function keyStateIn(overlay: Overlay, subject: Subject, depth: Depth): KeyState {
  const current = storedAt(overlay, subject.current)
  if (depth === 'current') return { current, newestOther: null, nullOrder: 0 }
  const slotKey = nullSlotKey(subject.bucketId, subject.key)
  const slot = overlay.get(slotKey)
  return {
    current,
    newestOther: firstStored(overlay, versionsOf(subject.bucketId, subject.key)),
    nullOrder: slot === null ? 0 : decodeNullSlot(slotKey, slot),
  }
}

/** The record at a key, verified; null where there is none. */
export function storedAt(overlay: Overlay, key: Buffer): Stored | null {
  const value = overlay.get(key)
  if (value === null) return null
  checkObjectRecord(key, value)
  return { key, value }
}

/** The first record of a range of versions, verified. */
export function firstStored(overlay: Overlay, range: KeyRange): Stored | null {
  const entry = overlay.first(range)
  if (entry === null) return null
  checkObjectRecord(entry.key, entry.value)
  return entry
}

/** The highest order that the key has given; 0 for none. */
export function highestOrder(state: KeyState): number {
  return Math.max(
    state.current === null ? 0 : orderOf(state.current.value),
    state.newestOther === null ? 0 : orderOf(state.newestOther.value),
  )
}

/** The newest version: current, or the delete marker that hides what there was. */
export function newestOf(state: KeyState): Stored | null {
  return state.current ?? state.newestOther
}

export function isNullVersion(stored: Stored): boolean {
  return hasFlag(stored.value, FLAG.isNull)
}

/** Where the null version's record is when it is not current. */
export function nullVersionKey(subject: Subject, state: KeyState): Buffer {
  return versionKey(subject.bucketId, subject.key, state.nullOrder)
}

export function encodeNullSlot(key: Buffer, order: number): Buffer {
  return startRecord(NULL_SLOT_VERSION).u64(order).finish(key)
}

/** @throws ObjectIndexError `corrupt` */
export function decodeNullSlot(key: Buffer, value: Buffer): number {
  const from = new RecordReader(key, value, NULL_SLOT_VERSION)
  const order = from.u64()
  from.done()
  return order
}
