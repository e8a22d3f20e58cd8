// What a request says of the object it writes, and how a stored version says it again.

import type { Bucket, ObjectDraft, ObjectVersion } from '../object-index/object-index.ts'
import { parseAclHeaders } from '../s3/canned-acl.ts'
import { parseMetadata, userMetadataHeaders } from '../s3/metadata.ts'
import type { RequestHeaders } from '../s3/request-headers.ts'
import { parseStorageClass } from '../s3/storage-class.ts'
import { parseTaggingHeader } from '../s3/tagging.ts'

/** All that a version says of itself beside its owner and its bytes. */
export type DraftMetadata = Pick<
  ObjectDraft,
  'storageClass' | 'headers' | 'userMetadata' | 'tags' | 'acl'
>

/**
 * Metadata, storage class, tags and ACL of a write into a bucket, by who will own the object.
 * @throws S3Error `MetadataTooLarge`, `InvalidStorageClass`, `InvalidArgument`, `InvalidTag`,
 *   `BadRequest`, `NotImplemented`
 */
export function parseDraft(
  headers: RequestHeaders,
  bucket: Bucket,
  ownerId: string,
): DraftMetadata {
  const { system, user } = parseMetadata(headers)
  return {
    storageClass: parseStorageClass(headers),
    headers: system,
    userMetadata: user,
    tags: parseTaggingHeader(headers.get('x-amz-tagging')),
    acl:
      bucket.ownership === 'ObjectWriter'
        ? (parseAclHeaders(headers, ownerId) ?? 'private')
        : 'private',
  }
}

/** A version's own headers, flat, into `into`; `overrides` (flat too) replace those they name. */
export function storedHeaders(
  version: Pick<ObjectVersion, 'headers' | 'userMetadata'>,
  overrides: readonly string[],
  into: string[],
): void {
  for (const [name, value] of version.headers) {
    if (overrides.length === 0 || !overrides.includes(name)) into.push(name, value)
  }
  for (const text of overrides) into.push(text)
  userMetadataHeaders(version.userMetadata, into)
}
