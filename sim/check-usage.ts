// Usage as it was summed up, commit by commit, equals what there is when it is counted.

import type { BucketId } from '../src/base/id.ts'
import type {
  BucketUsage,
  ObjectIndexReader,
  Upload,
  VersionEntry,
} from '../src/object-index/object-index.ts'
import type { CheckParts, Finding } from './region.ts'

const BUCKETS_MAX = 1000
const PARTS_MAX = 10_000
const PAGE = 1000

export async function checkUsage({ region }: CheckParts): Promise<readonly Finding[]> {
  return await usageFindings(region.writer.index, 'usage')
}

/** Buckets of an index whose sums are not what its records come to. */
export async function usageFindings(
  index: ObjectIndexReader,
  check: string,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { id } of await index.bucketsById(null, BUCKETS_MAX)) {
    const summed = JSON.stringify(await index.usage(id))
    const counted = JSON.stringify(await countUsage(index, id))
    if (summed === counted) continue
    findings.push({ check, message: `sums say ${summed}, records ${counted}`, keys: [id] })
  }
  return findings
}

async function countUsage(index: ObjectIndexReader, bucketId: BucketId): Promise<BucketUsage> {
  let objects = 0
  let bytes = 0
  let otherVersions = 0
  let otherBytes = 0
  for await (const { isLatest, isDeleteMarker, sizeBytes } of versionsOf(index, bucketId)) {
    if (isLatest && !isDeleteMarker) {
      objects += 1
      bytes += sizeBytes
    } else {
      otherVersions += 1
      otherBytes += sizeBytes
    }
  }
  let uploadBytes = 0
  for await (const { uploadId } of uploadsOf(index, bucketId)) {
    for (const { sizeBytes } of await index.parts(uploadId, 0, PARTS_MAX)) uploadBytes += sizeBytes
  }
  return { objects, bytes, otherVersions, otherBytes, uploadBytes }
}

async function* versionsOf(
  index: ObjectIndexReader,
  bucketId: BucketId,
): AsyncGenerator<VersionEntry> {
  const all = { bucketId, prefix: '', delimiter: '', limit: PAGE }
  let after: string | null = null
  let afterVersion: Parameters<ObjectIndexReader['listVersions']>[0]['afterVersion'] = null
  for (;;) {
    const page = await index.listVersions({ ...all, after, afterVersion })
    yield* page.entries
    const last = page.entries.at(-1)
    if (!page.isTruncated || last === undefined) return
    after = last.key
    afterVersion =
      last.versionId === 'null' ? { kind: 'null' } : { kind: 'id', versionId: last.versionId }
  }
}

async function* uploadsOf(index: ObjectIndexReader, bucketId: BucketId): AsyncGenerator<Upload> {
  const all = { bucketId, prefix: '', delimiter: '', limit: PAGE }
  let last: Upload | null = null
  for (;;) {
    const page = await index.listUploads({
      ...all,
      after: last?.key ?? null,
      afterUploadId: last?.uploadId ?? null,
    })
    yield* page.entries
    last = page.entries.at(-1) ?? null
    if (!page.isTruncated || last === null) return
  }
}
