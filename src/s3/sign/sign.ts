// Signs requests: for our own S3 clients and for tests. Works on the same canonical request as the
// check, but for the credentials that it makes itself.
// Source: S3 API, Authenticating Requests (AWS Signature Version 4).

import { percentEncode } from '../percent.ts'
import { queryValue } from '../query-params.ts'
import { RequestHeaders } from '../request-headers.ts'
import { parseTarget } from '../request-target.ts'
import { formatAmzDate } from './amz-date.ts'
import { canonicalPaths, canonicalRequest } from './canonical-request.ts'
import { deriveSigningKey } from './signing-key.ts'
import { hmacHex, stringToSign, type StreamSeed } from './verify.ts'

/** Who signs, for where and when. */
export interface Signer {
  readonly accessKeyId: string
  readonly secret: string
  readonly region: string
  readonly nowMs: number
}

/** A request before it is signed; `headers` is flat (name, value, …) and holds `host`. */
export interface UnsignedRequest {
  readonly method: string
  /** Path and query as they will be sent. */
  readonly rawTarget: string
  readonly headers: readonly string[]
  /** The value of x-amz-content-sha256: 64 hex digits, UNSIGNED-PAYLOAD or a stream's name. */
  readonly payloadHash: string
}

/** The headers to send, Authorization among them, and the seed for a signed stream's chunks. */
export function signRequest(
  request: UnsignedRequest,
  signer: Signer,
): { readonly headers: readonly string[]; readonly seed: StreamSeed } {
  const amzDate = formatAmzDate(signer.nowMs)
  const { payloadHash } = request
  const sent = [...request.headers, 'x-amz-content-sha256', payloadHash, 'x-amz-date', amzDate]
  const headers = new RequestHeaders(sent)
  const signedHeaders = [...new Set(headers.names)].sort().join(';')
  const target = parseTarget(request.rawTarget, null, [])
  const [path = ''] = canonicalPaths(target.rawPath)
  const shape = { signedHeaders, payloadHash, leaveOut: '' } as const
  const canonical = canonicalRequest({ method: request.method, target, headers }, shape, path)
  const scope = scopeOf(signer, amzDate)
  const signingKey = deriveSigningKey(signer.secret, scope)
  const signature = hmacHex(signingKey, stringToSign(canonical, amzDate, scope))
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${signer.accessKeyId}/${scope}, ` +
    `SignedHeaders=${signedHeaders}, Signature=${signature}`
  return {
    headers: [...sent, 'authorization', authorization],
    seed: { signingKey, amzDate, scope, signature },
  }
}

/** A request before it is presigned; all of `headers` (flat, without `host`) must then be sent. */
interface UnsignedTarget {
  readonly method: string
  readonly rawTarget: string
  readonly host: string
  readonly headers?: readonly string[]
}

/** The target of a presigned request that is good for `expiresSec`; `host` is signed. */
export function presignTarget(request: UnsignedTarget, signer: Signer, expiresSec: number): string {
  const amzDate = formatAmzDate(signer.nowMs)
  const scope = scopeOf(signer, amzDate)
  const headers = new RequestHeaders(['host', request.host, ...(request.headers ?? [])])
  const signedHeaders = [...new Set(headers.names)].sort().join(';')
  const rawTarget =
    request.rawTarget +
    (request.rawTarget.includes('?') ? '&' : '?') +
    'X-Amz-Algorithm=AWS4-HMAC-SHA256' +
    `&X-Amz-Credential=${percentEncode(`${signer.accessKeyId}/${scope}`)}` +
    `&X-Amz-Date=${amzDate}&X-Amz-Expires=${expiresSec}` +
    `&X-Amz-SignedHeaders=${percentEncode(signedHeaders)}`
  const target = parseTarget(rawTarget, null, [])
  const [path = ''] = canonicalPaths(target.rawPath)
  const payloadHash =
    headers.get('x-amz-content-sha256') ??
    queryValue(target.query, 'X-Amz-Content-Sha256') ??
    'UNSIGNED-PAYLOAD'
  const shape = { signedHeaders, payloadHash, leaveOut: '' } as const
  const canonical = canonicalRequest({ method: request.method, target, headers }, shape, path)
  const signingKey = deriveSigningKey(signer.secret, scope)
  return `${rawTarget}&X-Amz-Signature=${hmacHex(signingKey, stringToSign(canonical, amzDate, scope))}`
}

function scopeOf(signer: Signer, amzDate: string): string {
  return `${amzDate.slice(0, 8)}/${signer.region}/s3/aws4_request`
}
