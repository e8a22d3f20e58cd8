// What the two steps of signing in pass on: parse-auth.ts makes it, verify.ts compares it.

import type { RequestHeaders } from '../request-headers.ts'
import type { RequestTarget } from '../request-target.ts'

/** What a signature covers. */
export interface SignedRequest {
  readonly method: string
  readonly target: RequestTarget
  readonly headers: RequestHeaders
}

/** A Signature Version 4 that is whole and current, but not yet compared. */
export interface SigV4Auth {
  readonly kind: 'header' | 'query'
  readonly accessKeyId: string
  /** `20130524/us-east-1/s3/aws4_request`. */
  readonly scope: string
  readonly amzDate: string
  /** As sent: `host;x-amz-date`. */
  readonly signedHeaders: string
  /** 64 lower-case hex digits. */
  readonly signature: string
  /** The last line of the canonical request. */
  readonly payloadHash: string
  readonly sessionToken: string | null
}

/** A request without credentials is anonymous; whether that is enough is not judged here. */
export type ParsedAuth = { readonly kind: 'anonymous' } | SigV4Auth

/** What a signature is judged by besides the request. */
export interface AuthContext {
  readonly region: string
  /** Wall clock. */
  readonly nowMs: number
}
