// The directory: bucket names, accounts and access keys. Names are global; absence is 404 only
// from a directory that serves. Embedded it lies in the cell's own engine, in spaces of its own.
// Source: DESIGN.md, Cells.

import type { BucketId } from '../base/id.ts'

/**
 * Owns what requests wrote that nobody signed; no account has it. AWS shows the same one.
 * Source: S3 User Guide, Access control list overview.
 */
export const ANONYMOUS_ID = '65a011a29cdf8ec533ec3d1ccaae921c'

export interface Account {
  /** Canonical id, as S3 shows it: 1 to 64 printable ASCII characters. */
  readonly id: string
  readonly displayName: string
  readonly email: string
  readonly createdAtMs: number
  /** The root account may do everything everywhere; any other owns what it makes. */
  readonly isRoot: boolean
}

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretKey: string
  readonly accountId: string
  readonly createdAtMs: number
}

export interface BucketName {
  readonly name: string
  readonly bucketId: BucketId
  readonly ownerId: string
  readonly createdAtMs: number
  readonly state: 'active' | 'deleting'
}

/** Answers of one moment; callers cache nothing longer than `generation` stands. */
export interface DirectoryReader {
  /** Raised by every change of the directory: one read guards all that was cached from it. */
  generation(): Promise<number>
  bucketByName(name: string): Promise<BucketName | null>
  accessKey(accessKeyId: string): Promise<{ key: AccessKey; account: Account } | null>
  account(accountId: string): Promise<Account | null>
  accounts(): Promise<readonly Account[]>
  accessKeys(accountId: string): Promise<readonly AccessKey[]>
  /** Buckets of an account, by name in byte order, names behind `after`, at most `limit`. */
  buckets(request: {
    readonly ownerId: string | null
    readonly prefix: string
    readonly after: string | null
    readonly limit: number
  }): Promise<readonly BucketName[]>
}

export type DirectoryOperation =
  | {
      readonly kind: 'claim-name'
      readonly name: string
      readonly bucketId: BucketId
      readonly ownerId: string
    }
  | {
      readonly kind: 'mark-deleting' | 'unmark-deleting' | 'release-name'
      readonly name: string
      readonly bucketId: BucketId
    }
  | { readonly kind: 'add-account'; readonly account: Omit<Account, 'createdAtMs'> }
  | { readonly kind: 'remove-account'; readonly accountId: string }
  | { readonly kind: 'add-key'; readonly key: Omit<AccessKey, 'createdAtMs'> }
  | { readonly kind: 'remove-key'; readonly accessKeyId: string }

export type DirectoryOutcome =
  | 'done'
  | 'name-taken'
  | 'no-such-name'
  | 'account-exists'
  | 'email-taken'
  | 'no-such-account'
  | 'account-owns-buckets'
  | 'account-is-root'
  | 'key-exists'
  | 'no-such-key'

export interface Directory extends DirectoryReader {
  /** @throws DirectoryError */
  apply(operation: DirectoryOperation): Promise<DirectoryOutcome>
}

export class DirectoryError extends Error {
  override readonly name = 'DirectoryError'
  readonly code: 'unavailable' | 'unsure' | 'corrupt'
  constructor(code: 'unavailable' | 'unsure' | 'corrupt', message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
