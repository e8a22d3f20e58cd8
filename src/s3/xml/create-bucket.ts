// CreateBucketConfiguration: where the bucket is to be.

import { parseXml, textOf } from '../xml-read.ts'

/** The LocationConstraint; null without a body or in one that names none. @throws S3Error */
export function parseCreateBucket(body: Uint8Array): string | null {
  if (body.length === 0) return null
  return textOf(parseXml(body, 'CreateBucketConfiguration'), 'LocationConstraint')?.trim() ?? null
}
