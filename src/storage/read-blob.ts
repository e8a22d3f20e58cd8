// Reads blobs back, every block verified against its CRC and its place before a byte is given out.
// A location is the index's word, not ours: its lengths are bounded before memory is taken for them,
// and its checksum is compared wherever a blob is read whole.

import { assert } from '../base/assert.ts'
import { crc32 } from '../base/checksum.ts'
import type { Disk, DiskBuffer } from '../base/disk.ts'
import { BLOB_SIZE_BYTES_MAX, BLOCK_SIZE_BYTES } from '../base/limits.ts'
import type { Location } from '../base/location.ts'
import {
  checkHeader,
  decodeHeader,
  HEADER_SIZE_BYTES_MAX,
  HEADER_SIZE_BYTES_MIN,
} from './blob-header.ts'
import {
  BLOCK_CRC_SIZE_BYTES,
  blockCountOf,
  blockOffsetOf,
  blockSizeAt,
  recordSizeOf,
  STORED_BLOCK_SIZE_BYTES,
  TRAILER_SIZE_BYTES,
  trailerOffsetOf,
} from './blob-layout.ts'
import { checkTrailer, decodeTrailer } from './blob-trailer.ts'
import type { RepeatedOfRecord, StoredTrailer } from './blob-trailer.ts'
import type { ExtentFiles } from './extent-files.ts'
import { pieceSizeBytes, type StreamCount } from './piece-size.ts'
import { addBlock, seedAt, seedOfExtent } from './place-crc.ts'
import { StorageError } from './storage.ts'
import type { BlobHeader } from './storage.ts'

export interface ReadParts {
  readonly files: ExtentFiles
  readonly disk: Disk
  readonly streams: StreamCount
}

/** Some blocks of a blob, read and verified; the data lies at the buffer's beginning. */
interface Piece {
  readonly buffer: DiskBuffer
  readonly data: Buffer
}

/** Gets the plain CRC of each block, in order. */
type TakeBlock = (blockCrc: number) => void

/** Verified data in [start, end), a piece at a time, reading one ahead. @throws StorageError */
export async function* readRange(
  parts: ReadParts,
  location: Location,
  range: { readonly start: number; readonly end: number },
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  requirePossible(location)
  const { start, end } = range
  assert(start >= 0 && end <= location.dataSizeBytes, 'a range lies within its blob')
  if (start >= end) return
  const firstBlock = Math.floor(start / BLOCK_SIZE_BYTES)
  const endBlock = Math.ceil(end / BLOCK_SIZE_BYTES)
  const isWhole = firstBlock === 0 && endBlock === blockCountOf(location.dataSizeBytes)
  const blocksAPiece = Math.max(1, Math.floor(pieceSizeBytes(parts.streams) / BLOCK_SIZE_BYTES))
  let checksum = 0
  const take: TakeBlock = (blockCrc) => {
    checksum = addBlock(checksum, blockCrc)
  }
  const readAt = async (block: number): Promise<Piece> => {
    const blocks = { first: block, end: Math.min(block + blocksAPiece, endBlock) }
    return await readPiece(parts, location, blocks, take, signal)
  }
  parts.streams.open++
  let ahead: Promise<Piece> | null = readAt(firstBlock)
  try {
    for (let block = firstBlock; ahead !== null; block += blocksAPiece) {
      const { buffer, data }: Piece = await ahead
      const next = block + blocksAPiece
      ahead = next < endBlock ? readAt(next) : null
      ahead?.catch(() => undefined) // seen when it is awaited
      try {
        signal?.throwIfAborted()
        if (ahead === null && isWhole) requireNamed(location, checksum)
        const from = Math.max(0, start - block * BLOCK_SIZE_BYTES)
        yield data.subarray(from, Math.min(data.length, end - block * BLOCK_SIZE_BYTES))
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
  blocks: { readonly first: number; readonly end: number },
  take: TakeBlock,
  signal?: AbortSignal,
): Promise<Piece> {
  const offset = blockOffsetOf(location, blocks.first)
  const lastSize = blockSizeAt(blocks.end - 1, location.dataSizeBytes)
  const sizeBytes =
    (blocks.end - blocks.first - 1) * STORED_BLOCK_SIZE_BYTES + lastSize + BLOCK_CRC_SIZE_BYTES
  const buffer = await disk.buffer(Math.max(sizeBytes, BLOCK_SIZE_BYTES), signal)
  try {
    const bytes = buffer.bytes.subarray(0, sizeBytes)
    await readExactly(files, location, bytes, offset)
    return { buffer, data: verifyBlocks(location, bytes, offset, take) }
  } catch (error) {
    buffer.release()
    throw error
  }
}

/** Checks each block of `bytes` and closes the gaps between them; answers the data alone. */
function verifyBlocks(location: Location, bytes: Buffer, offset: number, take: TakeBlock): Buffer {
  const extentSeed = seedOfExtent(location.extentId)
  let filled = 0
  for (let at = 0; at < bytes.length; at += STORED_BLOCK_SIZE_BYTES) {
    const end = Math.min(at + BLOCK_SIZE_BYTES, bytes.length - BLOCK_CRC_SIZE_BYTES)
    const crc = crc32(bytes.subarray(at, end))
    if ((crc ^ seedAt(extentSeed, offset + at)) >>> 0 !== bytes.readUInt32LE(end)) {
      throw damagedAt(location, `the block at ${offset + at} fails its checksum`)
    }
    take(crc)
    if (filled !== at) bytes.copyWithin(filled, at, end)
    filled += end - at
  }
  return bytes.subarray(0, filled)
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

/** A blob's data, whole and verified with its header and trailer, in memory of its own: one read. */
export async function readWholeBlob(files: ExtentFiles, location: Location): Promise<Uint8Array> {
  requirePossible(location)
  const { headerSizeBytes, dataSizeBytes, offset } = location
  const bytes = Buffer.allocUnsafe(recordSizeOf(headerSizeBytes, dataSizeBytes))
  await readExactly(files, location, bytes, offset)
  const trailerAt = bytes.length - TRAILER_SIZE_BYTES
  const extentSeed = seedOfExtent(location.extentId)
  const head = bytes.subarray(0, headerSizeBytes)
  const tail = bytes.subarray(trailerAt)
  requireEnds(location, () => ({
    headerSays: checkHeader(head, { extentSeed, offset }),
    trailer: checkTrailer(tail, { extentSeed, offset: offset + trailerAt }),
  }))
  let checksum = 0
  const stored = bytes.subarray(headerSizeBytes, trailerAt)
  const data = verifyBlocks(location, stored, offset + headerSizeBytes, (blockCrc) => {
    checksum = addBlock(checksum, blockCrc)
  })
  requireNamed(location, checksum)
  return data
}

/** Header and trailer at a location. @throws StorageError `damaged` */
export async function describeBlob(
  files: ExtentFiles,
  location: Location,
): Promise<{ header: BlobHeader; trailer: StoredTrailer }> {
  requirePossible(location)
  const { offset, headerSizeBytes } = location
  const head = Buffer.allocUnsafe(headerSizeBytes)
  const tail = Buffer.allocUnsafe(TRAILER_SIZE_BYTES)
  await readExactly(files, location, head, offset)
  await readExactly(files, location, tail, trailerOffsetOf(location))
  const extentSeed = seedOfExtent(location.extentId)
  return requireEnds(location, () => {
    const header = decodeHeader(head, { extentSeed, offset })
    const trailer = decodeTrailer(tail, { extentSeed, offset: trailerOffsetOf(location) })
    return { header, headerSays: header.dataSizeBytes, trailer }
  })
}

/** Reads every block of a blob without keeping any. @throws StorageError */
export async function readThrough(parts: ReadParts, location: Location): Promise<void> {
  let doneBytes = 0
  const range = { start: 0, end: location.dataSizeBytes }
  for await (const piece of readRange(parts, location, range)) doneBytes += piece.length
  assert(doneBytes === location.dataSizeBytes, 'a blob that was read whole is whole')
}

interface Ends {
  /** Bytes of data, by the header. */
  readonly headerSays: number
  readonly trailer: RepeatedOfRecord
}

/** Runs `decode`, whose errors come to say where, and compares with what the location names. */
function requireEnds<T extends Ends>(location: Location, decode: () => T): T {
  let ends: T
  try {
    ends = decode()
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    throw damagedAt(location, error.message)
  }
  const { headerSays, trailer } = ends
  const { dataSizeBytes } = location
  if (headerSays !== dataSizeBytes || trailer.dataSizeBytes !== dataSizeBytes) {
    throw otherBlob(location)
  }
  requireNamed(location, trailer.blobChecksum)
  return ends
}

/** No record was ever written with other lengths: nothing is read, and no memory taken, for them. */
function requirePossible(location: Location): void {
  const { offset, headerSizeBytes, dataSizeBytes } = location
  const isPossible =
    offset >= 0 &&
    Number.isSafeInteger(offset) &&
    headerSizeBytes >= HEADER_SIZE_BYTES_MIN &&
    headerSizeBytes <= HEADER_SIZE_BYTES_MAX &&
    dataSizeBytes >= 0 &&
    dataSizeBytes <= BLOB_SIZE_BYTES_MAX
  if (!isPossible) throw damagedAt(location, 'its location is impossible')
}

function requireNamed(location: Location, checksum: number): void {
  if (checksum !== location.checksum) throw otherBlob(location)
}

function otherBlob(location: Location): StorageError {
  return damagedAt(location, 'it is not the blob that was named')
}

/** The error for bytes that are not what was written, by place. */
function damagedAt({ extentId, offset }: Location, why: string): StorageError {
  return new StorageError('damaged', `extent ${extentId}, blob at ${offset}: ${why}`)
}
