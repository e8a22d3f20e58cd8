// Unfinished uploads: their list by key and initiation, one of them, its parts, and what a
// completed one became.

import { readId, type BucketId, type UploadId } from '../base/id.ts'
import { KEY_START, SPACE, after as behind, idKey, partKey, uploadNameKey } from './keys.ts'
import { EMPTY_PAGE, startOf } from './list.ts'
import { isKeyOfList, possible, scanOf } from './list-scan.ts'
import {
  ObjectIndexError,
  type CompletedUpload,
  type ListPage,
  type ListUploadsRequest,
  type Part,
  type Upload,
} from './object-index.ts'
import { decodePartRecord } from './part-record.ts'
import { VisitorGuard, readEngine, type ReadEngine } from './reading.ts'
import {
  checkUploadName,
  decodeUploadRecord,
  uploadKey,
  type UploadRecord,
} from './upload-record.ts'

/** 0x00, the time of initiation and the upload's id behind the key. */
const SUFFIX_BYTES = 1 + 8 + 16

/** How often a page whose uploads end while they are looked up is read again. */
const PAGE_TRIES = 5

/**
 * The page's names are of one moment, the records of the next: where an upload ended between, the
 * page is read again. Leaving it out would leave the caller without a place to go on from.
 */
export async function listUploads(
  engine: ReadEngine,
  asked: ListUploadsRequest,
): Promise<ListPage<Upload>> {
  const request = possible(asked)
  if (request === null) return EMPTY_PAGE
  for (let tries = 0; tries < PAGE_TRIES; tries += 1) {
    const { ids, ...page } = await namesOf(engine, request)
    const entries = await uploadsOf(engine, ids)
    if (entries.length === ids.length) return { ...page, entries }
  }
  throw new ObjectIndexError(
    'unavailable',
    `uploads of bucket ${request.bucketId} end faster than they can be listed; try again`,
  )
}

type Names = Omit<ListPage<Upload>, 'entries'> & { readonly ids: readonly UploadId[] }

async function namesOf(engine: ReadEngine, request: ListUploadsRequest): Promise<Names> {
  const { bucketId, prefix, delimiter, limit } = request
  const ids: UploadId[] = []
  const prefixes: string[] = []
  let last: string | null = null
  const scan = scanOf({
    space: SPACE.uploadName,
    bucketId,
    prefix,
    delimiter,
    limit,
    suffixBytes: SUFFIX_BYTES,
    from: await startOfUploads(engine, request),
    onEntry: (key, value) => {
      checkUploadName(key, value)
      last = key.toString('utf8', KEY_START, key.length - SUFFIX_BYTES)
      ids.push(readId<UploadId>(key, key.length - 16))
    },
    onPrefix: (key, keyEnd) => {
      last = key.toString('utf8', KEY_START, keyEnd)
      prefixes.push(last)
    },
  })
  const guard = new VisitorGuard()
  await readEngine(engine, { ranges: [{ ...scan.read, visit: guard.wrap(scan.read.visit) }] })
  guard.rethrow()
  return { ids, prefixes, isTruncated: scan.isTruncated(), last }
}

/** Those that are still open, in the same order. */
async function uploadsOf(engine: ReadEngine, ids: readonly UploadId[]): Promise<Upload[]> {
  const { values } = await readEngine(engine, { keys: ids.map(uploadKey) })
  return ids.flatMap((uploadId, index) => {
    const value = values[index] ?? null
    const record = value === null ? null : decodeUploadRecord(uploadId, value)
    return record?.kind === 'open' ? [record.upload] : []
  })
}

async function startOfUploads(
  engine: ReadEngine,
  request: ListUploadsRequest,
): Promise<Buffer | null> {
  const { bucketId, after, afterUploadId } = request
  if (after === null || afterUploadId === null || !isKeyOfList(after, request)) {
    return startOf(SPACE.uploadName, request)
  }
  const record = await recordOf(engine, afterUploadId)
  // Of an upload that was aborted since nobody knows its place: its key's uploads come again.
  const initiatedAtMs =
    record === null
      ? null
      : record.kind === 'open'
        ? record.upload.initiatedAtMs
        : record.result.lastModifiedMs
  if (initiatedAtMs === null)
    return Buffer.concat([idKey(SPACE.uploadName, bucketId), Buffer.from(after)])
  const marker = uploadNameKey(bucketId, after, initiatedAtMs, afterUploadId)
  return Buffer.concat([marker, Buffer.from([0])])
}

async function recordOf(engine: ReadEngine, uploadId: UploadId): Promise<UploadRecord | null> {
  const { values } = await readEngine(engine, { keys: [uploadKey(uploadId)] })
  const value = values[0] ?? null
  return value === null ? null : decodeUploadRecord(uploadId, value)
}

export async function upload(
  engine: ReadEngine,
  bucketId: BucketId,
  key: string,
  uploadId: UploadId,
): Promise<Upload | null> {
  const record = await recordOf(engine, uploadId)
  if (record?.kind !== 'open' || record.bucketId !== bucketId) return null
  return record.upload.key === key ? record.upload : null
}

export async function completedUpload(
  engine: ReadEngine,
  bucketId: BucketId,
  key: string,
  uploadId: UploadId,
): Promise<CompletedUpload | null> {
  const record = await recordOf(engine, uploadId)
  if (record?.kind !== 'completed' || record.bucketId !== bucketId) return null
  return record.key === key ? record.result : null
}

export async function parts(
  engine: ReadEngine,
  uploadId: UploadId,
  afterPartNumber: number,
  limit: number,
): Promise<readonly Part[]> {
  const found: Part[] = []
  if (limit === 0 || afterPartNumber >= 10_000) return found
  const guard = new VisitorGuard()
  const range = {
    start: partKey(uploadId, afterPartNumber + 1),
    end: behind(idKey(SPACE.part, uploadId)),
  }
  await readEngine(engine, {
    ranges: [
      {
        range,
        limit,
        visit: guard.wrap((key, value) => {
          found.push(partOf(uploadId, key.readUInt16BE(key.length - 2), value))
          return 'next'
        }),
      },
    ],
  })
  guard.rethrow()
  return found
}

/** A part as readers know it. */
export function partOf(uploadId: UploadId, partNumber: number, value: Buffer): Part {
  const { bucketId: _, ...part } = decodePartRecord(uploadId, partNumber, value)
  return part
}
