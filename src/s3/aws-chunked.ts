// Decodes a body in aws-chunked form, in pieces as they arrive. Data goes on as views of those
// pieces, without a copy, BEFORE the signature of its chunk is known: nothing may be published
// before `finish` returned. Source: S3 API, Signature Calculations: Transferring Payload in
// Multiple Chunks, and the same with trailing headers.

import { ChunkSigner } from './chunk-signer.ts'
import { S3Error } from './s3-error.ts'
import { S3_LIMITS } from './s3-limits.ts'
import type { StreamPayload } from './payload.ts'
import type { StreamSeed } from './sign/verify.ts'

/** The checksum that came behind a body: lower-case name and text, neither judged yet. */
export interface Trailer {
  readonly name: string
  readonly value: string
}

/** What a decoder works on. */
export interface ChunkedOptions {
  readonly payload: StreamPayload
  /** From `verifySignature`; null only for `stream-unsigned-trailer`. */
  readonly seed: StreamSeed | null
  /** Called during `push`; the slice is a view of what was pushed. */
  readonly onData: (slice: Uint8Array) => void
}

type State = 'size' | 'chunk' | 'chunk-end' | 'trailer' | 'done'

/** One body. After an error it is of no further use. */
export class ChunkedDecoder {
  readonly #payload: StreamPayload
  readonly #signer: ChunkSigner | null
  readonly #onData: (slice: Uint8Array) => void
  readonly #trailers: Trailer[] = []
  #state: State = 'size'
  /** The start of a line whose end has not arrived. */
  #line = ''
  #chunkLeftBytes = 0
  #decodedBytes = 0

  constructor(options: ChunkedOptions) {
    this.#payload = options.payload
    this.#onData = options.onData
    if (options.payload.kind === 'stream-unsigned-trailer') this.#signer = null
    else if (options.seed !== null) this.#signer = new ChunkSigner(options.seed)
    else throw new S3Error('InvalidRequest', { message: 'A signed stream needs a signed request.' })
  }

  /** Takes the next bytes of the body. @throws S3Error as `finish` */
  push(bytes: Uint8Array): void {
    let offset = 0
    while (offset < bytes.length) {
      if (this.#state === 'chunk') offset = this.#takeData(bytes, offset)
      else if (this.#state === 'done') throw malformed('it goes on after its last chunk')
      else offset = this.#takeLine(bytes, offset)
    }
  }

  /**
   * The body is over; answers its trailer, or null where none was announced.
   * @throws S3Error `IncompleteBody`, `InvalidRequest` (framing), `SignatureDoesNotMatch`,
   *   `MalformedTrailerError` (not the announced trailer, or none)
   */
  finish(): Trailer | null {
    if (this.#state !== 'done') throw new S3Error('IncompleteBody')
    const expected = this.#payload.trailer
    const [trailer, ...others] = this.#trailers
    if (others.length > 0 || (trailer?.name ?? null) !== expected) {
      throw new S3Error('MalformedTrailerError')
    }
    return trailer ?? null
  }

  #takeData(bytes: Uint8Array, offset: number): number {
    const end = Math.min(bytes.length, offset + this.#chunkLeftBytes)
    const slice = bytes.subarray(offset, end)
    this.#chunkLeftBytes -= slice.length
    this.#decodedBytes += slice.length
    this.#signer?.update(slice)
    this.#onData(slice)
    if (this.#chunkLeftBytes === 0) {
      this.#signer?.endChunk()
      this.#state = 'chunk-end'
    }
    return end
  }

  #takeLine(bytes: Uint8Array, offset: number): number {
    const limit =
      this.#state === 'trailer' ? S3_LIMITS.trailerLineLengthMax : S3_LIMITS.chunkLineLengthMax
    const stop = Math.min(bytes.length, offset + limit + 1 - this.#line.length)
    let end = offset
    while (end < stop && bytes[end] !== LF) end++
    this.#line += latin1(bytes, offset, end)
    if (end === stop) {
      if (this.#line.length > limit) throw malformed(`a line of it is over ${limit} bytes`)
      return end
    }
    const raw = this.#line
    this.#line = ''
    if (this.#state === 'chunk-end') this.#endChunk(raw)
    else this.#endLine(raw.endsWith('\r') ? raw.slice(0, -1) : raw)
    return end + 1
  }

  #endLine(line: string): void {
    if (this.#state === 'size') this.#startChunk(line)
    else this.#addTrailer(line)
  }

  /** Nothing but CR LF: a bare LF would hide a size that takes the CR for data. */
  #endChunk(line: string): void {
    if (line !== '\r') throw malformed('a chunk is not as long as its size says')
    this.#state = 'size'
  }

  #startChunk(line: string): void {
    const match = (this.#signer === null ? PLAIN_SIZE : SIGNED_SIZE).exec(line)
    if (match === null) throw malformed('a chunk does not begin with its size and signature')
    const sizeBytes = Number.parseInt(match[1] ?? '', 16)
    this.#signer?.startChunk(match[2] ?? '')
    if (this.#decodedBytes + sizeBytes > this.#payload.decodedSizeBytes) throw wrongSize()
    if (sizeBytes > 0) {
      this.#chunkLeftBytes = sizeBytes
      this.#state = 'chunk'
      return
    }
    this.#signer?.endChunk()
    if (this.#decodedBytes !== this.#payload.decodedSizeBytes) throw wrongSize()
    this.#state = 'trailer'
  }

  #addTrailer(line: string): void {
    if (line === '') return this.#endTrailers()
    const colon = line.indexOf(':')
    if (colon <= 0 || this.#trailers.length >= S3_LIMITS.trailersMax) {
      throw new S3Error('MalformedTrailerError')
    }
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (this.#payload.kind === 'stream-signed' || this.#signer?.isTrailerSigned === true) {
      throw new S3Error('MalformedTrailerError')
    }
    if (name !== 'x-amz-trailer-signature') {
      this.#trailers.push({ name, value })
      return
    }
    if (this.#signer === null) throw new S3Error('MalformedTrailerError')
    this.#signer.checkTrailers(this.#trailers, value)
  }

  #endTrailers(): void {
    const mustBeSigned = this.#payload.kind === 'stream-signed-trailer'
    if (mustBeSigned && this.#signer?.isTrailerSigned !== true) {
      throw new S3Error('MalformedTrailerError', {
        message: 'The trailer has no x-amz-trailer-signature.',
      })
    }
    this.#state = 'done'
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}

function malformed(reason: string): S3Error {
  return new S3Error('InvalidRequest', { message: `The aws-chunked body is broken: ${reason}.` })
}

function wrongSize(): S3Error {
  return new S3Error('IncompleteBody', {
    message: 'The chunks do not add up to what the header x-amz-decoded-content-length says.',
  })
}

const LF = 10
const PLAIN_SIZE = /^([0-9a-fA-F]{1,13})(?:;.*)?$/
const SIGNED_SIZE = /^([0-9a-fA-F]{1,13});chunk-signature=([0-9a-f]{64})$/
