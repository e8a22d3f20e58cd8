// The upload and the part that a request names.

import type { UploadId } from '../../base/id.ts'
import type { Bucket } from '../../object-index/object-index.ts'
import { parsePartNumber } from '../../s3/range.ts'
import { queryValue } from '../../s3/query-params.ts'
import { S3Error } from '../../s3/s3-error.ts'
import type { Call } from '../operation.ts'

const UPLOAD_ID = /^[0-9a-f]{32}$/

/** The query's uploadId. @throws S3Error `NoSuchUpload` for what never was one */
export function uploadIdOf(call: Call): UploadId {
  const text = queryValue(call.target.query, 'uploadId') ?? ''
  const uploadId = parseUploadId(text)
  if (uploadId === null) throw noSuchUpload(text)
  return uploadId
}

/** The query's upload must be the caller's own, if there is one. @throws S3Error `AccessDenied` */
export async function requireOwnUpload(call: Call, bucket: Bucket): Promise<void> {
  const { services, key, account } = call
  const upload = await services.index.upload(bucket.id, key, uploadIdOf(call))
  if (upload !== null && upload.initiatorId !== account.id) throw new S3Error('AccessDenied')
}

/** An upload's id; null for a text that was never one. */
export function parseUploadId(text: string): UploadId | null {
  return UPLOAD_ID.test(text) ? (text as UploadId) : null
}

/** The query's partNumber, 1 to 10,000. @throws S3Error `InvalidArgument` */
export function partNumberOf(call: Call): number {
  return parsePartNumber(queryValue(call.target.query, 'partNumber'))
}

/** 404 for an upload that is not there, or not any more. */
export function noSuchUpload(uploadId: string): S3Error {
  return new S3Error('NoSuchUpload', { fields: { UploadId: uploadId } })
}
