// UploadPartCopy: bytes of another object become a part.

import type { Bucket } from '../../object-index/object-index.ts'
import { checkCopySourceRange, parseCopySourceRange } from '../../s3/range.ts'
import { S3Error } from '../../s3/s3-error.ts'
import { S3_LIMITS } from '../../s3/s3-limits.ts'
import { renderCopy } from '../../s3/xml/multipart.ts'
import type { Call } from '../operation.ts'
import { checksumText } from '../write-answer.ts'
import { findCopySource, sourceVersionField } from './copy-source.ts'
import { partNumberOf, uploadIdOf } from './upload-id.ts'

export async function uploadPartCopy(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services, headers, key } = call
  const uploadId = uploadIdOf(call)
  const partNumber = partNumberOf(call)
  const asked = parseCopySourceRange(headers.get('x-amz-copy-source-range'))
  const source = await findCopySource(call)
  const { version } = source
  const range = asked ?? { start: 0, end: version.sizeBytes }
  checkCopySourceRange(range, version.sizeBytes)
  if (range.end - range.start > S3_LIMITS.putSizeBytesMax) {
    throw new S3Error('InvalidRequest', {
      message:
        'The specified copy source is larger than the maximum allowable size for a copy source: ' +
        `${S3_LIMITS.putSizeBytesMax}`,
    })
  }
  exchange.isLong = true
  const written = await services.gateway.copyPart({
    bucket,
    key,
    uploadId,
    partNumber,
    source: version,
    sourceBucketId: source.bucket.id,
    range,
    signal: exchange.signal,
  })
  const checksum = checksumText(written.checksum, null)
  exchange.sendDocument(
    renderCopy('CopyPartResult', { ...written, checksum }),
    sourceVersionField(source),
  )
}
