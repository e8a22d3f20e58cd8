// The aligned buffers of this process, out of the kernels' memory. A region is cut into slots of the
// largest size; one is lent whole, or cut further into small ones until all of those are back.
// First asked, first served; who waits can be aborted.

import { assert } from '../base/assert.ts'
import type { DiskBuffer } from '../base/disk.ts'
import { kernelMemory } from '../base/kernel/kernel.ts'
import {
  BUFFER_POOL_SIZE_BYTES,
  BUFFER_SIZE_BYTES_MAX,
  BUFFER_SIZE_BYTES_MIN,
  BUFFER_WAITERS_MAX,
  DISK_PAGE_SIZE_BYTES,
} from '../base/limits.ts'
import { QueueFullError } from '../base/queue.ts'

/** A block and a page, as the largest is a piece and a page. */
const SMALL_SIZE_BYTES: number = BUFFER_SIZE_BYTES_MIN + DISK_PAGE_SIZE_BYTES

interface Slot {
  readonly offset: number
  /** The large slot that a small one was cut from. */
  readonly parent: Parent | null
}

interface Parent {
  readonly slot: Slot
  readonly free: Slot[]
  readonly count: number
}

interface Waiter {
  readonly sizeBytes: number
  readonly admit: (buffer: DiskBuffer) => void
}

/** Lends parts of `region`, which begins on a page of the disk and belongs to nobody else. */
export class BufferPool {
  readonly #region: Uint8Array
  /** Last in, first out: memory that was never used never becomes resident. */
  readonly #large: Slot[] = []
  /** Large slots that are cut and have a small one free. */
  readonly #cut = new Set<Parent>()
  readonly #waiters = new Set<Waiter>()

  constructor(region: Uint8Array) {
    assert(region.byteOffset % DISK_PAGE_SIZE_BYTES === 0, 'buffers begin on a page')
    assert(region.length >= BUFFER_SIZE_BYTES_MAX, 'a pool lends one buffer at least')
    this.#region = region
    const count = Math.floor(region.length / BUFFER_SIZE_BYTES_MAX)
    for (let index = count - 1; index >= 0; index -= 1) {
      this.#large.push({ offset: index * BUFFER_SIZE_BYTES_MAX, parent: null })
    }
  }

  /** Callers that wait. */
  get waiting(): number {
    return this.#waiters.size
  }

  /**
   * Lends `sizeBytes` (1 to BUFFER_SIZE_BYTES_MAX), rounded up to a page; the content is arbitrary.
   * @throws QueueFullError where BUFFER_WAITERS_MAX wait; the signal's reason when aborted
   */
  acquire(sizeBytes: number, signal?: AbortSignal): Promise<DiskBuffer> {
    assert(sizeBytes > 0 && sizeBytes <= BUFFER_SIZE_BYTES_MAX, 'a buffer has 1 B to 1 MiB + 4 KiB')
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    const buffer = this.#waiters.size === 0 ? this.#lend(sizeBytes) : null
    if (buffer !== null) return Promise.resolve(buffer)
    if (this.#waiters.size >= BUFFER_WAITERS_MAX) {
      return Promise.reject(new QueueFullError(`${this.#waiters.size} wait for a buffer already`))
    }
    return this.#wait(sizeBytes, signal)
  }

  #wait(sizeBytes: number, signal: AbortSignal | undefined): Promise<DiskBuffer> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.delete(waiter)
        reject(signal?.reason)
        this.#admit() // who stood behind may need less
      }
      const waiter: Waiter = {
        sizeBytes,
        admit: (buffer) => {
          signal?.removeEventListener('abort', onAbort)
          resolve(buffer)
        },
      }
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  #admit(): void {
    for (const waiter of this.#waiters) {
      const buffer = this.#lend(waiter.sizeBytes)
      if (buffer === null) return
      this.#waiters.delete(waiter)
      waiter.admit(buffer)
    }
  }

  #lend(sizeBytes: number): DiskBuffer | null {
    const slot = sizeBytes <= SMALL_SIZE_BYTES ? this.#takeSmall() : (this.#large.pop() ?? null)
    if (slot === null) return null
    const pages = Math.ceil(sizeBytes / DISK_PAGE_SIZE_BYTES)
    const start = this.#region.byteOffset + slot.offset
    const bytes = Buffer.from(this.#region.buffer, start, pages * DISK_PAGE_SIZE_BYTES)
    let isLent = true
    return {
      bytes,
      release: () => {
        assert(isLent, 'a buffer is given back once')
        isLent = false
        this.#giveBack(slot)
        this.#admit()
      },
    }
  }

  #takeSmall(): Slot | null {
    const parent = this.#cut.values().next().value ?? this.#cutLarge()
    if (parent === null) return null
    const slot = parent.free.pop()
    assert(slot !== undefined, 'a cut slot in the set has a small one free')
    if (parent.free.length === 0) this.#cut.delete(parent)
    return slot
  }

  #cutLarge(): Parent | null {
    const slot = this.#large.pop()
    if (slot === undefined) return null
    const free: Slot[] = []
    const count = Math.floor(BUFFER_SIZE_BYTES_MAX / SMALL_SIZE_BYTES)
    const parent: Parent = { slot, free, count }
    for (let index = count - 1; index >= 0; index -= 1) {
      free.push({ offset: slot.offset + index * SMALL_SIZE_BYTES, parent })
    }
    this.#cut.add(parent)
    return parent
  }

  #giveBack(slot: Slot): void {
    const { parent } = slot
    if (parent === null) {
      this.#large.push(slot)
      return
    }
    parent.free.push(slot)
    if (parent.free.length === 1) this.#cut.add(parent)
    if (parent.free.length === parent.count) {
      this.#cut.delete(parent)
      this.#large.push(parent.slot)
    }
  }
}

let processPool: BufferPool | null = null

/** The one pool of this process. Its size is fixed by who asks first. */
export function bufferPool(sizeBytes: number = BUFFER_POOL_SIZE_BYTES): BufferPool {
  assert(sizeBytes <= BUFFER_POOL_SIZE_BYTES, 'the pool lies within the memory of the kernels')
  return (processPool ??= new BufferPool(kernelMemory().pool.subarray(0, sizeBytes)))
}
