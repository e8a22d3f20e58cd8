// A body that is read from a version instead of a client: what copies of bytes are made of.

import type { ChecksumAlgorithm } from '../object-index/object-index.ts'
import { BLOCK_SIZE_BYTES } from '../base/limits.ts'
import { GatewayError } from './gateway.ts'
import type { Body, BodyClaims } from './gateway.ts'
import type { ByteRange } from './read-body.ts'

/** Bytes read at once; each copy under way holds so many. */
const STEP_SIZE_BYTES: number = 4 * BLOCK_SIZE_BYTES

/** Reads a range of the source to its end, and lets go of all that it read with. */
type ReadSource = (range: ByteRange) => AsyncIterable<Uint8Array>

export interface VersionBodyParts {
  readonly read: ReadSource
  readonly range: ByteRange
  /** The checksum that is stored with the copy; null: the default. */
  readonly algorithm: ChecksumAlgorithm | null
  /** What the bytes must be, where that is known. */
  readonly md5: Uint8Array | null
}

/**
 * Each step is read whole into memory of its own before it is handed out. So a copy never holds a
 * buffer of the pool while it waits for another one to write from, and one that is given up half
 * way leaves no reading behind.
 */
export class VersionBody implements Body {
  readonly sizeBytes: number
  readonly checksumAlgorithm: ChecksumAlgorithm | null
  readonly hasSha256 = false
  readonly #parts: VersionBodyParts
  #at: number

  constructor(parts: VersionBodyParts) {
    const { range, algorithm } = parts
    this.sizeBytes = range.end - range.start
    this.checksumAlgorithm = algorithm
    this.#parts = parts
    this.#at = range.start
  }

  async next(): Promise<Uint8Array | null> {
    const { read, range } = this.#parts
    const start = this.#at
    if (start === range.end) return null
    // Steps end where blocks do, so that no block is read twice.
    const end = Math.min(start - (start % STEP_SIZE_BYTES) + STEP_SIZE_BYTES, range.end)
    const step = Buffer.allocUnsafe(end - start)
    let filled = 0
    for await (const piece of read({ start, end })) {
      step.set(piece, filled)
      filled += piece.length
    }
    if (filled !== step.length) throw new GatewayError('damaged', 'the source has fewer bytes')
    this.#at = end
    return step
  }

  claims(): BodyClaims {
    return { md5: this.#parts.md5, sha256: null, checksum: null }
  }
}
