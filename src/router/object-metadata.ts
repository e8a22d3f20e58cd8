// What a request says of the object it writes, and how a stored version says it again.

import type { ObjectDraft, ObjectVersion } from '../object-index/object-index.ts'
import { parseMetadata, userMetadataHeaders } from '../s3/metadata.ts'
import type { RequestHeaders } from '../s3/request-headers.ts'
import { parseStorageClass } from '../s3/storage-class.ts'
import { parseTaggingHeader } from '../s3/tagging.ts'

/** All that a version says of itself beside its owner and its bytes. */
export type DraftMetadata = Pick<ObjectDraft, 'storageClass' | 'headers' | 'userMetadata' | 'tags'>

/**
 * Metadata, storage class and tags of a write.
 * @throws S3Error `MetadataTooLarge`, `InvalidStorageClass`, `InvalidArgument`, `InvalidTag`, `BadRequest`
 */
export function parseDraft(headers: RequestHeaders): DraftMetadata {
  const { system, user } = parseMetadata(headers)
  return {
    storageClass: parseStorageClass(headers),
    headers: system,
    userMetadata: user,
    tags: parseTaggingHeader(headers.get('x-amz-tagging')),
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
