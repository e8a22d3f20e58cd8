// What an operation gets and what it is: the types of the table in operations.ts.

import type { Account } from '../directory/directory.ts'
import type { Bucket } from '../object-index/object-index.ts'
import type { RequestHeaders } from '../s3/request-headers.ts'
import type { RequestTarget } from '../s3/request-target.ts'
import type { StreamSeed } from '../s3/sign/verify.ts'
import type { Access } from './access.ts'
import type { Exchange } from './exchange.ts'
import type { Services } from './services.ts'

/** A request by an account that may do what it asks, as far as the bucket's door can tell. */
export interface Call {
  readonly exchange: Exchange
  readonly services: Services
  readonly target: RequestTarget
  /** Empty where the operation has none. */
  readonly key: string
  /** Those sent, and what a presigned URL has in their place. */
  readonly headers: RequestHeaders
  /** `ANONYMOUS` where nobody signed. */
  readonly account: Account
  readonly access: Access
  readonly authKind: 'anonymous' | 'header' | 'query'
  /** Null where nobody signed. */
  readonly seed: StreamSeed | null
}

/** What has to serve for an operation to be answered. Source: DESIGN.md, What serves when. */
export type Need = 'directory' | 'index' | 'storage' | 'lease'

/** Answers a call through its exchange, or throws what it is to be answered with. */
export type ServiceHandler = (call: Call) => Promise<void>
/** The same for an operation on a bucket, which was found and is the caller's to use. */
export type BucketHandler = (call: Call, bucket: Bucket) => Promise<void>

/** One operation. A null `handle` is answered NotImplemented, by name. */
export type Operation =
  | { readonly needs: readonly Need[]; readonly on: 'service'; readonly handle: ServiceHandler }
  | {
      readonly needs: readonly Need[]
      readonly on: 'bucket'
      readonly access: Access
      readonly handle: BucketHandler
    }
  /** Signs in by a form in its body. */
  | {
      readonly needs: readonly Need[]
      readonly on: 'form'
      readonly handle: (
        exchange: Exchange,
        target: RequestTarget,
        headers: RequestHeaders,
      ) => Promise<void>
    }
  | { readonly needs: readonly []; readonly handle: null }
