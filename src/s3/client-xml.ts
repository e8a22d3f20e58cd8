// The documents that a client reads and writes: the other side of those in xml/.

import { bareEtag } from './condition.ts'
import { percentDecode } from './percent.ts'
import { childrenOf, malformed, parseXml, requireText, textOf } from './xml-read.ts'
import type { XmlElement } from './xml-read.ts'
import { S3_LIMITS } from './s3-limits.ts'
import { escapeXml, XML_DECLARATION, XML_NAMESPACE } from './xml-write.ts'

export interface ListPage {
  readonly entries: readonly ListEntry[]
  /** Where the next page begins; null: this is the last. */
  readonly nextToken: string | null
}

export interface ListEntry {
  readonly key: string
  /** Without quotes. */
  readonly etag: string
  readonly sizeBytes: number
}

export interface UnfinishedUpload {
  readonly key: string
  readonly uploadId: string
}

/** A page of ListObjectsV2 that was asked for with `encoding-type=url`. @throws S3Error `MalformedXML` */
export function readListPage(body: Uint8Array): ListPage {
  const root = parse(body, 'ListBucketResult')
  const isTruncated = requireText(root, 'IsTruncated') === 'true'
  return {
    entries: childrenOf(root, 'Contents').map((entry) => ({
      key: readKey(entry, 'Key'),
      etag: bareEtag(requireText(entry, 'ETag')),
      sizeBytes: readCount(entry, 'Size'),
    })),
    nextToken: isTruncated ? requireText(root, 'NextContinuationToken') : null,
  }
}

/** The names of a page of ListBuckets. @throws S3Error `MalformedXML` */
export function readBuckets(body: Uint8Array): readonly string[] {
  const root = parse(body, 'ListAllMyBucketsResult')
  const lists = childrenOf(root, 'Buckets')
  return lists.flatMap((list) =>
    childrenOf(list, 'Bucket').map((each) => requireText(each, 'Name')),
  )
}

/** A page of ListMultipartUploads, asked for with `encoding-type=url`. @throws S3Error `MalformedXML` */
export function readUploads(body: Uint8Array): readonly UnfinishedUpload[] {
  return childrenOf(parse(body, 'ListMultipartUploadsResult'), 'Upload').map((upload) => ({
    key: readKey(upload, 'Key'),
    uploadId: requireText(upload, 'UploadId'),
  }))
}

/** @throws S3Error `MalformedXML` */
export function readUploadId(body: Uint8Array): string {
  return requireText(parse(body, 'InitiateMultipartUploadResult'), 'UploadId')
}

/** The ETag of a completed upload. @throws S3Error `MalformedXML` */
export function readCompletedEtag(body: Uint8Array): string {
  return bareEtag(requireText(parse(body, 'CompleteMultipartUploadResult'), 'ETag'))
}

/** Whether a body is an error's document: S3 may begin an answer as 200 and fail after. */
export function isErrorDocument(body: Uint8Array): boolean {
  return ERROR_ROOT.test(Buffer.from(body.subarray(0, 200)).toString('latin1'))
}

/** The parts in the order of their numbers, 1 and up. */
export function writeComplete(etags: readonly string[]): string {
  const parts = etags.map(
    (etag, index) =>
      `<Part><PartNumber>${index + 1}</PartNumber><ETag>&quot;${escapeXml(etag)}&quot;</ETag></Part>`,
  )
  const open = `<CompleteMultipartUpload ${XML_NAMESPACE}>`
  return `${XML_DECLARATION}${open}${parts.join('')}</CompleteMultipartUpload>`
}

function parse(body: Uint8Array, rootName: string): XmlElement {
  return parseXml(body, rootName, S3_LIMITS.xmlListSizeBytesMax)
}

function readKey(element: XmlElement, name: string): string {
  const key = percentDecode(requireText(element, name).replaceAll('+', ' '))
  if (key === null) throw malformed(`${name} is not encoded as asked`)
  return key
}

function readCount(element: XmlElement, name: string): number {
  const text = textOf(element, name) ?? ''
  if (!/^\d{1,15}$/.test(text)) throw malformed(`${name} is no count`)
  return Number(text)
}

const ERROR_ROOT = /^(?:\ufeff|\s|<\?[^>]*\?>)*<Error[\s>]/
