// GetObjectAttributes: which attributes are asked for, and the document of them.
// Source: S3 API, GetObjectAttributes.

import type { RequestHeaders } from '../request-headers.ts'
import { S3Error } from '../s3-error.ts'
import { S3_LIMITS } from '../s3-limits.ts'
import { parseSizeHeader } from '../size-header.ts'
import { escapeXml, XML_DECLARATION, XML_NAMESPACE } from '../xml-write.ts'
import { type ChecksumText, renderChecksum } from './multipart.ts'

const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'] as const
export type ObjectAttribute = (typeof ATTRIBUTES)[number]

export interface AttributePart {
  readonly partNumber: number
  readonly sizeBytes: number
  readonly checksum: ChecksumText | null
}

/** Null is left out. */
export interface AttributesAnswer {
  readonly etag: string | null
  readonly checksum: ChecksumText | null
  readonly parts: {
    readonly partCount: number
    readonly after: number
    readonly limit: number
    readonly next: number
    readonly isTruncated: boolean
    readonly parts: readonly AttributePart[]
  } | null
  readonly storageClass: string | null
  readonly sizeBytes: number | null
}

/** x-amz-object-attributes. @throws S3Error `InvalidArgument`: none, or an unknown one */
export function parseAttributes(headers: RequestHeaders): ReadonlySet<ObjectAttribute> {
  const text = headers.get('x-amz-object-attributes') ?? ''
  const wanted = new Set<ObjectAttribute>()
  for (const name of text.split(',').map((each) => each.trim())) {
    const attribute = ATTRIBUTES.find((each) => each === name)
    if (attribute === undefined) {
      throw new S3Error('InvalidArgument', {
        message: 'Invalid attribute name specified.',
        fields: { ArgumentName: 'x-amz-object-attributes', ArgumentValue: text },
      })
    }
    wanted.add(attribute)
  }
  return wanted
}

/** The page of parts that x-amz-max-parts and x-amz-part-number-marker name. @throws S3Error */
export function parsePartsPage(headers: RequestHeaders): { limit: number; after: number } {
  const limit = parseSizeHeader(headers, 'x-amz-max-parts') ?? S3_LIMITS.pageEntriesMax
  const after = parseSizeHeader(headers, 'x-amz-part-number-marker') ?? 0
  return {
    limit: Math.min(limit, S3_LIMITS.pageEntriesMax),
    after: Math.min(after, S3_LIMITS.partNumberMax),
  }
}

export function renderAttributes(answer: AttributesAnswer): string {
  const { etag, checksum, parts, storageClass, sizeBytes } = answer
  let text = `${XML_DECLARATION}<GetObjectAttributesResponse ${XML_NAMESPACE}>`
  if (etag !== null) text += `<ETag>${escapeXml(etag)}</ETag>`
  if (checksum !== null) text += `<Checksum>${renderChecksum(checksum)}</Checksum>`
  if (parts !== null) text += renderParts(parts)
  if (storageClass !== null) text += `<StorageClass>${storageClass}</StorageClass>`
  if (sizeBytes !== null) text += `<ObjectSize>${sizeBytes}</ObjectSize>`
  return `${text}</GetObjectAttributesResponse>`
}

function renderParts(page: NonNullable<AttributesAnswer['parts']>): string {
  const { partCount, after, limit, next, isTruncated, parts } = page
  let text =
    `<ObjectParts><PartsCount>${partCount}</PartsCount>` +
    `<PartNumberMarker>${after}</PartNumberMarker>` +
    `<NextPartNumberMarker>${next}</NextPartNumberMarker><MaxParts>${limit}</MaxParts>` +
    `<IsTruncated>${isTruncated}</IsTruncated>`
  for (const { partNumber, sizeBytes, checksum } of parts) {
    text += `<Part><PartNumber>${partNumber}</PartNumber><Size>${sizeBytes}</Size>`
    text += `${renderChecksum(checksum, false)}</Part>`
  }
  return `${text}</ObjectParts>`
}
