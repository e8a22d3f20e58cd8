// Compares a parsed signature with the one that the secret gives, in constant time.
// Source: S3 API, Authenticating Requests (AWS Signature Version 4).

import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { S3Error } from '../s3-error.ts'
import { canonicalPaths, canonicalRequest } from './canonical-request.ts'
import type { SignedRequest, SigV4Auth } from './auth.ts'
import type { SigningKeys } from './signing-key.ts'

/** What the chunk signatures of a stream continue from. */
export interface StreamSeed {
  readonly signingKey: Buffer
  readonly amzDate: string
  readonly scope: string
  /** The signature before the first chunk's: the request's own. */
  readonly signature: string
}

/**
 * Checks a signature by the secret of `auth.accessKeyId`, which the caller looked up.
 * @throws S3Error `SignatureDoesNotMatch`, with the texts that were signed here and their bytes
 */
export function verifySignature(
  auth: SigV4Auth,
  request: SignedRequest,
  secret: string,
  keys: SigningKeys,
): StreamSeed {
  const { signedHeaders, payloadHash, amzDate, scope, signature } = auth
  const leaveOut = auth.kind === 'query' ? 'X-Amz-Signature' : ''
  const signingKey = keys.get(secret, scope)
  const paths = canonicalPaths(request.target.rawPath)
  for (const path of paths) {
    const canonical = canonicalRequest(request, { signedHeaders, payloadHash, leaveOut }, path)
    const text = stringToSign(canonical, amzDate, scope)
    const computed = hmacHex(signingKey, text)
    if (equalHex(computed, signature)) return { signingKey, amzDate, scope, signature }
    if (path === paths[paths.length - 1]) throw mismatch(auth, text, canonical)
  }
  throw mismatch(auth, '', '')
}

/** The second text of a signature, over the first one's SHA-256. */
export function stringToSign(canonical: string, amzDate: string, scope: string): string {
  const digest = hash('sha256', Buffer.from(canonical, 'latin1'), 'hex')
  return `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${digest}`
}

/** HMAC-SHA256 as 64 lower-case hex digits. */
export function hmacHex(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}

/** Compares two signatures in a time that tells nothing of where they differ. */
export function equalHex(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  return timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))
}

function mismatch(auth: SigV4Auth, text: string, canonical: string): S3Error {
  return new S3Error('SignatureDoesNotMatch', {
    fields: {
      AWSAccessKeyId: auth.accessKeyId,
      StringToSign: text,
      SignatureProvided: auth.signature,
      StringToSignBytes: spacedHex(text),
      CanonicalRequest: canonical,
      CanonicalRequestBytes: spacedHex(canonical),
    },
  })
}

function spacedHex(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('hex').replace(/../g, '$& ').trimEnd()
}
