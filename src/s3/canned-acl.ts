// Canned ACLs: what each grants besides its owner's full control, and how requests ask for one.
// Source: S3 User Guide, Access control list overview; S3.md 44 and 46.

import type { RequestHeaders } from './request-headers.ts'
import { S3Error } from './s3-error.ts'

/** Whether a bucket has ACLs at all; fixed when it is made. Source: S3.md 44. */
export type ObjectOwnership = 'BucketOwnerEnforced' | 'ObjectWriter'

/** What an ACL says, by S3's name for it; no other ACL is kept. */
export type CannedAcl =
  | 'private'
  | 'public-read'
  | 'public-read-write'
  | 'authenticated-read'
  | 'bucket-owner-read'
  | 'bucket-owner-full-control'

/** Whom a canned ACL can mean besides the owner. */
export type Grantee = 'all-users' | 'authenticated-users' | 'bucket-owner'

export interface Grant {
  readonly grantee: Grantee
  readonly permission: 'READ' | 'WRITE' | 'FULL_CONTROL'
}

const READ_BY_ALL: Grant = { grantee: 'all-users', permission: 'READ' }

/** Every canned ACL that is known here. Whoever no grant names, and is not the owner, has nothing. */
export const CANNED_GRANTS: Readonly<Record<CannedAcl, readonly Grant[]>> = {
  private: [],
  'public-read': [READ_BY_ALL],
  'public-read-write': [READ_BY_ALL, { grantee: 'all-users', permission: 'WRITE' }],
  'authenticated-read': [{ grantee: 'authenticated-users', permission: 'READ' }],
  'bucket-owner-read': [{ grantee: 'bucket-owner', permission: 'READ' }],
  'bucket-owner-full-control': [{ grantee: 'bucket-owner', permission: 'FULL_CONTROL' }],
}

/**
 * The ACL that a request's headers ask for; null where they say nothing of it. Grants are taken
 * where they give the owner full control, which is `private`.
 * @throws S3Error `InvalidRequest` (both forms), `InvalidArgument`, `NotImplemented`
 */
export function parseAclHeaders(headers: RequestHeaders, ownerId: string): CannedAcl | null {
  const acl = headers.get('x-amz-acl')
  const grant = headers.firstWithPrefix(GRANT_PREFIX)
  if (grant !== null) {
    if (acl !== null) {
      throw new S3Error('InvalidRequest', {
        message: 'Specifying both Canned ACLs and Header Grants is not allowed',
      })
    }
    requireOwnersGrant(headers, ownerId)
    return 'private'
  }
  if (acl === null) return null
  if (isCannedAcl(acl)) return acl
  if (ACLS_OF_SERVICES.has(acl)) throw aclNotImplemented('x-amz-acl')
  throw new S3Error('InvalidArgument', {
    fields: { ArgumentName: 'x-amz-acl', ArgumentValue: acl },
  })
}

/** A bucket's own ACL: what would let its owner in says nothing there. */
export function asBucketAcl(acl: CannedAcl): CannedAcl {
  return acl === 'bucket-owner-read' || acl === 'bucket-owner-full-control' ? 'private' : acl
}

/**
 * `x-amz-object-ownership`; null where it is not sent.
 * @throws S3Error `NotImplemented` (BucketOwnerPreferred), `InvalidArgument`
 */
export function parseObjectOwnership(headers: RequestHeaders): ObjectOwnership | null {
  const value = headers.get('x-amz-object-ownership')
  if (value === null || value === 'BucketOwnerEnforced' || value === 'ObjectWriter') return value
  if (value === 'BucketOwnerPreferred') {
    throw new S3Error('NotImplemented', {
      message: 'BucketOwnerPreferred is not implemented; BucketOwnerEnforced and ObjectWriter are.',
      fields: { Header: 'x-amz-object-ownership' },
    })
  }
  throw new S3Error('InvalidArgument', {
    fields: { ArgumentName: 'x-amz-object-ownership', ArgumentValue: value },
  })
}

/** 501 for an ACL that no canned one says; `header` is what asked for it, null for a body. */
export function aclNotImplemented(header: string | null): S3Error {
  return new S3Error('NotImplemented', {
    message:
      `ACLs are kept by their canned names alone (${Object.keys(CANNED_GRANTS).join(', ')}, in ` +
      'x-amz-acl); single grants are not implemented, but for the full control of the owner.',
    fields: header === null ? {} : { Header: header },
  })
}

const GRANT_PREFIX = 'x-amz-grant-'
/** AWS's names for its own services. */
const ACLS_OF_SERVICES: ReadonlySet<string> = new Set(['aws-exec-read', 'log-delivery-write'])
const GRANTEE_ID = /^\s*id\s*=\s*(?:"([^"]*)"|([^"\s]*))\s*$/

function isCannedAcl(text: string): text is CannedAcl {
  return Object.hasOwn(CANNED_GRANTS, text)
}

/** @throws S3Error `NotImplemented` for any grant but full control to the owner */
function requireOwnersGrant(headers: RequestHeaders, ownerId: string): void {
  for (const name of headers.names) {
    if (!name.startsWith(GRANT_PREFIX)) continue
    const grantees = (headers.get(name) ?? '').split(',')
    const isOwners = grantees.every((text) => {
      const match = GRANTEE_ID.exec(text)
      return (match?.[1] ?? match?.[2]) === ownerId
    })
    if (name !== 'x-amz-grant-full-control' || !isOwners) throw aclNotImplemented(name)
  }
}
