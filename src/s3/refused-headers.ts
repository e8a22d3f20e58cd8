// Headers that ask for what is not there: refused by name, never silently taken.
// Source: S3.md 44 to 46, 49, 51.

import type { RequestHeaders } from './request-headers.ts'
import { S3Error } from './s3-error.ts'

/** What a bucket-owner-enforced bucket takes; it changes nothing. */
const ACLS_TAKEN: ReadonlySet<string> = new Set(['private', 'bucket-owner-full-control'])
const REFUSED_PREFIXES = [
  'x-amz-server-side-encryption',
  'x-amz-copy-source-server-side-encryption',
  'x-amz-object-lock-',
  'x-amz-bucket-object-lock-',
  'x-amz-grant-',
] as const

/** @throws S3Error `AccessControlListNotSupported` */
export function checkAclHeaders(headers: RequestHeaders): void {
  const acl = headers.get('x-amz-acl')
  const isTaken = acl === null || ACLS_TAKEN.has(acl)
  if (isTaken && headers.firstWithPrefix('x-amz-grant-') === null) return
  throw new S3Error('AccessControlListNotSupported')
}

/** @throws S3Error `NotImplemented` for encryption, lock and MFA */
export function refuseUnsupportedHeaders(headers: RequestHeaders): void {
  for (const name of headers.names) {
    if (!name.startsWith('x-amz-')) continue
    const isRefused = REFUSED_PREFIXES.some((prefix) => name.startsWith(prefix))
    if (!isRefused && name !== 'x-amz-mfa' && name !== 'x-amz-write-offset-bytes') continue
    if (name.startsWith('x-amz-grant-')) continue // checkAclHeaders has a code of its own
    if (name === 'x-amz-bucket-object-lock-enabled' && isFalse(headers.get(name))) continue
    throw new S3Error('NotImplemented', {
      message: 'A header you provided implies functionality that is not implemented.',
      fields: { Header: name },
    })
  }
}

function isFalse(value: string | null): boolean {
  return value?.toLowerCase() === 'false'
}

/** The account that must own the bucket, as far as the request says. */
export function parseExpectedOwner(headers: RequestHeaders): string | null {
  return headers.get('x-amz-expected-bucket-owner')
}

/** The same for a copy's source. */
export function parseExpectedSourceOwner(headers: RequestHeaders): string | null {
  return headers.get('x-amz-source-expected-bucket-owner')
}
