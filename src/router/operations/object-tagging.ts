// GetObjectTagging, PutObjectTagging and DeleteObjectTagging.

import type { Bucket, Pairs } from '../../object-index/object-index.ts'
import { parseTagging, renderTagging } from '../../s3/xml/tagging.ts'
import { commit } from '../commit.ts'
import type { Call } from '../operation.ts'
import { findVersion, versionField } from '../read-plan.ts'
import { readBody } from '../read-body.ts'
import { versionOf } from '../version-selector.ts'

const NO_TAGS: Pairs = []

export async function getObjectTagging(call: Call, bucket: Bucket): Promise<void> {
  const version = await findVersion(call, bucket, versionOf(call.target.query))
  call.exchange.sendDocument(renderTagging(version.tags), versionField(bucket, version))
}

export async function putObjectTagging(call: Call, bucket: Bucket): Promise<void> {
  const tags = parseTagging(await readBody(call, { integrity: 'optional' }))
  call.exchange.sendHead(200, [...(await setTags(call, bucket, tags)), 'Content-Length', '0'])
}

export async function deleteObjectTagging(call: Call, bucket: Bucket): Promise<void> {
  call.exchange.sendHead(204, await setTags(call, bucket, NO_TAGS))
}

/** @returns the version's header, flat */
async function setTags(call: Call, bucket: Bucket, tags: Pairs): Promise<readonly string[]> {
  const { services, key, target } = call
  const selector = versionOf(target.query)
  const version = await findVersion(call, bucket, selector)
  const operation = { kind: 'set-tags', bucketId: bucket.id, key, version: selector, tags } as const
  await commit(services, operation, { Key: key })
  return versionField(bucket, version)
}
