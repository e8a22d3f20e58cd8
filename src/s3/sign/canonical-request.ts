// The canonical request of Signature Version 4, as S3 has it: the path encoded once and never
// normalised, headers in the order the client signed them. Kept as one Latin-1 character a byte.
// Source: S3 API, Authenticating Requests (AWS Signature Version 4), Task 1.

import { percentDecode, percentEncode } from '../percent.ts'
import type { RequestHeaders } from '../request-headers.ts'
import type { SignedRequest } from './auth.ts'
import { canonicalQuery } from './canonical-query.ts'

/** What of a signature shapes its canonical request. */
export interface CanonicalShape {
  /** `host;x-amz-date`: lower case, sorted, as the client sent it. */
  readonly signedHeaders: string
  readonly payloadHash: string
  /** The query parameter that is left out of the signature, or ''. */
  readonly leaveOut: 'X-Amz-Signature' | ''
}

/** The text whose SHA-256 is signed. `path` is one of `canonicalPaths`. */
export function canonicalRequest(
  request: SignedRequest,
  shape: CanonicalShape,
  path: string,
): string {
  const query = canonicalQuery(request.target.rawQuery, shape.leaveOut)
  const headers = canonicalHeaders(request.headers, shape.signedHeaders)
  const { signedHeaders, payloadHash } = shape
  return `${request.method}\n${path}\n${query}\n${headers}\n${signedHeaders}\n${payloadHash}`
}

/**
 * The path as sent with each segment encoded once; and, where a segment holds an escaped slash,
 * also with that slash plain, since clients that sign the key and not their path do so.
 */
export function canonicalPaths(rawPath: string): readonly string[] {
  if (CANONICAL_PATH.test(rawPath)) return [rawPath]
  const path = rawPath.split('/').map(recodeSegment).join('/')
  return path.includes('%2F') ? [path, path.replaceAll('%2F', '/')] : [path]
}

function recodeSegment(raw: string): string {
  const text = percentDecode(raw)
  return text === null ? raw : percentEncode(text)
}

function canonicalHeaders(headers: RequestHeaders, signedHeaders: string): string {
  let text = ''
  let start = 0
  while (start <= signedHeaders.length) {
    let end = signedHeaders.indexOf(';', start)
    if (end < 0) end = signedHeaders.length
    const name = signedHeaders.slice(start, end)
    text += `${name}:${canonicalValue(headers, name)}\n`
    start = end + 1
  }
  return text
}

function canonicalValue(headers: RequestHeaders, name: string): string {
  const { names, values } = headers
  let i = names.indexOf(name)
  if (i < 0) return ''
  let text = trimSpaces(values[i] ?? '')
  while ((i = names.indexOf(name, i + 1)) >= 0) text += `,${trimSpaces(values[i] ?? '')}`
  return text
}

function trimSpaces(value: string): string {
  return SPACES.test(value) ? value.trim().replace(RUNS_OF_SPACES, ' ') : value
}

const CANONICAL_PATH = /^[A-Za-z0-9\-._~/]*$/
const SPACES = /^\s|\s$|\s\s/
const RUNS_OF_SPACES = /\s+/g
