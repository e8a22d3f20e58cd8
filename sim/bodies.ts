// Bodies that say what they are. Each is drawn from a number, so that its bytes need not be kept;
// what an ETag promises is known here, and a read is compared with it byte for byte.

import { createHash } from 'node:crypto'
import type { Clock } from '../src/base/clock.ts'
import type { Body, BodyClaims } from '../src/gateway/gateway.ts'
import type { ChecksumAlgorithm } from '../src/object-index/object-index.ts'
import type { SeenBody } from './history.ts'

/** One body that a client sends. */
export interface MadeBody {
  readonly etag: string
  readonly bytes: Buffer
}

/** What a sender may do on the way. */
export interface SendOptions {
  /** Each piece takes this long; 0: all are there at once. */
  readonly pieceDelayMs?: number
  readonly pieceSizeBytes?: number
  readonly claims?: Partial<BodyClaims>
  readonly checksumAlgorithm?: ChecksumAlgorithm | null
  /** The client goes away behind this many bytes: `next` rejects. */
  readonly breakAt?: number
}

/** The client went away in its body. */
export class BodyBroken extends Error {
  override readonly name = 'BodyBroken'
}

/** The bucket of what is to be copied is no more: it says nothing of where the copy was to go. */
export class SourceGone extends Error {
  override readonly name = 'SourceGone'
}

const PIECE_SIZE_BYTES = 65_536

export class Bodies {
  readonly #byEtag = new Map<string, Buffer>()
  readonly #copied = new Map<string, string>()
  #next = 1

  /** A new body, unlike all before it; of 0 bytes they are all one. */
  make(sizeBytes: number): MadeBody {
    const bytes = fill(sizeBytes, this.#next++)
    const etag = md5(bytes)
    this.#byEtag.set(etag, bytes)
    return { etag, bytes }
  }

  /** A body of bytes that are there already, as those of a range that is copied. */
  know(bytes: Buffer): MadeBody {
    const etag = md5(bytes)
    this.#byEtag.set(etag, bytes)
    return { etag, bytes }
  }

  /** The object that parts make, in their order. */
  makeWhole(parts: readonly MadeBody[]): MadeBody {
    const bytes = Buffer.concat(parts.map((part) => part.bytes))
    const sums = parts.map((part) => Buffer.from(part.etag, 'hex'))
    const etag = `${md5(Buffer.concat(sums))}-${parts.length}`
    this.#byEtag.set(etag, bytes)
    return { etag, bytes }
  }

  /** The bytes that an ETag promises; null for one that no client made. */
  bytesOf(etag: string): Buffer | null {
    return this.#byEtag.get(etag) ?? null
  }

  /**
   * The ETag of a copy whose bytes had to be copied: their MD5, which an object of parts does not
   * have. One of bytes that no client made has its source's.
   */
  copiedEtag(etag: string): string {
    const known = this.#copied.get(etag)
    if (known !== undefined) return known
    const bytes = this.bytesOf(etag)
    const copied = bytes === null ? etag : this.know(bytes).etag
    this.#copied.set(etag, copied)
    return copied
  }

  /** What was read of a version with this ETag, compared. */
  seen(etag: string, start: number, pieces: readonly Uint8Array[]): SeenBody {
    const bytes = Buffer.concat(pieces)
    const end = start + bytes.length
    const promised = this.bytesOf(etag)?.subarray(start, end) ?? null
    const isRight = promised !== null && promised.equals(bytes)
    return { start, end, md5: md5(bytes), isRight }
  }
}

/** A body as a gateway takes it, in pieces, on the worker's clock. */
export function sendBody(made: MadeBody, clock: Clock, options: SendOptions = {}): Body {
  const { pieceDelayMs = 0, pieceSizeBytes = PIECE_SIZE_BYTES, breakAt = Infinity } = options
  const { bytes } = made
  const claims = { md5: null, sha256: null, checksum: null, ...options.claims }
  let at = 0
  return {
    sizeBytes: bytes.length,
    checksumAlgorithm: claims.checksum?.algorithm ?? options.checksumAlgorithm ?? null,
    hasSha256: claims.sha256 !== null,
    claims: () => claims,
    next: async () => {
      if (pieceDelayMs > 0) await clock.sleep(pieceDelayMs)
      if (at >= breakAt) throw new BodyBroken('the client went away')
      if (at === bytes.length) return null
      const start = at
      at = Math.min(start + pieceSizeBytes, bytes.length)
      return bytes.subarray(start, at)
    },
  }
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex')
}

/** Bytes of a number: its own first, then a pattern that differs in every place. */
function fill(sizeBytes: number, number: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  let state = Math.imul(number, 0x9e3779b1) >>> 0
  for (let at = 0; at < Math.min(sizeBytes, 4096); at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[at] = state >>> 24
  }
  if (sizeBytes >= 4) bytes.writeUInt32LE(number, 0)
  for (let done = 4096; done < sizeBytes; done *= 2) bytes.copy(bytes, done, 0, done)
  for (let at = 4096; at + 8 <= sizeBytes; at += 4096) bytes.writeUInt32LE(at ^ number, at)
  return bytes
}
