// The extents that this process fills: one that is open for each layout and one leased ahead, so
// that writing goes on while placement is down. An extent is sealed when it is full and all that
// was written into it has been committed or given up.

import { assert } from '../base/assert.ts'
import type { ExtentId, WriterId } from '../base/id.ts'
import type { Lease, Placement } from '../placement/placement.ts'
import { StorageError } from '../storage/storage.ts'
import type { DirectWriter, PackedWriter, Storage } from '../storage/storage.ts'
import { GatewayError } from './gateway.ts'

/** Below this share of free room the next extent is leased. */
const AHEAD_SHARE = 0.3
const ROLLS_MAX = 4

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
  #isClosed = false
  readonly #closing = new Set<Promise<void>>()

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
      const use = this.#use(filling)
      try {
        const written = await write(filling.writer)
        this.#leaseAhead(filling)
        return { use, written }
      } catch (error) {
        use.end()
        if (!(error instanceof StorageError)) throw error
        use.retire()
        if (error.code !== 'extent-full') throw error
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
      retire: () => this.#retire(filling),
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
    if (this.#isClosed) throw new GatewayError('unavailable', 'the gateway is closing')
    const next = (this.#next ??= this.#lease())
    try {
      const filling = await next
      if (this.#next === next) {
        this.#next = null
        this.#current = filling
      }
      return filling.isRetired ? (this.#current ?? (await this.#roll())) : filling
    } catch (error) {
      if (this.#next === next) this.#next = null
      throw error
    }
  }

  async #lease(): Promise<Filling<W>> {
    const lease = await this.#parts.placement.lease(this.#parts.writerId, this.#layout)
    const writer = await this.#openWriter(lease)
    return { lease, writer, uses: 0, isRetired: false }
  }

  #leaseAhead({ lease, writer }: Filling<W>): void {
    if (this.#next !== null || this.#isClosed) return
    if (writer.freeBytes > lease.capacityBytes * AHEAD_SHARE) return
    const next = this.#lease()
    this.#next = next
    next.catch(() => {
      if (this.#next === next) this.#next = null // asked for again when it is needed
    })
  }

  #closeIfDone(filling: Filling<W>): void {
    if (!filling.isRetired || filling.uses > 0) return
    const closing = this.#close(filling)
    this.#closing.add(closing)
    void closing.finally(() => this.#closing.delete(closing))
  }

  /** Seals without hurry: an extent that stays open by a failure here is sealed at the next start. */
  async #close({ lease, writer }: Filling<W>): Promise<void> {
    await Promise.resolve(writer[Symbol.asyncDispose]()).catch(() => undefined)
    await this.#parts.placement.seal(lease.extentId).catch(() => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    const next = await this.#next?.catch(() => null)
    for (const filling of [this.#current, next]) {
      if (filling !== null && filling !== undefined) this.#retire(filling)
    }
    await Promise.all(this.#closing)
  }
}
