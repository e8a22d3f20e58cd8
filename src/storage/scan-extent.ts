// Finds the blob records of an extent without an index: what a rebuild and the second scan before
// removal stand on. Where a record is expected and none is, it looks for the next one and reports
// what it passed over, unless that was never written.

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

export async function* scanExtent(
  files: ExtentFiles,
  extentId: ExtentId,
): AsyncGenerator<ScannedBlob | ScanDamage> {
  const scanner = new Scanner(files, extentId)
  const sizeBytes = await files.use(extentId, async (file) => await file.sizeBytes())
  for (let at = 0; at < sizeBytes;) {
    const found = (await scanner.headerAt(at)) ?? (await scanner.headerAt(alignUp(at)))
    if (found === null) {
      const next = await scanner.nextHeader(at, sizeBytes)
      if (next.damagedAt !== null) {
        yield { kind: 'damage', extentId, offset: next.damagedAt, message: 'no blob record here' }
      }
      at = next.offset
      continue
    }
    const blob = await scanner.finish(found)
    yield blob
    at =
      blob.trailer === null
        ? found.offset + found.headerSizeBytes
        : found.offset + recordSizeOf(found.headerSizeBytes, found.header.dataSizeBytes)
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
    const bytes = await this.#read(offset, HEADER_SIZE_BYTES_MAX)
    const headerSizeBytes = headerSizeIn(bytes, 0)
    if (headerSizeBytes === 0 || headerSizeBytes > bytes.length) return null
    try {
      const place = { extentSeed: this.#extentSeed, offset }
      return {
        header: decodeHeader(bytes.subarray(0, headerSizeBytes), place),
        headerSizeBytes,
        offset,
      }
    } catch (error) {
      if (error instanceof StorageError) return null
      throw error
    }
  }

  /** The record behind a header: with its trailer, or without where it was never finished. */
  async finish({ header, headerSizeBytes, offset }: Found): Promise<ScannedBlob> {
    const { dataSizeBytes } = header
    const location: Location = {
      extentId: this.#extentId,
      offset,
      headerSizeBytes,
      dataSizeBytes,
      checksum: 0,
    }
    const trailer = await this.#trailerAt(trailerOffsetOf(location))
    return { header, trailer, location: { ...location, checksum: trailer?.blobChecksum ?? 0 } }
  }

  async #trailerAt(offset: number): Promise<StoredTrailer | null> {
    const bytes = await this.#read(offset, TRAILER_SIZE_BYTES)
    try {
      return decodeTrailer(bytes, { extentSeed: this.#extentSeed, offset })
    } catch (error) {
      if (error instanceof StorageError) return null
      throw error
    }
  }

  /** Where the next sound header is, or the end; and the first byte on the way that is not zero. */
  async nextHeader(
    from: number,
    sizeBytes: number,
  ): Promise<{ offset: number; damagedAt: number | null }> {
    let damagedAt: number | null = null
    for (let at = from; at < sizeBytes; at += PIECE_SIZE_BYTES) {
      const bytes = await this.#read(at, PIECE_SIZE_BYTES + MAGIC.length - 1)
      const written = bytes.findIndex((byte) => byte !== 0)
      if (written >= 0) damagedAt ??= at + written
      for (let found = bytes.indexOf(MAGIC); found >= 0; found = bytes.indexOf(MAGIC, found + 1)) {
        const offset = at + found
        if (offset > from && (await this.headerAt(offset)) !== null) {
          return { offset, damagedAt: damagedAt === offset ? null : damagedAt }
        }
      }
    }
    return { offset: sizeBytes, damagedAt }
  }
}
