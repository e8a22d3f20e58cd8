// Appends small blobs to one extent. All that is asked while a write is under way goes into the
// next one: one synced write a group, and no time spent on waiting for a group to fill.

import { assert } from '../base/assert.ts'
import type { DiskFile } from '../base/disk.ts'
import { BLOCK_SIZE_BYTES, PACKED_WRITE_SIZE_BYTES_MAX } from '../base/limits.ts'
import { crc32 } from '../base/checksum.ts'
import type { ExtentId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { encodeHeader, headerSizeOf } from './blob-header.ts'
import { BLOCK_CRC_SIZE_BYTES, recordSizeOf, TRAILER_SIZE_BYTES } from './blob-layout.ts'
import { encodeTrailer } from './blob-trailer.ts'
import { storageError } from './extent-files.ts'
import { addBlock, seedAt, seedOfExtent } from './place-crc.ts'
import { StorageError } from './storage.ts'
import type { BlobHeader, BlobTrailer, PackedWriter } from './storage.ts'

interface Append {
  readonly record: Buffer
  readonly location: Location
  readonly resolve: (location: Location) => void
  readonly reject: (error: unknown) => void
}

export class PackedExtent implements PackedWriter {
  readonly #extentId: ExtentId
  readonly #extentSeed: number
  readonly #file: DiskFile
  readonly #capacityBytes: number
  /** Where the next record begins; those in the queue lie before it. */
  #end = 0
  #queue: Append[] = []
  #writing: Promise<void> | null = null
  /** Of a write: what it left on the disk nobody knows, so it is this writer's last. */
  #failure: { readonly cause: unknown } | null = null
  #closing: Promise<void> | null = null

  constructor(extentId: ExtentId, file: DiskFile, capacityBytes: number) {
    this.#extentId = extentId
    this.#extentSeed = seedOfExtent(extentId)
    this.#file = file
    this.#capacityBytes = capacityBytes
  }

  get freeBytes(): number {
    return this.#failure === null ? this.#capacityBytes - this.#end : 0
  }

  async append(
    header: BlobHeader,
    data: readonly Uint8Array[],
    trailer: BlobTrailer,
  ): Promise<Location> {
    const headerSizeBytes = headerSizeOf(header)
    const sizeBytes = recordSizeOf(headerSizeBytes, header.dataSizeBytes)
    const givenBytes = data.reduce((sum, piece) => sum + piece.length, 0)
    assert(givenBytes === header.dataSizeBytes, 'a blob has as much data as its header says')
    if (this.#failure !== null) throw this.#failure.cause
    if (this.#closing !== null)
      throw new StorageError('closed', `extent ${this.#extentId} is closed`)
    if (sizeBytes > this.freeBytes) {
      throw new StorageError('extent-full', `extent ${this.#extentId} has no room`)
    }
    const offset = this.#end
    this.#end += sizeBytes
    const record = Buffer.allocUnsafe(sizeBytes)
    const checksum = encodeRecord(record, { header, data, trailer }, this.#extentSeed, offset)
    const { dataSizeBytes } = header
    const location = { extentId: this.#extentId, offset, headerSizeBytes, dataSizeBytes, checksum }
    return await new Promise<Location>((resolve, reject) => {
      this.#queue.push({ record, location, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  /** Writes group after group until nothing is asked any more. */
  async #writeAll(): Promise<void> {
    await Promise.resolve() // what is asked in this turn makes one group
    while (this.#queue.length > 0) {
      const group = this.#takeGroup()
      const offset = group[0]?.location.offset ?? 0
      try {
        if (this.#failure !== null) throw this.#failure.cause
        await this.#file.write(
          group.map(({ record }) => record),
          offset,
        )
        for (const { resolve, location } of group) resolve(location)
      } catch (error) {
        const failure = (this.#failure ??= {
          cause: storageError(error, `extent ${this.#extentId}`),
        })
        for (const { reject } of group) reject(failure.cause)
      }
    }
    this.#writing = null
  }

  #takeGroup(): Append[] {
    let sizeBytes = 0
    const count = this.#queue.findIndex(({ record }) => {
      sizeBytes += record.length
      return sizeBytes > PACKED_WRITE_SIZE_BYTES_MAX
    })
    return this.#queue.splice(0, count < 0 ? this.#queue.length : Math.max(1, count))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    await this.#writing
    try {
      await this.#file.close()
    } catch (error) {
      throw storageError(error, `extent ${this.#extentId}`)
    }
  }
}

/** Writes a whole record; answers its checksum. */
function encodeRecord(
  record: Buffer,
  blob: { header: BlobHeader; data: readonly Uint8Array[]; trailer: BlobTrailer },
  extentSeed: number,
  offset: number,
): number {
  const { header, data, trailer } = blob
  let at = encodeHeader(header, { extentSeed, offset }, record, 0)
  const whole = data.length === 1 && data[0] !== undefined ? data[0] : Buffer.concat(data)
  let blobChecksum = 0
  for (let start = 0; start < whole.length; start += BLOCK_SIZE_BYTES) {
    const block = whole.subarray(start, start + BLOCK_SIZE_BYTES)
    const crc = crc32(block)
    record.set(block, at)
    record.writeUInt32LE((crc ^ seedAt(extentSeed, offset + at)) >>> 0, at + block.length)
    blobChecksum = addBlock(blobChecksum, crc)
    at += block.length + BLOCK_CRC_SIZE_BYTES
  }
  assert(at + TRAILER_SIZE_BYTES === record.length, 'a record fills its room')
  const { dataSizeBytes } = header
  encodeTrailer(
    { ...trailer, dataSizeBytes, blobChecksum },
    { extentSeed, offset: offset + at },
    record,
    at,
  )
  return blobChecksum
}
