// What the index's suites stand on: an index that was just opened, an extent leased to a writer,
// and short words for the operations. Everything random comes from one seed.

import { strict as check } from 'node:assert'
import {
  newId,
  type BlobId,
  type BucketId,
  type CommitId,
  type ExtentId,
  type UploadId,
  type WriterId,
} from '../base/id.ts'
import type { Location } from '../base/location.ts'
import type { Random } from '../base/random.ts'
import type { Engine } from '../engine/engine.ts'
import type {
  BodyRef,
  DeleteEntry,
  DeleteResult,
  IndexOperation,
  IndexOutcome,
  ListPage,
  ListRequest,
  ListVersionsRequest,
  NamedPart,
  ObjectDraft,
  ObjectIndex,
  ObjectVersion,
  PartDraft,
  VersionEntry,
  VersionId,
  VersioningState,
  WriteCondition,
} from './object-index.ts'

/** An index under test. `engine` is the one below it, for planted damage and validation. */
export interface OpenedIndex extends AsyncDisposable {
  readonly index: ObjectIndex
  readonly engine: Engine
  /** Does all background removal that is due. */
  sweep(): Promise<void>
}
export type OpenIndex = () => Promise<OpenedIndex>

/** Reproducible randomness: mulberry32. */
export class SeededRandom implements Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  fraction(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let t = this.state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => Math.floor(this.fraction() * 256))
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.fraction() * count)
  }

  pick<T>(from: readonly T[]): T {
    const value = from[this.below(from.length)]
    check.ok(value !== undefined, 'something to pick from')
    return value
  }
}

const NO_CONDITION: WriteCondition = { kind: 'none' }

export class World {
  readonly opened: OpenedIndex
  readonly index: ObjectIndex
  readonly random: SeededRandom
  readonly writerId: WriterId
  extentId: ExtentId
  private offset = 4096

  private constructor(opened: OpenedIndex, random: SeededRandom) {
    this.opened = opened
    this.index = opened.index
    this.random = random
    this.writerId = newId<WriterId>(random)
    this.extentId = newId<ExtentId>(random)
  }

  static async open(open: OpenIndex, seed = 1): Promise<World> {
    const world = new World(await open(), new SeededRandom(seed))
    await world.leaseExtent()
    return world
  }

  apply(operation: IndexOperation): Promise<IndexOutcome> {
    return this.index.apply(operation, newId<CommitId>(this.random))
  }

  /** Fills the next locations from a fresh extent. */
  async leaseExtent(): Promise<ExtentId> {
    this.extentId = newId<ExtentId>(this.random)
    this.offset = 4096
    await this.done({
      kind: 'lease-extent',
      extent: {
        extentId: this.extentId,
        writerId: this.writerId,
        layout: 'packed',
        capacityBytes: 2 ** 28,
        driveId: 'd1',
        changedAtMs: 0,
      },
    })
    return this.extentId
  }

  /** Applies what must not be refused. */
  async done(
    operation: IndexOperation,
  ): Promise<{ versionId: VersionId | 'null' | null; lastModifiedMs: number }> {
    const outcome = await this.apply(operation)
    check.equal(outcome.kind, 'done', JSON.stringify(outcome))
    return outcome.kind === 'done' ? outcome : { versionId: null, lastModifiedMs: 0 }
  }

  async bucket(versioning: VersioningState = 'unversioned'): Promise<BucketId> {
    const id = newId<BucketId>(this.random)
    await this.done({
      kind: 'create-bucket',
      bucket: {
        id,
        name: `b-${id.slice(0, 8)}`,
        ownerId: 'a'.repeat(64),
        versioning: 'unversioned',
        quotaBytes: null,
        quotaObjects: null,
        ownership: 'BucketOwnerEnforced',
        acl: 'private',
      },
    })
    if (versioning !== 'unversioned') {
      await this.done({ kind: 'set-versioning', bucketId: id, versioning })
    }
    return id
  }

  location(dataSizeBytes: number): Location {
    const offset = this.offset
    this.offset += 256 + dataSizeBytes
    return {
      extentId: this.extentId,
      offset,
      headerSizeBytes: 200,
      dataSizeBytes,
      checksum: this.random.below(2 ** 32),
    }
  }

  draft(sizeBytes: number, over: Partial<ObjectDraft> = {}): ObjectDraft {
    return {
      ownerId: 'a'.repeat(64),
      sizeBytes,
      etag: this.hex(16),
      storageClass: 'STANDARD',
      checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: this.random.bytes(8) },
      headers: [['Content-Type', 'text/plain']],
      userMetadata: [],
      tags: [],
      acl: 'private',
      versionRandom: this.hex(8),
      body: { kind: 'blobs', locations: [this.location(sizeBytes)] },
      ...over,
    }
  }

  hex(bytes: number): string {
    return Buffer.from(this.random.bytes(bytes)).toString('hex')
  }

  tryPut(
    bucketId: BucketId,
    key: string,
    draft: ObjectDraft = this.draft(100),
    condition: WriteCondition = NO_CONDITION,
  ): Promise<IndexOutcome> {
    return this.apply({
      kind: 'put-object',
      bucketId,
      key,
      condition,
      draft,
      writerId: this.writerId,
    })
  }

  async put(
    bucketId: BucketId,
    key: string,
    draft: ObjectDraft = this.draft(100),
  ): Promise<VersionId | 'null' | null> {
    const { versionId } = await this.done({
      kind: 'put-object',
      bucketId,
      key,
      draft,
      condition: NO_CONDITION,
      writerId: this.writerId,
    })
    return versionId
  }

  async delete(
    bucketId: BucketId,
    entries: readonly (DeleteEntry | string)[],
  ): Promise<readonly DeleteResult[]> {
    const outcome = await this.apply({
      kind: 'delete-objects',
      bucketId,
      entries: entries.map((entry) => (typeof entry === 'string' ? latest(entry) : entry)),
    })
    check.equal(outcome.kind, 'deleted', JSON.stringify(outcome))
    return outcome.kind === 'deleted' ? outcome.results : []
  }

  async get(bucketId: BucketId, key: string): Promise<ObjectVersion | null> {
    return this.index.lookup(bucketId, key, { kind: 'latest' })
  }

  async mustGet(bucketId: BucketId, key: string): Promise<ObjectVersion> {
    const version = await this.get(bucketId, key)
    check.ok(version !== null, `there is ${key}`)
    return version
  }

  async names(bucketId: BucketId, over: Partial<ListRequest> = {}): Promise<string[]> {
    const page = await this.index.list({ ...listAll(bucketId), ...over })
    return page.entries.map(({ key }) => key)
  }

  versions(
    bucketId: BucketId,
    over: Partial<ListVersionsRequest> = {},
  ): Promise<ListPage<VersionEntry>> {
    return this.index.listVersions({ ...listAll(bucketId), afterVersion: null, ...over })
  }

  async createUpload(bucketId: BucketId, key: string): Promise<UploadId> {
    const uploadId = newId<UploadId>(this.random)
    const { sizeBytes: _s, etag: _e, checksum: _c, body: _b, ...draft } = this.draft(0)
    await this.done({
      kind: 'create-upload',
      bucketId,
      upload: {
        uploadId,
        key,
        initiatorId: 'a'.repeat(64),
        draft,
        checksumAlgorithm: null,
        checksumType: null,
      },
    })
    return uploadId
  }

  async putPart(
    bucketId: BucketId,
    key: string,
    uploadId: UploadId,
    partNumber: number,
    sizeBytes = 100,
  ): Promise<PartDraft> {
    const part: PartDraft = {
      partNumber,
      sizeBytes,
      etag: this.hex(16),
      checksum: null,
      locations: [this.location(sizeBytes)],
    }
    await this.done({ kind: 'put-part', bucketId, key, uploadId, part, writerId: this.writerId })
    return part
  }

  /** Completes with the generation that the upload has now. */
  async complete(
    bucketId: BucketId,
    key: string,
    uploadId: UploadId,
    parts: readonly PartDraft[],
    over: {
      readonly condition?: WriteCondition
      readonly generation?: number
      readonly names?: readonly NamedPart[]
    } = {},
  ): Promise<IndexOutcome> {
    const upload = await this.index.upload(bucketId, key, uploadId)
    return this.apply({
      kind: 'complete-upload',
      bucketId,
      key,
      uploadId,
      condition: over.condition ?? NO_CONDITION,
      parts: over.names ?? parts.map(({ partNumber, etag }) => ({ partNumber, etag })),
      generation: over.generation ?? upload?.generation ?? 0,
      sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
      etag: `${'0'.repeat(31)}1-${parts.length}`,
      checksum: null,
    })
  }

  copy(
    bucketId: BucketId,
    key: string,
    source: ObjectVersion,
    body: BodyRef = source.body,
  ): Promise<IndexOutcome> {
    const { sizeBytes, etag, checksum } = source
    return this.apply({
      kind: 'copy-object',
      bucketId,
      key,
      condition: NO_CONDITION,
      draft: this.draft(sizeBytes, { etag, checksum, body }),
      source: { bucketId, key: source.key, versionId: source.versionId },
    })
  }

  blobId(): BlobId {
    return newId<BlobId>(this.random)
  }

  async close(): Promise<void> {
    await this.opened[Symbol.asyncDispose]()
  }
}

export function latest(key: string, ifMatch: string | null = null): DeleteEntry {
  return { key, version: { kind: 'latest' }, ifMatch }
}

export function listAll(bucketId: BucketId): ListRequest {
  return { bucketId, prefix: '', delimiter: '', after: null, limit: 1000 }
}

export function refusal(outcome: IndexOutcome): string {
  return outcome.kind === 'refused' ? outcome.refusal : outcome.kind
}
