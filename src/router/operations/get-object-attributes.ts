// GetObjectAttributes: what a version is, without its bytes.

import type { Bucket, ManifestPart, ObjectVersion } from '../../object-index/object-index.ts'
import { formatHttpDate } from '../../s3/http-date.ts'
import { S3Error } from '../../s3/s3-error.ts'
import {
  type AttributePart,
  type ObjectAttribute,
  parseAttributes,
  parsePartsPage,
  renderAttributes,
} from '../../s3/xml/object-attributes.ts'
import type { Call } from '../operation.ts'
import { findVersion, versionField } from '../read-plan.ts'
import { versionOf } from '../version-selector.ts'
import { checksumText } from '../write-answer.ts'

export async function getObjectAttributes(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, headers, target } = call
  const wanted = parseAttributes(headers)
  const version = await findVersion(call, bucket, versionOf(target.query))
  const has = (attribute: ObjectAttribute): boolean => wanted.has(attribute)
  const partCount = version.body.kind === 'manifest' ? version.body.partCount : null
  const document = renderAttributes({
    etag: has('ETag') ? version.etag : null,
    checksum: has('Checksum') ? checksumText(version.checksum, partCount) : null,
    parts:
      has('ObjectParts') && partCount !== null ? await readParts(call, version, partCount) : null,
    storageClass: has('StorageClass') ? version.storageClass : null,
    sizeBytes: has('ObjectSize') ? version.sizeBytes : null,
  })
  const fields = [
    'Content-Type',
    'application/xml',
    'Last-Modified',
    formatHttpDate(version.lastModifiedMs),
    ...versionField(bucket, version),
  ]
  exchange.send(200, fields, document)
}

/** A page of the parts. They are numbered from 1 without gaps here, whatever the upload named. */
async function readParts(call: Call, version: ObjectVersion, partCount: number) {
  const { limit, after } = parsePartsPage(call.headers)
  const parts: AttributePart[] = []
  const last = Math.min(partCount, after + limit)
  const { body } = version
  if (body.kind === 'manifest' && last > after) {
    const first = await call.services.gateway.part(version, after + 1)
    const found =
      first === null
        ? []
        : await call.services.index.manifestParts(body.uploadId, first.offset, last - after)
    // Overwritten since it was looked up: never fewer parts than there are.
    if (found.length !== last - after) throw new S3Error('ServiceUnavailable')
    for (const [index, part] of found.entries()) parts.push(describe(part, after + index + 1))
  }
  return {
    partCount,
    after,
    limit,
    next: last,
    isTruncated: last < partCount && limit > 0,
    parts,
  }
}

function describe({ sizeBytes, checksum }: ManifestPart, partNumber: number): AttributePart {
  return { partNumber, sizeBytes, checksum: checksumText(checksum, null) }
}
