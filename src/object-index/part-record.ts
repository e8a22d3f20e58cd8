// Records of an upload's parts and of a completed upload's manifest (docs/formats/upload-
// record.md). A manifest page says which parts follow one another and how long they are; where
// their bytes lie stands in the part records alone, so compaction rewrites one record for a part.

import type { BucketId, UploadId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { RecordReader, startRecord } from './binary.ts'
import { manifestPageKey, partKey } from './keys.ts'
import type { ChecksumAlgorithm, Part } from './object-index.ts'

const PART_RECORD_VERSION = 1
const MANIFEST_PAGE_VERSION = 1
const ALGORITHMS: readonly (ChecksumAlgorithm | null)[] = [
  null,
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
]
/** 8 bytes each: a page stays under 32 KiB. */
export const MANIFEST_PAGE_PARTS = 4000

export interface PartRecord extends Part {
  readonly bucketId: BucketId
}

/** @throws RecordTooLargeError */
export function encodePartRecord(uploadId: UploadId, part: PartRecord): Buffer {
  const { checksum } = part
  return startRecord(PART_RECORD_VERSION)
    .id(part.bucketId)
    .u64(part.sizeBytes)
    .u64(part.lastModifiedMs)
    .hex(part.etag, 16)
    .u8(ALGORITHMS.indexOf(checksum?.algorithm ?? null))
    .u8(checksum?.type === 'COMPOSITE' ? 1 : 0)
    .short(checksum?.value ?? new Uint8Array(0))
    .locations(part.locations)
    .finish(partKey(uploadId, part.partNumber))
}

/** @throws ObjectIndexError `corrupt` */
export function decodePartRecord(
  uploadId: UploadId,
  partNumber: number,
  bytes: Buffer,
): PartRecord {
  const from = new RecordReader(partKey(uploadId, partNumber), bytes, PART_RECORD_VERSION)
  const bucketId = from.id<BucketId>()
  const sizeBytes = from.u64()
  const lastModifiedMs = from.u64()
  const etag = from.hex(16)
  const algorithm = ALGORITHMS[from.u8()]
  const isComposite = from.u8() === 1
  const value = from.short()
  const locations: readonly Location[] = from.locations()
  from.done()
  if (algorithm === undefined) throw from.wrong('an unknown checksum')
  return {
    bucketId,
    partNumber,
    sizeBytes,
    lastModifiedMs,
    etag,
    locations,
    checksum:
      algorithm === null
        ? null
        : { algorithm, type: isComposite ? 'COMPOSITE' : 'FULL_OBJECT', value },
  }
}

export interface ManifestPage {
  readonly bucketId: BucketId
  /** Byte position of the page's first part in the object. */
  readonly startOffset: number
  readonly parts: readonly { readonly partNumber: number; readonly sizeBytes: number }[]
}

export function encodeManifestPage(uploadId: UploadId, page: number, value: ManifestPage): Buffer {
  const out = startRecord(MANIFEST_PAGE_VERSION)
    .id(value.bucketId)
    .u64(value.startOffset)
    .u16(value.parts.length)
  for (const part of value.parts) out.u16(part.partNumber).u48(part.sizeBytes)
  return out.finish(manifestPageKey(uploadId, page))
}

/** @throws ObjectIndexError `corrupt` */
export function decodeManifestPage(uploadId: UploadId, page: number, bytes: Buffer): ManifestPage {
  const from = new RecordReader(manifestPageKey(uploadId, page), bytes, MANIFEST_PAGE_VERSION)
  const bucketId = from.id<BucketId>()
  const startOffset = from.u64()
  const count = from.u16()
  const parts: { partNumber: number; sizeBytes: number }[] = []
  for (let index = 0; index < count; index += 1) {
    parts.push({ partNumber: from.u16(), sizeBytes: from.u48() })
  }
  from.done()
  return { bucketId, startOffset, parts }
}

/** Pages of a manifest over these parts, in order. */
export function manifestPages(
  bucketId: BucketId,
  parts: readonly { readonly partNumber: number; readonly sizeBytes: number }[],
): ManifestPage[] {
  const pages: ManifestPage[] = []
  let offset = 0
  for (let start = 0; start < parts.length; start += MANIFEST_PAGE_PARTS) {
    const slice = parts.slice(start, start + MANIFEST_PAGE_PARTS)
    pages.push({ bucketId, startOffset: offset, parts: slice })
    for (const part of slice) offset += part.sizeBytes
  }
  return pages
}
