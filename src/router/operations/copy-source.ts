// The source of CopyObject and UploadPartCopy: found, allowed, and judged by its conditions.

import type { Bucket, ObjectVersion } from '../../object-index/object-index.ts'
import { judgeCopySource } from '../../s3/condition.ts'
import { parseCopySource } from '../../s3/copy-source.ts'
import { parseExpectedSourceOwner } from '../../s3/refused-headers.ts'
import { S3Error } from '../../s3/s3-error.ts'
import { mayUseVersion } from '../access.ts'
import { authorizeBucket } from '../authorize.ts'
import type { Call } from '../operation.ts'
import { notFound } from '../read-plan.ts'
import { namedVersion, shownVersionId } from '../version-selector.ts'

/** What is copied, as it stands now. */
export interface FoundSource {
  readonly bucket: Bucket
  readonly version: ObjectVersion
  /** Whether the request named a version. */
  readonly isNamed: boolean
}

/**
 * The source that x-amz-copy-source names.
 * @throws S3Error `InvalidArgument`, `NoSuchBucket`, `AccessDenied`, `NoSuchKey`, `NoSuchVersion`,
 *   `InvalidRequest` (a delete marker by its id), `PreconditionFailed`
 */
export async function findCopySource(call: Call): Promise<FoundSource> {
  const { services, headers, account } = call
  const source = parseCopySource(headers.get('x-amz-copy-source'))
  const { name } = await services.known.find(null, source.bucket)
  const bucket = await authorizeBucket(services, {
    account,
    access: 'object-read',
    bucketName: source.bucket,
    name,
    expectedOwnerId: parseExpectedSourceOwner(headers),
  })
  const selector = namedVersion(source.versionId)
  const version = await services.index.lookup(bucket.id, source.key, selector)
  if (!mayUseVersion(account, 'object-read', bucket, version)) throw new S3Error('AccessDenied')
  if (version === null) throw notFound(source.key, selector)
  if (version.isDeleteMarker) {
    if (selector.kind === 'latest') throw notFound(source.key, selector)
    throw new S3Error('InvalidRequest', {
      message:
        'The source of a copy request may not specifically refer to a delete marker by version id.',
    })
  }
  judgeCopySource(headers, version, services.clock.nowMs())
  return { bucket, version, isNamed: selector.kind !== 'latest' }
}

/** `x-amz-copy-source-version-id`, flat; nothing where the source's bucket has no versions. */
export function sourceVersionField({ bucket, version }: FoundSource): readonly string[] {
  const versionId = shownVersionId(bucket, version)
  return versionId === null ? [] : ['x-amz-copy-source-version-id', versionId]
}
