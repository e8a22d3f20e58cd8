// Cursors of the change log's consumers and the list of the archive's blobs.

import type { BlobId } from '../base/id.ts'
import { RecordReader, startRecord } from './binary.ts'
import { archiveBlobKey, consumerKey, readUInt64 } from './keys.ts'
import { readId } from '../base/id.ts'
import type { ArchiveBlob, Cursor } from './object-index.ts'

const CONSUMER_RECORD_VERSION = 1
const ARCHIVE_BLOB_VERSION = 1

export function encodeConsumerRecord(name: string, cursor: Cursor): Buffer {
  return startRecord(CONSUMER_RECORD_VERSION)
    .u64(cursor.incarnation)
    .u64(cursor.sequence)
    .finish(consumerKey(name))
}

/** @throws ObjectIndexError `corrupt` */
export function decodeConsumerRecord(key: Buffer, bytes: Buffer): Cursor {
  const from = new RecordReader(key, bytes, CONSUMER_RECORD_VERSION)
  const cursor: Cursor = { incarnation: from.u64(), sequence: from.u64() }
  from.done()
  return cursor
}

export function encodeArchiveBlob(blob: ArchiveBlob): Buffer {
  return startRecord(ARCHIVE_BLOB_VERSION)
    .u64(blob.to.incarnation)
    .u64(blob.to.sequence)
    .location(blob.location)
    .finish(archiveBlobKey(blob))
}

/** @throws ObjectIndexError `corrupt` */
export function decodeArchiveBlob(key: Buffer, bytes: Buffer): ArchiveBlob {
  const from = new RecordReader(key, bytes, ARCHIVE_BLOB_VERSION)
  if (key.length !== 38) throw from.wrong('an unknown key')
  const to: Cursor = { incarnation: from.u64(), sequence: from.u64() }
  const location = from.location()
  from.done()
  return {
    kind: key[1] === 1 ? 'log' : 'checkpoint',
    from: { incarnation: readUInt64(key, 2), sequence: readUInt64(key, 10) },
    page: key.readUInt32BE(18),
    blobId: readId<BlobId>(key, 22),
    to,
    location,
  }
}
