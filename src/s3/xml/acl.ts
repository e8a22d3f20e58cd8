// AccessControlPolicy: a canned ACL as its grants, and whether a request's says no more than its
// owner's full control.

import { CANNED_GRANTS, type CannedAcl, type Grant, type Grantee } from '../canned-acl.ts'
import { S3Error } from '../s3-error.ts'
import { childrenOf, malformed, parseXml, textOf, type XmlElement } from '../xml-read.ts'
import { escapeXml, XML_DECLARATION, XML_NAMESPACE } from '../xml-write.ts'
import { type Owner, renderOwner } from './list-objects.ts'

const XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
const GROUPS = 'http://acs.amazonaws.com/groups/global/'
const GROUP_NAMES = {
  'all-users': 'AllUsers',
  'authenticated-users': 'AuthenticatedUsers',
} as const

/** An ACL in full: what the canned one grants to others, then all to the owner. */
export function renderAcl(owner: Owner, acl: CannedAcl, bucketOwner: Owner): string {
  const others = CANNED_GRANTS[acl].filter(
    ({ grantee }) => grantee !== 'bucket-owner' || bucketOwner.id !== owner.id,
  )
  return (
    `${XML_DECLARATION}<AccessControlPolicy ${XML_NAMESPACE}>${renderOwner(owner)}` +
    '<AccessControlList>' +
    others
      .map(({ grantee, permission }) =>
        renderGrant(renderGrantee(grantee, bucketOwner), permission),
      )
      .join('') +
    `${renderGrant(renderUser(owner), 'FULL_CONTROL')}</AccessControlList></AccessControlPolicy>`
  )
}

function renderGrant(grantee: string, permission: Grant['permission']): string {
  return `<Grant>${grantee}<Permission>${permission}</Permission></Grant>`
}

function renderGrantee(grantee: Grantee, bucketOwner: Owner): string {
  if (grantee === 'bucket-owner') return renderUser(bucketOwner)
  return `<Grantee ${XSI} xsi:type="Group"><URI>${GROUPS}${GROUP_NAMES[grantee]}</URI></Grantee>`
}

function renderUser({ id, displayName }: Owner): string {
  return (
    `<Grantee ${XSI} xsi:type="CanonicalUser"><ID>${escapeXml(id)}</ID>` +
    `<DisplayName>${escapeXml(displayName)}</DisplayName></Grantee>`
  )
}

/** Whether a policy grants full control to its owner, and nothing to anybody else. @throws S3Error */
export function isOwnersAlone(body: Uint8Array, ownerId: string): boolean {
  return grantsIn(parsePolicy(body)).every((grant) => isOwners(grant, ownerId))
}

/**
 * The same for a bucket with ACLs, where a policy without grants takes the owner's own away.
 * @throws S3Error `AccessDenied` for one that names another owner
 */
export function givesOwnerFullControl(body: Uint8Array, ownerId: string): boolean {
  const policy = parsePolicy(body)
  const [owner] = childrenOf(policy, 'Owner')
  if (owner !== undefined && textOf(owner, 'ID') !== ownerId) throw new S3Error('AccessDenied')
  const grants = grantsIn(policy)
  return grants.length > 0 && grants.every((grant) => isOwners(grant, ownerId))
}

function parsePolicy(body: Uint8Array): XmlElement {
  return parseXml(body, 'AccessControlPolicy')
}

function grantsIn(policy: XmlElement): readonly XmlElement[] {
  const [list] = childrenOf(policy, 'AccessControlList')
  if (list === undefined) throw malformed('an AccessControlList is missing')
  return childrenOf(list, 'Grant')
}

function isOwners(grant: XmlElement, ownerId: string): boolean {
  const [grantee] = childrenOf(grant, 'Grantee')
  if (grantee === undefined) throw malformed('a Grantee is missing')
  return textOf(grantee, 'ID') === ownerId && textOf(grant, 'Permission') === 'FULL_CONTROL'
}
