// Streams large blobs into one extent, several at a time, each into room of its own that begins at
// a page: full buffers are written past the page cache while the next one fills, one sync at the
// end makes the blob durable.

import { crc32, crc32Combine } from '../base/checksum.ts'
import type { Disk, DiskBuffer, DiskFile } from '../base/disk.ts'
import { BLOCK_SIZE_BYTES, PIECE_SIZE_BYTES, STREAMS_PER_WORKER_MAX } from '../base/limits.ts'
import { assert } from '../base/assert.ts'
import type { ExtentId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { encodeHeader, headerSizeOf } from './blob-header.ts'
import { alignUp, BLOCK_CRC_SIZE_BYTES, recordSizeOf, TRAILER_SIZE_BYTES } from './blob-layout.ts'
import { encodeTrailer } from './blob-trailer.ts'
import { storageError } from './extent-files.ts'
import { addBlock, seedAt, seedOfExtent } from './place-crc.ts'
import { StorageError } from './storage.ts'
import type { BlobHeader, BlobStream, BlobTap, BlobTrailer, DirectWriter } from './storage.ts'

/** How many streams of this process are open: many share the buffers in smaller pieces. */
export interface StreamCount {
  open: number
}

/** A large piece each while few are open, else a small one: the pool is never used up by slow ones. */
export function pieceSizeBytes(streams: StreamCount): number {
  return streams.open > STREAMS_PER_WORKER_MAX ? BLOCK_SIZE_BYTES : PIECE_SIZE_BYTES
}

export interface DirectParts {
  readonly extentId: ExtentId
  readonly file: DiskFile
  readonly disk: Disk
  readonly streams: StreamCount
  readonly capacityBytes: number
}

export class DirectExtent implements DirectWriter {
  readonly #parts: DirectParts
  readonly #open = new Set<Promise<void>>()
  #end = 0
  #isClosed = false

  constructor(parts: DirectParts) {
    this.#parts = parts
  }

  get freeBytes(): number {
    return this.#parts.capacityBytes - this.#end
  }

  begin(header: BlobHeader, tap?: BlobTap): BlobStream {
    const { extentId } = this.#parts
    if (this.#isClosed) throw new StorageError('closed', `extent ${extentId} is closed`)
    const sizeBytes = alignUp(recordSizeOf(headerSizeOf(header), header.dataSizeBytes))
    if (sizeBytes > this.freeBytes) {
      throw new StorageError('extent-full', `extent ${extentId} has no room`)
    }
    const offset = this.#end
    this.#end += sizeBytes
    const stream = new DirectStream(this.#parts, header, offset, tap ?? (() => undefined))
    this.#open.add(stream.ended)
    void stream.ended.finally(() => this.#open.delete(stream.ended))
    return stream
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.all(this.#open)
    await this.#parts.file.close()
  }
}

class DirectStream implements BlobStream {
  readonly ended: Promise<void>
  readonly #parts: DirectParts
  readonly #header: BlobHeader
  readonly #tap: BlobTap
  readonly #offset: number
  readonly #extentSeed: number
  #markEnded: () => void = () => undefined
  #buffer: DiskBuffer | null = null
  /** Bytes in the buffer, and where in it those begin that nobody has hashed yet. */
  #fill = 0
  #hashed = 0
  /** Where in the extent the buffer goes. */
  #bufferOffset: number
  #writing: Promise<void> = Promise.resolve()
  #failure: unknown = null
  #blockCrc = 0
  #blockFill = 0
  #blobChecksum = 0
  #dataBytes = 0
  #dataCrc = 0
  #hasEnded = false

  constructor(parts: DirectParts, header: BlobHeader, offset: number, tap: BlobTap) {
    this.#parts = parts
    this.#header = header
    this.#offset = offset
    this.#bufferOffset = offset
    this.#tap = tap
    this.#extentSeed = seedOfExtent(parts.extentId)
    this.ended = new Promise((resolve) => {
      this.#markEnded = resolve
    })
    parts.streams.open++
  }

  get crc32(): number {
    return crc32Combine(this.#dataCrc, this.#blockCrc, this.#blockFill)
  }

  async write(piece: Uint8Array, signal?: AbortSignal): Promise<void> {
    assert(!this.#hasEnded, 'a stream that has ended takes nothing')
    if (this.#buffer === null) await this.#begin(signal)
    for (let at = 0; at < piece.length;) {
      const room = await this.#room(signal)
      const count = Math.min(piece.length - at, room, BLOCK_SIZE_BYTES - this.#blockFill)
      this.#bytes().set(piece.subarray(at, at + count), this.#fill)
      this.#fill += count
      this.#blockFill += count
      this.#dataBytes += count
      at += count
      assert(this.#dataBytes <= this.#header.dataSizeBytes, 'a blob has the size it was begun with')
      if (this.#blockFill === BLOCK_SIZE_BYTES) await this.#endBlock(signal)
    }
  }

  async #begin(signal?: AbortSignal): Promise<void> {
    const header = Buffer.allocUnsafe(headerSizeOf(this.#header))
    encodeHeader(this.#header, { extentSeed: this.#extentSeed, offset: this.#offset }, header, 0)
    await this.#put(header, signal)
  }

  #bytes(): Buffer {
    assert(this.#buffer !== null, 'there is a buffer to fill')
    return this.#buffer.bytes
  }

  /** Room in the buffer, of which there is a new one when the last is full. */
  async #room(signal?: AbortSignal): Promise<number> {
    if (this.#buffer !== null && this.#fill === this.#buffer.bytes.length) await this.#flush()
    if (this.#buffer === null) {
      const sizeBytes = pieceSizeBytes(this.#parts.streams)
      const buffer = await this.#parts.disk.buffer(sizeBytes, signal)
      this.#buffer = { bytes: buffer.bytes.subarray(0, sizeBytes), release: () => buffer.release() }
      this.#fill = 0
      this.#hashed = 0
    }
    return this.#buffer.bytes.length - this.#fill
  }

  /** Puts bytes that are no data: header, a block's CRC, trailer. */
  async #put(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const count = Math.min(bytes.length - at, await this.#room(signal))
      this.#hash()
      this.#bytes().set(bytes.subarray(at, at + count), this.#fill)
      this.#fill += count
      this.#hashed = this.#fill
      at += count
    }
  }

  /** Takes the data since the last call into its block's CRC and shows it to the tap. */
  #hash(): void {
    if (this.#buffer === null || this.#hashed === this.#fill) return
    const run = this.#buffer.bytes.subarray(this.#hashed, this.#fill)
    this.#blockCrc = crc32(run, this.#blockCrc)
    this.#tap(run)
    this.#hashed = this.#fill
  }

  async #endBlock(signal?: AbortSignal): Promise<void> {
    this.#hash()
    const blockOffset = this.#bufferOffset + this.#fill - this.#blockFill
    const crc = Buffer.allocUnsafe(BLOCK_CRC_SIZE_BYTES)
    crc.writeUInt32LE((this.#blockCrc ^ seedAt(this.#extentSeed, blockOffset)) >>> 0)
    this.#blobChecksum = addBlock(this.#blobChecksum, this.#blockCrc)
    this.#dataCrc = crc32Combine(this.#dataCrc, this.#blockCrc, this.#blockFill)
    this.#blockCrc = 0
    this.#blockFill = 0
    await this.#put(crc, signal)
  }

  /** Hands the buffer to the disk; it goes back to the pool by itself when it is written. */
  async #flush(): Promise<void> {
    this.#hash()
    await this.#writing
    if (this.#failure !== null) throw this.#failure
    const buffer = this.#buffer
    assert(buffer !== null, 'a buffer is flushed when it is there')
    const offset = this.#bufferOffset
    const sizeBytes = this.#fill
    this.#bufferOffset += sizeBytes
    this.#buffer = null
    this.#writing = this.#parts.file
      .write([buffer.bytes.subarray(0, sizeBytes)], offset)
      .catch((error: unknown) => {
        this.#failure ??= storageError(error, `extent ${this.#parts.extentId}`)
      })
      .finally(() => buffer.release())
  }

  settle(): void {
    this.#hash()
  }

  async finish(trailer: BlobTrailer): Promise<Location> {
    const { dataSizeBytes } = this.#header
    assert(this.#dataBytes === dataSizeBytes, 'a blob has the size it was begun with')
    try {
      if (this.#buffer === null && this.#dataBytes === 0) await this.#begin()
      if (this.#blockFill > 0) await this.#endBlock()
      await this.#putTrailer(trailer)
      await this.#pad()
      await this.#flush()
      await this.#writing
      if (this.#failure !== null) throw this.#failure
      await this.#parts.file.sync().catch((error: unknown) => {
        throw storageError(error, `extent ${this.#parts.extentId}`)
      })
    } finally {
      await this.#end()
    }
    return {
      extentId: this.#parts.extentId,
      offset: this.#offset,
      headerSizeBytes: headerSizeOf(this.#header),
      dataSizeBytes,
      checksum: this.#blobChecksum,
    }
  }

  async #putTrailer(trailer: BlobTrailer): Promise<void> {
    await this.#room()
    const bytes = Buffer.allocUnsafe(TRAILER_SIZE_BYTES)
    const stored = { ...trailer, dataSizeBytes: this.#dataBytes, blobChecksum: this.#blobChecksum }
    const offset = this.#bufferOffset + this.#fill
    encodeTrailer(stored, { extentSeed: this.#extentSeed, offset }, bytes, 0)
    await this.#put(bytes)
  }

  /** Zeros up to the end of the page. */
  async #pad(): Promise<void> {
    await this.#room()
    const end = alignUp(this.#fill)
    this.#bytes().fill(0, this.#fill, end)
    this.#hash()
    this.#fill = end
    this.#hashed = end
  }

  async abandon(): Promise<void> {
    if (!this.#hasEnded) await this.#end()
  }

  async #end(): Promise<void> {
    if (this.#hasEnded) return
    this.#hasEnded = true
    await this.#writing
    this.#buffer?.release()
    this.#buffer = null
    this.#parts.streams.open--
    this.#markEnded()
  }
}
