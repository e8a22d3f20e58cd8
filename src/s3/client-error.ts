// What a call of the S3 client that failed came to, with the answer as it came.

import { RAW_ANSWER_CHARS_MAX } from '../base/limits.ts'
import type { HttpAnswer, NetworkError, NetworkErrorCode } from '../base/network.ts'
import { S3Error } from './s3-error.ts'
import { parseXml, textOf } from './xml-read.ts'

/** `status`: the store answered an error; `malformed` also: an answer that is not S3's. */
export type S3ClientErrorCode = NetworkErrorCode | 'status'

/** What is known of the answer; all null without one. */
export interface FailedAnswer {
  readonly status: number | null
  /** S3's error code. */
  readonly s3Code: string | null
  readonly requestId: string | null
  /** Status line, headers and the beginning of the body, as text; '' without an answer. */
  readonly raw: string
  /** The server's wall clock, as its `date` header has it. */
  readonly date: string | null
}

/** A call that failed, after all its tries. */
export class S3ClientError extends Error {
  override readonly name = 'S3ClientError'
  readonly code: S3ClientErrorCode
  readonly answer: FailedAnswer
  constructor(code: S3ClientErrorCode, message: string, answer: FailedAnswer, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.answer = answer
  }

  /** Whether the same may succeed at another try, as ordinary clients see it. */
  get isTransient(): boolean {
    const { s3Code, status } = this.answer
    if (this.code !== 'status') return this.isSilent
    if (s3Code !== null && TRANSIENT_CODES.has(s3Code)) return true
    return status !== null && TRANSIENT_STATUSES.has(status)
  }

  /** Whether no answer over HTTP came at all. */
  get isSilent(): boolean {
    return this.answer.status === null && !ANSWERED.has(this.code)
  }
}

/** There was no answer. */
export function silentError(what: string, error: NetworkError): S3ClientError {
  return new S3ClientError(error.code, `${what}: ${error.code}, ${error.message}`, NO_ANSWER, error)
}

/** There was no time left to ask. */
export function lateError(what: string): S3ClientError {
  return new S3ClientError('timeout', `${what}: no time was left to ask`, NO_ANSWER)
}

/** The store answered an error, or what its body says is one. */
export function statusError(what: string, answer: HttpAnswer): S3ClientError {
  const read = readFailure(answer)
  const { s3Code, status } = read
  const came = s3Code === null ? String(status) : `${status} ${s3Code}`
  return new S3ClientError('status', `${what}: answered ${came}`, read)
}

/** The store answered what is not S3's. */
export function malformedError(
  what: string,
  answer: HttpAnswer,
  why: string,
  cause?: unknown,
): S3ClientError {
  return new S3ClientError('malformed', `${what}: ${why}`, readFailure(answer), cause)
}

/** Status line, headers and body, cut off where it is longer. */
function rawText(answer: HttpAnswer): string {
  let text = `HTTP ${answer.status}\n`
  for (const [name, value] of answer.headers) text += `${name}: ${value}\n`
  const body = answer.body.subarray(0, RAW_ANSWER_CHARS_MAX)
  return `${text}\n${Buffer.from(body).toString('utf8')}`.slice(0, RAW_ANSWER_CHARS_MAX)
}

function readFailure(answer: HttpAnswer): FailedAnswer {
  const { code, requestId } = readErrorBody(answer.body)
  return {
    status: answer.status,
    s3Code: code,
    requestId: answer.headers.get('x-amz-request-id') ?? requestId,
    raw: rawText(answer),
    date: answer.headers.get('date') ?? null,
  }
}

/** An error's document, as far as it is one: a proxy in between answers what it likes. */
function readErrorBody(body: Uint8Array): { code: string | null; requestId: string | null } {
  if (body.length === 0) return { code: null, requestId: null }
  try {
    const root = parseXml(body, 'Error')
    return { code: textOf(root, 'Code'), requestId: textOf(root, 'RequestId') }
  } catch (error) {
    if (!(error instanceof S3Error)) throw error
    return { code: null, requestId: null }
  }
}

const NO_ANSWER: FailedAnswer = { status: null, s3Code: null, requestId: null, raw: '', date: null }

/** The errors that tell of an answer over HTTP, though of one that was not taken. */
const ANSWERED: ReadonlySet<S3ClientErrorCode> = new Set(['status', 'too-large'])
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  'SlowDown',
  'InternalError',
  'ServiceUnavailable',
  'RequestTimeout',
  'OperationAborted',
])
