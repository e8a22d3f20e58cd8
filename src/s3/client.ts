// A client of S3, of this store or any other: signed requests in path style over a Network, tried
// again as ordinary clients do. It is for small bodies, which it holds whole. One is made for what is
// to be done before a deadline; it says how many requests that took.

import { S3_CLIENT_ANSWER_SIZE_BYTES_MAX } from '../base/limits.ts'
import type { HttpAnswer } from '../base/network.ts'
import { call } from './client-call.ts'
import type { S3Call, S3ClientOptions } from './client-call.ts'
import { malformedError, S3ClientError } from './client-error.ts'
import {
  isErrorDocument,
  readBuckets,
  readCompletedEtag,
  readListPage,
  readUploadId,
  readUploads,
  writeComplete,
} from './client-xml.ts'
import type { ListPage, UnfinishedUpload } from './client-xml.ts'
import { bareEtag } from './condition.ts'
import { percentEncode } from './percent.ts'
import { S3Error } from './s3-error.ts'
import { S3_LIMITS } from './s3-limits.ts'

export interface ObjectHead {
  /** Without quotes. */
  readonly etag: string
  readonly sizeBytes: number
}

export interface ListQuery {
  readonly prefix: string
  readonly keysMax: number
  /** Of the page before; null: the first page. */
  readonly token: string | null
}

/** An upload under way. */
export interface UploadPlace {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
}

/** Every method: @throws S3ClientError; the signal's reason when aborted. ETags are without quotes. */
export class S3Client {
  readonly #options: S3ClientOptions
  #callCount = 0
  #requestCount = 0

  constructor(options: S3ClientOptions) {
    this.#options = options
  }

  /** Requests that were sent again. */
  get retryCount(): number {
    return Math.max(0, this.#requestCount - this.#callCount)
  }

  async getObject(bucket: string, key: string, sizeBytesMax: number): Promise<Uint8Array> {
    const { body } = await this.#call({
      ...objectCall('GET', bucket, key),
      answerSizeBytesMax: Math.max(sizeBytesMax, S3_CLIENT_ANSWER_SIZE_BYTES_MAX),
    })
    return body
  }

  /** Null: there is none. */
  async headObject(bucket: string, key: string): Promise<ObjectHead | null> {
    const request = objectCall('HEAD', bucket, key)
    const answer = await this.#unlessMissing(request)
    if (answer === null) return null
    const sizeBytes = Number(answer.headers.get('content-length') ?? 0)
    return { etag: etagOf(request, answer), sizeBytes }
  }

  async putObject(bucket: string, key: string, body: Uint8Array): Promise<string> {
    const request = { ...objectCall('PUT', bucket, key), body }
    return etagOf(request, await this.#call(request))
  }

  async deleteObject(bucket: string, key: string): Promise<void> {
    const request = objectCall('DELETE', bucket, key)
    const answer = await this.#call(request)
    // A page of something in between would be taken for an acknowledgement.
    if (answer.status === 204 || answer.body.length === 0) return
    throw malformedError(request.what, answer, 'answered with a body')
  }

  async listObjects(bucket: string, { keysMax, prefix, token }: ListQuery): Promise<ListPage> {
    const next = token === null ? '' : `&continuation-token=${percentEncode(token)}`
    const query = `list-type=2&encoding-type=url&max-keys=${keysMax}&prefix=${percentEncode(prefix)}`
    const request = bucketCall('GET', bucket, `${query}${next}`)
    const answer = await this.#call({
      ...request,
      answerSizeBytesMax: S3_LIMITS.xmlListSizeBytesMax,
    })
    return read(request, answer, readListPage)
  }

  /** Makes it, where it is not this account's already. */
  async createBucket(bucket: string): Promise<void> {
    try {
      await this.#call(bucketCall('PUT', bucket, ''))
    } catch (error) {
      const isOwned =
        error instanceof S3ClientError && error.answer.s3Code === 'BucketAlreadyOwnedByYou'
      if (!isOwned) throw error
    }
  }

  /** Whether it is there. */
  async headBucket(bucket: string): Promise<boolean> {
    return (await this.#unlessMissing(bucketCall('HEAD', bucket, ''))) !== null
  }

  async listBuckets(): Promise<readonly string[]> {
    const request = { what: 'the list of buckets', method: 'GET', target: '/' }
    const answerSizeBytesMax = S3_LIMITS.xmlListSizeBytesMax
    const answer = await this.#call({ ...request, answerSizeBytesMax })
    return read(request, answer, readBuckets)
  }

  /** The upload's id. */
  async createMultipartUpload(bucket: string, key: string): Promise<string> {
    const request = objectCall('POST', bucket, key, 'uploads')
    return read(request, await this.#call(request), readUploadId)
  }

  async uploadPart(place: UploadPlace, partNumber: number, body: Uint8Array): Promise<string> {
    const query = `partNumber=${partNumber}&uploadId=${percentEncode(place.uploadId)}`
    const request = { ...objectCall('PUT', place.bucket, place.key, query), body }
    return etagOf(request, await this.#call(request))
  }

  /** The parts' ETags are in the order of their numbers, from 1. */
  async completeMultipartUpload(place: UploadPlace, etags: readonly string[]): Promise<string> {
    const request = {
      ...objectCall('POST', place.bucket, place.key, `uploadId=${percentEncode(place.uploadId)}`),
      body: Buffer.from(writeComplete(etags)),
      isError: (answer: HttpAnswer) => isErrorDocument(answer.body),
    }
    return read(request, await this.#call(request), readCompletedEtag)
  }

  /** Also where there is none. */
  async abortMultipartUpload(place: UploadPlace): Promise<void> {
    const query = `uploadId=${percentEncode(place.uploadId)}`
    await this.#unlessMissing(objectCall('DELETE', place.bucket, place.key, query))
  }

  /** The first unfinished uploads below a prefix. */
  async listMultipartUploads(
    bucket: string,
    prefix: string,
    uploadsMax: number,
  ): Promise<readonly UnfinishedUpload[]> {
    const query = `uploads&encoding-type=url&max-uploads=${uploadsMax}&prefix=${percentEncode(prefix)}`
    const request = bucketCall('GET', bucket, query)
    const answerSizeBytesMax = S3_LIMITS.xmlListSizeBytesMax
    const answer = await this.#call({ ...request, answerSizeBytesMax })
    return read(request, answer, readUploads)
  }

  async #call(request: S3Call): Promise<HttpAnswer> {
    let tryCount = 0
    return await call(this.#options, request, () => {
      if (tryCount === 0) this.#callCount += 1
      tryCount += 1
      this.#requestCount += 1
    })
  }

  /** Null: 404. */
  async #unlessMissing(request: S3Call): Promise<HttpAnswer | null> {
    try {
      return await this.#call(request)
    } catch (error) {
      if (error instanceof S3ClientError && error.answer.status === 404) return null
      throw error
    }
  }
}

function objectCall(method: string, bucket: string, key: string, query = ''): S3Call {
  const path = `/${bucket}/${key.split('/').map(percentEncode).join('/')}`
  return {
    what: `${method} of ${bucket}/${key}${query === '' ? '' : `?${query}`}`,
    method,
    target: query === '' ? path : `${path}?${query}`,
    answerSizeBytesMax: S3_CLIENT_ANSWER_SIZE_BYTES_MAX,
  }
}

function bucketCall(method: string, bucket: string, query: string): S3Call {
  return {
    what: `${method} of bucket ${bucket}${query === '' ? '' : `?${query}`}`,
    method,
    target: query === '' ? `/${bucket}` : `/${bucket}?${query}`,
    answerSizeBytesMax: S3_CLIENT_ANSWER_SIZE_BYTES_MAX,
  }
}

type Asked = Pick<S3Call, 'what'>

function etagOf({ what }: Asked, answer: HttpAnswer): string {
  const etag = answer.headers.get('etag')
  if (etag !== undefined) return bareEtag(etag)
  throw malformedError(what, answer, 'answered without an ETag')
}

function read<T>({ what }: Asked, answer: HttpAnswer, readBody: (body: Uint8Array) => T): T {
  try {
    return readBody(answer.body)
  } catch (cause) {
    if (!(cause instanceof S3Error)) throw cause
    const why = `answered what is not S3's, ${String(cause.cause)}`
    throw malformedError(what, answer, why, cause)
  }
}
