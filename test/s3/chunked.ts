// Bodies in aws-chunked form, as SDKs send them, signed by code of their own. What should be broken
// in one is changed by the test in the text that comes out.

import { createHash, createHmac } from 'node:crypto'
import type { StreamSeed } from '../../src/s3/sign/verify.ts'
import type { S3Answer } from './answer.ts'
import type { Headers, S3Client } from './client.ts'

export const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
export const SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
export const SIGNED_TRAILER = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'
export type Form = typeof UNSIGNED_TRAILER | typeof SIGNED | typeof SIGNED_TRAILER

const EMPTY = createHash('sha256').digest('hex')

export interface ChunkedSending {
  readonly form: Form
  readonly chunks: readonly string[]
  /** Name and value of the trailer, announced in x-amz-trailer. */
  readonly trailer?: readonly [name: string, value: string]
  readonly headers?: Readonly<Record<string, string>>
  /** x-amz-decoded-content-length; the chunks' by default, null for none. */
  readonly decodedLength?: string | null
  /** HTTP's own chunks around the body, and no Content-Length. */
  readonly isHttpChunked?: boolean
  /** Changes the encoded body, one Latin-1 character a byte. */
  readonly change?: (body: string) => string
}

/** PUTs a body in this form. */
export async function putChunked(
  client: S3Client,
  target: string,
  sending: ChunkedSending,
): Promise<S3Answer> {
  return await client.exchange('PUT', chunkedRequest(client, target, sending))
}

/** The bytes of such a request. */
export function chunkedRequest(client: S3Client, target: string, sending: ChunkedSending): Buffer {
  const { form, chunks, trailer, isHttpChunked = false, change = (body) => body } = sending
  const size = chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk, 'latin1'), 0)
  const { decodedLength = String(size) } = sending
  const headers: Record<string, string> = { 'content-encoding': 'aws-chunked' }
  if (decodedLength !== null) headers['x-amz-decoded-content-length'] = decodedLength
  if (trailer !== undefined) headers['x-amz-trailer'] = trailer[0]
  const signing = { headers: { ...headers, ...sending.headers } as Headers, payloadHash: form }
  const { head, seed } = client.head('PUT', target, { ...signing, length: null })
  const body = change(encode(form, chunks, trailer ?? null, seed))
  const framed = isHttpChunked
    ? `transfer-encoding: chunked\r\n\r\n${httpChunks(body)}`
    : `content-length: ${body.length}\r\n\r\n${body}`
  return Buffer.from(head.slice(0, -2) + framed, 'latin1')
}

function httpChunks(body: string): string {
  let text = ''
  for (let start = 0; start < body.length; start += 50) {
    const piece = body.slice(start, start + 50)
    text += `${piece.length.toString(16)}\r\n${piece}\r\n`
  }
  return `${text}0\r\n\r\n`
}

function encode(
  form: Form,
  chunks: readonly string[],
  trailer: readonly [name: string, value: string] | null,
  seed: StreamSeed | null,
): string {
  const signer = form === UNSIGNED_TRAILER || seed === null ? null : new Signer(seed)
  let text = ''
  for (const chunk of [...chunks, '']) {
    const signature = signer === null ? '' : `;chunk-signature=${signer.chunk(chunk)}`
    text += `${chunk.length.toString(16)}${signature}\r\n${chunk}${chunk === '' ? '' : '\r\n'}`
  }
  if (trailer !== null) {
    const [name, value] = trailer
    text += `${name}:${value}\r\n`
    if (signer !== null && form === SIGNED_TRAILER) {
      text += `x-amz-trailer-signature:${signer.trailer(`${name}:${value}\n`)}\r\n`
    }
  }
  return `${text}\r\n`
}

class Signer {
  readonly #seed: StreamSeed
  #before: string

  constructor(seed: StreamSeed) {
    this.#seed = seed
    this.#before = seed.signature
  }

  chunk(data: string): string {
    return this.#next('PAYLOAD', `${EMPTY}\n${hashOf(data)}`)
  }

  trailer(lines: string): string {
    return this.#next('TRAILER', hashOf(lines))
  }

  #next(what: string, rest: string): string {
    const { amzDate, scope, signingKey } = this.#seed
    const text = `AWS4-HMAC-SHA256-${what}\n${amzDate}\n${scope}\n${this.#before}\n${rest}`
    this.#before = createHmac('sha256', signingKey).update(text).digest('hex')
    return this.#before
  }
}

function hashOf(latin1: string): string {
  return createHash('sha256').update(latin1, 'latin1').digest('hex')
}
