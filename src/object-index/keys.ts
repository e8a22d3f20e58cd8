// Engine keys of the index: one byte of space, then order-preserving bytes. A new space is a format
// change; docs/formats/keys.md has them all with golden bytes.

import { assert } from '../base/assert.ts'
import {
  ID_SIZE_BYTES,
  readId,
  writeId,
  type BlobId,
  type BucketId,
  type ExtentId,
  type UploadId,
} from '../base/id.ts'
import type { KeyRange } from '../engine/engine.ts'
import type { ArchiveBlob, Referrer } from './object-index.ts'

/** First byte of every key. Spaces from 0x80 on are the directory's. */
export const SPACE = {
  current: 0x10,
  versions: 0x11,
  bucket: 0x20,
  bucketSettings: 0x21,
  uploadName: 0x30,
  part: 0x31,
  manifestPage: 0x32,
  upload: 0x33,
  sweep: 0x34,
  reverse: 0x40,
  manifestReverse: 0x41,
  extent: 0x50,
  repairQueue: 0x51, // reserved
  bucketSum: 0x60,
  extentSum: 0x61,
  range: 0x70,
  consumer: 0x71,
  archiveBlob: 0x72,
} as const

/** Bytes before the object's key in the spaces `current`, `versions` and `uploadName`. */
export const KEY_START: number = 1 + ID_SIZE_BYTES
/** Bytes behind the object's key in `versions`: 0x00 and the inverted order. */
export const ORDER_SUFFIX_BYTES = 9
/** The null slot stands where order 0 would: behind all versions of its key. */
const NULL_SLOT_ORDER = 0
export const KEY_BYTES_MAX = 1024
const U32 = 0x1_0000_0000
export const REFERRER_VERSION = 1
export const REFERRER_PART = 2
export const REFERRER_ARCHIVE = 3

/** `space`, the bucket, `text` as UTF-8, and `extra` bytes left for the caller. */
function bucketKeyed(space: number, bucketId: BucketId, text: string, extra: number): Buffer {
  const size = Buffer.byteLength(text)
  assert(size <= KEY_BYTES_MAX, 'a key is at most 1,024 bytes')
  const out = Buffer.allocUnsafe(KEY_START + size + extra)
  out[0] = space
  writeId(bucketId, out, 1)
  out.write(text, KEY_START, size, 'utf8')
  return out
}

/** `space` and one id. */
export function idKey(space: number, id: BucketId | UploadId | ExtentId | BlobId): Buffer {
  const out = Buffer.allocUnsafe(1 + ID_SIZE_BYTES)
  out[0] = space
  writeId(id, out, 1)
  return out
}

export function currentKey(bucketId: BucketId, key: string): Buffer {
  return bucketKeyed(SPACE.current, bucketId, key, 0)
}

/** Where a version that is not current lies; higher orders sort first. */
export function versionKey(bucketId: BucketId, key: string, order: number): Buffer {
  const out = bucketKeyed(SPACE.versions, bucketId, key, ORDER_SUFFIX_BYTES)
  out[out.length - ORDER_SUFFIX_BYTES] = 0
  writeInverted(order, out, out.length - 8)
  return out
}

/** Names the order of the key's null version where that one is not current. */
export function nullSlotKey(bucketId: BucketId, key: string): Buffer {
  return versionKey(bucketId, key, NULL_SLOT_ORDER)
}

/** The order in a key of `versions`; 0 for a null slot. */
export function orderInKey(key: Buffer): number {
  return readInverted(key, key.length - 8)
}

/** Versions of a key that are not current, newest first, from below `order` on; no null slot. */
export function versionsBelow(bucketId: BucketId, key: string, order: number): KeyRange {
  return { start: versionKey(bucketId, key, order - 1), end: nullSlotKey(bucketId, key) }
}

/** All versions of a key that are not current, newest first; no null slot. */
export function versionsOf(bucketId: BucketId, key: string): KeyRange {
  return versionsBelow(bucketId, key, Number.MAX_SAFE_INTEGER)
}

/** Everything of a bucket in `space`. */
export function bucketRange(space: number, bucketId: BucketId): KeyRange {
  const start = idKey(space, bucketId)
  return { start, end: after(start) }
}

/** The listing entry of an unfinished upload: by key, then by initiation. */
export function uploadNameKey(
  bucketId: BucketId,
  key: string,
  initiatedAtMs: number,
  uploadId: UploadId,
): Buffer {
  const out = bucketKeyed(SPACE.uploadName, bucketId, key, 1 + 8 + ID_SIZE_BYTES)
  const end = out.length
  out[end - 25] = 0
  writeUInt64(initiatedAtMs, out, end - 24)
  writeId(uploadId, out, end - ID_SIZE_BYTES)
  return out
}

export function partKey(uploadId: UploadId, partNumber: number): Buffer {
  return idKey16(SPACE.part, uploadId, partNumber)
}

export function manifestPageKey(uploadId: UploadId, page: number): Buffer {
  return idKey16(SPACE.manifestPage, uploadId, page)
}

function idKey16(space: number, id: UploadId, number: number): Buffer {
  const out = Buffer.allocUnsafe(1 + ID_SIZE_BYTES + 2)
  out[0] = space
  writeId(id, out, 1)
  out.writeUInt16BE(number, 1 + ID_SIZE_BYTES)
  return out
}

/** A queue entry of the sweeper: by when it is due, then kind and what it is about. */
export function sweepKey(dueAtMs: number, kind: number, id: UploadId | BucketId): Buffer {
  const out = Buffer.allocUnsafe(1 + 8 + 1 + ID_SIZE_BYTES)
  out[0] = SPACE.sweep
  writeUInt64(dueAtMs, out, 1)
  out[9] = kind
  writeId(id, out, 10)
  return out
}

/** A reference into an extent: what lies at `offset` is `referrer`'s. */
export function reverseKey(extentId: ExtentId, offset: number, referrer: Referrer): Buffer {
  return withReferrer(reverseStart(extentId, offset), referrer)
}

/** References into an extent from `offset` on begin here. */
export function reverseStart(extentId: ExtentId, offset: number): Buffer {
  const out = Buffer.allocUnsafe(1 + ID_SIZE_BYTES + 6)
  out[0] = SPACE.reverse
  writeId(extentId, out, 1)
  out.writeUIntBE(offset, 1 + ID_SIZE_BYTES, 6)
  return out
}

/** References of one blob. */
export function reverseOfBlob(extentId: ExtentId, offset: number): KeyRange {
  const start = reverseStart(extentId, offset)
  return { start, end: after(start) }
}

/** A reference to a completed upload's manifest. */
export function manifestReverseKey(uploadId: UploadId, referrer: Referrer): Buffer {
  return withReferrer(idKey(SPACE.manifestReverse, uploadId), referrer)
}

/** All references to a manifest. */
export function manifestReverseRange(uploadId: UploadId): KeyRange {
  const start = idKey(SPACE.manifestReverse, uploadId)
  return { start, end: after(start) }
}

function withReferrer(head: Buffer, referrer: Referrer): Buffer {
  const at = head.length
  switch (referrer.kind) {
    case 'version': {
      const size = Buffer.byteLength(referrer.key)
      const out = Buffer.allocUnsafe(at + 1 + ID_SIZE_BYTES + size + 8)
      head.copy(out)
      out[at] = REFERRER_VERSION
      writeId(referrer.bucketId, out, at + 1)
      out.write(referrer.key, at + 1 + ID_SIZE_BYTES, size, 'utf8')
      writeUInt64(Number(referrer.order), out, out.length - 8)
      return out
    }
    case 'part': {
      const out = Buffer.allocUnsafe(at + 1 + ID_SIZE_BYTES + 2)
      head.copy(out)
      out[at] = REFERRER_PART
      writeId(referrer.uploadId, out, at + 1)
      out.writeUInt16BE(referrer.partNumber, out.length - 2)
      return out
    }
    case 'archive': {
      const out = Buffer.allocUnsafe(at + 1 + ID_SIZE_BYTES)
      head.copy(out)
      out[at] = REFERRER_ARCHIVE
      writeId(referrer.blobId, out, at + 1)
      return out
    }
  }
}

/** The referrer in a reverse key from `at` on; null where it is none that this release knows. */
export function referrerIn(key: Buffer, at: number): Referrer | null {
  const size = key.length - at
  switch (key[at]) {
    case REFERRER_VERSION:
      if (size < 1 + ID_SIZE_BYTES + 1 + 8) return null
      return {
        kind: 'version',
        bucketId: readId(key, at + 1),
        key: key.toString('utf8', at + 1 + ID_SIZE_BYTES, key.length - 8),
        order: BigInt(readUInt64(key, key.length - 8)),
      }
    case REFERRER_PART:
      if (size !== 1 + ID_SIZE_BYTES + 2) return null
      return {
        kind: 'part',
        uploadId: readId(key, at + 1),
        partNumber: key.readUInt16BE(key.length - 2),
      }
    case REFERRER_ARCHIVE:
      return size === 1 + ID_SIZE_BYTES ? { kind: 'archive', blobId: readId(key, at + 1) } : null
    default:
      return null
  }
}

/** Where the referrer begins in keys of `reverse` and of `manifestReverse`. */
export const REVERSE_REFERRER_AT: number = 1 + ID_SIZE_BYTES + 6
export const MANIFEST_REFERRER_AT: number = 1 + ID_SIZE_BYTES

/** A consumer's cursor, by its name. */
export function consumerKey(name: string): Buffer {
  return Buffer.from(`${String.fromCharCode(SPACE.consumer)}${name}`, 'utf8')
}

const ARCHIVE_KINDS = { log: 1, checkpoint: 2 } as const

/** A blob of the archive: by kind, first stamp, page. */
export function archiveBlobKey(
  blob: Pick<ArchiveBlob, 'kind' | 'from' | 'page' | 'blobId'>,
): Buffer {
  const out = Buffer.allocUnsafe(1 + 1 + 16 + 4 + ID_SIZE_BYTES)
  out[0] = SPACE.archiveBlob
  out[1] = ARCHIVE_KINDS[blob.kind]
  writeUInt64(blob.from.incarnation, out, 2)
  writeUInt64(blob.from.sequence, out, 10)
  out.writeUInt32BE(blob.page, 18)
  writeId(blob.blobId, out, 22)
  return out
}

/** All archive blobs of a kind. */
export function archiveRange(kind: ArchiveBlob['kind']): KeyRange {
  const start = Buffer.from([SPACE.archiveBlob, ARCHIVE_KINDS[kind]])
  return { start, end: after(start) }
}

/** The whole of a space. */
export function spaceRange(space: number): KeyRange {
  return { start: Buffer.from([space]), end: Buffer.from([space + 1]) }
}

/** The first key behind every key that begins with `prefix`; prefix has a byte below 0xff. */
export function after(prefix: Uint8Array): Buffer {
  let size = prefix.length
  while (size > 0 && prefix[size - 1] === 0xff) size -= 1
  assert(size > 0, 'a prefix that has keys behind it')
  const out = Buffer.from(prefix.subarray(0, size))
  out[size - 1] = (out[size - 1] ?? 0) + 1
  return out
}

export function writeUInt64(value: number, into: Buffer, at: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'a number from 0 to 2^53 - 1')
  into.writeUInt32BE(Math.floor(value / U32), at)
  into.writeUInt32BE(value % U32, at + 4)
}

export function readUInt64(from: Buffer, at: number): number {
  return from.readUInt32BE(at) * U32 + from.readUInt32BE(at + 4)
}

function writeInverted(order: number, into: Buffer, at: number): void {
  assert(Number.isSafeInteger(order) && order >= 0, 'an order from 0 to 2^53 - 1')
  into.writeUInt32BE(U32 - 1 - Math.floor(order / U32), at)
  into.writeUInt32BE(U32 - 1 - (order % U32), at + 4)
}

function readInverted(from: Buffer, at: number): number {
  return (U32 - 1 - from.readUInt32BE(at)) * U32 + (U32 - 1 - from.readUInt32BE(at + 4))
}
