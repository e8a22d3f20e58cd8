// The documents of multipart uploads.

import { CHECKSUM_ALGORITHMS, CHECKSUMS } from '../checksum-algorithm.ts'
import type { ChecksumAlgorithm } from '../checksum-algorithm.ts'
import { parseChecksumValue } from '../checksum-header.ts'
import { bareEtag } from '../condition.ts'
import { formatIsoDate } from '../http-date.ts'
import { S3Error } from '../s3-error.ts'
import { S3_LIMITS } from '../s3-limits.ts'
import { childrenOf, malformed, parseXml, requireText, textOf } from '../xml-read.ts'
import type { XmlElement } from '../xml-read.ts'
import { escapeXml, XML_DECLARATION, XML_NAMESPACE } from '../xml-write.ts'

export interface CompletedPart {
  readonly partNumber: number
  readonly etag: string
  readonly checksum: Uint8Array | null
  readonly checksumAlgorithm: ChecksumAlgorithm | null
}

/** @throws S3Error `MalformedXML`, `InvalidArgument`, `InvalidRequest` */
export function parseComplete(body: Uint8Array): readonly CompletedPart[] {
  const root = parseXml(body, 'CompleteMultipartUpload', S3_LIMITS.xmlListSizeBytesMax)
  const parts = childrenOf(root, 'Part')
  if (parts.length === 0 || parts.length > S3_LIMITS.partNumberMax) throw malformed('no parts')
  return withoutSuperseded(parts.map(parsePart))
}

/** A part that was sent again: of two entries of one number in a row the later counts. */
function withoutSuperseded(parts: readonly CompletedPart[]): readonly CompletedPart[] {
  return parts.filter(({ partNumber, etag }, index) => {
    const next = parts[index + 1]
    return next === undefined || next.partNumber !== partNumber || next.etag === etag
  })
}

function parsePart(part: XmlElement): CompletedPart {
  const number = requireText(part, 'PartNumber').trim()
  if (!/^\d{1,9}$/.test(number)) throw malformed(`PartNumber ${number}`)
  const partNumber = Number(number)
  if (partNumber < 1 || partNumber > S3_LIMITS.partNumberMax) {
    throw new S3Error('InvalidArgument', {
      message: 'PartNumber must be >= 1',
      fields: { ArgumentName: 'partNumber', ArgumentValue: number },
    })
  }
  const named = CHECKSUM_ALGORITHMS.map(
    (algorithm) => [algorithm, textOf(part, CHECKSUMS[algorithm].element)] as const,
  ).find(([, value]) => value !== null)
  const [algorithm, value] = named ?? [null, null]
  return {
    partNumber,
    etag: bareEtag(requireText(part, 'ETag').trim()),
    checksumAlgorithm: algorithm,
    checksum:
      algorithm === null || value === null ? null : parseChecksumValue(algorithm, value.trim()),
  }
}

export function renderInitiate(bucket: string, key: string, uploadId: string): string {
  return (
    `${XML_DECLARATION}<InitiateMultipartUploadResult ${XML_NAMESPACE}>` +
    `<Bucket>${escapeXml(bucket)}</Bucket><Key>${escapeXml(key)}</Key>` +
    `<UploadId>${uploadId}</UploadId></InitiateMultipartUploadResult>`
  )
}

export interface CompleteAnswer {
  readonly location: string
  readonly bucket: string
  readonly key: string
  readonly etag: string
  /** Element and text, such as ChecksumCRC32. */
  readonly checksum: ChecksumText | null
}
export interface ChecksumText {
  readonly element: string
  readonly value: string
  readonly type: string
}

export function renderChecksum(checksum: ChecksumText | null, withType = true): string {
  if (checksum === null) return ''
  const type = withType ? `<ChecksumType>${checksum.type}</ChecksumType>` : ''
  return `<${checksum.element}>${checksum.value}</${checksum.element}>${type}`
}

export function renderComplete(answer: CompleteAnswer): string {
  return (
    `${XML_DECLARATION}<CompleteMultipartUploadResult ${XML_NAMESPACE}>` +
    `<Location>${escapeXml(answer.location)}</Location><Bucket>${escapeXml(answer.bucket)}</Bucket>` +
    `<Key>${escapeXml(answer.key)}</Key><ETag>&quot;${answer.etag}&quot;</ETag>` +
    `${renderChecksum(answer.checksum)}</CompleteMultipartUploadResult>`
  )
}

/** CopyObjectResult and CopyPartResult. */
export function renderCopy(
  name: 'CopyObjectResult' | 'CopyPartResult',
  copied: { etag: string; lastModifiedMs: number; checksum: ChecksumText | null },
): string {
  return (
    `${XML_DECLARATION}<${name} ${XML_NAMESPACE}>` +
    `<LastModified>${formatIsoDate(copied.lastModifiedMs)}</LastModified>` +
    `<ETag>&quot;${copied.etag}&quot;</ETag>${renderChecksum(copied.checksum, name === 'CopyObjectResult')}</${name}>`
  )
}
