// A presigner may move x-amz-* headers into the query, where they are signed with the rest; S3
// reads them there as if they were headers. Only for presigned requests.

import type { QueryParam } from '../query-params.ts'
import { RequestHeaders } from '../request-headers.ts'
import type { ParsedAuth } from './auth.ts'

/**
 * The headers by which a request is to be judged: those sent, and for `query` also the x-amz-*
 * parameters that are no part of the signature. A header that was sent wins over the query.
 */
export function effectiveHeaders(
  headers: RequestHeaders,
  query: readonly QueryParam[],
  kind: ParsedAuth['kind'],
): RequestHeaders {
  if (kind !== 'query') return headers
  const added: string[] = []
  for (const [name, value] of query) {
    const lower = name.toLowerCase()
    if (!lower.startsWith('x-amz-') || OF_THE_SIGNATURE.has(lower) || headers.has(lower)) continue
    added.push(lower, Buffer.from(value).toString('latin1'))
  }
  if (added.length === 0) return headers
  const raw = headers.names.flatMap((name, index) => [name, headers.values[index] ?? ''])
  return new RequestHeaders([...raw, ...added])
}

const OF_THE_SIGNATURE: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signedheaders',
  'x-amz-signature',
  'x-amz-security-token',
])
