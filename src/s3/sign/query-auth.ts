// The query of a URL presigned by Signature Version 4.
// Source: S3 API, Authenticating Requests: Using Query Parameters.

import { queryValue } from '../query-params.ts'
import { S3Error } from '../s3-error.ts'
import { S3_LIMITS } from '../s3-limits.ts'
import { parseAmzDate } from './amz-date.ts'
import { checkSignedHeaders, malformed, parseCredential } from './credential.ts'
import type { AuthContext, SignedRequest, SigV4Auth } from './auth.ts'

/** Judges all of a presigned URL but the signature itself; see `parseAuth` for errors. */
export function parseQueryAuth(request: SignedRequest, context: AuthContext): SigV4Auth {
  const { query } = request.target
  const params = [...NAMES].map((name) => queryValue(query, name))
  const [algorithm, credentialText, amzDate, expires, signedHeaders, signature] = params
  if (!algorithm || !credentialText || !amzDate || !expires || !signedHeaders || !signature) {
    const reason = `Query-string authentication version 4 requires ${[...NAMES].join(', ')}.`
    throw malformed(CODE, reason)
  }
  // Two readers could take different ones; the signature itself is not signed.
  if (query.filter(([name]) => NAMES.has(name)).length > NAMES.size) {
    throw malformed(CODE, 'each of its query parameters may stand there only once')
  }
  if (algorithm.startsWith('AWS4-ECDSA-P256-SHA256')) {
    throw new S3Error('NotImplemented', {
      message: 'Signature Version 4A is not implemented. Please use AWS4-HMAC-SHA256.',
    })
  }
  if (algorithm !== 'AWS4-HMAC-SHA256') {
    throw malformed(CODE, 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
  }
  const { accessKeyId, scope, day } = parseCredential(credentialText, context.region, CODE)
  const dateMs = parseAmzDate(amzDate)
  if (dateMs === null) {
    throw malformed(CODE, 'X-Amz-Date must be in the ISO8601 Long Format "yyyyMMddTHHmmssZ"')
  }
  if (!amzDate.startsWith(day)) {
    const reason = `Invalid credential date "${day}": it is not that of X-Amz-Date, "${amzDate}".`
    throw malformed(CODE, reason)
  }
  if (!/^[0-9a-f]{64}$/.test(signature)) {
    throw malformed(CODE, 'X-Amz-Signature must be 64 lower-case hex digits.')
  }
  checkExpiry(dateMs, expires, context.nowMs)
  checkSignedHeaders(request.headers, signedHeaders, 'x-amz-content-sha256')
  const isHashSigned = `;${signedHeaders};`.includes(';x-amz-content-sha256;')
  const hash = isHashSigned ? request.headers.get('x-amz-content-sha256') : null
  return {
    kind: 'query',
    accessKeyId,
    scope,
    amzDate,
    signedHeaders,
    signature,
    payloadHash: hash ?? queryValue(query, 'X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
    sessionToken: queryValue(query, 'X-Amz-Security-Token'),
  }
}

function checkExpiry(dateMs: number, expires: string, nowMs: number): void {
  if (!/^-?\d{1,15}$/.test(expires)) throw malformed(CODE, 'X-Amz-Expires should be a number')
  const expiresSec = Number(expires)
  if (expiresSec < 1) throw malformed(CODE, 'X-Amz-Expires must be non-negative and not 0')
  if (expiresSec > S3_LIMITS.presignExpiresSecMax) {
    const limit = S3_LIMITS.presignExpiresSecMax
    throw malformed(CODE, `X-Amz-Expires must be less than a week (in seconds); that is, ${limit}`)
  }
  if (dateMs - nowMs > S3_LIMITS.clockSkewMsMax) {
    throw new S3Error('AccessDenied', { message: 'Request is not yet valid' })
  }
  const expiresAtMs = dateMs + expiresSec * 1000
  if (nowMs <= expiresAtMs) return
  throw new S3Error('AccessDenied', {
    message: 'Request has expired',
    fields: {
      'X-Amz-Expires': expires,
      Expires: new Date(expiresAtMs).toISOString(),
      ServerTime: new Date(nowMs).toISOString(),
    },
  })
}

const CODE = 'AuthorizationQueryParametersError'
const NAMES: ReadonlySet<string> = new Set([
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
])
