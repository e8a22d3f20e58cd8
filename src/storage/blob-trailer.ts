// The trailer of a blob record: what is known only when its data has ended. A record without a
// sound trailer was never finished. Source: docs/formats/blob.md.

import { assert } from '../base/assert.ts'
import { crc32 } from '../base/checksum.ts'
import { TRAILER_SIZE_BYTES } from './blob-layout.ts'
import { seedAt } from './place-crc.ts'
import { StorageError, type BlobTrailer } from './storage.ts'

/** First bytes of every trailer: `HfE` and 0x1a. Read as a whole number, little-endian. */
const TRAILER_MAGIC = 0x1a_45_66_48
const MD5_SIZE_BYTES = 16
const CHECKSUM_SIZE_BYTES_MAX = 32
const MD5_OFFSET = 16
const CHECKSUM_OFFSET: number = MD5_OFFSET + MD5_SIZE_BYTES
const CRC_OFFSET: number = TRAILER_SIZE_BYTES - 4

export interface RepeatedOfRecord {
  readonly dataSizeBytes: number
  /** As in the blob's location: CRC-32 over the plain CRCs of its blocks. */
  readonly blobChecksum: number
}

export interface StoredTrailer extends BlobTrailer, RepeatedOfRecord {}

/** Where a trailer stands. */
export interface TrailerPlace {
  readonly extentSeed: number
  /** Of the trailer itself. */
  readonly offset: number
}

/** Writes a trailer's TRAILER_SIZE_BYTES at `at`. */
export function encodeTrailer(
  trailer: StoredTrailer,
  place: TrailerPlace,
  into: Buffer,
  at: number,
): void {
  const { md5, checksum } = trailer
  assert(md5.length === 0 || md5.length === MD5_SIZE_BYTES, 'an MD5 is whole or not there')
  assert(checksum.length <= CHECKSUM_SIZE_BYTES_MAX, 'a checksum fits the trailer')
  into.fill(0, at, at + CRC_OFFSET)
  into.writeUInt32LE(TRAILER_MAGIC, at)
  into.writeUInt32LE(trailer.dataSizeBytes, at + 4)
  into.writeUInt32LE(trailer.blobChecksum, at + 8)
  into[at + 12] = md5.length
  into[at + 13] = trailer.checksumAlgorithm
  into[at + 14] = checksum.length
  into.set(md5, at + MD5_OFFSET)
  into.set(checksum, at + CHECKSUM_OFFSET)
  const crc = crc32(into.subarray(at, at + CRC_OFFSET)) ^ seedAt(place.extentSeed, place.offset)
  into.writeUInt32LE(crc >>> 0, at + CRC_OFFSET)
}

/**
 * Checks that these bytes are exactly one sound trailer, written for this place; answers what it
 * repeats of its record. @throws StorageError `damaged`
 */
export function checkTrailer(bytes: Buffer, place: TrailerPlace): RepeatedOfRecord {
  if (bytes.length !== TRAILER_SIZE_BYTES) throw damaged('a blob ends without its trailer')
  const crc = crc32(bytes.subarray(0, CRC_OFFSET)) ^ seedAt(place.extentSeed, place.offset)
  const md5Size = bytes.readUInt8(12)
  const isSound =
    crc >>> 0 === bytes.readUInt32LE(CRC_OFFSET) &&
    bytes.readUInt32LE(0) === TRAILER_MAGIC &&
    (md5Size === 0 || md5Size === MD5_SIZE_BYTES) &&
    bytes.readUInt8(14) <= CHECKSUM_SIZE_BYTES_MAX
  if (!isSound) throw damaged('a blob trailer fails its checksum')
  return { dataSizeBytes: bytes.readUInt32LE(4), blobChecksum: bytes.readUInt32LE(8) }
}

/** The trailer in exactly these bytes. @throws StorageError `damaged`, as `checkTrailer` */
export function decodeTrailer(bytes: Buffer, place: TrailerPlace): StoredTrailer {
  const repeated = checkTrailer(bytes, place)
  return {
    ...repeated,
    md5: bytes.subarray(MD5_OFFSET, MD5_OFFSET + bytes.readUInt8(12)),
    checksumAlgorithm: bytes.readUInt8(13),
    checksum: bytes.subarray(CHECKSUM_OFFSET, CHECKSUM_OFFSET + bytes.readUInt8(14)),
  }
}

function damaged(message: string): StorageError {
  return new StorageError('damaged', message)
}
