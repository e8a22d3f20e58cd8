// ListMultipartUploads: unfinished uploads by key, then by the time of their initiation.

import type { UploadId } from '../../base/id.ts'
import type { Bucket, Upload } from '../../object-index/object-index.ts'
import { formatIsoDate } from '../../s3/http-date.ts'
import { invalid, parseListParams } from '../../s3/list-request.ts'
import { queryValue } from '../../s3/query-params.ts'
import { encoderOf, type Owner, renderPage, renderPerson } from '../../s3/xml/list-objects.ts'
import type { Call } from '../operation.ts'
import { ownersOf } from './owners.ts'
import { parseUploadId } from './upload-id.ts'

export async function listUploads(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services, target } = call
  const params = parseListParams(target.query, 'max-uploads')
  const { prefix, delimiter, encoding, limit, limitAsked } = params
  const keyMarker = queryValue(target.query, 'key-marker') ?? ''
  const idMarker = queryValue(target.query, 'upload-id-marker') ?? ''
  const page = await services.index.listUploads({
    bucketId: bucket.id,
    prefix,
    delimiter,
    limit,
    after: keyMarker === '' ? null : keyMarker,
    // S3 ignores an upload id without its key.
    afterUploadId: keyMarker === '' || idMarker === '' ? null : parseMarker(idMarker),
  })
  const { entries, prefixes, isTruncated, last } = page
  const owners = await ownersOf(call, entries.flatMap(peopleOf))
  const lastUpload = entries.at(-1)
  const endsInUpload = lastUpload !== undefined && lastUpload.key === last
  const head = {
    plain: [
      ['Bucket', bucket.name],
      ['UploadIdMarker', idMarker],
      ['NextUploadIdMarker', isTruncated && endsInUpload ? lastUpload.uploadId : null],
      ['MaxUploads', String(limitAsked)],
      ['EncodingType', encoding],
      ['IsTruncated', String(isTruncated)],
    ],
    encoded: [
      ['KeyMarker', keyMarker],
      ['NextKeyMarker', isTruncated ? last : null],
      ['Prefix', prefix],
      ['Delimiter', delimiter === '' ? null : delimiter],
    ],
  } as const
  const encode = encoderOf(encoding)
  const rows = entries.map((upload) => renderUpload(upload, owners, encode)).join('')
  const document = renderPage('ListMultipartUploadsResult', { head, encoding, rows, prefixes })
  exchange.sendDocument(document)
}

function parseMarker(text: string): UploadId {
  const uploadId = parseUploadId(text)
  if (uploadId !== null) return uploadId
  throw invalid('upload-id-marker', text, 'Invalid uploadId marker')
}

function peopleOf({ initiatorId, draft }: Upload): { readonly ownerId: string }[] {
  return [{ ownerId: initiatorId }, { ownerId: draft.ownerId }]
}

function renderUpload(
  upload: Upload,
  owners: (ownerId: string) => Owner,
  encode: (text: string) => string,
): string {
  const { key, uploadId, initiatorId, draft, initiatedAtMs, checksumAlgorithm } = upload
  const checksum =
    checksumAlgorithm === null
      ? ''
      : `<ChecksumAlgorithm>${checksumAlgorithm}</ChecksumAlgorithm>` +
        `<ChecksumType>${upload.checksumType ?? 'FULL_OBJECT'}</ChecksumType>`
  return (
    `<Upload><Key>${encode(key)}</Key><UploadId>${uploadId}</UploadId>` +
    renderPerson('Initiator', owners(initiatorId)) +
    renderPerson('Owner', owners(draft.ownerId)) +
    `<StorageClass>${draft.storageClass}</StorageClass>` +
    `<Initiated>${formatIsoDate(initiatedAtMs)}</Initiated>${checksum}</Upload>`
  )
}
