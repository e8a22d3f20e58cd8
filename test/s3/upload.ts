// One multipart upload of a test: its steps, each as one call.

import { isStatus } from './answer.ts'
import type { S3Answer } from './answer.ts'
import type { S3Client } from './client.ts'

export const PART_SIZE_BYTES_MIN: number = 5 * 1024 * 1024

type HeaderRecord = Readonly<Record<string, string>>

/** A part as CompleteMultipartUpload names it; further elements by name. */
export interface NamedPart {
  readonly number: number | string
  readonly etag: string
  readonly extra?: HeaderRecord
}

export class Upload {
  readonly id: string
  readonly target: string
  readonly created: S3Answer
  readonly #client: S3Client

  private constructor(client: S3Client, target: string, created: S3Answer) {
    this.#client = client
    this.target = target
    this.created = created
    this.id = created.one('UploadId') ?? ''
  }

  static async create(
    client: S3Client,
    target: string,
    headers: HeaderRecord = {},
  ): Promise<Upload> {
    const created = await client.send('POST', `${target}?uploads`, { headers })
    return new Upload(client, target, isStatus(created, 200))
  }

  /** Uploads a part; answers what its upload answered. */
  async part(
    number: number | string,
    body: Uint8Array | string,
    headers: HeaderRecord = {},
  ): Promise<S3Answer> {
    const target = `${this.target}?partNumber=${number}&uploadId=${this.id}`
    return await this.#client.put(target, body, headers)
  }

  /** Uploads a part that must be taken; answers how to name it. */
  async add(
    number: number,
    body: Uint8Array | string,
    headers: HeaderRecord = {},
  ): Promise<NamedPart> {
    const answer = isStatus(await this.part(number, body, headers), 200)
    return { number, etag: answer.header('etag') ?? '' }
  }

  async copy(number: number, source: string, headers: HeaderRecord = {}): Promise<S3Answer> {
    const target = `${this.target}?partNumber=${number}&uploadId=${this.id}`
    return await this.#client.send('PUT', target, {
      headers: { 'x-amz-copy-source': source, ...headers },
    })
  }

  async complete(parts: readonly NamedPart[], headers: HeaderRecord = {}): Promise<S3Answer> {
    return await this.#client.post(`${this.target}?uploadId=${this.id}`, xmlOf(parts), headers)
  }

  async abort(): Promise<S3Answer> {
    return await this.#client.delete(`${this.target}?uploadId=${this.id}`)
  }

  async list(query = ''): Promise<S3Answer> {
    return await this.#client.get(`${this.target}?uploadId=${this.id}${query}`)
  }
}

function xmlOf(parts: readonly NamedPart[]): string {
  const rows = parts.map(({ number, etag, extra = {} }) => {
    const others = Object.entries(extra).map(([name, text]) => `<${name}>${text}</${name}>`)
    return `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag>${others.join('')}</Part>`
  })
  return (
    '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
    `${rows.join('')}</CompleteMultipartUpload>`
  )
}
