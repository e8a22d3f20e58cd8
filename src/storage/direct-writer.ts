// Streams large blobs into one extent, several at a time, each into room of its own that begins at
// a page.

import { assert } from '../base/assert.ts'
import type { Disk, DiskFile } from '../base/disk.ts'
import type { ExtentId } from '../base/id.ts'
import { headerSizeOf } from './blob-header.ts'
import { alignUp, recordSizeOf } from './blob-layout.ts'
import { DirectFile } from './direct-file.ts'
import { DirectStream } from './direct-stream.ts'
import type { StreamCount } from './piece-size.ts'
import { StorageError } from './storage.ts'
import type { BlobHeader, BlobStream, BlobTap, DirectWriter } from './storage.ts'

export interface DirectParts {
  readonly extentId: ExtentId
  /** Empty, and nobody else's. */
  readonly file: DiskFile
  readonly disk: Disk
  readonly streams: StreamCount
  readonly capacityBytes: number
}

export class DirectExtent implements DirectWriter {
  readonly #parts: DirectParts
  readonly #file: DirectFile
  readonly #open = new Set<Promise<void>>()
  #end = 0
  #closing: Promise<void> | null = null

  constructor(parts: DirectParts) {
    this.#parts = parts
    this.#file = new DirectFile(parts.extentId, parts.file)
  }

  get freeBytes(): number {
    return this.#file.isDead ? 0 : this.#parts.capacityBytes - this.#end
  }

  begin(header: BlobHeader, tap: BlobTap = () => undefined): BlobStream {
    const { extentId, disk, streams } = this.#parts
    if (this.#closing !== null) throw new StorageError('closed', `extent ${extentId} is closed`)
    this.#file.requireAlive()
    const sizeBytes = alignUp(recordSizeOf(headerSizeOf(header), header.dataSizeBytes))
    if (sizeBytes > this.freeBytes) {
      throw new StorageError('extent-full', `extent ${extentId} has no room`)
    }
    const offset = this.#end
    this.#end += sizeBytes
    assert(this.#end <= this.#parts.capacityBytes, 'an extent is not filled beyond its capacity')
    const stream = new DirectStream(
      { extentId, file: this.#file, disk, streams, sizeBytes },
      header,
      offset,
      tap,
    )
    this.#open.add(stream.ended)
    void stream.ended.finally(() => this.#open.delete(stream.ended))
    return stream
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    await Promise.all(this.#open)
    await this.#file.close()
  }
}
