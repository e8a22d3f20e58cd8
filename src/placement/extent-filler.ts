// Fills extents of one writer in this process: small blobs packed, large ones streamed. An extent
// that is full is given up for a new one, and sealed once all that was written to it is committed
// or abandoned, which only the caller knows.

import { DiskError } from '../base/disk.ts'
import { newId, type ExtentId, type WriterId } from '../base/id.ts'
import { PACKED_BODY_SIZE_BYTES_MAX } from '../base/limits.ts'
import type { Location } from '../base/location.ts'
import type { Random } from '../base/random.ts'
import {
  StorageError,
  type BlobHeader,
  type BlobTrailer,
  type DirectWriter,
  type PackedWriter,
  type Storage,
} from '../storage/storage.ts'
import { storageFailure } from './lease.ts'
import type { ExtentFiller, Lease } from './placement.ts'

export interface FillerParts {
  readonly storage: Storage
  readonly random: Random
  readonly lease: (writerId: WriterId, layout: Lease['layout']) => Promise<Lease>
  readonly seal: (extentId: ExtentId) => Promise<void>
  readonly noteFull: () => void
}

interface Open<Writer extends AsyncDisposable> {
  readonly extentId: ExtentId
  readonly writer: Writer
}

/** A blob that fits no extent that was just made is refused by the third. */
const EXTENT_TRIES = 3

export class Filler implements ExtentFiller {
  readonly writerId: WriterId
  readonly #parts: FillerParts
  readonly #packed: Slot<PackedWriter>
  readonly #direct: Slot<DirectWriter>
  readonly #retired: Open<AsyncDisposable>[] = []

  constructor(parts: FillerParts) {
    this.#parts = parts
    this.writerId = newId<WriterId>(parts.random)
    const retire = (open: Open<AsyncDisposable>): void => {
      this.#retired.push(open)
    }
    const { storage } = parts
    this.#packed = new Slot(
      () =>
        this.#open('packed', (lease) => storage.openPacked(lease.extentId, lease.capacityBytes)),
      retire,
    )
    this.#direct = new Slot(
      () =>
        this.#open('direct', (lease) => storage.openDirect(lease.extentId, lease.capacityBytes)),
      retire,
    )
  }

  async append(
    header: BlobHeader,
    data: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    trailer: BlobTrailer,
  ): Promise<Location> {
    try {
      return header.dataSizeBytes <= PACKED_BODY_SIZE_BYTES_MAX
        ? await this.#appendPacked(header, await collect(data), trailer)
        : await this.#appendDirect(header, data, trailer)
    } catch (cause) {
      if (cause instanceof StorageError && cause.code === 'full') this.#parts.noteFull()
      throw storageFailure(cause, 'a blob cannot be written')
    }
  }

  async settle(): Promise<void> {
    for (let open = this.#retired[0]; open !== undefined; open = this.#retired[0]) {
      await closeWriter(open.writer)
      await this.#parts.seal(open.extentId)
      // Only what is sealed is forgotten: one that could not be is tried again.
      if (this.#retired[0] === open) this.#retired.shift()
    }
  }

  renew(): void {
    this.#packed.retire()
    this.#direct.retire()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.renew()
    // What stays open is sealed at the next start: a writer's id is never used again.
    for (const { writer } of this.#retired.splice(0)) await closeWriter(writer)
  }

  async #appendPacked(
    header: BlobHeader,
    pieces: readonly Uint8Array[],
    trailer: BlobTrailer,
  ): Promise<Location> {
    for (let tries = 1; ; tries += 1) {
      const open = await this.#packed.get()
      try {
        return await open.writer.append(header, pieces, trailer)
      } catch (cause) {
        this.#packed.retire(open)
        if (!isExtentFull(cause) || tries === EXTENT_TRIES) throw cause
      }
    }
  }

  async #appendDirect(
    header: BlobHeader,
    data: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    trailer: BlobTrailer,
  ): Promise<Location> {
    for (let tries = 1; ; tries += 1) {
      const open = await this.#direct.get()
      let stream
      try {
        stream = open.writer.begin(header)
      } catch (cause) {
        this.#direct.retire(open)
        if (!isExtentFull(cause) || tries === EXTENT_TRIES) throw cause
        continue
      }
      try {
        for await (const piece of data) await stream.write(piece)
      } catch (cause) {
        await stream.abandon()
        // The data may be what failed, but an extent less is cheap.
        this.#direct.retire(open)
        throw cause
      }
      try {
        return await stream.finish(trailer)
      } catch (cause) {
        this.#direct.retire(open)
        throw cause
      }
    }
  }

  async #open<Writer extends AsyncDisposable>(
    layout: Lease['layout'],
    open: (lease: Lease) => Promise<Writer>,
  ): Promise<Open<Writer>> {
    const lease = await this.#parts.lease(this.writerId, layout)
    return { extentId: lease.extentId, writer: await open(lease) }
  }
}

/** The extent that is filled now, or none; callers at once share the making of a new one. */
class Slot<Writer extends AsyncDisposable> {
  readonly #open: () => Promise<Open<Writer>>
  readonly #onRetire: (open: Open<Writer>) => void
  #current: Promise<Open<Writer>> | null = null
  #opened: Open<Writer> | null = null

  constructor(open: () => Promise<Open<Writer>>, onRetire: (open: Open<Writer>) => void) {
    this.#open = open
    this.#onRetire = onRetire
  }

  get(): Promise<Open<Writer>> {
    this.#current ??= this.#begin()
    return this.#current
  }

  /** Gives up the extent that is filled, or nothing where it is another than `only` by now. */
  retire(only: Open<Writer> | null = this.#opened): void {
    if (only === null || only !== this.#opened) return
    this.#opened = null
    this.#current = null
    this.#onRetire(only)
  }

  async #begin(): Promise<Open<Writer>> {
    try {
      this.#opened = await this.#open()
      return this.#opened
    } catch (cause) {
      this.#current = null
      throw cause
    }
  }
}

/** What was answered was durable before: a file that does not close costs a descriptor, no more. */
async function closeWriter(writer: AsyncDisposable): Promise<void> {
  try {
    await writer[Symbol.asyncDispose]()
  } catch (cause) {
    if (!(cause instanceof StorageError) && !(cause instanceof DiskError)) throw cause
  }
}

function isExtentFull(cause: unknown): boolean {
  return cause instanceof StorageError && cause.code === 'extent-full'
}

/** Copies: a piece is valid only until the next. */
async function collect(
  data: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = []
  for await (const piece of data) pieces.push(Buffer.from(piece))
  return pieces
}
