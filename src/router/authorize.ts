// Who may use a bucket: the account that owns it, and the root account. Nobody else, and nobody
// who did not sign.

import type { Account, BucketName } from '../directory/directory.ts'
import type { Bucket } from '../object-index/object-index.ts'
import { S3Error } from '../s3/s3-error.ts'
import type { Services } from './services.ts'

/** What a bucket is asked for by. */
export interface BucketAccess {
  /** Null for an anonymous request. */
  readonly account: Account | null
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
export async function authorizeBucket(services: Services, access: BucketAccess): Promise<Bucket> {
  const { account, bucketName, name, expectedOwnerId } = access
  if (name === null) throw noSuchBucket(bucketName)
  if (account === null) throw new S3Error('AccessDenied')
  if (!account.isRoot && name.ownerId !== account.id) throw new S3Error('AccessDenied')
  if (expectedOwnerId !== null && expectedOwnerId !== name.ownerId) {
    throw new S3Error('AccessDenied')
  }
  // A name may stand in `deleting` while the bucket is still whole; what the index holds counts.
  const bucket = await services.index.bucket(name.bucketId)
  if (bucket === null) throw noSuchBucket(bucketName)
  return bucket
}

/** 404 for a bucket that is not there. */
export function noSuchBucket(bucketName: string): S3Error {
  return new S3Error('NoSuchBucket', { fields: { BucketName: bucketName } })
}
