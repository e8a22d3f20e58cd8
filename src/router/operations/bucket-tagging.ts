// GetBucketTagging, PutBucketTagging and DeleteBucketTagging.

import type { Bucket } from '../../object-index/object-index.ts'
import { S3Error } from '../../s3/s3-error.ts'
import { S3_LIMITS } from '../../s3/s3-limits.ts'
import { parseTagging, renderTagging } from '../../s3/xml/tagging.ts'
import { commit } from '../commit.ts'
import type { Call } from '../operation.ts'
import { readBody } from '../read-body.ts'

export async function getBucketTagging(
  { exchange, services }: Call,
  bucket: Bucket,
): Promise<void> {
  const tags = await services.index.bucketTags(bucket.id)
  if (tags.length === 0) {
    throw new S3Error('NoSuchTagSet', { fields: { BucketName: bucket.name } })
  }
  exchange.sendDocument(renderTagging(tags))
}

export async function putBucketTagging(call: Call, bucket: Bucket): Promise<void> {
  const body = await readBody(call, { integrity: 'required' })
  const tags = parseTagging(body, S3_LIMITS.bucketTagsMax)
  await commit(call.services, { kind: 'set-bucket-tags', bucketId: bucket.id, tags })
  call.exchange.sendHead(204)
}

export async function deleteBucketTagging(call: Call, bucket: Bucket): Promise<void> {
  await commit(call.services, { kind: 'set-bucket-tags', bucketId: bucket.id, tags: [] })
  call.exchange.sendHead(204)
}
