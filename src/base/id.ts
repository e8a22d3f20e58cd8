// Ids that a tired person could swap are types of their own. In records an id is 16 raw bytes; in
// plain values, logs and file names it is 32 lower-case hex digits. Buckets, uploads, extents,
// blobs and commits have 128 random bits, never reused, with region and cell in none of them.

import type { Random } from './random.ts'

export type BucketId = string & { readonly _brand: 'BucketId' }
export type UploadId = string & { readonly _brand: 'UploadId' }
export type ExtentId = string & { readonly _brand: 'ExtentId' }
export type BlobId = string & { readonly _brand: 'BlobId' }
export type CommitId = string & { readonly _brand: 'CommitId' }
/** Drawn by each process that writes extents, at its start. An extent is leased to one writer. */
export type WriterId = string & { readonly _brand: 'WriterId' }
type Id = BucketId | UploadId | ExtentId | BlobId | CommitId | WriterId

export const ID_SIZE_BYTES = 16
const ID_PATTERN = /^[0-9a-f]{32}$/

/** A fresh id of the kind that the caller names: `newId<BucketId>(random)`. */
export function newId<T extends Id>(random: Random): T {
  return Buffer.from(random.bytes(ID_SIZE_BYTES)).toString('hex') as T
}

/** The id in `text`, or null where it is not 32 lower-case hex digits. */
export function parseId<T extends Id>(text: string): T | null {
  return ID_PATTERN.test(text) ? (text as T) : null
}

/** The id at `offset` of a record. */
export function readId<T extends Id>(bytes: Buffer, offset: number): T {
  return bytes.toString('hex', offset, offset + ID_SIZE_BYTES) as T
}

/** Writes an id's 16 bytes; answers the offset behind it. */
export function writeId(id: Id, into: Buffer, offset: number): number {
  into.write(id, offset, ID_SIZE_BYTES, 'hex')
  return offset + ID_SIZE_BYTES
}
