// The preconditions of writes. They are only read here; the index decides them in the transaction
// that writes. Source: S3 User Guide, Conditional requests.

import { bareEtag } from './condition.ts'
import { S3Error } from './s3-error.ts'
import type { RequestHeaders } from './request-headers.ts'

/** What must hold of a key for a write to go on. */
export type WritePrecondition =
  | { readonly kind: 'none' }
  /** If-None-Match: * */
  | { readonly kind: 'absent' }
  /** If-Match; without quotes. `*` matches whatever exists. */
  | { readonly kind: 'etag'; readonly etag: string }

/**
 * The precondition of PutObject, CopyObject and CompleteMultipartUpload.
 * @throws S3Error `NotImplemented` for any other form of it, and for both headers at once
 */
export function parseWritePrecondition(headers: RequestHeaders): WritePrecondition {
  const noneMatch = headers.get('if-none-match')
  const match = headers.get('if-match')
  if (noneMatch === null && match === null) return NONE
  if (noneMatch !== null && match !== null) throw notImplemented('If-Match')
  if (match !== null) {
    const etag = bareEtag(match)
    if (etag === '' || etag.includes(',')) throw notImplemented('If-Match')
    return { kind: 'etag', etag }
  }
  if (noneMatch?.trim() !== '*') throw notImplemented('If-None-Match')
  return ABSENT
}

/**
 * The If-Match of DeleteObject: an ETag without quotes, `*` for whatever exists, null without.
 * @throws S3Error `NotImplemented` for the conditions of directory buckets
 */
export function parseDeletePrecondition(headers: RequestHeaders): string | null {
  for (const name of FOR_DIRECTORY_BUCKETS) if (headers.has(name)) throw notImplemented(name)
  if (headers.has('if-none-match')) throw notImplemented('If-None-Match')
  const match = headers.get('if-match')
  if (match === null) return null
  const etag = bareEtag(match)
  if (etag === '' || etag.includes(',')) throw notImplemented('If-Match')
  return etag
}

function notImplemented(header: string): S3Error {
  return new S3Error('NotImplemented', { fields: { Header: header } })
}

const NONE: WritePrecondition = { kind: 'none' }
const ABSENT: WritePrecondition = { kind: 'absent' }
const FOR_DIRECTORY_BUCKETS = ['x-amz-if-match-last-modified-time', 'x-amz-if-match-size']
