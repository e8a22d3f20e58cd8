// Blobs that the archive does not know: durable, but never named as far as it goes. They lie in
// extents that were open when it ended, or that it never heard of. Listed are those whose version
// or part the rebuilt index does not have in another place.

import type { ExtentId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import type { BlobOwner, BlobTrailer, ScannedBlob, Storage } from '../storage/storage.ts'
import type { NamedBlobs } from './rebuild-named.ts'
import type { ObjectIndexReader, VersionSelector } from './object-index.ts'

/** A blob of an object or part that was durable, and of which the archive does not say that it was
 * ever named: written in the last second, or refused, or never finished by its request. */
export interface UnsureBlob {
  readonly owner: BlobOwner
  readonly location: Location
}

const VERSIONS_A_PAGE = 1000

/** Scans the extents in question. */
export async function findUnsure(
  parts: {
    readonly storage: Storage
    readonly index: ObjectIndexReader
    readonly named: NamedBlobs
  },
  extentIds: readonly ExtentId[],
  signal: AbortSignal | undefined,
): Promise<readonly UnsureBlob[]> {
  const { storage, index, named } = parts
  const unsure: UnsureBlob[] = []
  for (const extentId of extentIds) {
    signal?.throwIfAborted()
    for await (const found of storage.scan(extentId)) {
      if ('kind' in found || found.trailer === null) continue
      if (named.isNamed(extentId, found.location.offset)) continue
      if (await isElsewhere(index, found, found.trailer)) continue
      unsure.push({ owner: found.header.owner, location: found.location })
    }
  }
  return unsure
}

/** Whether the index has what this is a copy of, as compaction leaves them; or needs none of it. */
async function isElsewhere(
  index: ObjectIndexReader,
  { header: { owner } }: ScannedBlob,
  trailer: BlobTrailer,
): Promise<boolean> {
  switch (owner.kind) {
    case 'object':
      return await hasVersion(index, owner)
    case 'part':
      return await hasPart(index, owner, trailer)
    case 'archive-log':
    case 'archive-checkpoint':
      return true
  }
}

async function hasVersion(
  index: ObjectIndexReader,
  owner: Extract<BlobOwner, { kind: 'object' }>,
): Promise<boolean> {
  const { bucketId, key, versionRandom } = owner
  if ((await index.bucket(bucketId)) === null) return false
  let afterVersion: VersionSelector | null = null
  let after: string | null = null
  for (;;) {
    const page = await index.listVersions({
      bucketId,
      prefix: key,
      delimiter: '',
      after,
      limit: VERSIONS_A_PAGE,
      afterVersion,
    })
    for (const entry of page.entries) {
      if (entry.key !== key) return false
      const versionId =
        entry.versionId === 'null'
          ? (await index.lookup(bucketId, key, { kind: 'null' }))?.versionId
          : entry.versionId
      if (versionId?.slice(16) === versionRandom) return true
    }
    const last = page.entries.at(-1)
    if (last === undefined || !page.isTruncated) return false
    after = last.key
    afterVersion =
      last.versionId === 'null' ? { kind: 'null' } : { kind: 'id', versionId: last.versionId }
  }
}

/** A part that was sent again has another MD5; without one in the trailer it is not the last blob. */
async function hasPart(
  index: ObjectIndexReader,
  owner: Extract<BlobOwner, { kind: 'part' }>,
  trailer: BlobTrailer,
): Promise<boolean> {
  const [part] = await index.parts(owner.uploadId, owner.partNumber - 1, 1)
  if (part?.partNumber !== owner.partNumber) return false
  return trailer.md5.length > 0 && Buffer.from(trailer.md5).toString('hex') === part.etag
}
