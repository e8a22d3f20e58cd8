// AbortMultipartUpload: the upload ends; its parts' bytes are given back in the background.

import type { Bucket } from '../../object-index/object-index.ts'
import { commit } from '../commit.ts'
import type { Call } from '../operation.ts'
import { uploadIdOf } from './upload-id.ts'

export async function abortUpload(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services, key } = call
  const uploadId = uploadIdOf(call)
  const fields = { UploadId: uploadId }
  await commit(services, { kind: 'abort-upload', bucketId: bucket.id, key, uploadId }, fields)
  exchange.sendHead(204)
}
