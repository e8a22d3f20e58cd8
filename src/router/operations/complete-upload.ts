// CompleteMultipartUpload: names the parts; one commit makes them an object. It moves no byte, so
// it answers in one go, with its true status.

import type { Bucket, Upload } from '../../object-index/object-index.ts'
import { parseChecksumType, parseObjectChecksum } from '../../s3/multipart-checksum.ts'
import type { ObjectChecksum } from '../../s3/multipart-checksum.ts'
import { S3Error } from '../../s3/s3-error.ts'
import { S3_LIMITS } from '../../s3/s3-limits.ts'
import { parseSizeHeader } from '../../s3/size-header.ts'
import { parseWritePrecondition } from '../../s3/write-condition.ts'
import { parseComplete, renderComplete } from '../../s3/xml/multipart.ts'
import type { Call } from '../operation.ts'
import { readBody } from '../read-body.ts'
import { checksumText, pushVersionId, withCondition } from '../write-answer.ts'
import { uploadIdOf } from './upload-id.ts'

export async function completeUpload(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services, headers, key, target } = call
  const uploadId = uploadIdOf(call)
  const condition = parseWritePrecondition(headers)
  const sizeBytes = parseSizeHeader(headers, 'x-amz-mp-object-size')
  const checksumType = parseChecksumType(headers)
  // The checksum in the headers is the object's, not this body's.
  const sizeBytesMax = S3_LIMITS.xmlListSizeBytesMax
  const body = await readBody(withoutChecksum(call), { integrity: 'optional', sizeBytesMax })
  const parts = parseComplete(body)
  const upload = await services.index.upload(bucket.id, key, uploadId)
  const checksum = upload === null ? null : claimedChecksum(call, upload, parts.length)
  const complete = { bucket, key, uploadId, condition, parts, checksum, checksumType, sizeBytes }
  const written = await withCondition(
    key,
    condition,
    async () => await services.gateway.completeUpload(complete),
  )
  const fields: string[] = []
  pushVersionId(fields, written.versionId)
  const answer = {
    location: `${exchange.isSecure ? 'https' : 'http'}://${headers.get('host') ?? ''}${target.rawPath}`,
    bucket: bucket.name,
    key,
    etag: written.etag,
    checksum: checksumText(written.checksum, parts.length),
  }
  exchange.sendDocument(renderComplete(answer), fields)
}

/** @throws S3Error `InvalidRequest`, `BadDigest` (a composite of another number of parts) */
function claimedChecksum(call: Call, upload: Upload, partCount: number): ObjectChecksum | null {
  const claimed = parseObjectChecksum(call.headers, {
    algorithm: upload.checksumAlgorithm ?? 'CRC64NVME',
    type: upload.checksumType ?? 'FULL_OBJECT',
  })
  if (claimed === null || claimed.partCount === null || claimed.partCount === partCount) {
    return claimed
  }
  throw new S3Error('BadDigest', {
    message: `The checksum you specified is of ${claimed.partCount} parts; ${partCount} were named.`,
  })
}

function withoutChecksum(call: Call): Call {
  return { ...call, headers: call.headers.without('x-amz-checksum-') }
}
