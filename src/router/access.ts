// Who may do what: the root account and a bucket's owner everything in it; others, called guests
// here, what the bucket's or an object's ACL grants, and nothing in a bucket without ACLs. Pure, and
// asked at two places: a bucket's door (authorize.ts) and each version that is read (read-plan.ts).
// Source: S3.md 44 to 46; S3 User Guide, Access control list overview; decision 7.

import { type Account, ANONYMOUS_ID } from '../directory/directory.ts'
import type { Bucket, ObjectVersion } from '../object-index/object-index.ts'
import { CANNED_GRANTS, type Grant } from '../s3/canned-acl.ts'

/** What an operation on a bucket needs. Each names its own in operations.ts. */
export type Access =
  /** Guests never. */
  | 'owner'
  | 'bucket-read'
  | 'bucket-write'
  /** AWS: "Anonymous users cannot copy objects", nor upload in parts. */
  | 'bucket-write-signed'
  /** The same, and the upload must be the caller's own. */
  | 'upload'
  /** Guests may ask; what the version found grants decides. */
  | ObjectAccess

/** What reading or changing one version needs. */
export type ObjectAccess = 'object-read' | 'object-read-acp' | 'object-write-acp'

/** Who did not sign. Compared by itself, never by its id. */
export const ANONYMOUS: Account = {
  id: ANONYMOUS_ID,
  displayName: '',
  email: '',
  createdAtMs: 0,
  isRoot: false,
}

/** Whether the bucket is the account's to use without asking any ACL. */
export function ownsBucket(account: Account, bucket: Pick<Bucket, 'ownerId'>): boolean {
  return account !== ANONYMOUS && (account.isRoot || account.id === bucket.ownerId)
}

/** Whether any ACL may let the account in: judged before anything is read. */
export function mayBeGuest(account: Account, access: Access): boolean {
  switch (access) {
    case 'owner':
      return false
    case 'bucket-read':
    case 'bucket-write':
    case 'object-read':
      return true
    case 'bucket-write-signed':
    case 'upload':
    case 'object-read-acp':
    case 'object-write-acp':
      return account !== ANONYMOUS
  }
}

/** Whether the bucket lets a guest that passed `mayBeGuest` in. */
export function admitsGuest(account: Account, access: Access, bucket: Bucket): boolean {
  if (bucket.ownership === 'BucketOwnerEnforced') return false
  switch (access) {
    case 'owner':
      return false
    case 'bucket-read':
      return isGranted(account, bucket, 'READ')
    case 'bucket-write':
    case 'bucket-write-signed':
    case 'upload':
      return isGranted(account, bucket, 'WRITE')
    case 'object-read':
    case 'object-read-acp':
    case 'object-write-acp':
      return true // the version found decides: `mayUseVersion`
  }
}

/**
 * Whether the account may do this with the version found, or hear that there is none: what is
 * missing is told to those alone who may list the bucket.
 */
export function mayUseVersion(
  account: Account,
  access: Access,
  bucket: Bucket,
  version: ObjectVersion | null,
): boolean {
  if (bucket.ownership === 'BucketOwnerEnforced' || access === 'owner') {
    return ownsBucket(account, bucket)
  }
  if (version === null || version.isDeleteMarker) {
    return ownsBucket(account, bucket) || isGranted(account, bucket, 'READ')
  }
  if (account !== ANONYMOUS && (account.id === version.ownerId || account.isRoot)) return true
  return CANNED_GRANTS[version.acl].some(
    (grant) => isFor(account, grant, bucket) && covers(grant, access),
  )
}

function isGranted(account: Account, bucket: Bucket, permission: 'READ' | 'WRITE'): boolean {
  return CANNED_GRANTS[bucket.acl].some(
    (grant) => isFor(account, grant, bucket) && grant.permission === permission,
  )
}

function isFor(account: Account, { grantee }: Grant, bucket: Bucket): boolean {
  switch (grantee) {
    case 'all-users':
      return true
    case 'authenticated-users':
      return account !== ANONYMOUS
    case 'bucket-owner':
      return account !== ANONYMOUS && account.id === bucket.ownerId
  }
}

/** On an object WRITE says nothing, and READ its bytes and headers alone. */
function covers({ permission }: Grant, access: Access): boolean {
  switch (permission) {
    case 'READ':
      return access === 'object-read'
    case 'WRITE':
      return false
    case 'FULL_CONTROL':
      return true
  }
}
