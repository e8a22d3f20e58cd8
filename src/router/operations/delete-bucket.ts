// DeleteBucket: the name is marked, then the bucket goes in the index if it is empty, then the name
// is released. Cut off before the index has decided, the bucket stays and may be deleted again; cut
// off behind that, its name is free for whoever creates it next.

import type { Bucket } from '../../object-index/object-index.ts'
import { newId, type CommitId } from '../../base/id.ts'
import type { Call } from '../operation.ts'
import { refusalError } from '../to-s3-error.ts'

export async function deleteBucket(call: Call, bucket: Bucket): Promise<void> {
  const { services, exchange } = call
  const { directory, index, random } = services
  const name = { name: bucket.name, bucketId: bucket.id }
  await directory.apply({ kind: 'mark-deleting', ...name })
  const outcome = await index
    .apply({ kind: 'delete-bucket', bucketId: bucket.id }, newId<CommitId>(random))
    .catch(async (error: unknown) => {
      await unmarkIfStanding(call, bucket)
      throw error
    })
  if (outcome.kind === 'refused' && outcome.refusal !== 'no-such-bucket') {
    await directory.apply({ kind: 'unmark-deleting', ...name })
    throw refusalError(outcome.refusal, { BucketName: bucket.name })
  }
  await directory.apply({ kind: 'release-name', ...name })
  exchange.sendHead(204)
}

/** Undoes the mark of a deletion that failed, as far as that is known and possible now. */
async function unmarkIfStanding({ services }: Call, bucket: Bucket): Promise<void> {
  const name = { name: bucket.name, bucketId: bucket.id }
  try {
    if ((await services.index.bucket(bucket.id)) === null) return
    await services.directory.apply({ kind: 'unmark-deleting', ...name })
  } catch (error) {
    services.log.warn('a bucket that was not deleted stays marked', {
      bucket: bucket.name,
      detail: error instanceof Error ? error.message : String(error),
    })
  }
}
