// Reverse records (docs/formats/reverse-record.md): what lies at a place in an extent, and whose it
// is; and who names a manifest. Made and removed in the commit that makes or ends the reference.

import { readId, type ExtentId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { RecordReader, corrupt, startRecord } from './binary.ts'
import {
  KEY_START,
  REVERSE_REFERRER_AT,
  manifestReverseKey,
  referrerIn,
  reverseKey,
} from './keys.ts'
import type { ArchiveBlob, Reference, Referrer } from './object-index.ts'
import type { UploadId } from '../base/id.ts'

const REVERSE_RECORD_VERSION = 1

/** The value of a reverse record; an archive blob's also says where that blob's record is. */
function encodeReverseRecord(key: Buffer, location: Location, blob: ArchiveBlob | null): Buffer {
  const out = startRecord(REVERSE_RECORD_VERSION)
    .u16(location.headerSizeBytes)
    .u32(location.dataSizeBytes)
    .u32(location.checksum)
    .u8(blob === null ? 0 : 1)
  if (blob !== null) {
    out
      .u8(blob.kind === 'log' ? 1 : 2)
      .u64(blob.from.incarnation)
      .u64(blob.from.sequence)
      .u32(blob.page)
  }
  return out.finish(key)
}

/** What identifies an archive blob's own record. */
export type ArchivePlace = Pick<ArchiveBlob, 'kind' | 'from' | 'page'>

export interface DecodedReference extends Reference {
  readonly archive: ArchivePlace | null
}

/** @throws ObjectIndexError `corrupt` */
export function decodeReverse(key: Buffer, bytes: Buffer): DecodedReference {
  const from = new RecordReader(key, bytes, REVERSE_RECORD_VERSION)
  const referrer = key.length > REVERSE_REFERRER_AT ? referrerIn(key, REVERSE_REFERRER_AT) : null
  if (referrer === null) throw corrupt(key, 'an unknown referrer')
  const location: Location = {
    extentId: readId<ExtentId>(key, 1),
    offset: key.readUIntBE(KEY_START, 6),
    headerSizeBytes: from.u16(),
    dataSizeBytes: from.u32(),
    checksum: from.u32(),
  }
  const archive: ArchivePlace | null =
    from.u8() === 0
      ? null
      : {
          kind: from.u8() === 1 ? 'log' : 'checkpoint',
          from: { incarnation: from.u64(), sequence: from.u64() },
          page: from.u32(),
        }
  from.done()
  return { location, referrer, archive }
}

/** Key and value of one reference. */
export function reverseEntry(
  location: Location,
  referrer: Referrer,
  blob: ArchiveBlob | null,
): { readonly key: Buffer; readonly value: Buffer } {
  const key = reverseKey(location.extentId, location.offset, referrer)
  return { key, value: encodeReverseRecord(key, location, blob) }
}

/** Key and value of a reference to a manifest. */
export function manifestReverseEntry(
  uploadId: UploadId,
  referrer: Referrer,
): { readonly key: Buffer; readonly value: Buffer } {
  const key = manifestReverseKey(uploadId, referrer)
  return { key, value: startRecord(REVERSE_RECORD_VERSION).finish(key) }
}

/** @throws ObjectIndexError `corrupt` */
export function checkManifestReverse(key: Buffer, bytes: Buffer): void {
  new RecordReader(key, bytes, REVERSE_RECORD_VERSION).done()
}
