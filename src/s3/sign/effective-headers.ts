// A presigner may move x-amz-* headers into the query, where they are signed with the rest; S3
// reads them there as if they were headers. Only for presigned requests.

import type { QueryParam } from '../query-params.ts'
import { RequestHeaders } from '../request-headers.ts'
import type { ParsedAuth } from './auth.ts'

/**
 * The headers by which a request is to be judged: those sent, and for `query` also the x-amz-*
 * parameters that are no part of the signature. A header that was sent wins over the query.
 * A checksum of an empty body is none of the upload's: the AWS SDK for JavaScript puts it into every
 * URL that it presigns for a PUT, since it has no body then, and S3 takes any body there.
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
    if (!lower.startsWith('x-amz-') || LEFT_OUT.has(lower) || headers.has(lower)) continue
    if (lower.startsWith('x-amz-checksum-') && OF_NOTHING.has(value)) continue
    added.push(lower, Buffer.from(value).toString('latin1'))
  }
  if (added.length === 0) return headers
  const raw = headers.names.flatMap((name, index) => [name, headers.values[index] ?? ''])
  return new RequestHeaders([...raw, ...added])
}

/** What belongs to the signature, and the name of a checksum, which says nothing without it. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signedheaders',
  'x-amz-signature',
  'x-amz-security-token',
  'x-amz-sdk-checksum-algorithm',
])

/** The checksums of no bytes: CRC32 and CRC32C, CRC64NVME, SHA1, SHA256. */
const OF_NOTHING: ReadonlySet<string> = new Set([
  'AAAAAA==',
  'AAAAAAAAAAA=',
  '2jmj7l5rSw0yVb/vlWAYkK/YBwk=',
  '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
])
