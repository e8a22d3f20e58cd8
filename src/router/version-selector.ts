// Version ids as clients write them: in `versionId=`, in a copy's source, in DeleteObjects.

import type { ObjectVersion, VersionId, VersionSelector } from '../object-index/object-index.ts'
import type { Bucket } from '../object-index/object-index.ts'
import { queryValue, type QueryParam } from '../s3/query-params.ts'
import { S3Error } from '../s3/s3-error.ts'

const LATEST: VersionSelector = { kind: 'latest' }
const NULL_VERSION: VersionSelector = { kind: 'null' }
const VERSION_ID = /^[0-9a-f]{32}$/

/** The version that a request's query names. @throws S3Error `InvalidArgument` */
export function versionOf(query: readonly QueryParam[]): VersionSelector {
  return query.length === 0 ? LATEST : namedVersion(queryValue(query, 'versionId'))
}

/** A version by its name; null is the newest. @throws S3Error `InvalidArgument` */
export function namedVersion(text: string | null): VersionSelector {
  if (text === null) return LATEST
  const selector = parseVersion(text)
  if (selector !== null) return selector
  throw new S3Error('InvalidArgument', {
    message: text === '' ? 'Version id cannot be the empty string' : 'Invalid version id specified',
    fields: { ArgumentName: 'versionId', ArgumentValue: text },
  })
}

/** A version by its name; null for a text that was never one. */
export function parseVersion(text: string): VersionSelector | null {
  if (text === 'null') return NULL_VERSION
  return VERSION_ID.test(text) ? { kind: 'id', versionId: text as VersionId } : null
}

/** How clients name a version. Null in a bucket that never had versions. */
export function shownVersionId(bucket: Bucket, version: ObjectVersion): VersionId | 'null' | null {
  if (bucket.versioning === 'unversioned') return null
  return version.isNull ? 'null' : version.versionId
}
