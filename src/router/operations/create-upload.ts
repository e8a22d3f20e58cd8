// CreateMultipartUpload: all that is said of the object is said here.

import type { Bucket } from '../../object-index/object-index.ts'
import { parseUploadChecksum } from '../../s3/multipart-checksum.ts'
import { renderInitiate } from '../../s3/xml/multipart.ts'
import { parseDraft } from '../object-metadata.ts'
import type { Call } from '../operation.ts'

export async function createUpload(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services, headers, key, account } = call
  const checksum = parseUploadChecksum(headers)
  const uploadId = await services.gateway.createUpload({
    bucket,
    key,
    ownerId: account.id,
    initiatorId: account.id,
    ...parseDraft(headers, bucket, account.id),
    checksumAlgorithm: checksum?.algorithm ?? null,
    checksumType: checksum?.type ?? null,
    signal: exchange.signal,
  })
  const fields: string[] = []
  if (checksum !== null) {
    fields.push('x-amz-checksum-algorithm', checksum.algorithm)
    fields.push('x-amz-checksum-type', checksum.type)
  }
  exchange.sendDocument(renderInitiate(bucket.name, key, uploadId), fields)
}
