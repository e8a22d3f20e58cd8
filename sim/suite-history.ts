// Short words for histories written by hand, for the checkers' own tests: what a client of a store
// that is right, or wrong in one way, would have seen.

import type { BucketId, UploadId } from '../src/base/id.ts'
import type {
  DeleteEntry,
  DeleteResult,
  ListRequest,
  ObjectVersion,
  VersionEntry,
  VersionId,
  VersionSelector,
  WriteCondition,
} from '../src/object-index/object-index.ts'
import { History } from './history.ts'
import type { Asked, OperationKind, Operations, Outcome, RecordedAs } from './history.ts'

export const BUCKET: BucketId = 'b'.repeat(32) as BucketId
export const LATEST: VersionSelector = { kind: 'latest' }
export const NULL: VersionSelector = { kind: 'null' }
export const ABSENT: WriteCondition = { kind: 'absent' }
export const UNKNOWN = { kind: 'unknown', why: 'planted' } as const
const NO_CONDITION: WriteCondition = { kind: 'none' }
const WHO = { client: 0, worker: 'w0' }

/** An id of a version by a short number. */
export function id(number: number): VersionId {
  return number.toString(16).padStart(16, '0').padEnd(32, 'a') as VersionId
}

export function byId(number: number): VersionSelector {
  return { kind: 'id', versionId: id(number) }
}

/** An id that nothing but this text has, for null versions, whose ids only readers see. */
function ofText(text: string, order: number): VersionId {
  const random = Buffer.from(text).toString('hex').padStart(16, '0').slice(-16)
  return (id(order).slice(0, 16) + random) as VersionId
}

/** What a reader sees: by default the newest version, of an unversioned bucket. */
export interface Seen {
  readonly etag: string
  readonly mark?: string
  readonly number?: number
  /** Of a null version: its place among all that the key had. */
  readonly order?: number
  readonly isNull?: boolean
  readonly isLatest?: boolean
  readonly isMarker?: boolean
}

export class Hand {
  readonly history: History = new History(() => 0)
  #marks = 0

  begin<K extends OperationKind>(kind: K, asked: Asked<K>): RecordedAs<K> {
    return this.history.invoke(WHO, kind, asked)
  }

  end<K extends OperationKind>(
    recorded: RecordedAs<K>,
    outcome: Outcome<Operations[K]['ok']>,
  ): void {
    this.history.answer(recorded, outcome)
  }

  did<K extends OperationKind>(
    kind: K,
    asked: Asked<K>,
    outcome: Outcome<Operations[K]['ok']>,
  ): void {
    this.end(this.begin(kind, asked), outcome)
  }

  bucket(versioning: 'enabled' | 'suspended' | null = null): void {
    this.did('createBucket', { name: 'b', bucketId: BUCKET }, { kind: 'ok', result: 'done' })
    if (versioning !== null) this.versioning(versioning)
  }

  versioning(versioning: 'enabled' | 'suspended'): void {
    this.did('setVersioning', { bucketId: BUCKET, versioning }, { kind: 'ok', result: null })
  }

  /** A PUT under way; its ETag is its mark. */
  beginPut(
    key: string,
    etag: string = `put${this.#marks++}`,
    condition: WriteCondition = NO_CONDITION,
    sizeBytes = 1,
  ): RecordedAs<'put'> {
    const asked = { bucketId: BUCKET, key, condition, etag, sizeBytes, tags: [], mark: etag }
    return this.begin('put', asked)
  }

  endPut(put: RecordedAs<'put'>, versionId: VersionId | 'null' | null = null): void {
    const { etag, sizeBytes } = put.asked
    const result = { etag, versionId, checksum: null, sizeBytes, lastModifiedMs: 0 }
    this.end(put, { kind: 'ok', result })
  }

  put(key: string, etag: string, versionId: VersionId | 'null' | null = null, sizeBytes = 1): void {
    this.endPut(this.beginPut(key, etag, NO_CONDITION, sizeBytes), versionId)
  }

  /** A copy under way of a version whose ETag is `from`; copied, its bytes have `copiedEtag`. */
  beginCopy(key: string, from: string, copiedEtag: string, mark: string): RecordedAs<'copy'> {
    const source = { bucketId: BUCKET, version: versionOf('source', { etag: from }) }
    const asked = { bucketId: BUCKET, key, condition: NO_CONDITION, source, copiedEtag, mark }
    return this.begin('copy', asked)
  }

  endCopy(copy: RecordedAs<'copy'>, etag: string, versionId: VersionId | null = null): void {
    const result = { etag, versionId, checksum: null, sizeBytes: 1, lastModifiedMs: 0 }
    this.end(copy, { kind: 'ok', result })
  }

  /** From now on it can take effect no more. */
  settle<K extends OperationKind>(recorded: RecordedAs<K>): void {
    this.history.settle(recorded)
  }

  refusedPut(key: string, condition: WriteCondition, code: string): void {
    this.end(this.beginPut(key, undefined, condition), { kind: 'refused', code })
  }

  beginDelete(
    key: string,
    version: VersionSelector = LATEST,
    ifMatch: string | null = null,
  ): RecordedAs<'delete'> {
    const entries: DeleteEntry[] = [{ key, version, ifMatch }]
    return this.begin('delete', { bucketId: BUCKET, entries })
  }

  endDelete(recorded: RecordedAs<'delete'>, result: Partial<DeleteResult> = {}): void {
    const whole = { outcome: 'deleted', versionId: null, isDeleteMarker: false, ...result } as const
    this.end(recorded, { kind: 'ok', result: [whole] })
  }

  delete(key: string, version: VersionSelector = LATEST, result: Partial<DeleteResult> = {}): void {
    this.endDelete(this.beginDelete(key, version), result)
  }

  beginGet(key: string, version: VersionSelector = LATEST): RecordedAs<'get'> {
    return this.begin('get', { bucketId: BUCKET, key, version })
  }

  endGet(get: RecordedAs<'get'>, seen: Seen | null, isRight = true): void {
    const { key } = get.asked
    const body = { start: 0, end: 1, md5: '', isRight }
    const result = seen === null ? null : { version: versionOf(key, seen), body }
    this.end(get, { kind: 'ok', result })
  }

  get(key: string, seen: Seen | null, version: VersionSelector = LATEST): void {
    this.endGet(this.beginGet(key, version), seen)
  }

  /** A page of LIST of these (key, ETag), whole unless it is said where it ends. */
  list(entries: readonly (readonly [string, string])[], over: Partial<ListRequest> = {}): void {
    this.endList(this.beginList(over), entries)
  }

  beginList(over: Partial<ListRequest> = {}): RecordedAs<'list'> {
    return this.begin('list', { ...ALL, ...over })
  }

  endList(
    recorded: RecordedAs<'list'>,
    entries: readonly (readonly [string, string])[],
    over: { readonly prefixes?: readonly string[]; readonly isTruncated?: boolean } = {},
  ): void {
    const result = {
      entries: entries.map(([key, etag]) => entryOf(key, etag)),
      prefixes: over.prefixes ?? [],
      isTruncated: over.isTruncated ?? false,
      last: [...entries.map(([key]) => key), ...(over.prefixes ?? [])].toSorted().at(-1) ?? null,
    }
    this.end(recorded, { kind: 'ok', result })
  }

  /** A page of ListObjectVersions, whole or to the end from behind a version of the key on. */
  listVersions(key: string, seen: readonly Seen[], behind: number | null = null): void {
    const entries = seen.map((each, index): VersionEntry => ({
      ...entryOf(key, each.etag),
      sizeBytes: each.isMarker === true ? 0 : 1,
      versionId: each.isNull === true ? 'null' : id(each.number ?? 0),
      isLatest: behind === null && index === 0,
      isDeleteMarker: each.isMarker ?? false,
    }))
    const result = { entries, prefixes: [], isTruncated: false, last: entries.at(-1)?.key ?? null }
    const afterVersion = behind === null ? null : byId(behind)
    const asked = { ...ALL, after: behind === null ? null : key, afterVersion }
    this.did('listVersions', asked, { kind: 'ok', result })
  }

  createUpload(key: string, uploadId: string): void {
    const asked = { bucketId: BUCKET, key, mark: uploadId }
    this.did('createUpload', asked, { kind: 'ok', result: uploadId as UploadId })
  }

  putPart(key: string, uploadId: string, partNumber: number, etag: string, sizeBytes = 1): void {
    const place = { bucketId: BUCKET, key, uploadId: uploadId as UploadId }
    const result = { etag, versionId: null, checksum: null, sizeBytes, lastModifiedMs: 0 }
    this.did('putPart', { ...place, partNumber, etag, sizeBytes }, { kind: 'ok', result })
  }

  beginComplete(
    key: string,
    uploadId: string,
    partEtags: readonly string[],
    condition: WriteCondition = NO_CONDITION,
  ): RecordedAs<'completeUpload'> {
    return this.begin('completeUpload', {
      bucketId: BUCKET,
      key,
      uploadId: uploadId as UploadId,
      condition,
      parts: partEtags.map((etag, index) => ({ partNumber: index + 1, etag })),
      etag: `whole-${uploadId}`,
      sizeBytes: partEtags.length,
    })
  }

  endComplete(
    recorded: RecordedAs<'completeUpload'>,
    versionId: VersionId | 'null' | null = null,
  ): void {
    const { etag, sizeBytes } = recorded.asked
    const result = { etag, versionId, checksum: null, sizeBytes, lastModifiedMs: 0 }
    this.end(recorded, { kind: 'ok', result })
  }

  abort(
    key: string,
    uploadId: string,
    outcome: Outcome<null> = { kind: 'ok', result: null },
  ): void {
    this.did('abortUpload', { bucketId: BUCKET, key, uploadId: uploadId as UploadId }, outcome)
  }
}

const ALL: ListRequest = { bucketId: BUCKET, prefix: '', delimiter: '', after: null, limit: 1000 }

function entryOf(key: string, etag: string, sizeBytes = 1) {
  return {
    key,
    sizeBytes,
    etag,
    lastModifiedMs: 0,
    storageClass: 'STANDARD',
    ownerId: 'o',
    checksumAlgorithm: null,
    checksumType: null,
  }
}

function versionOf(key: string, seen: Seen): ObjectVersion {
  const isDeleteMarker = seen.isMarker ?? false
  const version = {
    ...entryOf(key, seen.etag),
    sizeBytes: isDeleteMarker ? 0 : 1,
    checksum: null,
    headers: [],
    userMetadata: isDeleteMarker ? [] : [['mark', seen.mark ?? seen.etag] as const],
    tags: [],
    body: { kind: 'blobs', locations: [] } as const,
    versionId: seen.number === undefined ? ofText(seen.etag, seen.order ?? 1) : id(seen.number),
    isNull: seen.isNull ?? seen.number === undefined,
    isLatest: seen.isLatest ?? true,
    isDeleteMarker,
  }
  return version as unknown as ObjectVersion
}
