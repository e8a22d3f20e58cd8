// A client that signs what it is told to send and changes none of it.

import { createHash } from 'node:crypto'
import type { ManualClock } from '../../src/base/manual-clock.ts'
import { percentEncode } from '../../src/s3/percent.ts'
import { presignTarget, signRequest } from '../../src/s3/sign/sign.ts'
import type { Signer } from '../../src/s3/sign/sign.ts'
import type { StreamSeed } from '../../src/s3/sign/verify.ts'
import { isStatus } from './answer.ts'
import type { S3Answer } from './answer.ts'
import { Wire } from './wire.ts'

export interface Keys {
  readonly accessKeyId: string
  readonly secret: string
}

/** Name and value in turn, one Latin-1 character a byte; or an object where none repeats. */
export type Headers = readonly string[] | Readonly<Record<string, string>>

export interface Sending {
  readonly headers?: Headers
  readonly body?: Uint8Array | string
  /** x-amz-content-sha256; the body's by default, unless it is long. */
  readonly payloadHash?: string
  /** Signed by default. */
  readonly as?: 'signed' | 'anonymous'
  /** The Content-Length: the body's by default, any text, or null for no such header. */
  readonly length?: string | null
  readonly host?: string
  /** How far the signer's clock is off. */
  readonly skewMs?: number
  readonly region?: string
}

const HASHED_SIZE_BYTES_MAX = 65_536

export class S3Client {
  readonly #port: number
  readonly #clock: ManualClock
  readonly #region: string
  readonly #keys: Keys
  readonly #idle: Wire[] = []

  constructor(options: { port: number; clock: ManualClock; region: string; keys: Keys }) {
    this.#port = options.port
    this.#clock = options.clock
    this.#region = options.region
    this.#keys = options.keys
  }

  get host(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** Sends a request to a raw target, such as `/bucket/key?acl`, and reads its answer. */
  async send(method: string, target: string, sending: Sending = {}): Promise<S3Answer> {
    const body = bytesOf(sending.body)
    const { head } = this.head(method, target, sending)
    return await this.exchange(method, Buffer.concat([Buffer.from(head, 'latin1'), body]))
  }

  /** Sends the bytes of one whole request over a connection that is free. */
  async exchange(method: string, bytes: Uint8Array): Promise<S3Answer> {
    const wire = this.#idle.pop() ?? (await Wire.open(this.#port))
    const [answer] = await Promise.all([wire.answer(method), wire.write(bytes)])
    if (answer.header('connection') === 'close') wire.destroy()
    else this.#idle.push(wire)
    return answer
  }

  /** Request line and headers, signed, and the seed of a signed stream behind them. */
  head(
    method: string,
    target: string,
    sending: Sending = {},
  ): { readonly head: string; readonly seed: StreamSeed | null } {
    const body = bytesOf(sending.body)
    const { length = method === 'GET' || method === 'HEAD' ? null : String(body.length) } = sending
    const sent = ['host', sending.host ?? this.host, ...flat(sending.headers)]
    const signed =
      sending.as === 'anonymous'
        ? { headers: sent, seed: null }
        : signRequest(
            {
              method,
              rawTarget: target,
              headers: sent,
              payloadHash: sending.payloadHash ?? hashOf(body),
            },
            this.signer(sending),
          )
    const all = length === null ? signed.headers : [...signed.headers, 'content-length', length]
    return { head: `${method} ${target} HTTP/1.1\r\n${lines(all)}\r\n`, seed: signed.seed }
  }

  /** A presigned target that is good for so long. */
  presign(method: string, target: string, expiresSec = 60, sending: Sending = {}): string {
    const host = sending.host ?? this.host
    const request = { method, rawTarget: target, host, headers: flat(sending.headers) }
    return presignTarget(request, this.signer(sending), expiresSec)
  }

  signer({ skewMs = 0, region = this.#region }: Sending = {}): Signer {
    return { ...this.#keys, region, nowMs: this.#clock.nowMs() + skewMs }
  }

  async wire(): Promise<Wire> {
    return await Wire.open(this.#port)
  }

  get(target: string, headers?: Headers): Promise<S3Answer> {
    return this.send('GET', target, headers === undefined ? {} : { headers })
  }

  headOf(target: string, headers?: Headers): Promise<S3Answer> {
    return this.send('HEAD', target, headers === undefined ? {} : { headers })
  }

  put(target: string, body: Uint8Array | string, headers?: Headers): Promise<S3Answer> {
    return this.send('PUT', target, headers === undefined ? { body } : { body, headers })
  }

  post(target: string, body: Uint8Array | string, headers?: Headers): Promise<S3Answer> {
    return this.send('POST', target, headers === undefined ? { body } : { body, headers })
  }

  delete(target: string, headers?: Headers): Promise<S3Answer> {
    return this.send('DELETE', target, headers === undefined ? {} : { headers })
  }

  /** Copies by x-amz-copy-source. */
  copy(target: string, source: string, headers: Record<string, string> = {}): Promise<S3Answer> {
    return this.send('PUT', target, { headers: { 'x-amz-copy-source': source, ...headers } })
  }

  /** Makes a bucket; answers its target. */
  async bucket(name: string, versioning?: 'Enabled' | 'Suspended'): Promise<string> {
    isStatus(await this.send('PUT', `/${name}`), 200)
    if (versioning !== undefined) await this.setVersioning(`/${name}`, versioning)
    return `/${name}`
  }

  async setVersioning(bucket: string, status: 'Enabled' | 'Suspended'): Promise<void> {
    const xml = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`
    isStatus(await this.put(`${bucket}?versioning`, xml), 200)
  }

  /** Puts an object that must be taken; answers what PUT answered. */
  async write(target: string, body: Uint8Array | string, headers?: Headers): Promise<S3Answer> {
    return isStatus(await this.put(target, body, headers), 200)
  }

  /** The bytes of an object that must be there, as text. */
  async read(target: string): Promise<string> {
    return isStatus(await this.get(target), 200).text
  }
}

/** `/bucket/key`, the key percent-encoded whole but for its slashes. */
export function targetOf(bucket: string, key: string): string {
  return `${bucket}/${key.split('/').map(percentEncode).join('/')}`
}

export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The MD5 of bytes, as Content-MD5 has it. */
export function md5Base64(bytes: Uint8Array | string): string {
  return createHash('md5').update(bytes).digest('base64')
}

export function md5Hex(bytes: Uint8Array | string): string {
  return createHash('md5').update(bytes).digest('hex')
}

export function lines(headers: readonly string[]): string {
  let text = ''
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  return text
}

function flat(headers: Headers = []): readonly string[] {
  return Array.isArray(headers) ? headers : Object.entries(headers).flat()
}

function bytesOf(body: Uint8Array | string = ''): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body) : body
}

function hashOf(body: Uint8Array): string {
  return body.length <= HASHED_SIZE_BYTES_MAX ? sha256Hex(body) : 'UNSIGNED-PAYLOAD'
}
