// What the tests of formats encode: one id of each kind, and one record of an object.

import type { BlobId, BucketId, ExtentId, UploadId, WriterId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { ObjectIndexError, type Referrer } from './object-index.ts'
import type { ObjectRecord } from './object-record.ts'

export const bucketId: BucketId = '000102030405060708090a0b0c0d0e0f' as BucketId
export const uploadId: UploadId = '101112131415161718191a1b1c1d1e1f' as UploadId
export const extentId: ExtentId = '202122232425262728292a2b2c2d2e2f' as ExtentId
export const blobId: BlobId = '303132333435363738393a3b3c3d3e3f' as BlobId
export const writerId: WriterId = '404142434445464748494a4b4c4d4e4f' as WriterId
export const location: Location = {
  extentId,
  offset: 0x010203040506,
  headerSizeBytes: 0x0708,
  dataSizeBytes: 0x090a0b0c,
  checksum: 0x0d0e0f10,
}
export const version: Extract<Referrer, { kind: 'version' }> = {
  kind: 'version',
  bucketId,
  key: 'k',
  order: 2n,
}

/** Bytes as hex digits. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export const object: ObjectRecord = {
  order: 3,
  versionRandom: 'a1a2a3a4a5a6a7a8',
  isNull: true,
  isDeleteMarker: false,
  sizeBytes: 0x0102030405,
  lastModifiedMs: 1_700_000_000_000,
  etag: `${'0f'.repeat(16)}-7`,
  storageClass: 'STANDARD_IA',
  ownerId: 'ab'.repeat(32),
  checksum: { algorithm: 'CRC32', type: 'COMPOSITE', value: Buffer.from('01020304', 'hex') },
  headers: [['Content-Type', 'a/b']],
  userMetadata: [['m', 'ä']],
  tags: [['t', '']],
  acl: 'private',
  body: { kind: 'blobs', locations: [location] },
  lock: { mode: 'governance', untilMs: 9, isLegalHold: true },
  cipher: 1,
  cipherKeyId: Buffer.from([5]),
  replication: 2,
}

/** The one error that a decoder may throw. */
export function isCorrupt(error: unknown): boolean {
  return error instanceof ObjectIndexError && error.code === 'corrupt'
}
