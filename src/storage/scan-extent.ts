// Finds the blob records of an extent without an index: what a rebuild and the second scan before
// removal stand on. Where a record is expected and none is, it looks for the next one and reports
// what it passed over, unless that was never written. It reads headers and trailers, not the data.

import { PIECE_SIZE_BYTES } from '../base/limits.ts'
import type { ExtentId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { BLOB_MAGIC, decodeHeader, HEADER_SIZE_BYTES_MAX, headerSizeIn } from './blob-header.ts'
import { alignUp, recordSizeOf, TRAILER_SIZE_BYTES, trailerOffsetOf } from './blob-layout.ts'
import { decodeTrailer } from './blob-trailer.ts'
import type { StoredTrailer } from './blob-trailer.ts'
import type { ExtentFiles } from './extent-files.ts'
import { seedOfExtent } from './place-crc.ts'
import { StorageError } from './storage.ts'
import type { BlobHeader, ScanDamage, ScannedBlob } from './storage.ts'

const MAGIC: Buffer = Buffer.from(new Uint32Array([BLOB_MAGIC]).buffer)

interface Found {
  readonly header: BlobHeader
  readonly headerSizeBytes: number
  readonly offset: number
}

interface Passed {
  /** Where the next sound header is, or the end. */
  readonly offset: number
  /** The first byte on the way that is not zero. */
  readonly damagedAt: number | null
}

export async function* scanExtent(
  files: ExtentFiles,
  extentId: ExtentId,
): AsyncGenerator<ScannedBlob | ScanDamage> {
  const scanner = new Scanner(files, extentId)
  const sizeBytes = await files.use(extentId, async (file) => await file.sizeBytes())
  for (let at = 0; at < sizeBytes;) {
    const found = (await scanner.headerAt(at)) ?? (await scanner.headerOnNextPage(at))
    if (found === null) {
      const next = await scanner.nextHeader(at, sizeBytes)
      if (next.damagedAt !== null) {
        yield { kind: 'damage', extentId, offset: next.damagedAt, message: 'no blob record here' }
      }
      at = next.offset
      continue
    }
    yield await scanner.finish(found)
    // Its room is its own, finished or not: a client's bytes in it are not looked at as records.
    at = found.offset + recordSizeOf(found.headerSizeBytes, found.header.dataSizeBytes)
  }
}

class Scanner {
  readonly #files: ExtentFiles
  readonly #extentId: ExtentId
  readonly #extentSeed: number

  constructor(files: ExtentFiles, extentId: ExtentId) {
    this.#files = files
    this.#extentId = extentId
    this.#extentSeed = seedOfExtent(extentId)
  }

  async #read(offset: number, sizeBytes: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(sizeBytes)
    const count = await this.#files.use(
      this.#extentId,
      async (file) => await file.read(bytes, offset),
    )
    return bytes.subarray(0, count)
  }

  /** The sound header at `offset`, or null. */
  async headerAt(offset: number): Promise<Found | null> {
    return this.#headerIn(await this.#read(offset, HEADER_SIZE_BYTES_MAX), 0, offset)
  }

  /** The sound header at `at` of bytes that begin at `offset` less `at`, or null. */
  #headerIn(bytes: Buffer, at: number, offset: number): Found | null {
    const headerSizeBytes = headerSizeIn(bytes, at)
    if (headerSizeBytes === 0 || at + headerSizeBytes > bytes.length) return null
    const place = { extentSeed: this.#extentSeed, offset }
    const header = orNull(() => decodeHeader(bytes.subarray(at, at + headerSizeBytes), place))
    return header === null ? null : { header, headerSizeBytes, offset }
  }

  /** In a direct extent records begin on pages: zeros up to the next one are no damage. */
  async headerOnNextPage(offset: number): Promise<Found | null> {
    const page = alignUp(offset)
    if (page === offset || isWritten(await this.#read(offset, page - offset))) return null
    return await this.headerAt(page)
  }

  /** The record behind a header: with its trailer, or without where it was never finished. */
  async finish({ header, headerSizeBytes, offset }: Found): Promise<ScannedBlob> {
    const { dataSizeBytes } = header
    const extentId = this.#extentId
    const location: Location = { extentId, offset, headerSizeBytes, dataSizeBytes, checksum: 0 }
    const trailer = await this.#trailerAt(trailerOffsetOf(location))
    return trailer?.dataSizeBytes === dataSizeBytes
      ? { header, trailer, location: { ...location, checksum: trailer.blobChecksum } }
      : { header, trailer: null, location }
  }

  async #trailerAt(offset: number): Promise<StoredTrailer | null> {
    const bytes = await this.#read(offset, TRAILER_SIZE_BYTES)
    return orNull(() => decodeTrailer(bytes, { extentSeed: this.#extentSeed, offset }))
  }

  /** Looks for a header behind `from`, where there is none. */
  async nextHeader(from: number, sizeBytes: number): Promise<Passed> {
    let damagedAt: number | null = null
    for (let at = from; at < sizeBytes; at += PIECE_SIZE_BYTES) {
      // A header that begins in this piece may end in the next.
      const bytes = await this.#read(at, PIECE_SIZE_BYTES + HEADER_SIZE_BYTES_MAX)
      const piece = bytes.subarray(0, PIECE_SIZE_BYTES)
      if (isWritten(piece)) damagedAt ??= at + piece.findIndex((byte) => byte !== 0)
      let found = bytes.indexOf(MAGIC)
      while (found >= 0 && found < PIECE_SIZE_BYTES) {
        const offset = at + found
        if (offset > from && this.#headerIn(bytes, found, offset) !== null) {
          return { offset, damagedAt: damagedAt === offset ? null : damagedAt }
        }
        found = bytes.indexOf(MAGIC, found + 1)
      }
    }
    return { offset: sizeBytes, damagedAt }
  }
}

/** Whether any byte is not zero: all are the same as their neighbour, and the first is zero. */
function isWritten(bytes: Buffer): boolean {
  return bytes.length > 0 && (bytes[0] !== 0 || !bytes.subarray(1).equals(bytes.subarray(0, -1)))
}

function orNull<T>(decode: () => T): T | null {
  try {
    return decode()
  } catch (error) {
    if (error instanceof StorageError) return null
    throw error
  }
}
