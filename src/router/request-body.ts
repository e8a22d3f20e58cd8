// A request's body, pulled: plain or in aws-chunked form, over Node's stream. What has arrived and
// nobody asked for is bounded by one piece of the socket, besides what Node itself holds.

import type { IncomingMessage } from 'node:http'
import { assert } from '../base/assert.ts'
import { BODY_SILENCE_MS } from '../base/limits.ts'
import type { Body, BodyClaims } from '../gateway/gateway.ts'
import { ChunkedDecoder } from '../s3/aws-chunked.ts'
import type { ChecksumAlgorithm } from '../s3/checksum-algorithm.ts'
import { parseChecksumValue, type RequestChecksum } from '../s3/checksum-header.ts'
import type { Payload } from '../s3/payload.ts'
import { S3Error } from '../s3/s3-error.ts'
import type { StreamSeed } from '../s3/sign/verify.ts'

/** More slices than this out of one piece are joined, so that tiny chunks cost no call each. */
const SLICES_MAX = 8

/** What the headers say of a body. */
export interface BodyShape {
  readonly payload: Payload
  readonly seed: StreamSeed | null
  readonly checksum: RequestChecksum
  readonly md5: Uint8Array | null
  /** Bytes on the wire; null where the body is HTTP-chunked and only its end tells. */
  readonly wireSizeBytes: number | null
  readonly sizeBytes: number
}

/** Who lets the client send, and knows the time. */
export interface BodyHost {
  readonly req: IncomingMessage
  sendContinue(): void
  readonly services: { readonly watchdog: { nowMs(): number } }
}

interface Waiting {
  readonly resolve: (piece: Uint8Array | null) => void
  readonly reject: (error: S3Error) => void
  readonly sinceMs: number
}

/** One body. Its failures are S3Errors, which `failure` keeps. */
export class RequestBody implements Body {
  readonly sizeBytes: number
  readonly checksumAlgorithm: ChecksumAlgorithm | null
  readonly hasSha256: boolean
  /** The first thing that was wrong with it; also what `next` rejected with. */
  failure: S3Error | null = null
  receivedBytes = 0

  readonly #host: BodyHost
  readonly #shape: BodyShape
  readonly #decoder: ChunkedDecoder | null
  #queue: Uint8Array[] = []
  #waiting: Waiting | null = null
  #isFlowing = false
  #hasEnded = false
  #checksum: BodyClaims['checksum'] = null

  constructor(host: BodyHost, shape: BodyShape) {
    const { payload, seed, checksum } = shape
    this.#host = host
    this.#shape = shape
    this.sizeBytes = shape.sizeBytes
    this.hasSha256 = payload.kind === 'single'
    this.checksumAlgorithm = checksum.kind === 'none' ? null : checksum.algorithm
    if (checksum.kind === 'value') this.#checksum = checksum
    this.#decoder =
      payload.kind === 'unsigned' || payload.kind === 'single'
        ? null
        : new ChunkedDecoder({ payload, seed, onData: (slice) => this.#queue.push(slice) })
    if (shape.wireSizeBytes === 0) this.#end()
  }

  next(): Promise<Uint8Array | null> {
    assert(this.#waiting === null, 'one piece of a body is asked for at a time')
    if (!this.#isFlowing && !this.#hasEnded && this.failure === null) this.#start()
    const piece = this.#queue.shift()
    if (piece !== undefined) return Promise.resolve(piece)
    if (this.failure !== null) return Promise.reject(this.failure)
    if (this.#hasEnded) return DONE
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, sinceMs: this.#host.services.watchdog.nowMs() }
      if (this.#host.req.isPaused()) this.#host.req.resume()
    })
  }

  claims(): BodyClaims {
    assert(this.#hasEnded && this.#queue.length === 0, 'a body makes its claims at its end')
    const { payload, md5 } = this.#shape
    const sha256 = payload.kind === 'single' ? payload.sha256 : null
    return { md5, sha256, checksum: this.#checksum }
  }

  /** Gives up on a client that sends nothing. */
  check(nowMs: number): void {
    if (this.#waiting === null || nowMs - this.#waiting.sinceMs <= BODY_SILENCE_MS) return
    this.#fail(new S3Error('RequestTimeout'))
  }

  #start(): void {
    const { req } = this.#host
    this.#host.sendContinue()
    // A small body has mostly arrived by now, and needs no events at all.
    const waitingBytes = req.readableLength
    if (waitingBytes > 0 && waitingBytes === this.#shape.wireSizeBytes) {
      this.#take(req.read() as Buffer)
      req.resume() // to its end, so that the parser is done with it
      return
    }
    this.#isFlowing = true
    req.on('data', (bytes: Buffer) => this.#take(bytes))
    req.once('end', () => this.#onEnd())
    req.once('close', () => this.#onEnd())
    if (req.destroyed) this.#onEnd()
  }

  #take(bytes: Buffer): void {
    this.receivedBytes += bytes.length
    if (this.failure !== null) return
    if (this.#decoder === null) this.#queue.push(bytes)
    else if (!this.#decode(this.#decoder, bytes)) return
    if (this.receivedBytes === this.#shape.wireSizeBytes) this.#end()
    this.#give()
  }

  #decode(decoder: ChunkedDecoder, bytes: Buffer): boolean {
    const before = this.#queue.length
    try {
      decoder.push(bytes)
    } catch (error) {
      this.#fail(asBodyError(error))
      return false
    }
    if (this.#queue.length - before > SLICES_MAX) {
      this.#queue.push(Buffer.concat(this.#queue.splice(before)))
    }
    return true
  }

  /** The wire is done; what is queued still goes out. */
  #end(): void {
    if (this.#hasEnded) return
    try {
      const trailer = this.#decoder?.finish() ?? null
      const { checksum } = this.#shape
      if (trailer !== null && checksum.kind === 'trailer') {
        const { algorithm } = checksum
        this.#checksum = { algorithm, value: parseChecksumValue(algorithm, trailer.value) }
      }
      this.#hasEnded = true
    } catch (error) {
      this.#fail(asBodyError(error))
    }
  }

  /** The stream ended or broke off. */
  #onEnd(): void {
    if (this.#hasEnded || this.failure !== null) return
    const { req } = this.#host
    if (req.complete && this.#shape.wireSizeBytes === null) this.#end()
    else this.#fail(new S3Error('IncompleteBody'))
    this.#give()
  }

  #give(): void {
    const waiting = this.#waiting
    if (waiting !== null) {
      const piece = this.#queue.shift()
      if (piece === undefined && !this.#hasEnded) return
      this.#waiting = null
      waiting.resolve(piece ?? null)
    }
    if (this.#isFlowing && this.#queue.length > 0) this.#host.req.pause()
  }

  #fail(error: S3Error): void {
    if (this.failure !== null || this.#hasEnded) return
    this.failure = error
    this.#queue = []
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.reject(error)
  }
}

function asBodyError(error: unknown): S3Error {
  if (error instanceof S3Error) return error
  throw error
}

const DONE: Promise<null> = Promise.resolve(null)
