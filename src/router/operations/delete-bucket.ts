// DeleteBucket: the name is marked, then the bucket goes in the index if it is empty, then the name
// is released. Cut off anywhere, asking again ends it.

import type { Bucket } from '../../object-index/object-index.ts'
import { newId, type CommitId } from '../../base/id.ts'
import type { Call } from '../operation.ts'
import { refusalError } from '../to-s3-error.ts'

export async function deleteBucket(call: Call, bucket: Bucket): Promise<void> {
  const { services, exchange } = call
  const { directory, index, random } = services
  const name = { name: bucket.name, bucketId: bucket.id }
  await directory.apply({ kind: 'mark-deleting', ...name })
  const outcome = await index.apply(
    { kind: 'delete-bucket', bucketId: bucket.id },
    newId<CommitId>(random),
  )
  if (outcome.kind === 'refused' && outcome.refusal !== 'no-such-bucket') {
    await directory.apply({ kind: 'unmark-deleting', ...name })
    throw refusalError(outcome.refusal, { BucketName: bucket.name })
  }
  await directory.apply({ kind: 'release-name', ...name })
  exchange.sendHead(204)
}
