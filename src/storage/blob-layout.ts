// Where the parts of a blob record stand, from its header's size and its data's: arithmetic alone,
// so that a range read needs no read before it. Source: docs/formats/blob.md.

import { BLOCK_SIZE_BYTES, DISK_PAGE_SIZE_BYTES } from '../base/limits.ts'
import type { Location } from '../base/location.ts'

/** The CRC behind each block. */
export const BLOCK_CRC_SIZE_BYTES = 4
/** A whole block with its CRC. */
export const STORED_BLOCK_SIZE_BYTES: number = BLOCK_SIZE_BYTES + BLOCK_CRC_SIZE_BYTES
/** The trailer has one size, whatever it says, so that room can be reserved before it is known. */
export const TRAILER_SIZE_BYTES = 68

/** Blocks of a blob; the last may be shorter, an empty blob has none. */
export function blockCountOf(dataSizeBytes: number): number {
  return Math.ceil(dataSizeBytes / BLOCK_SIZE_BYTES)
}

/** Bytes of data in the block at `index`. */
export function blockSizeAt(index: number, dataSizeBytes: number): number {
  return Math.min(BLOCK_SIZE_BYTES, dataSizeBytes - index * BLOCK_SIZE_BYTES)
}

/** All of a record: header, blocks with their CRCs, trailer. */
export function recordSizeOf(headerSizeBytes: number, dataSizeBytes: number): number {
  return headerSizeBytes + storedSizeOf(dataSizeBytes) + TRAILER_SIZE_BYTES
}

/** All blocks with their CRCs. */
function storedSizeOf(dataSizeBytes: number): number {
  return dataSizeBytes + blockCountOf(dataSizeBytes) * BLOCK_CRC_SIZE_BYTES
}

/** Position in the extent of the block at `index`. */
export function blockOffsetOf(location: Location, index: number): number {
  return location.offset + location.headerSizeBytes + index * STORED_BLOCK_SIZE_BYTES
}

/** Position in the extent of the record's trailer. */
export function trailerOffsetOf(location: Location): number {
  return location.offset + location.headerSizeBytes + storedSizeOf(location.dataSizeBytes)
}

/** Up to the next page of a disk. */
export function alignUp(offset: number): number {
  return Math.ceil(offset / DISK_PAGE_SIZE_BYTES) * DISK_PAGE_SIZE_BYTES
}
