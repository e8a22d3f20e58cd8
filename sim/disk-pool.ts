// The buffers of one simulated process: as the real pool's, bounded and aligned. What is given back
// is spoiled, so that whoever still reads or writes it is found out.

import { assert } from '../src/base/assert.ts'
import type { DiskBuffer } from '../src/base/disk.ts'
import {
  BUFFER_POOL_SIZE_BYTES,
  BUFFER_SIZE_BYTES_MAX,
  BUFFER_WAITERS_MAX,
  DISK_PAGE_SIZE_BYTES,
} from '../src/base/limits.ts'
import { QueueFullError } from '../src/base/queue.ts'

const SPOILED = 0xdb

interface Waiter {
  readonly sizeBytes: number
  readonly admit: () => void
}

export class DiskPool {
  readonly #waiters = new Set<Waiter>()
  #lentBytes = 0

  acquire(sizeBytes: number, signal?: AbortSignal): Promise<DiskBuffer> {
    assert(sizeBytes > 0 && sizeBytes <= BUFFER_SIZE_BYTES_MAX, 'a buffer has 1 B to 1 MiB + 4 KiB')
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    const roundBytes = Math.ceil(sizeBytes / DISK_PAGE_SIZE_BYTES) * DISK_PAGE_SIZE_BYTES
    if (this.#waiters.size === 0 && this.#hasRoom(roundBytes)) {
      return Promise.resolve(this.#lend(roundBytes))
    }
    if (this.#waiters.size >= BUFFER_WAITERS_MAX) {
      return Promise.reject(new QueueFullError(`${this.#waiters.size} wait for a buffer already`))
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.delete(waiter)
        reject(signal?.reason)
        this.#admit()
      }
      const waiter: Waiter = {
        sizeBytes: roundBytes,
        admit: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve(this.#lend(roundBytes))
        },
      }
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  #hasRoom(sizeBytes: number): boolean {
    return this.#lentBytes + sizeBytes <= BUFFER_POOL_SIZE_BYTES
  }

  #lend(sizeBytes: number): DiskBuffer {
    this.#lentBytes += sizeBytes
    const bytes = Buffer.from(new ArrayBuffer(sizeBytes)) // alone in its memory: aligned
    let isLent = true
    return {
      bytes,
      release: () => {
        assert(isLent, 'a buffer is given back once')
        isLent = false
        bytes.fill(SPOILED)
        this.#lentBytes -= sizeBytes
        this.#admit()
      },
    }
  }

  #admit(): void {
    for (const waiter of this.#waiters) {
      if (!this.#hasRoom(waiter.sizeBytes)) return
      this.#waiters.delete(waiter)
      waiter.admit()
    }
  }
}
