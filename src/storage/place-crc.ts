// CRCs that know their place: what is stored is the CRC-32 of the bytes, XORed with the CRC-32 of
// extent id and offset. Bytes that belong elsewhere fail, and the plain CRC is not lost: it stays
// the same when a blob is moved, and those of all blocks combine to the object's.
// Source: docs/formats/blob.md, docs/decisions/0004-block-checksum.md.

import { crc32 } from '../base/checksum.ts'
import { ID_SIZE_BYTES, writeId, type ExtentId } from '../base/id.ts'

const UNIT = 0x1_0000_0000
const offsetBytes: Buffer = Buffer.alloc(8)
const crcBytes: Buffer = Buffer.alloc(4)

/** CRC-32 of an extent's id: the first half of every seed in it. */
export function seedOfExtent(extentId: ExtentId): number {
  const bytes = Buffer.allocUnsafe(ID_SIZE_BYTES)
  writeId(extentId, bytes, 0)
  return crc32(bytes)
}

/** What the CRC of bytes at `offset` is XORed with: CRC-32 of extent id and offset (u64). */
export function seedAt(extentSeed: number, offset: number): number {
  offsetBytes.writeUInt32LE(offset % UNIT, 0)
  offsetBytes.writeUInt32LE(Math.floor(offset / UNIT), 4)
  return crc32(offsetBytes, extentSeed)
}

/** Takes the plain CRC of one more block into a blob's checksum. */
export function addBlock(blobChecksum: number, blockCrc: number): number {
  crcBytes.writeUInt32LE(blockCrc, 0)
  return crc32(crcBytes, blobChecksum)
}
