// The reading half of the index: runs in any process that can read the engine, and keeps nothing
// between calls but decoded buckets, by their bytes. What a page or a version rests on is verified as it is read.

import { bucketKey, decodeBucketRecord } from './bucket-record.ts'
import { bucketTagsKey, decodeBucketTags } from './bucket-settings.ts'
import { bucketSumKey } from './changes.ts'
import { list } from './list.ts'
import { completedUpload, listUploads, parts, upload } from './list-uploads.ts'
import { listVersions } from './list-versions.ts'
import { DecodeMemo } from './memo.ts'
import type { Bucket, ObjectIndexReader } from './object-index.ts'
import {
  archiveBlobs,
  bucketsById,
  consumers,
  extent,
  extents,
  references,
  soundExtents,
} from './read-extent.ts'
import { readEngine, type ReadEngine } from './reading.ts'
import { manifestPart, manifestParts } from './read-manifest.ts'
import { lookup } from './read-object.ts'
import { decodeSums, usageOf } from './sums.ts'

/** Reads over one engine. */
export function openObjectIndexReader(engine: ReadEngine): ObjectIndexReader {
  const buckets = new DecodeMemo<Bucket>()
  return {
    bucket: async (bucketId) => {
      const { values } = await readEngine(engine, { keys: [bucketKey(bucketId)] })
      const value = values[0] ?? null
      if (value === null) return null
      return buckets.get(bucketId, value, () => decodeBucketRecord(bucketId, value))
    },
    bucketTags: async (bucketId) => {
      const { values } = await readEngine(engine, { keys: [bucketTagsKey(bucketId)] })
      const value = values[0] ?? null
      return value === null ? [] : decodeBucketTags(bucketId, value)
    },
    usage: async (bucketId) => {
      const key = bucketSumKey(bucketId)
      const { values } = await readEngine(engine, { keys: [key] })
      return usageOf(decodeSums(key, values[0] ?? null))
    },
    lookup: (bucketId, key, version) => lookup(engine, bucketId, key, version),
    list: (request) => list(engine, request),
    listVersions: (request) => listVersions(engine, request),
    listUploads: (request) => listUploads(engine, request),
    upload: (bucketId, key, uploadId) => upload(engine, bucketId, key, uploadId),
    completedUpload: (bucketId, key, uploadId) => completedUpload(engine, bucketId, key, uploadId),
    bucketsById: (after, limit) => bucketsById(engine, after, limit),
    parts: (uploadId, afterPartNumber, limit) => parts(engine, uploadId, afterPartNumber, limit),
    manifestParts: (uploadId, offset, limit) => manifestParts(engine, uploadId, offset, limit),
    manifestPart: (uploadId, ordinal) => manifestPart(engine, uploadId, ordinal),
    extents: () => extents(engine),
    soundExtents: () => soundExtents(engine),
    extent: (extentId) => extent(engine, extentId),
    references: (extentId, offset, limit) => references(engine, extentId, offset, limit),
    consumers: () => consumers(engine),
    archiveBlobs: (kind, after, limit) => archiveBlobs(engine, kind, after, limit),
  }
}
