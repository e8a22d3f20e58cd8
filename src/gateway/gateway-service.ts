// The gateway in a worker: fills extents that placement leased to it, commits through the index
// and reads back what the index names.

import type { Clock } from '../base/clock.ts'
import { PARTS_MAX } from '../base/limits.ts'
import { newId } from '../base/id.ts'
import type { BucketId, CommitId, UploadId, WriterId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
import type {
  ChecksumAlgorithm,
  IndexOperation,
  IndexOutcome,
  ManifestPart,
  ObjectDraft,
  ObjectIndex,
  ObjectIndexReader,
  ObjectVersion,
  Upload,
} from '../object-index/object-index.ts'
import type { Placement } from '../placement/placement.ts'
import type { BlobOwner, DirectWriter, PackedWriter, Storage } from '../storage/storage.ts'
import { storedChecksum } from './body-digests.ts'
import { planCompletion, requireAlgorithm } from './complete-upload.ts'
import type { Completion } from './complete-upload.ts'
import { ExtentPool } from './extent-pool.ts'
import { requireDone, toGatewayError } from './gateway-errors.ts'
import { GatewayError } from './gateway.ts'
import type {
  Body,
  CompleteRequest,
  CopyRequest,
  Gateway,
  PutPartRequest,
  PutRequest,
  Written,
} from './gateway.ts'
import { partOf, readVersion, sameVersionNow } from './read-body.ts'
import type { ByteRange } from './read-body.ts'
import { SmallReads } from './small-reads.ts'
import { SpaceGate } from './space-gate.ts'
import { VersionBody } from './version-body.ts'
import { gatherSmall, isSmall, writeLarge, writeSmall } from './write-body.ts'
import type { BodyTarget, BodyWriterParts, WrittenBody } from './write-body.ts'

export interface GatewayOptions {
  readonly index: ObjectIndex
  readonly placement: Pick<Placement, 'lease' | 'seal' | 'status'>
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  /** What small bodies that were read may take, so that they need not be read again. */
  readonly cacheSizeBytes: number
  /** Drawn by this process at its start; every commit that names a blob names it. */
  readonly writerId: WriterId
}

const DEFAULT_CHECKSUM: ChecksumAlgorithm = 'CRC64NVME'
/**
 * When the writer process is replaced all leases are lost: of the extent that is filled, and of the
 * one leased ahead. The third is leased from the new one.
 */
const LEASE_TRIES = 3
/** Parts written while an upload is completed make it start over. */
const COMPLETE_TRIES = 8
/** Compaction moved the source's bytes between look-up and commit; then the bytes are copied. */
const COPY_TRIES = 3

/** Opens a gateway; what it stands on stays the caller's to close, after the gateway. */
export function openGateway(options: GatewayOptions): Gateway {
  return new GatewayService(options)
}

class GatewayService implements Gateway {
  readonly index: ObjectIndexReader
  readonly #options: GatewayOptions
  readonly #parts: BodyWriterParts
  readonly #gate: SpaceGate
  readonly #small: SmallReads

  constructor(options: GatewayOptions) {
    this.index = options.index
    this.#options = options
    this.#small = new SmallReads(options, options.cacheSizeBytes)
    const { storage, random, placement, clock } = options
    this.#gate = new SpaceGate(placement, clock)
    const packed = new ExtentPool<PackedWriter>(
      options,
      'packed',
      async (lease) => await storage.openPacked(lease.extentId, lease.capacityBytes),
    )
    const direct = new ExtentPool<DirectWriter>(
      options,
      'direct',
      async (lease) => await storage.openDirect(lease.extentId, lease.capacityBytes),
    )
    this.#parts = { packed, direct, random }
  }

  async put(request: PutRequest): Promise<Written> {
    const { bucket, key, body, condition } = request
    const { ownerId, storageClass, headers, userMetadata, tags, acl } = request
    const versionRandom = this.#versionRandom()
    const target: BodyTarget = {
      owner: { kind: 'object', bucketId: bucket.id, key, versionRandom },
      metadata: metadataOf({ ownerId, storageClass, headers, userMetadata }),
      storedAlgorithm: body.checksumAlgorithm ?? DEFAULT_CHECKSUM,
      signal: request.signal,
    }
    return await this.#writeAndCommit(target, body, ({ locations, sums }) => {
      const draft: ObjectDraft = {
        ownerId,
        storageClass,
        headers,
        userMetadata,
        tags,
        acl,
        versionRandom,
        sizeBytes: body.sizeBytes,
        etag: hex(sums.md5),
        checksum: storedChecksum(sums),
        body: { kind: 'blobs', locations },
      }
      return {
        kind: 'put-object',
        bucketId: bucket.id,
        key,
        condition,
        draft,
        writerId: this.#options.writerId,
      }
    })
  }

  /** Writes a body, commits what `operation` makes of it, and answers when that is durable. */
  async #writeAndCommit(
    target: BodyTarget,
    body: Body,
    operation: (written: WrittenBody) => IndexOperation,
  ): Promise<Written> {
    return await asGateway(async () => {
      await this.#gate.requireRoom('body')
      const small = isSmall(body) ? await gatherSmall(body, target.storedAlgorithm) : null
      for (let tries = 1; ; tries++) {
        const written =
          small === null
            ? await writeLarge(this.#parts, target, body)
            : await writeSmall(this.#parts, target, small)
        try {
          target.signal.throwIfAborted() // whoever has gone is told nothing: nothing is made
          const outcome = await this.#apply(operation(written))
          const isLost = outcome.kind === 'refused' && outcome.refusal === 'lease-lost'
          if (isLost) written.retire()
          if (isLost && small !== null && tries < LEASE_TRIES) continue
          const { versionId, lastModifiedMs } = requireDone(outcome)
          return {
            etag: hex(written.sums.md5),
            versionId,
            lastModifiedMs,
            sizeBytes: body.sizeBytes,
            checksum: storedChecksum(written.sums),
          }
        } finally {
          written.end()
        }
      }
    })
  }

  async #apply(operation: IndexOperation): Promise<IndexOutcome> {
    return await this.#options.index.apply(operation, newId<CommitId>(this.#options.random))
  }

  async copy(request: CopyRequest): Promise<Written> {
    const wanted = request.checksumAlgorithm
    const algorithm = request.source.version.checksum?.algorithm ?? null
    return wanted === null || wanted === algorithm
      ? await asGateway(async () => await this.#copyReference(request))
      : await this.#copyBytes(request, wanted)
  }

  /** By one more reference to the same bytes; where that cannot be, by copying them. */
  async #copyReference(request: CopyRequest): Promise<Written> {
    const { bucket, key, condition, draft } = request
    await this.#gate.requireRoom('record')
    const from = request.source.bucket
    let { version } = request.source
    for (let tries = 1; ; tries++) {
      const { sizeBytes, etag, checksum, body } = version
      const outcome = await this.#apply({
        kind: 'copy-object',
        bucketId: bucket.id,
        key,
        condition,
        draft: { ...draft, sizeBytes, etag, checksum, body, versionRandom: this.#versionRandom() },
        source: { bucketId: from.id, key: version.key, versionId: version.versionId },
      })
      const refusal = outcome.kind === 'refused' ? outcome.refusal : null
      if (refusal !== 'source-changed' && refusal !== 'too-many-references') {
        const { versionId, lastModifiedMs } = requireDone(outcome)
        return { etag, versionId, lastModifiedMs, sizeBytes, checksum }
      }
      const moved =
        refusal === 'source-changed' && tries < COPY_TRIES
          ? await sameVersionNow(this.index, version, from.id)
          : null
      if (moved === null) return await this.#copyBytes(request, checksum?.algorithm ?? null)
      version = moved
    }
  }

  async #copyBytes(request: CopyRequest, algorithm: ChecksumAlgorithm | null): Promise<Written> {
    const { source, bucket, key, condition, draft, signal } = request
    const { bucket: from, version } = source
    const body = new VersionBody({
      read: (range) => this.read(version, range, signal, from.id),
      range: { start: 0, end: version.sizeBytes },
      algorithm,
      md5: /^[0-9a-f]{32}$/.test(version.etag) ? Buffer.from(version.etag, 'hex') : null,
    })
    try {
      return await this.put({ ...draft, bucket, key, condition, body, signal })
    } catch (error) {
      const isOther = error instanceof GatewayError && error.code === 'bad-digest'
      throw isOther ? new GatewayError('damaged', 'the source has other bytes', {}, error) : error
    }
  }

  #versionRandom(): string {
    return Buffer.from(this.#options.random.bytes(8)).toString('hex')
  }

  async createUpload(request: Parameters<Gateway['createUpload']>[0]): Promise<UploadId> {
    const {
      bucket,
      key,
      ownerId,
      storageClass,
      headers,
      userMetadata,
      tags,
      acl,
      initiatorId,
      checksumAlgorithm,
      checksumType,
    } = request
    const uploadId = newId<UploadId>(this.#options.random)
    const versionRandom = this.#versionRandom()
    const upload = {
      uploadId,
      key,
      initiatorId,
      checksumAlgorithm,
      checksumType,
      draft: { ownerId, storageClass, headers, userMetadata, tags, acl, versionRandom },
    }
    await asGateway(async () => {
      await this.#gate.requireRoom('record')
      requireDone(await this.#apply({ kind: 'create-upload', bucketId: bucket.id, upload }))
    })
    return uploadId
  }

  async putPart(request: PutPartRequest & { readonly body: Body }): Promise<Written> {
    const { bucket, key, uploadId, partNumber, body, signal } = request
    const upload = await this.#requireUpload(request)
    requireAlgorithm(upload, body)
    const owner: BlobOwner = { kind: 'part', bucketId: bucket.id, key, uploadId, partNumber }
    const target: BodyTarget = {
      owner,
      metadata: metadataOf(upload.draft),
      signal,
      storedAlgorithm: upload.checksumAlgorithm ?? DEFAULT_CHECKSUM,
    }
    return await this.#writeAndCommit(target, body, ({ locations, sums }) => ({
      kind: 'put-part',
      bucketId: bucket.id,
      key,
      uploadId,
      writerId: this.#options.writerId,
      part: {
        partNumber,
        sizeBytes: body.sizeBytes,
        etag: hex(sums.md5),
        checksum: storedChecksum(sums),
        locations,
      },
    }))
  }

  async copyPart(request: Parameters<Gateway['copyPart']>[0]): Promise<Written> {
    const { source, sourceBucketId, range, signal } = request
    const body = new VersionBody({
      read: (step) => this.read(source, step, signal, sourceBucketId),
      range,
      algorithm: null,
      md5: null,
    })
    return await this.putPart({ ...request, body })
  }

  async #requireUpload({
    bucket,
    key,
    uploadId,
  }: Pick<PutPartRequest, 'bucket' | 'key' | 'uploadId'>): Promise<Upload> {
    const upload = await asGateway(async () => await this.index.upload(bucket.id, key, uploadId))
    if (upload === null) throw new GatewayError('no-such-upload', '', { UploadId: uploadId })
    return upload
  }

  async completeUpload(request: CompleteRequest): Promise<Written> {
    for (let tries = 1; ; tries++) {
      const written = await asGateway(async () => await this.#tryComplete(request))
      if (written !== 'upload-changed') return written
      if (tries === COMPLETE_TRIES) throw new GatewayError('upload-changed', '')
    }
  }

  async #tryComplete(request: CompleteRequest): Promise<Written | 'upload-changed'> {
    const { bucket, key, uploadId, condition } = request
    const upload = await this.index.upload(bucket.id, key, uploadId)
    if (upload === null) return await this.#completeAgain(request)
    const parts = await this.index.parts(uploadId, 0, PARTS_MAX)
    let completion: Completion
    try {
      completion = planCompletion(upload, parts, request)
    } catch (refusal) {
      // Judged by parts of the generation that was read first, or else not at all.
      const now = await this.index.upload(bucket.id, key, uploadId)
      if (now?.generation !== upload.generation) return 'upload-changed'
      throw refusal
    }
    await this.#gate.requireRoom('record')
    const outcome = await this.#apply({
      kind: 'complete-upload',
      bucketId: bucket.id,
      key,
      uploadId,
      condition,
      generation: upload.generation,
      parts: request.parts.map(nameOnly),
      ...completion,
    })
    if (outcome.kind === 'refused' && outcome.refusal === 'upload-changed') return 'upload-changed'
    const { versionId, lastModifiedMs } = requireDone(outcome, { UploadId: uploadId })
    return { ...completion, versionId, lastModifiedMs }
  }

  /** A repeated request, as after a lost answer, gets the answer of the first. */
  async #completeAgain({
    bucket,
    key,
    uploadId,
    condition,
    parts,
  }: CompleteRequest): Promise<Written> {
    const completed = await this.index.completedUpload(bucket.id, key, uploadId)
    if (completed === null) throw new GatewayError('no-such-upload', '', { UploadId: uploadId })
    const { versionId, lastModifiedMs, sizeBytes, etag, checksum } = completed
    const outcome = await this.#apply({
      kind: 'complete-upload',
      bucketId: bucket.id,
      key,
      uploadId,
      condition,
      generation: 0,
      parts: parts.map(nameOnly),
      sizeBytes,
      etag,
      checksum,
    })
    requireDone(outcome, { UploadId: uploadId })
    return { versionId, lastModifiedMs, sizeBytes, etag, checksum }
  }

  readSmall(version: ObjectVersion, bucketId: BucketId): Uint8Array | Promise<Uint8Array> | null {
    return this.#small.read(version, bucketId)
  }

  read(
    version: ObjectVersion,
    range: ByteRange,
    signal: AbortSignal,
    bucketId?: BucketId,
  ): AsyncIterable<Uint8Array> {
    return readVersion(this.#options, version, range, signal, bucketId ?? null)
  }

  async part(version: ObjectVersion, ordinal: number): Promise<ManifestPart | null> {
    return await asGateway(async () => await partOf(this.index, version, ordinal))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.packed[Symbol.asyncDispose]()
    await this.#parts.direct[Symbol.asyncDispose]()
  }
}

async function asGateway<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw toGatewayError(error)
  }
}

function nameOnly({ partNumber, etag }: { partNumber: number; etag: string }) {
  return { partNumber, etag }
}

/** What a blob says of its object, for people and for a rebuild without an archive. */
function metadataOf({
  ownerId,
  storageClass,
  headers,
  userMetadata,
}: Pick<ObjectDraft, 'ownerId' | 'storageClass' | 'headers' | 'userMetadata'>): Uint8Array {
  return Buffer.from(JSON.stringify({ ownerId, storageClass, headers, userMetadata }))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}
