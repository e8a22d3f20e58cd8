// The record of an upload (docs/formats/upload-record.md), under its id: open with what the client
// said at its creation, or the marker of its completion; and the entry that lists it by key.

import type { BucketId, UploadId } from '../base/id.ts'
import { aclCode, aclOfCode } from './acl-code.ts'
import { RecordReader, startRecord, type RecordWriter } from './binary.ts'
import { SPACE, idKey } from './keys.ts'
import type { ChecksumAlgorithm, CompletedUpload, Upload, VersionId } from './object-index.ts'

const UPLOAD_RECORD_VERSION = 1
const UPLOAD_NAME_VERSION = 1
const OPEN = 1
const COMPLETED = 2
const ALGORITHMS: readonly (ChecksumAlgorithm | null)[] = [
  null,
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
]
const TYPES = [null, 'FULL_OBJECT', 'COMPOSITE'] as const
/** An open upload's checksum type has the ACL's code in its high half. */
const ACL_SHIFT = 4
/** The key had no version at all when the upload began. */
export const NO_VERSION: string = '0'.repeat(32)

export interface OpenUpload {
  readonly kind: 'open'
  readonly bucketId: BucketId
  readonly upload: Upload
  /** The key's newest version when the upload began: order and random, or NO_VERSION. */
  readonly newestAtStart: string
  /** Whether that one was an object and no delete marker. */
  readonly hadObjectAtStart: boolean
  /** Sum of the sizes of its parts, named or not. */
  readonly partBytes: number
}

export interface CompletedRecord {
  readonly kind: 'completed'
  readonly bucketId: BucketId
  readonly key: string
  /** Hash of the part numbers and ETags that were named, 16 bytes as hex. */
  readonly partsDigest: string
  readonly result: CompletedUpload
}

export type UploadRecord = OpenUpload | CompletedRecord

export function uploadKey(uploadId: UploadId): Buffer {
  return idKey(SPACE.upload, uploadId)
}

/** @throws RecordTooLargeError */
export function encodeUploadRecord(uploadId: UploadId, record: UploadRecord): Buffer {
  const out = startRecord(UPLOAD_RECORD_VERSION)
  if (record.kind === 'open') writeOpen(out, record)
  else writeCompleted(out, record)
  return out.finish(uploadKey(uploadId))
}

function writeOpen(out: RecordWriter, record: OpenUpload): void {
  const { upload } = record
  const { draft } = upload
  out
    .u8(OPEN)
    .id(record.bucketId)
    .text(upload.key)
    .u64(upload.initiatedAtMs)
    .u64(upload.generation)
    .u64(record.partBytes)
    .hex(record.newestAtStart, 16)
    .u8(record.hadObjectAtStart ? 1 : 0)
    .u8(ALGORITHMS.indexOf(upload.checksumAlgorithm))
    .u8(TYPES.indexOf(upload.checksumType) | (aclCode(draft.acl) << ACL_SHIFT))
    .owner(upload.initiatorId)
    .owner(draft.ownerId)
    .text(draft.storageClass)
    .hex(draft.versionRandom, 8)
    .pairs(draft.headers)
    .pairs(draft.userMetadata)
    .pairs(draft.tags)
}

function writeCompleted(out: RecordWriter, record: CompletedRecord): void {
  const { result } = record
  const { checksum } = result
  out
    .u8(COMPLETED)
    .id(record.bucketId)
    .text(record.key)
    .hex(record.partsDigest, 16)
    .text(result.versionId ?? '')
    .u64(result.lastModifiedMs)
    .u64(result.completedAtMs)
    .u64(result.sizeBytes)
    .text(result.etag)
    .u16(result.partCount)
    .u8(ALGORITHMS.indexOf(checksum?.algorithm ?? null))
    .u8(TYPES.indexOf(checksum?.type ?? null))
    .short(checksum?.value ?? new Uint8Array(0))
}

/** @throws ObjectIndexError `corrupt` */
export function decodeUploadRecord(uploadId: UploadId, bytes: Buffer): UploadRecord {
  const from = new RecordReader(uploadKey(uploadId), bytes, UPLOAD_RECORD_VERSION)
  const kind = from.u8()
  if (kind !== OPEN && kind !== COMPLETED) throw from.wrong('an unknown state')
  const bucketId = from.id<BucketId>()
  const key = from.text()
  const record =
    kind === OPEN ? readOpen(from, uploadId, bucketId, key) : readCompleted(from, bucketId, key)
  from.done()
  return record
}

function readOpen(
  from: RecordReader,
  uploadId: UploadId,
  bucketId: BucketId,
  key: string,
): OpenUpload {
  const initiatedAtMs = from.u64()
  const generation = from.u64()
  const partBytes = from.u64()
  const newestAtStart = from.hex(16)
  const hadObjectAtStart = from.u8() === 1
  const checksumAlgorithm = ALGORITHMS[from.u8()]
  const typeAndAcl = from.u8()
  const checksumType = TYPES[typeAndAcl & 15]
  const acl = aclOfCode(typeAndAcl >> ACL_SHIFT)
  if (checksumAlgorithm === undefined || checksumType === undefined || acl === undefined) {
    throw from.wrong('an unknown checksum or ACL')
  }
  const initiatorId = from.owner()
  const draft: Upload['draft'] = {
    ownerId: from.owner(),
    storageClass: from.text(),
    versionRandom: from.hex(8),
    headers: from.pairs(),
    userMetadata: from.pairs(),
    tags: from.pairs(),
    acl,
  }
  return {
    kind: 'open',
    bucketId,
    newestAtStart,
    hadObjectAtStart,
    partBytes,
    upload: {
      uploadId,
      key,
      initiatedAtMs,
      initiatorId,
      generation,
      draft,
      checksumAlgorithm,
      checksumType,
    },
  }
}

function readCompleted(from: RecordReader, bucketId: BucketId, key: string): CompletedRecord {
  const partsDigest = from.hex(16)
  const versionText = from.text()
  const lastModifiedMs = from.u64()
  const completedAtMs = from.u64()
  const sizeBytes = from.u64()
  const etag = from.text()
  const partCount = from.u16()
  const algorithm = ALGORITHMS[from.u8()]
  const type = TYPES[from.u8()]
  const value = from.short()
  if (algorithm === undefined || type === undefined) throw from.wrong('an unknown checksum')
  const versionId = versionText === '' ? null : (versionText as VersionId | 'null')
  return {
    kind: 'completed',
    bucketId,
    key,
    partsDigest,
    result: {
      versionId,
      lastModifiedMs,
      completedAtMs,
      sizeBytes,
      etag,
      partCount,
      checksum: algorithm === null || type === null ? null : { algorithm, type, value },
    },
  }
}

/** The listing entry holds nothing but its checksum: all it says is in its key. */
export function encodeUploadName(key: Buffer): Buffer {
  return startRecord(UPLOAD_NAME_VERSION).finish(key)
}

/** @throws ObjectIndexError `corrupt` */
export function checkUploadName(key: Buffer, bytes: Buffer): void {
  new RecordReader(key, bytes, UPLOAD_NAME_VERSION).done()
}
