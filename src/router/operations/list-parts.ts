// ListParts: the parts of an unfinished upload, ascending.

import type { Bucket, Part } from '../../object-index/object-index.ts'
import { formatIsoDate } from '../../s3/http-date.ts'
import { parseCount, parseListParams } from '../../s3/list-request.ts'
import { S3_LIMITS } from '../../s3/s3-limits.ts'
import { renderPage, renderPerson } from '../../s3/xml/list-objects.ts'
import { renderChecksum } from '../../s3/xml/multipart.ts'
import type { Call } from '../operation.ts'
import { checksumText } from '../write-answer.ts'
import { ownersOf } from './owners.ts'
import { noSuchUpload, uploadIdOf } from './upload-id.ts'

export async function listParts(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services, target, key } = call
  const uploadId = uploadIdOf(call)
  const { limit, limitAsked, encoding } = parseListParams(target.query, 'max-parts')
  const after = Math.min(parseCount(target.query, 'part-number-marker', 0), S3_LIMITS.partNumberMax)
  const upload = await services.index.upload(bucket.id, key, uploadId)
  if (upload === null) throw noSuchUpload(uploadId)
  const found = await services.index.parts(uploadId, after, limit + 1)
  const parts = found.slice(0, limit)
  const isTruncated = limit > 0 && found.length > limit
  const { initiatorId, draft, checksumAlgorithm, checksumType } = upload
  const owners = await ownersOf(call, [{ ownerId: initiatorId }, { ownerId: draft.ownerId }])
  const head = {
    plain: [
      ['Bucket', bucket.name],
      ['UploadId', uploadId],
      ['PartNumberMarker', String(after)],
      ['NextPartNumberMarker', String(parts.at(-1)?.partNumber ?? 0)],
      ['MaxParts', String(limitAsked)],
      ['IsTruncated', String(isTruncated)],
      ['StorageClass', draft.storageClass],
      ['ChecksumAlgorithm', checksumAlgorithm],
      ['ChecksumType', checksumAlgorithm === null ? null : (checksumType ?? 'FULL_OBJECT')],
    ],
    encoded: [['Key', key]],
  } as const
  const rows =
    renderPerson('Initiator', owners(initiatorId)) +
    renderPerson('Owner', owners(draft.ownerId)) +
    parts.map((part) => renderPart(part, checksumAlgorithm !== null)).join('')
  const document = renderPage('ListPartsResult', { head, encoding, rows, prefixes: [] })
  exchange.sendDocument(document)
}

function renderPart(part: Part, withChecksum: boolean): string {
  const { partNumber, lastModifiedMs, etag, sizeBytes, checksum } = part
  const sum = withChecksum ? renderChecksum(checksumText(checksum, null), false) : ''
  return (
    `<Part><PartNumber>${partNumber}</PartNumber>` +
    `<LastModified>${formatIsoDate(lastModifiedMs)}</LastModified>` +
    `<ETag>&quot;${etag}&quot;</ETag><Size>${sizeBytes}</Size>${sum}</Part>`
  )
}
