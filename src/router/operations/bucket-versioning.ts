// GetBucketVersioning and PutBucketVersioning.

import type { Bucket } from '../../object-index/object-index.ts'
import { parseVersioning, renderVersioning } from '../../s3/xml/versioning.ts'
import { commit } from '../commit.ts'
import type { Call } from '../operation.ts'
import { readBody } from '../read-body.ts'

export async function getBucketVersioning({ exchange }: Call, bucket: Bucket): Promise<void> {
  const document = renderVersioning(bucket.versioning)
  exchange.sendDocument(document)
  return await Promise.resolve()
}

export async function putBucketVersioning(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services } = call
  const versioning = parseVersioning(await readBody(call, { integrity: 'optional' }))
  await commit(services, { kind: 'set-versioning', bucketId: bucket.id, versioning })
  exchange.sendHead(200, ['Content-Length', '0'])
}
