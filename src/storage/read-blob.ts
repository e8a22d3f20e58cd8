// Reads blobs back, every block verified against its CRC and its place before a byte is given out.

import type { Disk, DiskBuffer } from '../base/disk.ts'
import { crc32 } from '../base/checksum.ts'
import { BLOCK_SIZE_BYTES, PIECE_SIZE_BYTES } from '../base/limits.ts'
import type { Location } from '../base/location.ts'
import {
  BLOCK_CRC_SIZE_BYTES,
  blockOffsetOf,
  blockSizeAt,
  recordSizeOf,
  STORED_BLOCK_SIZE_BYTES,
  TRAILER_SIZE_BYTES,
  trailerOffsetOf,
} from './blob-layout.ts'
import { decodeHeader } from './blob-header.ts'
import { decodeTrailer } from './blob-trailer.ts'
import type { StoredTrailer } from './blob-trailer.ts'
import { pieceSizeBytes } from './direct-writer.ts'
import type { StreamCount } from './direct-writer.ts'
import type { ExtentFiles } from './extent-files.ts'
import { addBlock, seedAt, seedOfExtent } from './place-crc.ts'
import { StorageError } from './storage.ts'
import type { BlobHeader } from './storage.ts'

export interface ReadParts {
  readonly files: ExtentFiles
  readonly disk: Disk
  readonly streams: StreamCount
}

/** The error for bytes that are not what was written, by place. */
export function damagedAt(
  location: Pick<Location, 'extentId' | 'offset'>,
  why: string,
): StorageError {
  const { extentId, offset } = location
  return new StorageError('damaged', `extent ${extentId}, blob at ${offset}: ${why}`)
}

/** Blocks [first, end) of a blob, read and verified; the data lies at the buffer's beginning. */
interface Piece {
  readonly buffer: DiskBuffer
  readonly data: Buffer
}

/** Verified data in [start, end), a piece at a time, reading one ahead. */
export async function* readRange(
  parts: ReadParts,
  location: Location,
  range: { readonly start: number; readonly end: number },
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (range.start >= range.end) return
  const firstBlock = Math.floor(range.start / BLOCK_SIZE_BYTES)
  const endBlock = Math.ceil(range.end / BLOCK_SIZE_BYTES)
  const blocksAPiece = Math.max(1, Math.floor(pieceSizeBytes(parts.streams) / BLOCK_SIZE_BYTES))
  const readAt = async (block: number): Promise<Piece> =>
    await readPiece(parts, location, block, Math.min(block + blocksAPiece, endBlock), signal)
  parts.streams.open++
  let ahead: Promise<Piece> | null = readAt(firstBlock)
  try {
    for (let block = firstBlock; block < endBlock; block += blocksAPiece) {
      const { buffer, data }: Piece = await (ahead ?? readAt(block))
      const next = block + blocksAPiece
      ahead = next < endBlock ? readAt(next) : null
      ahead?.catch(() => undefined) // seen when it is awaited
      try {
        const from = Math.max(0, range.start - block * BLOCK_SIZE_BYTES)
        yield data.subarray(from, Math.min(data.length, range.end - block * BLOCK_SIZE_BYTES))
      } finally {
        buffer.release()
      }
    }
  } finally {
    parts.streams.open--
    await ahead?.then(
      ({ buffer }) => buffer.release(),
      () => undefined,
    )
  }
}

async function readPiece(
  { files, disk }: ReadParts,
  location: Location,
  firstBlock: number,
  endBlock: number,
  signal?: AbortSignal,
): Promise<Piece> {
  const offset = blockOffsetOf(location, firstBlock)
  const lastSize = blockSizeAt(endBlock - 1, location.dataSizeBytes)
  const sizeBytes =
    (endBlock - firstBlock - 1) * STORED_BLOCK_SIZE_BYTES + lastSize + BLOCK_CRC_SIZE_BYTES
  const buffer = await disk.buffer(Math.max(sizeBytes, BLOCK_SIZE_BYTES), signal)
  try {
    const bytes = buffer.bytes.subarray(0, sizeBytes)
    await readExactly(files, location, bytes, offset)
    return { buffer, data: verifyBlocks(location, bytes, offset) }
  } catch (error) {
    buffer.release()
    throw error
  }
}

/** Checks each block of `bytes` and closes the gaps between them; answers the data alone. */
function verifyBlocks(location: Location, bytes: Buffer, offset: number): Buffer {
  const extentSeed = seedOfExtent(location.extentId)
  let filled = 0
  for (let at = 0; at < bytes.length; at += STORED_BLOCK_SIZE_BYTES) {
    const end = Math.min(at + BLOCK_SIZE_BYTES, bytes.length - BLOCK_CRC_SIZE_BYTES)
    requireBlock(location, bytes, { at, end, offset: offset + at, extentSeed })
    if (filled !== at) bytes.copyWithin(filled, at, end)
    filled += end - at
  }
  return bytes.subarray(0, filled)
}

/** The plain CRC of the block at [at, end) of `bytes`. @throws StorageError `damaged` */
function requireBlock(
  location: Location,
  bytes: Buffer,
  block: { at: number; end: number; offset: number; extentSeed: number },
): number {
  const crc = crc32(bytes.subarray(block.at, block.end))
  const stored = bytes.readUInt32LE(block.end)
  if ((crc ^ seedAt(block.extentSeed, block.offset)) >>> 0 === stored) return crc
  throw damagedAt(location, `the block at ${block.offset} fails its checksum`)
}

async function readExactly(
  files: ExtentFiles,
  location: Location,
  into: Uint8Array,
  offset: number,
): Promise<void> {
  const count = await files.use(location.extentId, async (file) => await file.read(into, offset))
  if (count !== into.length) throw damagedAt(location, `the extent ends at ${offset + count}`)
}

/** A small blob's data, whole, in memory of its own: one read. */
export async function readWholeBlob(files: ExtentFiles, location: Location): Promise<Uint8Array> {
  const { headerSizeBytes, dataSizeBytes, extentId } = location
  const bytes = Buffer.allocUnsafe(
    recordSizeOf(headerSizeBytes, dataSizeBytes) - TRAILER_SIZE_BYTES,
  )
  await readExactly(files, location, bytes, location.offset)
  const extentSeed = seedOfExtent(extentId)
  const pieces: Buffer[] = []
  let checksum = 0
  for (let at = headerSizeBytes; at < bytes.length; at += STORED_BLOCK_SIZE_BYTES) {
    const end = Math.min(at + BLOCK_SIZE_BYTES, bytes.length - BLOCK_CRC_SIZE_BYTES)
    const offset = location.offset + at
    checksum = addBlock(checksum, requireBlock(location, bytes, { at, end, offset, extentSeed }))
    pieces.push(bytes.subarray(at, end))
  }
  if (checksum !== location.checksum) throw damagedAt(location, 'it is not the blob that was named')
  const [only] = pieces
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces)
}

/** Header and trailer at a location. @throws StorageError `damaged` */
export async function describeBlob(
  files: ExtentFiles,
  location: Location,
): Promise<{ header: BlobHeader; trailer: StoredTrailer }> {
  const extentSeed = seedOfExtent(location.extentId)
  const head = Buffer.allocUnsafe(location.headerSizeBytes)
  await readExactly(files, location, head, location.offset)
  const tail = Buffer.allocUnsafe(TRAILER_SIZE_BYTES)
  const trailerOffset = trailerOffsetOf(location)
  await readExactly(files, location, tail, trailerOffset)
  try {
    const header = decodeHeader(head, { extentSeed, offset: location.offset })
    const trailer = decodeTrailer(tail, { extentSeed, offset: trailerOffset })
    if (
      trailer.blobChecksum !== location.checksum ||
      header.dataSizeBytes !== location.dataSizeBytes
    ) {
      throw damagedAt(location, 'it is not the blob that was named')
    }
    return { header, trailer }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    throw damagedAt(location, error.message)
  }
}

/** Reads every block of a blob without keeping any. @throws StorageError */
export async function readThrough(parts: ReadParts, location: Location): Promise<void> {
  const { dataSizeBytes } = location
  let checksum = 0
  const stepBytes = PIECE_SIZE_BYTES
  for (let start = 0; start < dataSizeBytes; start += stepBytes) {
    const range = { start, end: Math.min(start + stepBytes, dataSizeBytes) }
    for await (const piece of readRange(parts, location, range)) {
      for (let at = 0; at < piece.length; at += BLOCK_SIZE_BYTES) {
        checksum = addBlock(checksum, crc32(piece.subarray(at, at + BLOCK_SIZE_BYTES)))
      }
    }
  }
  if (checksum !== location.checksum) throw damagedAt(location, 'it is not the blob that was named')
}
