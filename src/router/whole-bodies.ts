// Memory for bodies that are read whole: files of forms and XML, of all requests of this process
// together. What does not fit is answered SlowDown before it is read.

import { assert } from '../base/assert.ts'
import { WHOLE_BODIES_SIZE_BYTES_MAX } from '../base/limits.ts'

class Memory {
  #usedSizeBytes = 0

  /** Takes room; false where there is none. */
  acquire(sizeBytes: number): boolean {
    if (this.#usedSizeBytes + sizeBytes > WHOLE_BODIES_SIZE_BYTES_MAX) return false
    this.#usedSizeBytes += sizeBytes
    return true
  }

  release(sizeBytes: number): void {
    this.#usedSizeBytes -= sizeBytes
    assert(this.#usedSizeBytes >= 0, 'memory is released once')
  }
}

/** Of this process. */
export const WHOLE_BODIES: Memory = new Memory()
