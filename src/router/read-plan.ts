// What a GET or HEAD of an object answers, body aside: the version, conditions, range or part, and
// every header. Source: S3.md 19 to 25, 30, 42; S3 API, GetObject.

import type {
  Bucket,
  ObjectVersion,
  StoredChecksum,
  VersionSelector,
} from '../object-index/object-index.ts'
import { CHECKSUMS } from '../s3/checksum-algorithm.ts'
import { ifRangeHolds, judgeRead, notModifiedHeaders } from '../s3/condition.ts'
import { formatHttpDate } from '../s3/http-date.ts'
import { formatChecksum } from '../s3/multipart-checksum.ts'
import {
  type ByteRange,
  formatContentRange,
  noSuchPart,
  parseRange,
  parseReadPartNumber,
  resolveRange,
} from '../s3/range.ts'
import { parseResponseOverrides } from '../s3/response-overrides.ts'
import { S3Error } from '../s3/s3-error.ts'
import { mayUseVersion, ownsBucket } from './access.ts'
import { storedHeaders } from './object-metadata.ts'
import type { Call } from './operation.ts'
import { shownVersionId, versionOf } from './version-selector.ts'

/** The answer to a read that is no error. */
export type ReadPlan =
  | { readonly kind: 'not-modified'; readonly fields: readonly string[] }
  | {
      readonly kind: 'object'
      readonly version: ObjectVersion
      readonly status: 200 | 206
      readonly range: ByteRange
      readonly fields: readonly string[]
    }

/** @throws S3Error */
export async function planRead(call: Call, bucket: Bucket): Promise<ReadPlan> {
  const { headers, target, services } = call
  const selector = versionOf(target.query)
  const version = await findVersion(call, bucket, selector)
  if (judgeRead(headers, version, services.clock.nowMs()) === 'not-modified') {
    return {
      kind: 'not-modified',
      fields: [...notModifiedHeaders(version), ...versionField(bucket, version)],
    }
  }
  const { sizeBytes } = version
  const partNumber = target.query.length === 0 ? null : parseReadPartNumber(target.query, headers)
  const part = partNumber === null ? null : await findPart(call, version, partNumber)
  const spec =
    part !== null || !headers.has('range') || !ifRangeHolds(headers, version)
      ? null
      : parseRange(headers.get('range'))
  const range =
    part ?? (spec === null ? { start: 0, end: sizeBytes } : resolveRange(spec, sizeBytes))
  const isPartial = (part !== null && sizeBytes > 0) || spec !== null
  const overrides =
    target.query.length === 0 ? NONE : parseResponseOverrides(target.query, call.authKind)

  const fields = [
    'ETag',
    `"${version.etag}"`,
    'Last-Modified',
    formatHttpDate(version.lastModifiedMs),
    'Accept-Ranges',
    'bytes',
    'Content-Length',
    String(range.end - range.start),
    ...versionField(bucket, version),
  ]
  storedHeaders(version, overrides, fields)
  if (isPartial) fields.push('Content-Range', formatContentRange(range, sizeBytes))
  if (version.storageClass !== 'STANDARD') fields.push('x-amz-storage-class', version.storageClass)
  // Tags are their bucket's owner's: no ACL gives them, nor how many there are.
  if (version.tags.length > 0 && ownsBucket(call.account, bucket)) {
    fields.push('x-amz-tagging-count', String(version.tags.length))
  }
  if (partNumber !== null && version.body.kind === 'manifest') {
    fields.push('x-amz-mp-parts-count', String(version.body.partCount))
  }
  const wantsChecksum = headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED'
  if ((wantsChecksum || part !== null) && spec === null) checksumFields(version, part, fields)
  return { kind: 'object', version, range, fields, status: isPartial ? 206 : 200 }
}

/**
 * The version that a call is about, which it may use.
 * @throws S3Error `AccessDenied`, `NoSuchKey`, `NoSuchVersion`, `MethodNotAllowed`
 */
export async function findVersion(
  call: Call,
  bucket: Bucket,
  selector: VersionSelector,
): Promise<ObjectVersion> {
  const { services, key } = call
  const version = await services.index.lookup(bucket.id, key, selector)
  if (!mayUseVersion(call.account, call.access, bucket, version)) throw new S3Error('AccessDenied')
  if (version === null) throw notFound(key, selector)
  if (!version.isDeleteMarker) return version
  const headers: Record<string, string> = { 'x-amz-delete-marker': 'true' }
  const versionId = shownVersionId(bucket, version)
  if (versionId !== null) headers['x-amz-version-id'] = versionId
  if (selector.kind === 'latest') throw new S3Error('NoSuchKey', { fields: { Key: key }, headers })
  throw new S3Error('MethodNotAllowed', {
    fields: { Method: call.exchange.req.method ?? '', ResourceType: 'DeleteMarker' },
    headers: {
      ...headers,
      allow: 'DELETE',
      'last-modified': formatHttpDate(version.lastModifiedMs),
    },
  })
}

/** 404 for a key, or for one of its versions. */
export function notFound(key: string, selector: VersionSelector): S3Error {
  if (selector.kind === 'latest') return new S3Error('NoSuchKey', { fields: { Key: key } })
  const VersionId = selector.kind === 'null' ? 'null' : selector.versionId
  return new S3Error('NoSuchVersion', { fields: { Key: key, VersionId } })
}

/** `x-amz-version-id`, flat; nothing in a bucket that never had versions. */
export function versionField(bucket: Bucket, version: ObjectVersion): readonly string[] {
  const versionId = shownVersionId(bucket, version)
  return versionId === null ? NONE : ['x-amz-version-id', versionId]
}

interface PartRange extends ByteRange {
  readonly checksum: StoredChecksum | null
}

/** @throws S3Error `InvalidPartNumber` */
async function findPart(
  call: Call,
  version: ObjectVersion,
  partNumber: number,
): Promise<PartRange> {
  const part = await call.services.gateway.part(version, partNumber)
  if (part !== null) {
    const { offset, sizeBytes, checksum } = part
    return { start: offset, end: offset + sizeBytes, checksum }
  }
  throw noSuchPart(partNumber, version.body.kind === 'manifest' ? version.body.partCount : 1)
}

/** Of a part its own; of an object its own, with the number of its parts behind a composite. */
function checksumFields(version: ObjectVersion, part: PartRange | null, into: string[]): void {
  const checksum = part === null ? version.checksum : part.checksum
  if (checksum === null) return
  const partCount = version.body.kind === 'manifest' ? version.body.partCount : null
  into.push(
    CHECKSUMS[checksum.algorithm].header,
    formatChecksum(checksum, part === null ? partCount : null),
  )
  into.push(
    'x-amz-checksum-type',
    part === null ? checksum.type : (version.checksum?.type ?? checksum.type),
  )
}

const NONE: readonly string[] = []
