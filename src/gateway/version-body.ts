// A body that is read from a version instead of a client: what copies of bytes are made of.

import type { ChecksumAlgorithm } from '../object-index/object-index.ts'
import type { Body, BodyClaims } from './gateway.ts'
import type { ByteRange } from './read-body.ts'

export class VersionBody implements Body {
  readonly sizeBytes: number
  readonly checksumAlgorithm: ChecksumAlgorithm | null
  readonly hasSha256 = false
  readonly #pieces: AsyncIterator<Uint8Array>

  /** `algorithm`: the checksum that is stored with the copy; null: the default. */
  constructor(
    pieces: AsyncIterable<Uint8Array>,
    range: ByteRange,
    algorithm: ChecksumAlgorithm | null,
  ) {
    this.sizeBytes = range.end - range.start
    this.checksumAlgorithm = algorithm
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** Copies each piece: the one before is gone when the next is asked for. */
  async next(): Promise<Uint8Array | null> {
    const { done, value } = await this.#pieces.next()
    return done === true ? null : Buffer.from(value)
  }

  claims(): BodyClaims {
    return { md5: null, sha256: null, checksum: null }
  }
}
