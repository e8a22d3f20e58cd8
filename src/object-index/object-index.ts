// The index of a cell: what every bucket holds, decided and kept in one engine. Its operations are
// plain values that may cross a process; its reads run wherever the engine can be read. It gives
// versions, references, sums and the change log their meaning; bytes are storage's, room is
// placement's. Source: DESIGN.md, The index.

import type { BlobId, BucketId, CommitId, ExtentId, UploadId, WriterId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import type { CannedAcl, ObjectOwnership } from '../s3/canned-acl.ts'

export type { CannedAcl, ObjectOwnership } from '../s3/canned-acl.ts'

/** 32 hex digits: the order among the key's versions (8 bytes) and 8 random ones. */
export type VersionId = string & { readonly _brand: 'VersionId' }

export type VersioningState = 'unversioned' | 'enabled' | 'suspended'

export interface Bucket {
  readonly id: BucketId
  readonly name: string
  readonly ownerId: string
  readonly createdAtMs: number
  /** Raised by each change of the bucket's settings. */
  readonly generation: number
  readonly versioning: VersioningState
  /** Null where none is set. Counts all versions and the parts of unfinished uploads. */
  readonly quotaBytes: number | null
  readonly quotaObjects: number | null
  readonly ownership: ObjectOwnership
  /** `private` in a bucket without ACLs. */
  readonly acl: CannedAcl
}

export interface BucketUsage {
  /** Keys whose newest version is not a delete marker. */
  readonly objects: number
  readonly bytes: number
  /** Older versions and delete markers. */
  readonly otherVersions: number
  readonly otherBytes: number
  /** Bytes of parts of unfinished uploads. */
  readonly uploadBytes: number
}

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256'
export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
  /** Raw, big-endian. For COMPOSITE the checksum of the parts' raw checksums. */
  readonly value: Uint8Array
}

/** Pairs in the order in which they go back to the client. */
export type Pairs = readonly (readonly [name: string, value: string])[]

/** A body as storage keeps it: up to 80 blobs in order, or a completed upload's manifest. */
export type BodyRef =
  | { readonly kind: 'blobs'; readonly locations: readonly Location[] }
  | { readonly kind: 'manifest'; readonly uploadId: UploadId; readonly partCount: number }

/** What a writer says of a new object version; the commit adds order, id and time. */
export interface ObjectDraft {
  readonly ownerId: string
  readonly sizeBytes: number
  /** Without quotes: 32 hex digits, `-N` behind them for a completed upload. */
  readonly etag: string
  readonly storageClass: string
  readonly checksum: StoredChecksum | null
  /** Content-Type, Cache-Control and the like, names in S3's spelling. */
  readonly headers: Pairs
  readonly userMetadata: Pairs
  readonly tags: Pairs
  /** `private` in a bucket without ACLs. */
  readonly acl: CannedAcl
  /** 16 hex digits, in the blob's header too; they become the version id's second half. */
  readonly versionRandom: string
  readonly body: BodyRef
}

export interface ObjectVersion extends Omit<ObjectDraft, 'versionRandom'> {
  readonly key: string
  readonly versionId: VersionId
  /** True where clients know this version by the name `null`. */
  readonly isNull: boolean
  readonly isLatest: boolean
  readonly isDeleteMarker: boolean
  readonly lastModifiedMs: number
}

export type WriteCondition =
  | { readonly kind: 'none' }
  | { readonly kind: 'absent' } // If-None-Match: *
  | { readonly kind: 'etag'; readonly etag: string } // If-Match; `*` matches whatever exists

/** A version as a client names it: an id, the null version, or the newest. */
export type VersionSelector =
  | { readonly kind: 'latest' }
  | { readonly kind: 'null' }
  | { readonly kind: 'id'; readonly versionId: VersionId }

export interface Part {
  readonly partNumber: number
  readonly sizeBytes: number
  readonly etag: string
  readonly lastModifiedMs: number
  readonly checksum: StoredChecksum | null
  readonly locations: readonly Location[]
}
export type PartDraft = Omit<Part, 'lastModifiedMs'>

/** A part of a completed upload, with its byte position in the object. */
export interface ManifestPart extends Part {
  readonly offset: number
}

export interface Upload {
  readonly uploadId: UploadId
  readonly key: string
  readonly initiatedAtMs: number
  readonly initiatorId: string
  /** Raised by each part. */
  readonly generation: number
  /** What CreateMultipartUpload said; its body, size, etag and checksum value are not known yet. */
  readonly draft: Omit<ObjectDraft, 'sizeBytes' | 'etag' | 'checksum' | 'body'>
  readonly checksumAlgorithm: ChecksumAlgorithm | null
  readonly checksumType: 'FULL_OBJECT' | 'COMPOSITE' | null
}

/** What a completed upload became; answered for at least 15 minutes after its completion. */
export interface CompletedUpload {
  readonly versionId: VersionId | 'null' | null
  readonly lastModifiedMs: number
  readonly completedAtMs: number
  readonly sizeBytes: number
  readonly etag: string
  readonly checksum: StoredChecksum | null
  readonly partCount: number
}

// ---- operations: plain values, each one decision (or a documented series of them) ----

/** Names the extents' holder: every commit that names a blob checks its lease. */
interface Writing {
  readonly writerId: WriterId
}

export type IndexOperation =
  | ({
      readonly kind: 'put-object'
      readonly bucketId: BucketId
      readonly key: string
      readonly condition: WriteCondition
      readonly draft: ObjectDraft
    } & Writing)
  | {
      readonly kind: 'delete-objects'
      readonly bucketId: BucketId
      /** 1 to 1,000; each is decided on its own, in order. */
      readonly entries: readonly DeleteEntry[]
    }
  | {
      readonly kind: 'copy-object'
      readonly bucketId: BucketId
      readonly key: string
      readonly condition: WriteCondition
      /** Body as it was read: refused with 'source-changed' when the source has another now. */
      readonly draft: ObjectDraft
      readonly source: {
        readonly bucketId: BucketId
        readonly key: string
        readonly versionId: VersionId
      }
    }
  | {
      readonly kind: 'set-tags'
      readonly bucketId: BucketId
      readonly key: string
      readonly version: VersionSelector
      readonly tags: Pairs
    }
  | {
      readonly kind: 'set-acl'
      readonly bucketId: BucketId
      readonly key: string
      readonly version: VersionSelector
      readonly acl: CannedAcl
    }
  | {
      readonly kind: 'create-upload'
      readonly bucketId: BucketId
      readonly upload: Omit<Upload, 'initiatedAtMs' | 'generation'>
    }
  | ({
      readonly kind: 'put-part'
      readonly bucketId: BucketId
      readonly key: string
      readonly uploadId: UploadId
      readonly part: PartDraft
    } & Writing)
  | {
      readonly kind: 'complete-upload'
      readonly bucketId: BucketId
      readonly key: string
      readonly uploadId: UploadId
      readonly condition: WriteCondition
      readonly parts: readonly NamedPart[]
      /** Given by the gateway from the parts it read; refused when the upload changed since. */
      readonly generation: number
      readonly sizeBytes: number
      readonly etag: string
      readonly checksum: StoredChecksum | null
    }
  | {
      readonly kind: 'abort-upload'
      readonly bucketId: BucketId
      readonly key: string
      readonly uploadId: UploadId
    }
  | { readonly kind: 'create-bucket'; readonly bucket: Omit<Bucket, 'createdAtMs' | 'generation'> }
  | { readonly kind: 'delete-bucket'; readonly bucketId: BucketId }
  | {
      readonly kind: 'set-versioning'
      readonly bucketId: BucketId
      readonly versioning: 'enabled' | 'suspended'
    }
  | {
      readonly kind: 'set-bucket-tags'
      readonly bucketId: BucketId
      /** None: the bucket has no tags any more. */
      readonly tags: Pairs
    }
  | {
      readonly kind: 'set-bucket-acl'
      readonly bucketId: BucketId
      readonly acl: CannedAcl
    }
  | {
      readonly kind: 'set-quota'
      readonly bucketId: BucketId
      readonly quotaBytes: number | null
      readonly quotaObjects: number | null
    }
  | { readonly kind: 'lease-extent'; readonly extent: Omit<ExtentRecord, 'state' | 'sizeBytes'> }
  | { readonly kind: 'seal-extent'; readonly extentId: ExtentId }
  | { readonly kind: 'park-extent'; readonly extentId: ExtentId }
  | { readonly kind: 'restore-extent'; readonly extentId: ExtentId }
  /** Only a parked extent without any reference. */
  | { readonly kind: 'remove-extent'; readonly extentId: ExtentId }
  /** Compaction: all referrers of one blob, each checked, in one commit. */
  | ({ readonly kind: 'move-blob'; readonly from: Location; readonly to: Location } & Writing)
  /** A consumer's cursor, also the archiver's (with its blobs' references). */
  | ({
      readonly kind: 'archive'
      readonly consumer: string
      readonly cursor: Cursor
      readonly added: readonly ArchiveBlob[]
      readonly dropped: readonly ArchiveBlob[]
    } & Writing)

export interface DeleteEntry {
  readonly key: string
  readonly version: VersionSelector
  /** Without quotes; null where there is no condition. `*` matches whatever exists. */
  readonly ifMatch: string | null
}
export interface NamedPart {
  readonly partNumber: number
  readonly etag: string
}
export interface Cursor {
  readonly incarnation: number
  readonly sequence: number
}
/** A consumer of the change log and the last entry it is done with. */
export interface Consumer {
  readonly name: string
  readonly cursor: Cursor
}
/** A blob of the archive: a piece of the change log or a page of a checkpoint. */
export interface ArchiveBlob {
  readonly blobId: BlobId
  readonly kind: 'log' | 'checkpoint'
  readonly location: Location
  /** Log: first and last stamp in it. Checkpoint: the stamp at its start, and the page's number. */
  readonly from: Cursor
  readonly to: Cursor
  readonly page: number
}

export interface DeleteResult {
  /** damaged: a record that decides cannot be read; nothing was changed for this entry. */
  readonly outcome:
    | 'deleted'
    | 'precondition-failed'
    | 'no-such-key'
    | 'no-such-version'
    | 'damaged'
  /** What the client is told: the marker made, or the version that went. Null: neither. */
  readonly versionId: VersionId | 'null' | null
  readonly isDeleteMarker: boolean
}

/** Why an operation was refused. Nothing was changed, and the refusal itself is durable. */
export type IndexRefusal =
  | 'no-such-bucket'
  | 'bucket-not-empty'
  | 'bucket-exists'
  | 'no-such-key'
  | 'no-such-version'
  | 'no-such-upload'
  | 'is-delete-marker'
  | 'precondition-failed' // 412
  | 'conditional-conflict' // 409: key changed since the upload began
  | 'quota-exceeded'
  | 'source-changed'
  | 'too-many-references' // copy the bytes instead
  | 'upload-changed' // read the parts again
  | 'invalid-part'
  | 'lease-lost' // the extent is not open, or not leased to this writer: write again elsewhere
  | 'extent-state' // the extent is not in the state that this operation needs
  | 'blob-changed' // a referrer is not as it was
  | 'record-too-large' // what the version says of itself does not fit a record of 32 KiB

export type IndexOutcome =
  | {
      readonly kind: 'done'
      readonly versionId: VersionId | 'null' | null
      readonly lastModifiedMs: number
    }
  | { readonly kind: 'deleted'; readonly results: readonly DeleteResult[] }
  | { readonly kind: 'refused'; readonly refusal: IndexRefusal }

// ---- extents, as the index keeps them for placement ----

export type ExtentState = 'open' | 'sealed' | 'parked'
export interface ExtentRecord {
  readonly extentId: ExtentId
  readonly state: ExtentState
  readonly writerId: WriterId
  /** packed: small blobs appended in order. direct: large ones at 4096-aligned offsets. */
  readonly layout: 'packed' | 'direct'
  /** Room it was made with. */
  readonly capacityBytes: number
  /** Highest committed end; known once sealed, else 0. */
  readonly sizeBytes: number
  readonly driveId: string
  /** When it was leased; when parked, when that was. */
  readonly changedAtMs: number
}
export interface ExtentUse {
  readonly record: ExtentRecord
  readonly references: number
  /** Of all references; a blob with two counts twice. */
  readonly referencedBytes: number
}
export type Referrer =
  | {
      readonly kind: 'version'
      readonly bucketId: BucketId
      readonly key: string
      readonly order: bigint
    }
  | { readonly kind: 'part'; readonly uploadId: UploadId; readonly partNumber: number }
  | { readonly kind: 'archive'; readonly blobId: BlobId }
export interface Reference {
  readonly location: Location
  readonly referrer: Referrer
}

// ---- reads ----

export interface ListRequest {
  readonly bucketId: BucketId
  readonly prefix: string
  /** Empty: none. */
  readonly delimiter: string
  /** Entries behind this key (exclusive); when it lies in a common prefix, behind all of that. */
  readonly after: string | null
  /** 0 to 1,000 keys and prefixes. */
  readonly limit: number
}
export interface ListEntry {
  readonly key: string
  readonly sizeBytes: number
  readonly etag: string
  readonly lastModifiedMs: number
  readonly storageClass: string
  readonly ownerId: string
  readonly checksumAlgorithm: ChecksumAlgorithm | null
  readonly checksumType: 'FULL_OBJECT' | 'COMPOSITE' | null
}
/** Keys and prefixes of one page, each in byte order; `isTruncated` is exact. */
export interface ListPage<T> {
  readonly entries: readonly T[]
  readonly prefixes: readonly string[]
  readonly isTruncated: boolean
  /** The last key or prefix of the page, to go on behind; null for an empty page. */
  readonly last: string | null
}
export interface VersionEntry extends ListEntry {
  readonly versionId: VersionId | 'null'
  readonly isLatest: boolean
  readonly isDeleteMarker: boolean
}
export interface ListVersionsRequest extends ListRequest {
  /** Versions of the key `after` behind this one; null: behind all of that key. */
  readonly afterVersion: VersionSelector | null
}
export interface ListUploadsRequest extends ListRequest {
  readonly afterUploadId: UploadId | null
}

/** What LIST, HEAD and GET need. A record that fails its checksum throws, and is never left out. */
export interface ObjectIndexReader {
  bucket(bucketId: BucketId): Promise<Bucket | null>
  /** Empty where none are set. */
  bucketTags(bucketId: BucketId): Promise<Pairs>
  usage(bucketId: BucketId): Promise<BucketUsage>
  /** Null where there is no such version. A newest version that is a marker is answered as such. */
  lookup(bucketId: BucketId, key: string, version: VersionSelector): Promise<ObjectVersion | null>
  list(request: ListRequest): Promise<ListPage<ListEntry>>
  listVersions(request: ListVersionsRequest): Promise<ListPage<VersionEntry>>
  listUploads(request: ListUploadsRequest): Promise<ListPage<Upload>>
  upload(bucketId: BucketId, key: string, uploadId: UploadId): Promise<Upload | null>
  /**
   * Null where the upload was never completed, or longer than 15 minutes ago. To answer a repeated
   * CompleteMultipartUpload: `complete-upload` with the same parts says 'done' again, whatever
   * `generation`, size and ETag it names; with others 'no-such-upload'.
   */
  completedUpload(
    bucketId: BucketId,
    key: string,
    uploadId: UploadId,
  ): Promise<CompletedUpload | null>
  /** Buckets by id, ids behind `after`, at most `limit` (1 to 1,000). */
  bucketsById(after: BucketId | null, limit: number): Promise<readonly Bucket[]>
  /** Parts above `afterPartNumber`, ascending, at most `limit` (1 to 10,000). */
  parts(uploadId: UploadId, afterPartNumber: number, limit: number): Promise<readonly Part[]>
  /** Parts of a completed upload from the one that holds byte `offset` on, at most `limit`. */
  manifestParts(uploadId: UploadId, offset: number, limit: number): Promise<readonly ManifestPart[]>
  /** The nth part of a completed upload, from 1; null where there are fewer. */
  manifestPart(uploadId: UploadId, ordinal: number): Promise<ManifestPart | null>
  extents(): Promise<readonly ExtentUse[]>
  /** The same beside damage: those that can be read, and those of which nothing is known. */
  soundExtents(): Promise<{
    readonly uses: readonly ExtentUse[]
    readonly damaged: readonly ExtentId[]
  }>
  extent(extentId: ExtentId): Promise<ExtentUse | null>
  /** References into an extent from `offset` on, by offset, at most `limit`. */
  references(extentId: ExtentId, offset: number, limit: number): Promise<readonly Reference[]>
  /** Every consumer's cursor, by name in byte order. */
  consumers(): Promise<readonly Consumer[]>
  /** Archive blobs of a kind by (from, page, blob id), behind `after`, at most `limit`. */
  archiveBlobs(
    kind: ArchiveBlob['kind'],
    after: ArchiveBlob | null,
    limit: number,
  ): Promise<readonly ArchiveBlob[]>
}

export interface ObjectIndex extends ObjectIndexReader {
  /**
   * Decides one operation and answers when the answer is durable.
   * @throws ObjectIndexError `unavailable` (nothing was done), `unsure` (ask again with `fate`)
   */
  apply(operation: IndexOperation, id: CommitId): Promise<IndexOutcome>
}

export type ObjectIndexErrorCode =
  | 'corrupt' // a record, named in the message, does not carry its checksum
  | 'unavailable'
  | 'unsure'
  | 'full'
  | 'overloaded'

export class ObjectIndexError extends Error {
  override readonly name = 'ObjectIndexError'
  readonly code: ObjectIndexErrorCode
  constructor(code: ObjectIndexErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
