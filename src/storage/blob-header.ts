// The header of a blob record: format, kind, cipher, whose bytes these are and how many follow.
// One encode and one decode; golden bytes stand in the test. Source: docs/formats/blob.md.

import { assert, unreachable } from '../base/assert.ts'
import { crc32 } from '../base/checksum.ts'
import { ID_SIZE_BYTES, readId, writeId } from '../base/id.ts'
import {
  BLOB_METADATA_SIZE_BYTES_MAX,
  BLOB_SIZE_BYTES_MAX,
  KEY_SIZE_BYTES_MAX,
} from '../base/limits.ts'
import { seedAt } from './place-crc.ts'
import { StorageError, type BlobHeader, type BlobOwner } from './storage.ts'

/** First bytes of every record: `HfB` and 0x1a. Read as a whole number, little-endian. */
export const BLOB_MAGIC = 0x1a_42_66_48
const FORMAT_VERSION = 1
/** No cipher: the only one yet. Others will say so here, with their key's id. */
const CIPHER_NONE = 0
const OWNER_OFFSET = 56
const CRC_SIZE_BYTES = 4
const UNIT = 0x1_0000_0000
const VERSION_RANDOM_PATTERN = /^[0-9a-f]{16}$/
const KINDS = ['object', 'part', 'archive-log', 'archive-checkpoint'] as const
const OBJECT_SIZE_BYTES = ID_SIZE_BYTES + 8 + 2
const PART_SIZE_BYTES = 2 * ID_SIZE_BYTES + 2 + 2
const ARCHIVE_SIZE_BYTES = 8 + 8 + 4

/** What of a header must be read to know its size. */
const HEADER_START_SIZE_BYTES = 12
/** No header is shorter, and none longer. */
export const HEADER_SIZE_BYTES_MIN: number = OWNER_OFFSET + ARCHIVE_SIZE_BYTES + CRC_SIZE_BYTES
export const HEADER_SIZE_BYTES_MAX: number =
  OWNER_OFFSET +
  PART_SIZE_BYTES +
  KEY_SIZE_BYTES_MAX +
  BLOB_METADATA_SIZE_BYTES_MAX +
  CRC_SIZE_BYTES

/** Bytes that `encodeHeader` will write. What no reader would accept is not written either. */
export function headerSizeOf(header: BlobHeader): number {
  const { dataSizeBytes, metadata } = header
  assert(Number.isSafeInteger(dataSizeBytes) && dataSizeBytes >= 0, 'a blob has a size')
  assert(dataSizeBytes <= BLOB_SIZE_BYTES_MAX, 'a blob has 64 MiB at most')
  assert(metadata.length <= BLOB_METADATA_SIZE_BYTES_MAX, 'metadata of a blob fits its header')
  return OWNER_OFFSET + ownerSizeOf(header.owner) + header.metadata.length + CRC_SIZE_BYTES
}

function ownerSizeOf(owner: BlobOwner): number {
  switch (owner.kind) {
    case 'object':
      assert(VERSION_RANDOM_PATTERN.test(owner.versionRandom), 'a version has 64 random bits')
      return OBJECT_SIZE_BYTES + keySizeOf(owner.key)
    case 'part':
      return PART_SIZE_BYTES + keySizeOf(owner.key)
    case 'archive-log':
    case 'archive-checkpoint':
      return ARCHIVE_SIZE_BYTES
    default:
      return unreachable(owner)
  }
}

function keySizeOf(key: string): number {
  const sizeBytes = Buffer.byteLength(key)
  assert(sizeBytes <= KEY_SIZE_BYTES_MAX, 'a key has 1,024 bytes at most')
  return sizeBytes
}

/** Where a record is written: its extent's seed and its offset there. */
export interface RecordPlace {
  readonly extentSeed: number
  readonly offset: number
}

/** Writes a header at `at`; answers the offset behind it. */
export function encodeHeader(
  header: BlobHeader,
  place: RecordPlace,
  into: Buffer,
  at: number,
): number {
  into.writeUInt32LE(BLOB_MAGIC, at)
  into[at + 4] = FORMAT_VERSION
  into[at + 5] = KINDS.indexOf(header.owner.kind) + 1
  into[at + 6] = CIPHER_NONE
  into[at + 7] = 0
  into.writeUInt16LE(header.metadata.length, at + 10)
  into.writeUInt32LE(header.dataSizeBytes, at + 12)
  writeU64(header.bodyOffset, into, at + 16)
  writeId(header.blobId, into, at + 24)
  into.fill(0, at + 40, at + OWNER_OFFSET)
  const metadataAt = encodeOwner(header.owner, into, at + OWNER_OFFSET)
  into.set(header.metadata, metadataAt)
  const end = metadataAt + header.metadata.length
  into.writeUInt16LE(end + CRC_SIZE_BYTES - at, at + 8)
  const crc = crc32(into.subarray(at, end)) ^ seedAt(place.extentSeed, place.offset)
  into.writeUInt32LE(crc >>> 0, end)
  return end + CRC_SIZE_BYTES
}

function encodeOwner(owner: BlobOwner, into: Buffer, start: number): number {
  let at = start
  switch (owner.kind) {
    case 'object':
      at = writeId(owner.bucketId, into, at)
      at += into.write(owner.versionRandom, at, 8, 'hex')
      return encodeKey(owner.key, into, at)
    case 'part':
      at = writeId(owner.bucketId, into, at)
      at = writeId(owner.uploadId, into, at)
      at = into.writeUInt16LE(owner.partNumber, at)
      return encodeKey(owner.key, into, at)
    case 'archive-log':
    case 'archive-checkpoint':
      writeU64(owner.incarnation, into, at)
      writeU64(owner.sequence, into, at + 8)
      return into.writeUInt32LE(owner.page, at + 16)
    default:
      return unreachable(owner)
  }
}

function encodeKey(key: string, into: Buffer, at: number): number {
  const size = into.write(key, at + 2, 'utf8')
  into.writeUInt16LE(size, at)
  return at + 2 + size
}

/** Size of the header that begins with these bytes; 0 where none does. */
export function headerSizeIn(bytes: Buffer, at: number): number {
  if (bytes.length - at < HEADER_START_SIZE_BYTES) return 0
  if (bytes.readUInt32LE(at) !== BLOB_MAGIC) return 0
  const size = bytes.readUInt16LE(at + 8)
  return size >= HEADER_SIZE_BYTES_MIN && size <= HEADER_SIZE_BYTES_MAX ? size : 0
}

/**
 * Checks that these bytes are exactly one sound header, written for this place; answers the size of
 * the data that it announces. @throws StorageError `damaged`; the caller's message says where.
 * Nothing of a header is trusted before its CRC is right.
 */
export function checkHeader(bytes: Buffer, place: RecordPlace): number {
  if (headerSizeIn(bytes, 0) !== bytes.length) throw damaged('not a blob header')
  const end = bytes.length - CRC_SIZE_BYTES
  const crc = crc32(bytes.subarray(0, end)) ^ seedAt(place.extentSeed, place.offset)
  if (crc >>> 0 !== bytes.readUInt32LE(end)) throw damaged('a blob header fails its checksum')
  const [version, cipher] = [bytes[4], bytes[6]]
  if (version !== FORMAT_VERSION || cipher !== CIPHER_NONE) {
    throw damaged(`a blob of format ${version}, cipher ${cipher}: this release reads format 1 only`)
  }
  const dataSizeBytes = bytes.readUInt32LE(12)
  if (dataSizeBytes > BLOB_SIZE_BYTES_MAX) throw damaged('a malformed blob header')
  return dataSizeBytes
}

/** The header in exactly these bytes. @throws StorageError `damaged`, as `checkHeader` */
export function decodeHeader(bytes: Buffer, place: RecordPlace): BlobHeader {
  const dataSizeBytes = checkHeader(bytes, place)
  const end = bytes.length - CRC_SIZE_BYTES
  const metadataAt = end - bytes.readUInt16LE(10)
  const owner = decodeOwner(
    bytes.subarray(OWNER_OFFSET, Math.max(OWNER_OFFSET, metadataAt)),
    bytes[5],
  )
  if (owner === null) throw damaged('a malformed blob header')
  return {
    blobId: readId(bytes, 24),
    owner,
    bodyOffset: readU64(bytes, 16),
    dataSizeBytes,
    metadata: bytes.subarray(metadataAt, end),
  }
}

/** The owner in exactly these bytes, or null. */
function decodeOwner(bytes: Buffer, kindNumber: number | undefined): BlobOwner | null {
  const kind = KINDS[(kindNumber ?? 0) - 1]
  switch (kind) {
    case undefined:
      return null
    case 'object': {
      const key = decodeKey(bytes, OBJECT_SIZE_BYTES)
      const randomAt = ID_SIZE_BYTES
      return key === null
        ? null
        : {
            kind,
            bucketId: readId(bytes, 0),
            key,
            versionRandom: bytes.toString('hex', randomAt, randomAt + 8),
          }
    }
    case 'part': {
      const key = decodeKey(bytes, PART_SIZE_BYTES)
      return key === null
        ? null
        : {
            kind,
            bucketId: readId(bytes, 0),
            key,
            uploadId: readId(bytes, ID_SIZE_BYTES),
            partNumber: bytes.readUInt16LE(2 * ID_SIZE_BYTES),
          }
    }
    case 'archive-log':
    case 'archive-checkpoint':
      if (bytes.length !== ARCHIVE_SIZE_BYTES) return null
      return {
        kind,
        incarnation: readU64(bytes, 0),
        sequence: readU64(bytes, 8),
        page: bytes.readUInt32LE(16),
      }
    default:
      return unreachable(kind)
  }
}

/** The key that fills `bytes` behind its length, which ends at `start`. */
function decodeKey(bytes: Buffer, start: number): string | null {
  if (bytes.length < start) return null
  return bytes.readUInt16LE(start - 2) === bytes.length - start
    ? bytes.toString('utf8', start)
    : null
}

function writeU64(value: number, into: Buffer, at: number): void {
  into.writeUInt32LE(value % UNIT, at)
  into.writeUInt32LE(Math.floor(value / UNIT), at + 4)
}

function readU64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * UNIT
}

function damaged(message: string): StorageError {
  return new StorageError('damaged', message)
}
