// For tests: cells of S3 in memory behind a network of one's own making. It checks signatures and
// answers what S3 answers to the probes' requests; what goes wrong, the test says.

import type { Clock } from '../../base/clock.ts'
import { digest, digestHex } from '../../base/digest.ts'
import { NetworkError } from '../../base/network.ts'
import type { HttpAnswer, HttpRequest, Network, NetworkErrorCode } from '../../base/network.ts'
import { detectOperation } from '../../s3/detect.ts'
import { renderError } from '../../s3/error-xml.ts'
import { parseListParams } from '../../s3/list-request.ts'
import { queryValue } from '../../s3/query-params.ts'
import { RequestHeaders } from '../../s3/request-headers.ts'
import { parseTarget, type RequestTarget } from '../../s3/request-target.ts'
import { S3Error } from '../../s3/s3-error.ts'
import type { S3Operation } from '../../s3/s3-operation.ts'
import { parseAuth } from '../../s3/sign/parse-auth.ts'
import { SigningKeys } from '../../s3/sign/signing-key.ts'
import { verifySignature } from '../../s3/sign/verify.ts'
import { renderListBuckets } from '../../s3/xml/list-buckets.ts'
import { renderListObjects, renderPage } from '../../s3/xml/list-objects.ts'
import { parseComplete, renderComplete, renderInitiate } from '../../s3/xml/multipart.ts'

export const MODEL_SECRET = 'the-right-secret'
const OWNER = { id: 'owner', displayName: 'owner' }

/** What happens to a request instead of, or before, its answer. */
export type Fault =
  | { readonly kind: 'lost'; readonly code: NetworkErrorCode }
  /** Nothing ever comes: the request's own time ends it. */
  | { readonly kind: 'silent' }
  /** It is done, and its answer lost. */
  | { readonly kind: 'answer-lost' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'refused'; readonly status: number; readonly code: string }
  | { readonly kind: 'changed'; readonly change: (answer: HttpAnswer) => HttpAnswer }

export interface Seen {
  /** Null: no operation of S3. */
  readonly operation: S3Operation | null
  readonly request: HttpRequest
}

interface Upload {
  readonly key: string
  etag: string | null
  body: Buffer
}

/** One cell. */
export class CellModel {
  readonly buckets: Map<string, Map<string, Buffer>> = new Map()
  readonly uploads: Map<string, Upload> = new Map()
  /** Of objects that came as uploads. */
  readonly #uploadEtags = new Map<string, string>()
  readonly #keys = new SigningKeys()
  #uploadCount = 0
  #requestCount = 0

  answer(request: HttpRequest, nowMs: number): HttpAnswer {
    const requestId = `request-${(this.#requestCount += 1)}`
    try {
      const target = parseTarget(request.target, null, [])
      const headers = new RequestHeaders(request.headers)
      const signed = { method: request.method, target, headers }
      const auth = parseAuth(signed, { region: 'us-east-1', nowMs })
      if (auth.kind === 'anonymous') throw new S3Error('AccessDenied')
      verifySignature(auth, signed, MODEL_SECRET, this.#keys)
      return this.#act(detectOperation(request.method, target, headers), target, request.body)
    } catch (error) {
      if (!(error instanceof S3Error)) throw error
      const xml = renderError(error, { requestId, hostId: 'model', resource: null })
      const body = request.method === 'HEAD' ? '' : xml
      const date = new Date(nowMs).toUTCString()
      return answerOf(error.status, body, ['x-amz-request-id', requestId, 'date', date])
    }
  }

  #act(operation: S3Operation, target: RequestTarget, body: Uint8Array): HttpAnswer {
    const { key } = target
    const bucketName = target.bucket ?? ''
    if (operation === 'ListBuckets') {
      const buckets = [...this.buckets.keys()].map((name) => ({
        name,
        createdAtMs: 0,
        region: null,
      }))
      return answerOf(200, renderListBuckets({ owner: OWNER, buckets, prefix: null, token: null }))
    }
    if (operation === 'CreateBucket') {
      if (this.buckets.has(bucketName)) throw new S3Error('BucketAlreadyOwnedByYou')
      this.buckets.set(bucketName, new Map())
      return answerOf(200, '')
    }
    const objects = this.buckets.get(bucketName)
    if (objects === undefined) throw new S3Error('NoSuchBucket')
    if (key === null || key === '') return this.#actOnBucket(operation, objects, target)
    return this.#actOnObject({ operation, objects, target, key, body })
  }

  #actOnBucket(
    operation: S3Operation,
    objects: Map<string, Buffer>,
    { query }: RequestTarget,
  ): HttpAnswer {
    if (operation === 'HeadBucket') return answerOf(200, '')
    if (operation === 'ListMultipartUploads') {
      const prefix = queryValue(query, 'prefix') ?? ''
      const rows = [...this.uploads]
        .filter(([, { key }]) => key.startsWith(prefix))
        .map(([id, { key }]) => `<Upload><Key>${key}</Key><UploadId>${id}</UploadId></Upload>`)
      const head = { plain: [], encoded: [] }
      const page = { head, encoding: 'url', rows: rows.join(''), prefixes: [] } as const
      return answerOf(200, renderPage('ListMultipartUploadsResult', page))
    }
    const { limit, prefix } = parseListParams(query, 'max-keys')
    const after = queryValue(query, 'continuation-token') ?? ''
    const keys = [...objects.keys()].sort().filter((key) => key.startsWith(prefix) && key > after)
    const page = keys.slice(0, limit)
    const isTruncated = keys.length > limit
    const entries = page.map((key) => ({
      key,
      lastModifiedMs: 0,
      etag: digestHex('md5', objects.get(key) ?? ''),
      sizeBytes: objects.get(key)?.length ?? 0,
      storageClass: 'STANDARD',
      checksumAlgorithm: null,
      checksumType: null,
    }))
    const plain = [
      ['IsTruncated', String(isTruncated)],
      ['NextContinuationToken', isTruncated ? (page.at(-1) ?? null) : null],
    ] as const
    const head = { plain, encoded: [] }
    return answerOf(
      200,
      renderListObjects({ head, encoding: 'url', entries, prefixes: [], ownerOf: null }),
    )
  }

  #actOnObject(asked: {
    readonly operation: S3Operation
    readonly objects: Map<string, Buffer>
    readonly target: RequestTarget
    readonly key: string
    readonly body: Uint8Array
  }): HttpAnswer {
    const { body, key, objects, operation, target } = asked
    const bucket = target.bucket ?? ''
    const uploadId = queryValue(target.query, 'uploadId') ?? ''
    const upload = this.uploads.get(uploadId)
    switch (operation) {
      case 'PutObject':
        objects.set(key, Buffer.from(body))
        this.#uploadEtags.delete(key)
        return answerOf(200, '', ['etag', `"${digestHex('md5', body)}"`])
      case 'GetObject':
      case 'HeadObject': {
        const found = objects.get(key)
        if (found === undefined) throw new S3Error('NoSuchKey')
        const etag = this.#uploadEtags.get(key) ?? digestHex('md5', found)
        const headers = ['etag', `"${etag}"`, 'content-length', `${found.length}`]
        return answerOf(200, operation === 'HeadObject' ? '' : found, headers)
      }
      case 'DeleteObject':
        objects.delete(key)
        return answerOf(204, '')
      case 'CreateMultipartUpload': {
        const id = `upload-${(this.#uploadCount += 1)}`
        this.uploads.set(id, { key, etag: null, body: Buffer.alloc(0) })
        return answerOf(200, renderInitiate(bucket, key, id))
      }
      case 'AbortMultipartUpload':
        if (!this.uploads.delete(uploadId)) throw new S3Error('NoSuchUpload')
        return answerOf(204, '')
      case 'UploadPart': {
        if (upload === undefined) throw new S3Error('NoSuchUpload')
        upload.body = Buffer.from(body)
        upload.etag = digestHex('md5', body)
        return answerOf(200, '', ['etag', `"${upload.etag}"`])
      }
      case 'CompleteMultipartUpload': {
        if (upload === undefined) throw new S3Error('NoSuchUpload')
        const [part] = parseComplete(body)
        if (part?.etag !== upload.etag) throw new S3Error('InvalidPart')
        this.uploads.delete(uploadId)
        objects.set(key, upload.body)
        const etag = `${digestHex('md5', digest('md5', upload.body))}-1`
        this.#uploadEtags.set(key, etag)
        return answerOf(200, renderComplete({ location: '', bucket, key, etag, checksum: null }))
      }
      default:
        throw new S3Error('NotImplemented')
    }
  }
}

/** Cells and other servers by their origins; what is not there refuses. */
export class ModelNetwork implements Network {
  readonly cells: Map<string, CellModel> = new Map()
  /** Answers whatever it is asked. */
  readonly others: Map<string, () => HttpAnswer> = new Map()
  readonly seen: Seen[] = []
  fault: (seen: Seen) => Fault | null = () => null
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async request(request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer> {
    signal?.throwIfAborted()
    const seen = { operation: operationOf(request), request }
    this.seen.push(seen)
    const fault = this.fault(seen)
    if (fault?.kind === 'lost') throw new NetworkError(fault.code, 'by the fault')
    if (fault?.kind === 'silent') return await this.#wait(request, Infinity, signal)
    if (fault?.kind === 'slow') await this.#wait(request, fault.delayMs, signal)
    if (fault?.kind === 'refused') {
      const error = `<Error><Code>${fault.code}</Code></Error>`
      return answerOf(fault.status, error, ['x-amz-request-id', 'a-request'])
    }
    const answer = this.#answer(request)
    if (fault?.kind === 'answer-lost') throw new NetworkError('reset', 'by the fault')
    return fault?.kind === 'changed' ? fault.change(answer) : answer
  }

  #answer(request: HttpRequest): HttpAnswer {
    const other = this.others.get(request.origin)
    if (other !== undefined) return other()
    const cell = this.cells.get(request.origin)
    if (cell === undefined) throw new NetworkError('refused', 'nobody listens')
    return cell.answer(request, this.#clock.nowMs())
  }

  async #wait(request: HttpRequest, delayMs: number, signal?: AbortSignal): Promise<HttpAnswer> {
    await this.#clock.sleep(Math.min(delayMs, request.timeoutMs), signal)
    if (delayMs >= request.timeoutMs) throw new NetworkError('timeout', 'by the fault')
    return answerOf(200, '')
  }
}

function operationOf(request: HttpRequest): S3Operation | null {
  try {
    const target = parseTarget(request.target, null, [])
    return detectOperation(request.method, target, new RequestHeaders(request.headers))
  } catch (error) {
    if (error instanceof S3Error) return null
    throw error
  }
}

export function answerOf(
  status: number,
  body: string | Uint8Array,
  flat: readonly string[] = [],
): HttpAnswer {
  const headers = new Map<string, string>()
  for (let index = 0; index < flat.length; index += 2) {
    headers.set(flat[index] ?? '', flat[index + 1] ?? '')
  }
  return { status, headers, body: Buffer.from(body) }
}
