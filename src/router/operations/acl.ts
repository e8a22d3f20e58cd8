// The ACL operations of buckets that enforce their owner, which all here do: what is read says that
// the owner may do everything, what is written may say nothing else. Source: S3.md 44.

import type { Bucket } from '../../object-index/object-index.ts'
import { S3Error } from '../../s3/s3-error.ts'
import { isOwnersAlone, renderAcl } from '../../s3/xml/acl.ts'
import type { Call } from '../operation.ts'
import { findVersion, versionField } from '../read-plan.ts'
import { readBody } from '../read-body.ts'
import { versionOf } from '../version-selector.ts'
import { ownersOf } from './owners.ts'

export async function getBucketAcl(call: Call, bucket: Bucket): Promise<void> {
  const owners = await ownersOf(call, [bucket])
  call.exchange.sendDocument(renderAcl(owners(bucket.ownerId)))
}

export async function putBucketAcl(call: Call, bucket: Bucket): Promise<void> {
  await requireOwnersAlone(call, bucket.ownerId)
  call.exchange.sendHead(200, ['Content-Length', '0'])
}

export async function getObjectAcl(call: Call, bucket: Bucket): Promise<void> {
  const version = await findVersion(call, bucket, versionOf(call.target.query))
  const owners = await ownersOf(call, [version])
  call.exchange.sendDocument(renderAcl(owners(version.ownerId)), versionField(bucket, version))
}

export async function putObjectAcl(call: Call, bucket: Bucket): Promise<void> {
  const version = await findVersion(call, bucket, versionOf(call.target.query))
  await requireOwnersAlone(call, version.ownerId)
  call.exchange.sendHead(200, [...versionField(bucket, version), 'Content-Length', '0'])
}

/**
 * A canned ACL was judged with the headers; an AccessControlPolicy must say what already holds.
 * @throws S3Error `AccessControlListNotSupported`, `MalformedXML`
 */
async function requireOwnersAlone(call: Call, ownerId: string): Promise<void> {
  const body = await readBody(call, { integrity: 'optional' })
  if (body.length === 0 && call.headers.has('x-amz-acl')) return
  if (isOwnersAlone(body, ownerId)) return
  throw new S3Error('AccessControlListNotSupported')
}
