// AccessControlPolicy, as far as a bucket without ACLs has one: its owner's full control.

import { childrenOf, malformed, parseXml, textOf } from '../xml-read.ts'
import { escapeXml, XML_DECLARATION, XML_NAMESPACE } from '../xml-write.ts'
import { type Owner, renderOwner } from './list-objects.ts'

const XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'

export function renderAcl(owner: Owner): string {
  return (
    `${XML_DECLARATION}<AccessControlPolicy ${XML_NAMESPACE}>${renderOwner(owner)}` +
    `<AccessControlList><Grant><Grantee ${XSI} xsi:type="CanonicalUser">` +
    `<ID>${escapeXml(owner.id)}</ID><DisplayName>${escapeXml(owner.displayName)}</DisplayName>` +
    '</Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList>' +
    '</AccessControlPolicy>'
  )
}

/** Whether a policy grants full control to its owner, and nothing to anybody else. @throws S3Error */
export function isOwnersAlone(body: Uint8Array, ownerId: string): boolean {
  const root = parseXml(body, 'AccessControlPolicy')
  const [list] = childrenOf(root, 'AccessControlList')
  if (list === undefined) throw malformed('an AccessControlList is missing')
  return childrenOf(list, 'Grant').every((grant) => {
    const [grantee] = childrenOf(grant, 'Grantee')
    if (grantee === undefined) throw malformed('a Grantee is missing')
    return textOf(grantee, 'ID') === ownerId && textOf(grant, 'Permission') === 'FULL_CONTROL'
  })
}
