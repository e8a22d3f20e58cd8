// ListAllMyBucketsResult.

import { formatIsoDate } from '../http-date.ts'
import { escapeXml, XML_DECLARATION, XML_NAMESPACE } from '../xml-write.ts'
import { type Owner, renderOwner } from './list-objects.ts'

export interface ListedBucket {
  readonly name: string
  readonly createdAtMs: number
  /** Shown in pages alone; else null. */
  readonly region: string | null
}

export function renderListBuckets(page: {
  readonly owner: Owner
  readonly buckets: readonly ListedBucket[]
  readonly prefix: string | null
  readonly token: string | null
}): string {
  const { owner, buckets, prefix, token } = page
  const rows = buckets.map(
    ({ name, createdAtMs, region }) =>
      `<Bucket><Name>${escapeXml(name)}</Name>` +
      `<CreationDate>${formatIsoDate(createdAtMs)}</CreationDate>` +
      `${region === null ? '' : `<BucketRegion>${escapeXml(region)}</BucketRegion>`}</Bucket>`,
  )
  return (
    `${XML_DECLARATION}<ListAllMyBucketsResult ${XML_NAMESPACE}>${renderOwner(owner)}` +
    `<Buckets>${rows.join('')}</Buckets>` +
    `${token === null ? '' : `<ContinuationToken>${escapeXml(token)}</ContinuationToken>`}` +
    `${prefix === null ? '' : `<Prefix>${escapeXml(prefix)}</Prefix>`}</ListAllMyBucketsResult>`
  )
}
