// The ACL operations. A bucket without ACLs says that its owner may do everything, and takes nothing
// else; one with them keeps canned ACLs, of itself and of its objects. Source: S3.md 44 and 46.

import type { Bucket, CannedAcl } from '../../object-index/object-index.ts'
import { aclNotImplemented, asBucketAcl, parseAclHeaders } from '../../s3/canned-acl.ts'
import { S3Error } from '../../s3/s3-error.ts'
import { givesOwnerFullControl, isOwnersAlone, renderAcl } from '../../s3/xml/acl.ts'
import { commit } from '../commit.ts'
import type { Call } from '../operation.ts'
import { findVersion, versionField } from '../read-plan.ts'
import { readBody } from '../read-body.ts'
import { versionOf } from '../version-selector.ts'
import { ownersOf } from './owners.ts'

export async function getBucketAcl(call: Call, bucket: Bucket): Promise<void> {
  const owners = await ownersOf(call, [bucket])
  const owner = owners(bucket.ownerId)
  call.exchange.sendDocument(renderAcl(owner, bucket.acl, owner))
}

export async function putBucketAcl(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services } = call
  const acl = asBucketAcl(await aclAsked(call, bucket, bucket.ownerId))
  if (bucket.ownership === 'ObjectWriter') {
    await commit(services, { kind: 'set-bucket-acl', bucketId: bucket.id, acl })
  }
  exchange.sendHead(200, ['Content-Length', '0'])
}

export async function getObjectAcl(call: Call, bucket: Bucket): Promise<void> {
  const version = await findVersion(call, bucket, versionOf(call.target.query))
  const owners = await ownersOf(call, [version, bucket])
  call.exchange.sendDocument(
    renderAcl(owners(version.ownerId), version.acl, owners(bucket.ownerId)),
    versionField(bucket, version),
  )
}

export async function putObjectAcl(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services, key } = call
  const version = await findVersion(call, bucket, versionOf(call.target.query))
  const acl = await aclAsked(call, bucket, version.ownerId)
  if (bucket.ownership === 'ObjectWriter') {
    // The version that was judged, by its id: another one may have taken its place meanwhile.
    const { versionId } = version
    const selector = { kind: 'id', versionId } as const
    const operation = { kind: 'set-acl', bucketId: bucket.id, key, version: selector, acl } as const
    await commit(services, operation).catch((error: unknown) => {
      const isGone = error instanceof S3Error && error.code === 'NoSuchVersion'
      throw isGone ? new S3Error('OperationAborted', { cause: error }) : error
    })
  }
  exchange.sendHead(200, [...versionField(bucket, version), 'Content-Length', '0'])
}

/**
 * The ACL that a request writes. In a bucket without ACLs its canned one was judged with the
 * headers; an AccessControlPolicy must say what already holds, in any bucket.
 * @throws S3Error `AccessControlListNotSupported`, `MalformedXML`, `UnexpectedContent`,
 *   `NotImplemented`, and as `parseAclHeaders`
 */
async function aclAsked(call: Call, bucket: Bucket, ownerId: string): Promise<CannedAcl> {
  const { headers } = call
  const body = await readBody(call, { integrity: 'optional' })
  if (bucket.ownership === 'BucketOwnerEnforced') {
    if (body.length === 0 && headers.has('x-amz-acl')) return 'private'
    if (isOwnersAlone(body, ownerId)) return 'private'
    throw new S3Error('AccessControlListNotSupported')
  }
  const acl = parseAclHeaders(headers, ownerId)
  if (acl === null) {
    if (givesOwnerFullControl(body, ownerId)) return 'private'
    throw aclNotImplemented(null)
  }
  if (body.length > 0) throw new S3Error('UnexpectedContent')
  return acl
}
