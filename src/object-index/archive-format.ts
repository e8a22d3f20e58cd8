// What stands in archive blobs (docs/formats/archive.md): a head in the blob's metadata, so that a
// scan alone tells what there is, and a body of log entries or of the index's records.

import { crc32 } from '../base/checksum.ts'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { compareStamps } from '../engine/engine.ts'
import { ObjectIndexError, type Cursor } from './object-index.ts'

/** A piece of the change log. Stamps are the archive's: see `toArchive`. */
export interface LogHead {
  readonly kind: 'log'
  /** The entry before the first one: what must have been applied. */
  readonly previous: Cursor
  readonly first: Cursor
  readonly last: Cursor
  /** Nothing at all comes before the first entry: replaying from here needs no checkpoint. */
  readonly isRoot: boolean
  readonly entryCount: number
  /** Cell time of the last entry. */
  readonly lastTimeMs: number
}

/** A page of a checkpoint. */
export interface CheckpointHead {
  readonly kind: 'checkpoint'
  /** 32 hex digits, the same in all its pages: two tries of one start don't mix. */
  readonly checkpointId: string
  /** All entries up to this one are in every page. */
  readonly start: Cursor
  readonly page: number
  readonly recordCount: number
  /**
   * Sums say exactly which entries are in them, since adding twice is not adding once: those up to
   * this one. Null for a page of records, in which later entries may be too.
   */
  readonly exactAt: Cursor | null
  /** The last page's: the log up to here makes the checkpoint whole. Null for the others. */
  readonly end: Cursor | null
}

export type ArchiveHead = LogHead | CheckpointHead

const VERSION = 1
const KIND = { log: 1, checkpoint: 2 } as const
/** No stamp: before every entry there can be. */
export const NOTHING: Cursor = { incarnation: 0, sequence: 0 }
const LENGTH_SIZE_BYTES = 4
const RECORD_HEAD_SIZE_BYTES = 6
/** A page's memory at first; it doubles as needed, to a page and its last record. */
const PAGE_START_SIZE_BYTES: number = 64 * 1024

/** The metadata of an archive blob. */
export function encodeArchiveHead(head: ArchiveHead): Buffer {
  const out = new ByteWriter(128).u8(VERSION).u8(KIND[head.kind])
  const stamp = (cursor: Cursor): ByteWriter => out.u64(cursor.incarnation).u64(cursor.sequence)
  if (head.kind === 'log') {
    stamp(head.previous)
    stamp(head.first)
    stamp(head.last)
    out
      .u8(head.isRoot ? 1 : 0)
      .u32(head.entryCount)
      .u64(head.lastTimeMs)
  } else {
    out.raw(Buffer.from(head.checkpointId, 'hex'))
    stamp(head.start)
    out.u32(head.page).u32(head.recordCount)
    stamp(head.exactAt ?? NOTHING)
    stamp(head.end ?? NOTHING)
  }
  out.u32(crc32(out.view()))
  return out.copy()
}

/** @throws ObjectIndexError `corrupt` */
export function decodeArchiveHead(bytes: Uint8Array): ArchiveHead {
  const end = bytes.length - 4
  const from = new ByteReader(bytes, corrupt)
  const version = from.u8()
  const kind = from.u8()
  if (end < 2 || crc32(bytes.subarray(0, end)) !== Buffer.from(bytes).readUInt32BE(end)) {
    throw corrupt('its head fails its checksum')
  }
  if (version !== VERSION) throw corrupt(`its version ${version} is unknown`)
  const stamp = (): Cursor => ({ incarnation: from.u64(), sequence: from.u64() })
  const optional = (): Cursor | null => {
    const cursor = stamp()
    return compareStamps(cursor, NOTHING) === 0 ? null : cursor
  }
  let head: ArchiveHead
  if (kind === KIND.log) {
    head = {
      kind: 'log',
      previous: stamp(),
      first: stamp(),
      last: stamp(),
      isRoot: from.u8() === 1,
      entryCount: from.u32(),
      lastTimeMs: from.u64(),
    }
  } else if (kind === KIND.checkpoint) {
    head = {
      kind: 'checkpoint',
      checkpointId: from.raw(16).toString('hex'),
      start: stamp(),
      page: from.u32(),
      recordCount: from.u32(),
      exactAt: optional(),
      end: optional(),
    }
  } else {
    throw corrupt(`its kind ${kind} is unknown`)
  }
  from.u32()
  from.end()
  return head
}

/** Entries behind one another, each behind its length. */
export function encodeEntries(entries: readonly Uint8Array[]): Buffer {
  const sizeBytes = entries.reduce((sum, entry) => sum + LENGTH_SIZE_BYTES + entry.length, 0)
  const body = Buffer.allocUnsafe(sizeBytes)
  let at = 0
  for (const entry of entries) {
    body.set(entry, body.writeUInt32BE(entry.length, at))
    at += LENGTH_SIZE_BYTES + entry.length
  }
  return body
}

/** The entries of a log blob's body, as views of it. @throws ObjectIndexError `corrupt` */
export function decodeEntries(body: Buffer, count: number): Buffer[] {
  const from = new ByteReader(body, corrupt)
  const entries: Buffer[] = []
  while (from.restBytes > 0) entries.push(from.raw(from.u32()))
  if (entries.length !== count) throw corrupt(`it holds ${entries.length} entries, not ${count}`)
  return entries
}

export interface RawRecord {
  readonly key: Buffer
  readonly value: Buffer
}

/** Collects the records of a checkpoint's page, one behind the other in memory of its own. */
export class PageWriter {
  #bytes: Buffer = Buffer.allocUnsafe(PAGE_START_SIZE_BYTES)
  sizeBytes = 0
  count = 0

  /** Copies both. */
  add(key: Uint8Array, value: Uint8Array): void {
    const start = this.sizeBytes
    const keyAt = start + RECORD_HEAD_SIZE_BYTES
    this.sizeBytes = keyAt + key.length + value.length
    if (this.sizeBytes > this.#bytes.length) this.#grow(start)
    this.#bytes.writeUInt16BE(key.length, start)
    this.#bytes.writeUInt32BE(value.length, start + 2)
    this.#bytes.set(key, keyAt)
    this.#bytes.set(value, keyAt + key.length)
    this.count += 1
  }

  #grow(usedBytes: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.sizeBytes, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, usedBytes)
    this.#bytes = larger
  }

  /** The page's body, which is the writer's again with the next `add`; it begins anew. */
  take(): { readonly body: Uint8Array; readonly count: number } {
    const { count } = this
    const body = this.#bytes.subarray(0, this.sizeBytes)
    this.sizeBytes = 0
    this.count = 0
    return { body, count }
  }
}

/** The records of a checkpoint's page, as views of it. @throws ObjectIndexError `corrupt` */
export function decodePage(body: Buffer, count: number): RawRecord[] {
  const from = new ByteReader(body, corrupt)
  const records: RawRecord[] = []
  while (from.restBytes > 0) {
    const keySize = from.u16()
    const valueSize = from.u32()
    records.push({ key: from.raw(keySize), value: from.raw(valueSize) })
  }
  if (records.length !== count) throw corrupt(`it holds ${records.length} records, not ${count}`)
  return records
}

/**
 * A stamp of the engine as the archive counts it. A rebuilt index begins its engine anew, whose
 * incarnation would meet the archive's own; `incarnationsBefore` of them came before this engine.
 */
export function toArchive(stamp: Cursor, incarnationsBefore: number): Cursor {
  return { incarnation: stamp.incarnation + incarnationsBefore, sequence: stamp.sequence }
}

/** Whether `next` is the entry right behind `stamp` in one engine. */
export function isNext(stamp: Cursor, next: Cursor): boolean {
  return stamp.incarnation === next.incarnation && stamp.sequence + 1 === next.sequence
}

function corrupt(why: string): ObjectIndexError {
  return new ObjectIndexError('corrupt', `archive: a blob is damaged: ${why}`)
}
