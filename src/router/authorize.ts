// Who may use a bucket: the account that owns it, and the root account; others as far as its ACL,
// or the object's, lets them in.

import type { Account, BucketName } from '../directory/directory.ts'
import type { Bucket } from '../object-index/object-index.ts'
import { S3Error } from '../s3/s3-error.ts'
import { type Access, admitsGuest, ANONYMOUS, mayBeGuest } from './access.ts'
import type { Services } from './services.ts'

/** What a bucket is asked for by. */
export interface BucketAccess {
  /** `ANONYMOUS` where nobody signed. */
  readonly account: Account
  readonly access: Access
  /** As the client spelled it. */
  readonly bucketName: string
  /** As the directory knows it; null where it does not. */
  readonly name: BucketName | null
  /** x-amz-expected-bucket-owner, or its like for a copy's source. */
  readonly expectedOwnerId: string | null
}

/**
 * The bucket, for an account that may use it.
 * @throws S3Error `NoSuchBucket`, `AccessDenied`
 */
export async function authorizeBucket(services: Services, asked: BucketAccess): Promise<Bucket> {
  const { account, bucketName, name, expectedOwnerId } = asked
  if (name === null) throw noSuchBucket(bucketName)
  const isGuest = account === ANONYMOUS || (!account.isRoot && name.ownerId !== account.id)
  if (isGuest && !mayBeGuest(account, asked.access)) throw new S3Error('AccessDenied')
  if (expectedOwnerId !== null && expectedOwnerId !== name.ownerId) {
    throw new S3Error('AccessDenied')
  }
  // A name may stand in `deleting` while the bucket is still whole; what the index holds counts.
  const bucket = await services.index.bucket(name.bucketId)
  if (bucket === null) throw noSuchBucket(bucketName)
  if (isGuest && !admitsGuest(account, asked.access, bucket)) throw new S3Error('AccessDenied')
  return bucket
}

/** 404 for a bucket that is not there. */
export function noSuchBucket(bucketName: string): S3Error {
  return new S3Error('NoSuchBucket', { fields: { BucketName: bucketName } })
}
