// What the clients of one run did and saw: the record that the checkers judge. Times are virtual;
// steps are one count over all invocations and answers, so that "answered before the other was
// invoked" is a comparison of two numbers, also where both have one time.

import type { BucketId, UploadId } from '../src/base/id.ts'
import type { DirectoryOutcome } from '../src/directory/directory.ts'
import type { Written } from '../src/gateway/gateway.ts'
import type {
  Bucket,
  BucketUsage,
  DeleteEntry,
  DeleteResult,
  ListEntry,
  ListPage,
  ListRequest,
  ListUploadsRequest,
  ListVersionsRequest,
  NamedPart,
  ObjectVersion,
  Pairs,
  Part,
  Upload,
  VersionEntry,
  VersionId,
  VersionSelector,
  WriteCondition,
} from '../src/object-index/object-index.ts'

/** A key of one bucket: what the linearizability check takes apart. */
interface KeyPlace {
  readonly bucketId: BucketId
  readonly key: string
}

/**
 * Of one operation alone. The version that it makes says it in its user metadata, under `mark`, so
 * that whoever sees a version knows which operation made it.
 */
export type Mark = string

/** What a reader saw of a version. `body` is what its bytes really were (see bodies.ts). */
export interface SeenVersion {
  readonly version: ObjectVersion
  /** Null for a HEAD, and for a delete marker. */
  readonly body: SeenBody | null
}

export interface SeenBody {
  /** Half-open range of the object that was read. */
  readonly start: number
  readonly end: number
  /** Lower-case hex MD5 of the bytes that came. */
  readonly md5: string
  /** Whether they are what the version's ETag promises in that range. */
  readonly isRight: boolean
}

/** Each kind of operation: what it was asked, and what it answered when it was carried out. */
export interface Operations {
  put: {
    readonly asked: KeyPlace & {
      readonly condition: WriteCondition
      /** ETag that the body has. */
      readonly etag: string
      readonly sizeBytes: number
      readonly tags: Pairs
      readonly mark: Mark
    }
    readonly ok: Written
  }
  copy: {
    readonly asked: KeyPlace & {
      readonly condition: WriteCondition
      readonly mark: Mark
      readonly source: { readonly bucketId: BucketId; readonly version: ObjectVersion }
      /** ETag that the copy has where it is no reference to its source's bytes (see bodies.ts). */
      readonly copiedEtag: string
    }
    readonly ok: Written
  }
  delete: {
    readonly asked: { readonly bucketId: BucketId; readonly entries: readonly DeleteEntry[] }
    readonly ok: readonly DeleteResult[]
  }
  /** `ok` is null for 404: no such key or version. A newest marker is answered as a version. */
  get: {
    readonly asked: KeyPlace & { readonly version: VersionSelector }
    readonly ok: SeenVersion | null
  }
  head: {
    readonly asked: KeyPlace & { readonly version: VersionSelector }
    readonly ok: SeenVersion | null
  }
  setTags: {
    readonly asked: KeyPlace & { readonly version: VersionSelector; readonly tags: Pairs }
    readonly ok: { readonly versionId: VersionId | 'null' | null }
  }
  createUpload: {
    readonly asked: KeyPlace & { readonly mark: Mark }
    readonly ok: UploadId
  }
  putPart: {
    readonly asked: KeyPlace & {
      readonly uploadId: UploadId
      readonly partNumber: number
      readonly etag: string
      readonly sizeBytes: number
    }
    readonly ok: Written
  }
  completeUpload: {
    readonly asked: KeyPlace & {
      readonly uploadId: UploadId
      readonly condition: WriteCondition
      readonly parts: readonly NamedPart[]
      /** ETag and size that the object has once it is complete. */
      readonly etag: string
      readonly sizeBytes: number
    }
    readonly ok: Written
  }
  abortUpload: {
    readonly asked: KeyPlace & { readonly uploadId: UploadId }
    readonly ok: null
  }
  listParts: {
    readonly asked: KeyPlace & { readonly uploadId: UploadId }
    readonly ok: readonly Part[]
  }
  list: { readonly asked: ListRequest; readonly ok: ListPage<ListEntry> }
  listVersions: { readonly asked: ListVersionsRequest; readonly ok: ListPage<VersionEntry> }
  listUploads: { readonly asked: ListUploadsRequest; readonly ok: ListPage<Upload> }
  usage: { readonly asked: { readonly bucketId: BucketId }; readonly ok: BucketUsage }
  /** Index and directory both, in the router's order; `ok` once the name stands. */
  createBucket: {
    readonly asked: { readonly name: string; readonly bucketId: BucketId }
    readonly ok: DirectoryOutcome
  }
  deleteBucket: {
    readonly asked: { readonly name: string; readonly bucketId: BucketId }
    readonly ok: null
  }
  headBucket: { readonly asked: { readonly name: string }; readonly ok: Bucket | null }
  setVersioning: {
    readonly asked: { readonly bucketId: BucketId; readonly versioning: 'enabled' | 'suspended' }
    readonly ok: null
  }
  setQuota: {
    readonly asked: {
      readonly bucketId: BucketId
      readonly quotaBytes: number | null
      readonly quotaObjects: number | null
    }
    readonly ok: null
  }
}

export type OperationKind = keyof Operations
export type Asked<K extends OperationKind> = Operations[K]['asked']

/**
 * `refused`: the store answered no, durably, and nothing was changed; `code` is GatewayErrorCode or
 * IndexRefusal. `unknown`: no answer, or one that names none (unavailable, unsure, died, given up):
 * a write may take effect at any time until it is settled, or never. A read that failed says nothing: `unknown`.
 */
export type Outcome<T> =
  | { readonly kind: 'ok'; readonly result: T }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'unknown'; readonly why: string }

interface RecordedOf<K extends OperationKind> {
  /** Place in the history, from 0, by invocation. */
  readonly index: number
  readonly client: number
  /** The process that was asked. */
  readonly worker: string
  readonly kind: K
  readonly asked: Asked<K>
  readonly invokedAtMs: number
  readonly invokedStep: number
  /** Null where no answer came before the run's end. Of an unknown outcome: when it was given up. */
  answeredAtMs: number | null
  answeredStep: number | null
  /**
   * From here on it can take effect no more, whatever its client was told (see under-way.ts); null
   * where that is not known.
   */
  settledStep: number | null
  /** `unknown` until it is answered. */
  outcome: Outcome<Operations[K]['ok']>
}

/** One operation of one client, narrowed by `kind`. */
export type Recorded = { [K in OperationKind]: RecordedOf<K> }[OperationKind]
export type RecordedAs<K extends OperationKind> = RecordedOf<K>

/** The history of a run; operations are appended as they are invoked. */
export class History {
  readonly operations: Recorded[] = []
  #step = 0
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Notes an invocation; the answer is noted with `answer`. */
  invoke<K extends OperationKind>(
    who: { readonly client: number; readonly worker: string },
    kind: K,
    asked: Asked<K>,
  ): RecordedAs<K> {
    const recorded: RecordedAs<K> = {
      index: this.operations.length,
      ...who,
      kind,
      asked,
      invokedAtMs: this.#nowMs(),
      invokedStep: this.#step++,
      answeredAtMs: null,
      answeredStep: null,
      settledStep: null,
      outcome: { kind: 'unknown', why: 'the run ended' },
    }
    this.operations.push(recorded as unknown as Recorded)
    return recorded
  }

  answer<K extends OperationKind>(
    recorded: RecordedAs<K>,
    outcome: Outcome<Operations[K]['ok']>,
  ): void {
    recorded.answeredAtMs = this.#nowMs()
    recorded.answeredStep = this.#step++
    recorded.outcome = outcome
  }

  /** Notes that an operation can take effect no more; it may be answered before or behind that. */
  settle<K extends OperationKind>(recorded: RecordedAs<K>): void {
    recorded.settledStep = this.#step++
  }
}
