// What the clients of a run know together: the buckets they made, versions they saw, uploads they
// began. They choose from it what to ask next; nothing is judged by it.

import type { BucketId, UploadId } from '../../src/base/id.ts'
import type {
  ObjectVersion,
  VersionId,
  VersionSelector,
} from '../../src/object-index/object-index.ts'
import type { MadeBody } from '../bodies.ts'
import type { Dice } from './dice.ts'

export interface KnownBucket {
  readonly name: string
  readonly bucketId: BucketId
  readonly keys: readonly string[]
  readonly uploads: KnownUpload[]
  /** The last versions seen of each key. */
  readonly versions: Map<string, KnownVersion[]>
  /** Someone asked for its deletion. */
  isEnding: boolean
}

interface KnownVersion {
  readonly versionId: VersionId | null
  readonly etag: string
  /** Null where only its name was seen. */
  readonly version: ObjectVersion | null
}

export interface KnownUpload {
  readonly key: string
  readonly uploadId: UploadId
  /** What was sent last of each part, whether or not it was answered. */
  readonly parts: Map<number, MadeBody>
}

/** Versions kept of a key: a few, so that conditions often name one that stands. */
const VERSIONS_KEPT = 6
const UPLOADS_KEPT = 6

export function noteVersion(
  bucket: KnownBucket,
  key: string,
  etag: string,
  versionId: string | null,
  version: ObjectVersion | null = null,
): void {
  const seen = bucket.versions.get(key) ?? []
  const isId = versionId !== null && versionId !== 'null'
  seen.unshift({ etag, version, versionId: isId ? (versionId as VersionId) : null })
  bucket.versions.set(key, seen.slice(0, VERSIONS_KEPT))
}

export function noteUpload(bucket: KnownBucket, upload: KnownUpload): void {
  bucket.uploads.unshift(upload)
  bucket.uploads.splice(UPLOADS_KEPT)
}

/** An ETag to name in a condition: mostly the newest that was seen, at times an older one. */
export function someEtag(bucket: KnownBucket, key: string, dice: Dice): string | null {
  const seen = bucket.versions.get(key) ?? []
  const chosen = dice.chance(0.7) ? seen[0] : dice.pickAny(seen)
  return chosen?.etag ?? null
}

/** A version to name: the newest, the null one, or one whose id was seen. */
export function someSelector(bucket: KnownBucket, key: string, dice: Dice): VersionSelector {
  const ids = (bucket.versions.get(key) ?? []).flatMap(({ versionId }) =>
    versionId === null ? [] : [versionId],
  )
  const versionId = dice.pickAny(ids)
  if (versionId !== null && dice.chance(0.75)) return { kind: 'id', versionId }
  return { kind: 'null' }
}
