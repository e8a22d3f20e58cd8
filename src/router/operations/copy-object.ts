// CopyObject: by reference where the index has room for one more, else the bytes are copied.

import type { Account } from '../../directory/directory.ts'
import type { Bucket, ObjectVersion } from '../../object-index/object-index.ts'
import { parseDirective } from '../../s3/copy-source.ts'
import { parseCopyChecksum } from '../../s3/multipart-checksum.ts'
import { S3Error } from '../../s3/s3-error.ts'
import { S3_LIMITS } from '../../s3/s3-limits.ts'
import { parseWritePrecondition } from '../../s3/write-condition.ts'
import { renderCopy } from '../../s3/xml/multipart.ts'
import { ownsBucket } from '../access.ts'
import { type DraftMetadata, parseDraft } from '../object-metadata.ts'
import type { Call } from '../operation.ts'
import { checksumText, pushVersionId, withCondition } from '../write-answer.ts'
import { findCopySource, type FoundSource, sourceVersionField } from './copy-source.ts'

export async function copyObject(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services, headers, key, account } = call
  const condition = parseWritePrecondition(headers)
  const checksumAlgorithm = parseCopyChecksum(headers)
  const source = await findCopySource(call)
  refuseTooLarge(source)
  const draft = draftOf(call, bucket, source, checksumAlgorithm !== null)
  exchange.isLong = true
  const written = await withCondition(
    key,
    condition,
    async () =>
      await services.gateway.copy({
        source,
        bucket,
        key,
        condition,
        draft: { ownerId: account.id, ...draft },
        checksumAlgorithm,
        signal: exchange.signal,
      }),
  )
  const fields = [...sourceVersionField(source)]
  pushVersionId(fields, written.versionId)
  const { body } = source.version
  const partCount = body.kind === 'manifest' ? body.partCount : null
  const checksum = checksumText(written.checksum, partCount)
  exchange.sendDocument(renderCopy('CopyObjectResult', { ...written, checksum }), fields)
}

/** @throws S3Error `InvalidRequest` above 5 GiB */
function refuseTooLarge({ version }: FoundSource): void {
  if (version.sizeBytes <= S3_LIMITS.putSizeBytesMax) return
  throw new S3Error('InvalidRequest', {
    message:
      'The specified copy source is larger than the maximum allowable size for a copy source: ' +
      `${S3_LIMITS.putSizeBytesMax}`,
  })
}

/** The copy's own words or its source's. @throws S3Error `InvalidRequest` for a copy of nothing new */
function draftOf(
  call: Call,
  bucket: Bucket,
  { bucket: from, version, isNamed }: FoundSource,
  hasNewChecksum: boolean,
): DraftMetadata {
  const { headers, key, account } = call
  const metadata = parseDirective(headers, 'x-amz-metadata-directive')
  const tagging = parseDirective(headers, 'x-amz-tagging-directive')
  const own = parseDraft(headers, bucket, account.id)
  const changes =
    metadata === 'REPLACE' ||
    headers.has('x-amz-storage-class') ||
    headers.has('x-amz-website-redirect-location') ||
    hasNewChecksum
  if (from.id === bucket.id && version.key === key && !isNamed && !changes) {
    throw new S3Error('InvalidRequest', {
      message:
        'This copy request is illegal because it is trying to copy an object to itself without ' +
        "changing the object's metadata, storage class, website redirect location or encryption " +
        'attributes.',
    })
  }
  return {
    storageClass: own.storageClass,
    headers: metadata === 'REPLACE' ? own.headers : copiedHeaders(own, version.headers),
    userMetadata: metadata === 'REPLACE' ? own.userMetadata : version.userMetadata,
    tags: tagging === 'REPLACE' ? own.tags : copiedTags(account, from, version),
    acl: own.acl, // an ACL is never copied
  }
}

/** A source's tags, for who may read them: READ on an object does not give them. @throws S3Error `AccessDenied` */
function copiedTags(
  account: Account,
  from: Bucket,
  { tags }: ObjectVersion,
): DraftMetadata['tags'] {
  if (tags.length === 0 || ownsBucket(account, from)) return tags
  throw new S3Error('AccessDenied', {
    message:
      "The source has tags, which its bucket's owner alone may read and copy. Copy it without " +
      'them by x-amz-tagging-directive: REPLACE.',
  })
}

/** A redirect is never copied: it is the request's, or there is none. */
function copiedHeaders(
  own: DraftMetadata,
  source: DraftMetadata['headers'],
): DraftMetadata['headers'] {
  const isRedirect = ([name]: readonly [string, string]): boolean =>
    name === 'x-amz-website-redirect-location'
  return [...source.filter((pair) => !isRedirect(pair)), ...own.headers.filter(isRedirect)]
}
