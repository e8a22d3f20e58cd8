// Byte ranges: of the Range header, of partNumber, and of a copied part's source. Inside, a range
// is [start, end). Source: RFC 9110, 14; S3 API, GetObject and UploadPartCopy.

import { queryValue, type QueryParam } from './query-params.ts'
import { S3Error } from './s3-error.ts'
import { S3_LIMITS } from './s3-limits.ts'
import type { RequestHeaders } from './request-headers.ts'

/** Bytes [start, end). */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** A range as asked for, before the object's size is known. `last` is included. */
export type RangeSpec =
  | { readonly kind: 'from'; readonly first: number }
  | { readonly kind: 'between'; readonly first: number; readonly last: number }
  | { readonly kind: 'suffix'; readonly count: number }

/** The range of a header; null means the whole: none, several, another unit, or a syntax error. */
export function parseRange(text: string | null): RangeSpec | null {
  if (text === null) return null
  const match = RANGE.exec(text)
  if (match === null) return null
  const [, first = '', last = ''] = match
  if (first === '') return last === '' ? null : { kind: 'suffix', count: Number(last) }
  if (last === '') return { kind: 'from', first: Number(first) }
  if (Number(last) < Number(first)) return null
  return { kind: 'between', first: Number(first), last: Number(last) }
}

/** The bytes of an object of `sizeBytes`. @throws S3Error `InvalidRange` where there are none */
export function resolveRange(spec: RangeSpec, sizeBytes: number): ByteRange {
  const start = spec.kind === 'suffix' ? Math.max(0, sizeBytes - spec.count) : spec.first
  if (start >= sizeBytes) {
    throw new S3Error('InvalidRange', {
      fields: { RangeRequested: formatSpec(spec), ActualObjectSize: String(sizeBytes) },
      headers: { 'content-range': `bytes */${sizeBytes}` },
    })
  }
  const end = spec.kind === 'between' ? Math.min(sizeBytes, spec.last + 1) : sizeBytes
  return { start, end }
}

/** `bytes 0-9/100`, for Content-Range. */
export function formatContentRange(range: ByteRange, sizeBytes: number): string {
  return `bytes ${range.start}-${range.end - 1}/${sizeBytes}`
}

/**
 * The partNumber of a GET or HEAD, 1 to 10,000; null without.
 * @throws S3Error `InvalidArgument`, or `InvalidRequest` together with Range
 */
export function parseReadPartNumber(
  query: readonly QueryParam[],
  headers: RequestHeaders,
): number | null {
  const text = queryValue(query, 'partNumber')
  if (text === null) return null
  const partNumber = parsePartNumber(text)
  if (headers.has('range')) {
    throw new S3Error('InvalidRequest', {
      message: 'Cannot specify both Range header and partNumber query parameter',
    })
  }
  return partNumber
}

/** A part's number, 1 to 10,000. @throws S3Error `InvalidArgument` */
export function parsePartNumber(text: string | null): number {
  const partNumber = text !== null && /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (partNumber >= 1 && partNumber <= S3_LIMITS.partNumberMax) return partNumber
  throw new S3Error('InvalidArgument', {
    message: 'Part number must be an integer between 1 and 10000, inclusive',
    fields: { ArgumentName: 'partNumber', ArgumentValue: text ?? '' },
  })
}

/** What a partNumber beyond the last part is answered with. */
export function noSuchPart(partNumber: number, partCount: number): S3Error {
  return new S3Error('InvalidPartNumber', {
    fields: { PartNumberRequested: String(partNumber), ActualPartCount: String(partCount) },
  })
}

/**
 * x-amz-copy-source-range: both ends, `bytes=0-9`; null without.
 * @throws S3Error `InvalidArgument`
 */
export function parseCopySourceRange(text: string | null): ByteRange | null {
  if (text === null) return null
  const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(text)
  const [start, last] = [Number(match?.[1]), Number(match?.[2])]
  if (match !== null && start <= last) return { start, end: last + 1 }
  throw new S3Error('InvalidArgument', {
    message:
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and ' +
      'last are the zero-based offsets of the first and last bytes to copy',
    fields: { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: text },
  })
}

/** A copied range must lie inside its source. @throws S3Error `InvalidRange` */
export function checkCopySourceRange(range: ByteRange, sizeBytes: number): void {
  if (range.end <= sizeBytes) return
  throw new S3Error('InvalidRange', {
    message: `Range specified is not valid for source object of size: ${sizeBytes}`,
    fields: {
      RangeRequested: `bytes=${range.start}-${range.end - 1}`,
      ActualObjectSize: String(sizeBytes),
    },
  })
}

function formatSpec(spec: RangeSpec): string {
  switch (spec.kind) {
    case 'from':
      return `bytes=${spec.first}-`
    case 'between':
      return `bytes=${spec.first}-${spec.last}`
    case 'suffix':
      return `bytes=-${spec.count}`
  }
}

// RFC 9110 has no spaces here; other servers take them around the unit, AWS does not.
const RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/
