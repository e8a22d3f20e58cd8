// UploadPart: a part's bytes; a second one of the same number takes the first one's place.

import type { Bucket } from '../../object-index/object-index.ts'
import { openBody } from '../body-shape.ts'
import type { Call } from '../operation.ts'
import { writtenFields } from '../write-answer.ts'
import { partNumberOf, uploadIdOf } from './upload-id.ts'

export async function uploadPart(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services, key } = call
  const uploadId = uploadIdOf(call)
  const partNumber = partNumberOf(call)
  const body = openBody(call)
  const { signal } = exchange
  const written = await services.gateway.putPart({
    bucket,
    key,
    uploadId,
    partNumber,
    body,
    signal,
  })
  const { etag, checksum } = written
  exchange.send(200, writtenFields({ etag, checksum, versionId: null }), '')
}
