// DeleteObject: a key, a delete marker in its place, or one version.

import { ObjectIndexError, type Bucket } from '../../object-index/object-index.ts'
import { S3Error } from '../../s3/s3-error.ts'
import { parseDeletePrecondition } from '../../s3/write-condition.ts'
import { failed } from '../../s3/condition.ts'
import { ownsBucket } from '../access.ts'
import { commit } from '../commit.ts'
import type { Call } from '../operation.ts'
import { notFound } from '../read-plan.ts'
import { versionOf } from '../version-selector.ts'
import { pushVersionId } from '../write-answer.ts'

export async function deleteObject(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services, headers, key, target, account } = call
  const version = versionOf(target.query)
  // WRITE on a bucket lets a guest delete a key, not destroy a version. Source: S3 User Guide, ACLs.
  if (version.kind !== 'latest' && !ownsBucket(account, bucket)) throw new S3Error('AccessDenied')
  const ifMatch = parseDeletePrecondition(headers)
  const outcome = await commit(services, {
    kind: 'delete-objects',
    bucketId: bucket.id,
    entries: [{ key, version, ifMatch }],
  })
  const result = outcome.kind === 'deleted' ? outcome.results[0] : undefined
  switch (result?.outcome) {
    case 'deleted': {
      const fields = result.isDeleteMarker ? ['x-amz-delete-marker', 'true'] : []
      pushVersionId(fields, result.versionId)
      return exchange.sendHead(204, fields)
    }
    case 'precondition-failed':
      throw failed('If-Match')
    case 'no-such-key':
      throw notFound(key, { kind: 'latest' })
    case 'no-such-version': {
      // Gone already, as after a lost answer: deleting is idempotent. A text that is no version id
      // of this store was refused by `versionOf`.
      const fields: string[] = []
      pushVersionId(fields, version.kind === 'id' ? version.versionId : null)
      return exchange.sendHead(204, fields)
    }
    case 'damaged':
      throw new ObjectIndexError('corrupt', `index: a record of ${key} is damaged`)
    case undefined:
      throw new S3Error('InternalError')
  }
}
