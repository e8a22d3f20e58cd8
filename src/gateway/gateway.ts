// A cell's side of HTTP: it fills leased extents with bodies, commits what it wrote and reads it
// back. It knows nothing of signatures, headers or XML; the router turns those into these values.

import type { BucketId, UploadId } from '../base/id.ts'
import type {
  Bucket,
  CannedAcl,
  ChecksumAlgorithm,
  IndexRefusal,
  ManifestPart,
  NamedPart,
  ObjectDraft,
  ObjectIndexReader,
  ObjectVersion,
  Pairs,
  StoredChecksum,
  VersionId,
  WriteCondition,
} from '../object-index/object-index.ts'

/** What the client claims of a body. Known when the body has ended (trailers come last). */
export interface BodyClaims {
  readonly md5: Uint8Array | null
  readonly sha256: Uint8Array | null
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: Uint8Array } | null
}

/** A request's decoded body, pulled piece by piece, so that its memory is bounded. */
export interface Body {
  readonly sizeBytes: number
  /**
   * The next bytes, in order; null at the end. A piece stays as it is: its memory is not used again.
   * Rejects when the client has gone or sends nothing for too long.
   */
  next(): Promise<Uint8Array | null>
  /** After the end only. */
  claims(): BodyClaims
  /** The algorithm announced before the body, so that it can be computed on the way; or null. */
  readonly checksumAlgorithm: ChecksumAlgorithm | null
  /** Whether `claims` will have a sha256 of the payload. */
  readonly hasSha256: boolean
}

export interface PutRequest {
  readonly bucket: Bucket
  readonly key: string
  readonly condition: WriteCondition
  readonly ownerId: string
  readonly storageClass: string
  readonly headers: Pairs
  readonly userMetadata: Pairs
  readonly tags: Pairs
  readonly acl: CannedAcl
  readonly body: Body
  readonly signal: AbortSignal
}
export interface Written {
  readonly etag: string
  readonly versionId: VersionId | 'null' | null
  readonly checksum: StoredChecksum | null
  readonly sizeBytes: number
  readonly lastModifiedMs: number
}

export interface CopyRequest {
  readonly source: { readonly bucket: Bucket; readonly version: ObjectVersion }
  readonly bucket: Bucket
  readonly key: string
  readonly condition: WriteCondition
  /** What the new version says of itself; its body, etag and size are the source's. */
  readonly draft: Pick<
    ObjectDraft,
    'ownerId' | 'storageClass' | 'headers' | 'userMetadata' | 'tags' | 'acl'
  >
  /** Another algorithm than the source's: the bytes are read for it. Null: keep the source's. */
  readonly checksumAlgorithm: ChecksumAlgorithm | null
  readonly signal: AbortSignal
}

export interface PutPartRequest {
  readonly bucket: Bucket
  readonly key: string
  readonly uploadId: UploadId
  readonly partNumber: number
  readonly signal: AbortSignal
}
export interface CompleteRequest {
  readonly bucket: Bucket
  readonly key: string
  readonly uploadId: UploadId
  readonly condition: WriteCondition
  readonly parts: readonly (NamedPart & {
    readonly checksum: Uint8Array | null
    readonly checksumAlgorithm: ChecksumAlgorithm | null
  })[]
  /** The whole object's checksum, its type and size as the client gave them, or null. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: Uint8Array } | null
  readonly checksumType: 'FULL_OBJECT' | 'COMPOSITE' | null
  readonly sizeBytes: number | null
}

/**
 * All of it throws GatewayError, or what the request's own body or signal fails with. What is
 * answered is durable; after `unavailable` a write may have been done or not. Closing waits for what
 * is being written.
 */
export interface Gateway extends AsyncDisposable {
  readonly index: ObjectIndexReader
  /** The body has at most 5 GiB. */
  put(request: PutRequest): Promise<Written>
  /** By reference; the bytes are copied for another checksum, or beyond 250 references. */
  copy(request: CopyRequest): Promise<Written>
  createUpload(
    request: Omit<PutRequest, 'body' | 'condition'> & {
      readonly initiatorId: string
      readonly checksumAlgorithm: ChecksumAlgorithm | null
      readonly checksumType: 'FULL_OBJECT' | 'COMPOSITE' | null
    },
  ): Promise<UploadId>
  putPart(request: PutPartRequest & { readonly body: Body }): Promise<Written>
  /**
   * Bytes [start, end) of the source become a part; they are copied. Given the source's bucket,
   * bytes that have moved meanwhile are looked up again, as `read` does.
   */
  copyPart(
    request: PutPartRequest & {
      readonly source: ObjectVersion
      readonly sourceBucketId?: BucketId
      readonly range: { readonly start: number; readonly end: number }
    },
  ): Promise<Written>
  /** Names at least one part. Repeated with the same parts it answers the same, for 15 minutes. */
  completeUpload(request: CompleteRequest): Promise<Written>
  /**
   * Verified bytes [start, end) of a version, in pieces; a piece is valid until the next is asked
   * for, or the iteration is broken off; all bytes come, or an error. Given the bucket, bytes that
   * have moved since the version was looked up (compaction) are looked up once more.
   * @throws GatewayError `damaged`, `unavailable` (the version stands without its bytes)
   */
  read(
    version: ObjectVersion,
    range: { readonly start: number; readonly end: number },
    signal: AbortSignal,
    bucketId?: BucketId,
  ): AsyncIterable<Uint8Array>
  /**
   * All bytes of a version whose body is one block (64 KiB at most), verified; null for any other,
   * which `read` gives. They may be kept for others: not to be changed. @throws GatewayError
   */
  readSmall(version: ObjectVersion, bucketId: BucketId): Uint8Array | Promise<Uint8Array> | null
  /** Where the nth part (from 1) of a version lies; null past the end. One blob body: one part. */
  part(version: ObjectVersion, ordinal: number): Promise<ManifestPart | null>
}

export type GatewayErrorCode =
  | IndexRefusal
  | 'bad-digest' // `field` names which: Content-MD5, x-amz-checksum-crc32, …
  | 'sha256-mismatch'
  | 'incomplete-body'
  | 'entity-too-small'
  | 'invalid-part-order'
  | 'checksum-type' // 400 InvalidRequest: another algorithm or type than at creation, or none
  | 'size-mismatch' // 400 InvalidRequest: x-amz-mp-object-size is not the size of the parts
  | 'storage-full' // 507
  | 'slow-down' // 503 SlowDown
  | 'unavailable' // 503 ServiceUnavailable; also when a commit's fate is unknown
  | 'damaged' // 500: the bytes or the record do not carry their checksum

export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: GatewayErrorCode
  /** What S3's error shows beside the message: PartNumber, ProposedSize, Condition and the like. */
  readonly fields: Readonly<Record<string, string>>
  constructor(
    code: GatewayErrorCode,
    message: string,
    fields: Readonly<Record<string, string>> = {},
    cause?: unknown,
  ) {
    super(message, { cause })
    this.code = code
    this.fields = fields
  }
}
