// One large blob on its way into a direct extent: full buffers are written past the page cache
// while the next one fills, one sync at the end makes the blob durable. It holds one buffer that
// fills and one that is written, and gives both back however it ends.

import { assert } from '../base/assert.ts'
import { crc32, crc32Combine } from '../base/checksum.ts'
import type { Disk, DiskBuffer } from '../base/disk.ts'
import type { ExtentId } from '../base/id.ts'
import { BLOCK_SIZE_BYTES } from '../base/limits.ts'
import type { Location } from '../base/location.ts'
import { encodeHeader, headerSizeOf } from './blob-header.ts'
import { alignUp, BLOCK_CRC_SIZE_BYTES, TRAILER_SIZE_BYTES } from './blob-layout.ts'
import { encodeTrailer } from './blob-trailer.ts'
import type { DirectFile } from './direct-file.ts'
import { pieceSizeBytes, type StreamCount } from './piece-size.ts'
import { addBlock, seedAt, seedOfExtent } from './place-crc.ts'
import { StorageError } from './storage.ts'
import type { BlobHeader, BlobStream, BlobTap, BlobTrailer } from './storage.ts'

export interface StreamParts {
  readonly extentId: ExtentId
  readonly file: DirectFile
  readonly disk: Disk
  readonly streams: StreamCount
  /** The room that is reserved for this blob: whole pages. */
  readonly sizeBytes: number
}

export class DirectStream implements BlobStream {
  /** Resolves once the stream has finished or was abandoned. */
  readonly ended: Promise<void>
  readonly #parts: StreamParts
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
  /** What went wrong in a write, or before: such a stream never finishes. */
  #failure: { readonly cause: unknown } | null = null
  #blockCrc = 0
  #blockFill = 0
  #blobChecksum = 0
  #dataBytes = 0
  #dataCrc = 0
  #hasBegun = false
  #hasEnded = false

  constructor(parts: StreamParts, header: BlobHeader, offset: number, tap: BlobTap) {
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
    const sizeBytes = this.#dataBytes + piece.length
    assert(sizeBytes <= this.#header.dataSizeBytes, 'a blob has the size it was begun with')
    this.#requireSound()
    try {
      if (!this.#hasBegun) await this.#begin(signal)
      await this.#take(piece, signal)
    } catch (cause) {
      this.#failure ??= { cause } // some of the piece is in, and nobody knows how much
      throw cause
    }
  }

  async #take(piece: Uint8Array, signal?: AbortSignal): Promise<void> {
    for (let at = 0; at < piece.length;) {
      const room = await this.#room(signal)
      const count = Math.min(piece.length - at, room, BLOCK_SIZE_BYTES - this.#blockFill)
      this.#bytes().set(piece.subarray(at, at + count), this.#fill)
      this.#fill += count
      this.#blockFill += count
      this.#dataBytes += count
      at += count
      if (this.#blockFill === BLOCK_SIZE_BYTES) await this.#endBlock(signal)
    }
  }

  async #begin(signal?: AbortSignal): Promise<void> {
    this.#hasBegun = true
    const header = Buffer.allocUnsafe(headerSizeOf(this.#header))
    encodeHeader(this.#header, { extentSeed: this.#extentSeed, offset: this.#offset }, header, 0)
    await this.#put(header, signal)
  }

  #requireSound(): void {
    if (this.#failure !== null) throw this.#failure.cause
  }

  /** Whoever ends a stream while a write of it waits ends that too. */
  #requireOpen(): void {
    if (!this.#hasEnded) return
    throw new StorageError('closed', `a blob of extent ${this.#parts.extentId} was abandoned`)
  }

  #bytes(): Buffer {
    this.#requireOpen()
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
      if (this.#hasEnded) this.#giveBack()
    }
    return this.#bytes().length - this.#fill
  }

  #giveBack(): void {
    this.#buffer?.release()
    this.#buffer = null
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
    this.#requireSound()
    this.#requireOpen()
    const buffer = this.#buffer
    assert(buffer !== null, 'a buffer is flushed when it is there')
    const offset = this.#bufferOffset
    const sizeBytes = this.#fill
    this.#bufferOffset += sizeBytes
    assert(
      this.#bufferOffset <= this.#offset + this.#parts.sizeBytes,
      'a blob stays within its room',
    )
    this.#buffer = null
    this.#writing = this.#parts.file
      .write(buffer.bytes.subarray(0, sizeBytes), offset)
      .catch((cause: unknown) => {
        this.#failure ??= { cause }
      })
      .finally(() => buffer.release())
  }

  settle(): void {
    this.#hash()
  }

  async finish(trailer: BlobTrailer): Promise<Location> {
    assert(!this.#hasEnded, 'a stream ends once')
    const { dataSizeBytes } = this.#header
    try {
      this.#requireSound()
      assert(this.#dataBytes === dataSizeBytes, 'a blob has the size it was begun with')
      if (!this.#hasBegun) await this.#begin()
      if (this.#blockFill > 0) await this.#endBlock()
      await this.#putTrailer(trailer)
      this.#pad()
      await this.#flush()
      await this.#writing
      this.#requireSound()
      const end = this.#offset + this.#parts.sizeBytes
      assert(this.#bufferOffset === end, 'a blob that has ended fills its room')
      await this.#parts.file.sync()
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

  /** Zeros up to the end of the page; a buffer is whole pages, so there is room. */
  #pad(): void {
    const end = alignUp(this.#fill)
    this.#bytes().fill(0, this.#fill, end)
    this.#fill = end
    this.#hashed = end
  }

  async abandon(): Promise<void> {
    await this.#end()
  }

  async #end(): Promise<void> {
    if (this.#hasEnded) return
    this.#hasEnded = true
    await this.#writing
    this.#giveBack()
    this.#parts.streams.open--
    this.#markEnded()
  }
}
