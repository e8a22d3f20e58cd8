// The extents that this process fills: one that is open for each layout and one leased ahead, so
// that writing goes on while placement is down. An extent is sealed when it is full and all that
// was written into it has been committed or given up.

import { assert } from '../base/assert.ts'
import type { ExtentId, WriterId } from '../base/id.ts'
import { REQUESTS_PER_WORKER_MAX } from '../base/limits.ts'
import type { Lease, Placement } from '../placement/placement.ts'
import { StorageError } from '../storage/storage.ts'
import type { DirectWriter, PackedWriter, Storage } from '../storage/storage.ts'
import { GatewayError } from './gateway.ts'

/** Below this share of free room the next extent is leased. */
const AHEAD_SHARE = 0.3
/** Of all writes that wait for room at least one gets into each new extent. */
const ROLLS_MAX: number = REQUESTS_PER_WORKER_MAX

type AnyWriter = PackedWriter | DirectWriter

/** An extent that is being filled, and how many writes wait for their commit. */
interface Filling<W> {
  readonly lease: Lease
  readonly writer: W
  uses: number
  isRetired: boolean
}

/** One write's hold on an extent: it is not sealed before `end`. */
export interface Use<W> {
  readonly extentId: ExtentId
  readonly writer: W
  /** The write is committed or given up. Called once. */
  end(): void
  /** No more is written into this extent: it is full, lost, or a write into it failed. */
  retire(): void
}

export interface PoolParts {
  readonly placement: Pick<Placement, 'lease' | 'seal'>
  readonly storage: Storage
  readonly writerId: WriterId
}

/** Extents of one layout. `openWriter` opens the leased extent's file. */
export class ExtentPool<W extends AnyWriter> implements AsyncDisposable {
  readonly #parts: PoolParts
  readonly #layout: 'packed' | 'direct'
  readonly #openWriter: (lease: Lease) => Promise<W>
  #current: Filling<W> | null = null
  #next: Promise<Filling<W>> | null = null
  /** All that are not sealed yet, and who waits for there to be none. */
  readonly #open = new Set<Filling<W>>()
  #onIdle: (() => void) | null = null
  #closing: Promise<void> | null = null

  constructor(
    parts: PoolParts,
    layout: 'packed' | 'direct',
    openWriter: (lease: Lease) => Promise<W>,
  ) {
    this.#parts = parts
    this.#layout = layout
    this.#openWriter = openWriter
  }

  /**
   * Writes with `write` into the extent that is open, and again into the next where it is full.
   * The use is the caller's to end. @throws StorageError, PlacementError, GatewayError
   */
  async fill<T>(write: (writer: W) => T | Promise<T>): Promise<{ use: Use<W>; written: T }> {
    for (let rolls = 0; rolls < ROLLS_MAX; rolls++) {
      const filling = this.#current ?? (await this.#roll())
      if (filling.isRetired) continue // by one who waited for it too, and was faster
      const use = this.#use(filling)
      const isFresh = filling.writer.freeBytes === filling.lease.capacityBytes
      try {
        const written = await write(filling.writer)
        this.#leaseAhead(filling)
        return { use, written }
      } catch (error) {
        if (error instanceof StorageError) use.retire()
        use.end()
        if (!(error instanceof StorageError) || error.code !== 'extent-full' || isFresh) throw error
      }
    }
    throw new GatewayError('unavailable', 'no extent has room for this blob')
  }

  #use(filling: Filling<W>): Use<W> {
    filling.uses++
    let hasEnded = false
    return {
      extentId: filling.lease.extentId,
      writer: filling.writer,
      end: () => {
        assert(!hasEnded, 'a use ends once')
        hasEnded = true
        filling.uses--
        this.#closeIfDone(filling)
      },
      retire: () => {
        if (!hasEnded) this.#retire(filling)
      },
    }
  }

  #retire(filling: Filling<W>): void {
    if (filling.isRetired) return
    filling.isRetired = true
    if (this.#current === filling) this.#current = null
    this.#closeIfDone(filling)
  }

  /** Takes the extent that was leased ahead, or leases one now; of many callers one leases. */
  async #roll(): Promise<Filling<W>> {
    if (this.#closing !== null) throw new GatewayError('unavailable', 'the gateway is closing')
    const next = (this.#next ??= this.#lease())
    try {
      const filling = await next
      if (this.#next !== next) return filling
      this.#next = null
      this.#current = filling
      return filling
    } catch (error) {
      if (this.#next === next) this.#next = null
      throw error
    }
  }

  async #lease(): Promise<Filling<W>> {
    const { placement, writerId } = this.#parts
    const lease = await placement.lease(writerId, this.#layout)
    try {
      const writer = await this.#openWriter(lease)
      const filling = { lease, writer, uses: 0, isRetired: false }
      this.#open.add(filling)
      return filling
    } catch (error) {
      await this.#seal(lease.extentId)
      throw error
    }
  }

  #leaseAhead({ lease, writer }: Filling<W>): void {
    if (this.#next !== null || this.#closing !== null) return
    if (writer.freeBytes > lease.capacityBytes * AHEAD_SHARE) return
    const next = this.#lease()
    this.#next = next
    next.catch(() => {
      if (this.#next === next) this.#next = null // asked for again when it is needed
    })
  }

  #closeIfDone(filling: Filling<W>): void {
    if (!filling.isRetired || filling.uses > 0) return
    void this.#close(filling).finally(() => {
      this.#open.delete(filling)
      if (this.#open.size === 0) this.#onIdle?.()
    })
  }

  async #close({ lease, writer }: Filling<W>): Promise<void> {
    await Promise.resolve(writer[Symbol.asyncDispose]()).catch(() => undefined)
    await this.#seal(lease.extentId)
  }

  /** Without hurry: an extent that stays open by a failure here is sealed at the next start. */
  async #seal(extentId: ExtentId): Promise<void> {
    await this.#parts.placement.seal(extentId).catch(() => undefined)
  }

  /** Waits for what is being written, and seals all. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#closeAll()
    await this.#closing
  }

  async #closeAll(): Promise<void> {
    const next = await this.#next?.catch(() => null)
    for (const filling of [this.#current, next]) {
      if (filling !== null && filling !== undefined) this.#retire(filling)
    }
    if (this.#open.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
  }
}
