// The signatures inside a signed stream: each chunk's over the one before it, then the trailer's.
// Source: S3 API, Signature Calculations: Transferring Payload in Multiple Chunks.

import { createHash, hash, type Hash } from 'node:crypto'
import { S3Error } from './s3-error.ts'
import { equalHex, hmacHex, type StreamSeed } from './sign/verify.ts'

/** Signatures of one stream. The order of calls is that of the stream. */
export class ChunkSigner {
  readonly #seed: StreamSeed
  #before: string
  #claimed = ''
  #hash: Hash | null = null
  #isTrailerSigned = false

  constructor(seed: StreamSeed) {
    this.#seed = seed
    this.#before = seed.signature
  }

  /** Whether the trailer's signature was there and right. */
  get isTrailerSigned(): boolean {
    return this.#isTrailerSigned
  }

  /** A chunk begins that claims this signature. */
  startChunk(claimed: string): void {
    this.#claimed = claimed
    this.#hash = null
  }

  /** Data of the chunk. */
  update(slice: Uint8Array): void {
    this.#hash ??= createHash('sha256')
    this.#hash.update(slice)
  }

  /** The chunk is whole. @throws S3Error `SignatureDoesNotMatch` */
  endChunk(): void {
    const digest = this.#hash === null ? EMPTY_SHA256 : this.#hash.digest('hex')
    this.#check('AWS4-HMAC-SHA256-PAYLOAD', `${EMPTY_SHA256}\n${digest}`, this.#claimed)
  }

  /** Compares the trailer's signature. @throws S3Error `SignatureDoesNotMatch` */
  checkTrailers(trailers: readonly { name: string; value: string }[], claimed: string): void {
    let text = ''
    for (const { name, value } of trailers) text += `${name}:${value}\n`
    const digest = hash('sha256', Buffer.from(text, 'latin1'), 'hex')
    this.#check('AWS4-HMAC-SHA256-TRAILER', digest, claimed)
    this.#isTrailerSigned = true
  }

  #check(algorithm: string, rest: string, claimed: string): void {
    const { amzDate, scope, signingKey } = this.#seed
    const text = `${algorithm}\n${amzDate}\n${scope}\n${this.#before}\n${rest}`
    const computed = hmacHex(signingKey, text)
    if (!equalHex(computed, claimed)) {
      throw new S3Error('SignatureDoesNotMatch', {
        fields: { StringToSign: text, SignatureProvided: claimed },
      })
    }
    this.#before = computed
  }
}

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
