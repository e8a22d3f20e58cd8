// What an engine keeps outside keys, log and fates: its place in time and order. One record, written
// by every batch.

import { crc32 } from 'node:zlib'
import { EngineError, type Versionstamp } from './engine.ts'
import {
  FIRST_INCARNATION,
  STAMP_SIZE_BYTES,
  readStamp,
  readUint64,
  writeStamp,
  writeUint64,
} from './stamp.ts'

export interface Head {
  /** Of the last commit. */
  readonly versionstamp: Versionstamp
  /** Of the last log entry that was trimmed. */
  readonly logStart: Versionstamp
  readonly epoch: number
  /** Cell time of the last batch; 0 in a fresh store. */
  readonly cellTimeMs: number
  /** Why the wall clock is not trusted, or null. */
  readonly clockAlarm: string | null
}

const VERSION = 1
const LOG_START_AT: number = 1 + STAMP_SIZE_BYTES
const EPOCH_AT: number = LOG_START_AT + STAMP_SIZE_BYTES
const TIME_AT: number = EPOCH_AT + 8
const ALARM_AT: number = TIME_AT + 8
const CRC_SIZE_BYTES = 4

const START: Versionstamp = Object.freeze({ incarnation: FIRST_INCARNATION, sequence: 0 })
export const FRESH_HEAD: Head = Object.freeze({
  versionstamp: START,
  logStart: START,
  epoch: 0,
  cellTimeMs: 0,
  clockAlarm: null,
})

export function encodeHead(head: Head): Buffer {
  const alarm = Buffer.from(head.clockAlarm ?? '')
  const end = ALARM_AT + alarm.length
  const bytes = Buffer.allocUnsafe(end + CRC_SIZE_BYTES)
  bytes[0] = VERSION
  writeStamp(head.versionstamp, bytes, 1)
  writeStamp(head.logStart, bytes, LOG_START_AT)
  writeUint64(head.epoch, bytes, EPOCH_AT)
  writeUint64(head.cellTimeMs, bytes, TIME_AT)
  bytes.set(alarm, ALARM_AT)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, end)), end)
  return bytes
}

/** @throws EngineError `corrupt` */
export function decodeHead(bytes: Buffer): Head {
  const end = bytes.length - CRC_SIZE_BYTES
  const isWhole = end >= ALARM_AT && crc32(bytes.subarray(0, end)) === bytes.readUInt32BE(end)
  if (!isWhole) throw new EngineError('corrupt', 'engine: its head record is damaged')
  if (bytes[0] !== VERSION) {
    throw new EngineError('corrupt', `engine: its head record has the unknown version ${bytes[0]}`)
  }
  return {
    versionstamp: readStamp(bytes, 1),
    logStart: readStamp(bytes, LOG_START_AT),
    epoch: readUint64(bytes, EPOCH_AT),
    cellTimeMs: readUint64(bytes, TIME_AT),
    clockAlarm: end === ALARM_AT ? null : bytes.toString('utf8', ALARM_AT, end),
  }
}
