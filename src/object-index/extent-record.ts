// The record of an extent (docs/formats/extent-record.md): state, lease and place.

import type { ExtentId } from '../base/id.ts'
import { RecordReader, startRecord } from './binary.ts'
import { SPACE, idKey } from './keys.ts'
import type { ExtentRecord, ExtentState } from './object-index.ts'

const EXTENT_RECORD_VERSION = 1
const STATES: readonly ExtentState[] = ['open', 'sealed', 'parked']
const LAYOUTS: readonly ExtentRecord['layout'][] = ['packed', 'direct']

export function extentKey(extentId: ExtentId): Buffer {
  return idKey(SPACE.extent, extentId)
}

export function extentSumKey(extentId: ExtentId): Buffer {
  return idKey(SPACE.extentSum, extentId)
}

export function encodeExtentRecord(extent: ExtentRecord): Buffer {
  return startRecord(EXTENT_RECORD_VERSION)
    .u8(STATES.indexOf(extent.state))
    .u8(LAYOUTS.indexOf(extent.layout))
    .id(extent.writerId)
    .u64(extent.capacityBytes)
    .u64(extent.sizeBytes)
    .u64(extent.changedAtMs)
    .text(extent.driveId)
    .finish(extentKey(extent.extentId))
}

/** @throws ObjectIndexError `corrupt` */
export function decodeExtentRecord(extentId: ExtentId, bytes: Buffer): ExtentRecord {
  const from = new RecordReader(extentKey(extentId), bytes, EXTENT_RECORD_VERSION)
  const state = STATES[from.u8()]
  const layout = LAYOUTS[from.u8()]
  if (state === undefined || layout === undefined) throw from.wrong('an unknown state or layout')
  const extent: ExtentRecord = {
    extentId,
    state,
    layout,
    writerId: from.id(),
    capacityBytes: from.u64(),
    sizeBytes: from.u64(),
    changedAtMs: from.u64(),
    driveId: from.text(),
  }
  from.done()
  return extent
}
