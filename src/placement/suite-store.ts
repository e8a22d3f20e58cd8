// A small store for the tests of placement, archive and rebuild: a memory engine and a real folder,
// with a writer as a gateway's, a model of what was acknowledged, and crashes in between.

import { strict as check } from 'node:assert'
import { createHash } from 'node:crypto'
import { ManualClock } from '../base/manual-clock.ts'
import type { Disk } from '../base/disk.ts'
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
import { createMemoryStore, openMemoryEngine, type MemoryFaults } from '../engine/memory.ts'
import type { Engine } from '../engine/engine.ts'
import { openArchiver, type Archiver, type ArchiverOptions } from '../object-index/archive.ts'
import { openObjectIndex, type ObjectIndexService } from '../object-index/object-index-service.ts'
import type {
  IndexOperation,
  IndexOutcome,
  ObjectDraft,
  ObjectIndex,
  VersioningState,
  WriteCondition,
} from '../object-index/object-index.ts'
import { findReferences } from '../object-index/rebuild-references.ts'
import { SeededRandom } from '../object-index/suite-world.ts'
import { openStorage } from '../storage/storage-service.ts'
import type { BlobOwner, PackedWriter, DirectWriter, Storage } from '../storage/storage.ts'
import { SizedDisk } from './suite-disk.ts'
import { BALLAST_FILE } from './ballast.ts'
import { openPlacement, type PlacementOptions, type PlacementService } from './placement-service.ts'

const OWNER_ID = 'a'.repeat(64)
const FAST: Partial<PlacementOptions> = {
  compactionRateBytesPerSec: 1e12,
  background: 'on-demand',
}

export interface StoreOptions {
  readonly folder: string
  /** The folder's disk. */
  readonly disk: Disk
  readonly seed?: number
  readonly placement?: Partial<PlacementOptions>
  readonly archiver?: Partial<ArchiverOptions>
  /** Stands between placement and the index, and between placement and storage. */
  readonly wrapIndex?: (index: ObjectIndexService) => ObjectIndex
  readonly wrapStorage?: (storage: Storage) => Storage
  readonly findReferences?: typeof findReferences
  /** Where the engine keeps its records; in memory by default. */
  readonly home?: (clock: ManualClock) => EngineHome
}

/** Where an engine's records live, through crashes. */
export interface EngineHome {
  /** Opens an engine on what was durable; the one before is dead. */
  open(): Promise<Engine>
  /** The records are gone. */
  lose(): Promise<void>
}

function memoryHome(clock: ManualClock, faults?: MemoryFaults): EngineHome {
  let store = createMemoryStore()
  return {
    open: async () =>
      openMemoryEngine({ clock, store, ...(faults === undefined ? {} : { faults }) }),
    lose: async () => {
      store = createMemoryStore()
    },
  }
}

/** What was acknowledged of one key, and its bytes. */
interface Acknowledged {
  readonly bucketId: BucketId
  readonly key: string
  readonly versionId: string | null
  readonly data: Buffer
}

export class TestStore {
  readonly clock: ManualClock = new ManualClock(1_700_000_000_000)
  readonly random: SeededRandom
  readonly options: StoreOptions
  readonly disk: SizedDisk
  readonly reports: string[] = []
  /** By bucket, key and version. */
  readonly acknowledged: Map<string, Acknowledged> = new Map()
  readonly #home: EngineHome
  #engine: Engine | null = null
  #index: ObjectIndexService | null = null
  #storage: Storage | null = null
  #placement: PlacementService | null = null
  #archiver: Archiver | null = null
  #packed: { readonly extentId: ExtentId; readonly writer: PackedWriter } | null = null
  #direct: { readonly extentId: ExtentId; readonly writer: DirectWriter } | null = null
  writerId: WriterId

  constructor(options: StoreOptions) {
    this.options = options
    this.random = new SeededRandom(options.seed ?? 1)
    this.disk = new SizedDisk(options.disk)
    this.writerId = newId<WriterId>(this.random)
    this.#home = options.home?.(this.clock) ?? memoryHome(this.clock)
  }

  static async open(options: StoreOptions): Promise<TestStore> {
    const store = new TestStore(options)
    // An empty ballast stands for a whole one: writing that would take most of a test's time.
    if (store.disk.size !== null) await store.disk.replaceFile(BALLAST_FILE, Buffer.alloc(0))
    await store.open()
    return store
  }

  get engine(): Engine {
    return needed(this.#engine)
  }
  get index(): ObjectIndexService {
    return needed(this.#index)
  }
  get storage(): Storage {
    return needed(this.#storage)
  }
  get placement(): PlacementService {
    return needed(this.#placement)
  }
  get archiver(): Archiver {
    return needed(this.#archiver)
  }

  /** Opens all of it and seals what dead writers left; background loops stand still. */
  async open(wrap: Pick<StoreOptions, 'wrapIndex' | 'wrapStorage'> = this.options): Promise<void> {
    const { clock, random, disk } = this
    this.writerId = newId<WriterId>(random)
    this.#packed = null
    this.#direct = null
    this.#engine = await this.#home.open()
    await this.#engine.takeEpoch()
    this.#index = openObjectIndex({ engine: this.#engine, random, clock })
    this.#storage = openStorage({ disk, clock, random })
    const index = wrap.wrapIndex?.(this.#index) ?? this.#index
    const storage = wrap.wrapStorage?.(this.#storage) ?? this.#storage
    const engine = this.#engine
    const scan = this.options.findReferences ?? findReferences
    this.#placement = openPlacement({
      index,
      storage,
      disk,
      clock,
      random,
      driveId: 'd1',
      findReferences: (extentIds, signal) => scan(engine, extentIds, signal),
      options: { ...FAST, report: (line) => this.reports.push(line), ...this.options.placement },
    })
    this.#archiver = openArchiver({
      engine,
      index: this.#index,
      storage: this.#storage,
      clock,
      random,
      filler: this.#placement.openFiller(),
      options: { report: (line) => this.reports.push(line), ...this.options.archiver },
    })
    await this.#placement.start()
  }

  /** The process dies: nothing is closed, and what was not durable is gone. */
  async crash(wrap: Pick<StoreOptions, 'wrapIndex' | 'wrapStorage'> = {}): Promise<void> {
    await this.open(wrap)
  }

  /** The index is deleted: what is left is the folder. */
  async loseIndex(): Promise<Engine> {
    await this.close()
    await this.#home.lose()
    this.#engine = await this.#home.open()
    this.#storage = openStorage({ disk: this.disk, clock: this.clock, random: this.random })
    return this.#engine
  }

  async close(): Promise<void> {
    await this.#placement?.[Symbol.asyncDispose]()
    await this.#index?.[Symbol.asyncDispose]()
    await this.#storage?.[Symbol.asyncDispose]()
    await this.#engine?.[Symbol.asyncDispose]()
  }

  apply(operation: IndexOperation): Promise<IndexOutcome> {
    return this.index.apply(operation, newId<CommitId>(this.random))
  }

  async done(operation: IndexOperation): Promise<string | null> {
    const outcome = await this.apply(operation)
    check.equal(outcome.kind, 'done', JSON.stringify(outcome))
    return outcome.kind === 'done' ? outcome.versionId : null
  }

  async bucket(versioning: VersioningState = 'unversioned'): Promise<BucketId> {
    const id = newId<BucketId>(this.random)
    await this.done({
      kind: 'create-bucket',
      bucket: {
        id,
        name: `b-${id.slice(0, 8)}`,
        ownerId: OWNER_ID,
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

  /** Writes a blob as a gateway does. */
  async write(owner: BlobOwner, data: Buffer): Promise<Location> {
    const header = {
      blobId: newId<BlobId>(this.random),
      owner,
      bodyOffset: 0,
      dataSizeBytes: data.length,
      metadata: Buffer.from('metadata'),
    }
    const trailer = { md5: md5(data), checksumAlgorithm: 0, checksum: new Uint8Array(0) }
    if (data.length <= 256 * 1024) {
      this.#packed ??= await this.#lease('packed', (extentId, capacityBytes) =>
        this.storage.openPacked(extentId, capacityBytes),
      )
      return await this.#packed.writer.append(header, [data], trailer)
    }
    this.#direct ??= await this.#lease('direct', (extentId, capacityBytes) =>
      this.storage.openDirect(extentId, capacityBytes),
    )
    const stream = this.#direct.writer.begin(header)
    await stream.write(data)
    return await stream.finish(trailer)
  }

  async #lease<Writer>(
    layout: 'packed' | 'direct',
    open: (extentId: ExtentId, capacityBytes: number) => Promise<Writer>,
  ): Promise<{ readonly extentId: ExtentId; readonly writer: Writer }> {
    const { extentId, capacityBytes } = await this.placement.lease(this.writerId, layout)
    return { extentId, writer: await open(extentId, capacityBytes) }
  }

  /** Seals what the writer fills, as a full extent is. */
  async sealAll(): Promise<void> {
    for (const open of [this.#packed, this.#direct]) {
      if (open === null) continue
      await open.writer[Symbol.asyncDispose]()
      await this.placement.seal(open.extentId)
    }
    this.#packed = null
    this.#direct = null
  }

  draft(data: Buffer, location: Location, versionRandom: string): ObjectDraft {
    return {
      ownerId: OWNER_ID,
      sizeBytes: data.length,
      etag: md5(data).toString('hex'),
      storageClass: 'STANDARD',
      checksum: null,
      headers: [['Content-Type', 'text/plain']],
      userMetadata: [['color', 'red']],
      tags: [],
      acl: 'private',
      versionRandom,
      body: { kind: 'blobs', locations: [location] },
    }
  }

  async tryPut(
    bucketId: BucketId,
    key: string,
    data: Buffer,
    condition: WriteCondition = { kind: 'none' },
  ): Promise<IndexOutcome> {
    const versionRandom = Buffer.from(this.random.bytes(8)).toString('hex')
    const location = await this.write({ kind: 'object', bucketId, key, versionRandom }, data)
    return await this.apply({
      kind: 'put-object',
      bucketId,
      key,
      condition,
      draft: this.draft(data, location, versionRandom),
      writerId: this.writerId,
    })
  }

  async put(bucketId: BucketId, key: string, data: Buffer): Promise<string | null> {
    const outcome = await this.tryPut(bucketId, key, data)
    check.equal(outcome.kind, 'done', JSON.stringify(outcome))
    const versionId = outcome.kind === 'done' ? outcome.versionId : null
    this.acknowledged.set(`${bucketId}/${key}/${versionId ?? ''}`, {
      bucketId,
      key,
      versionId,
      data,
    })
    return versionId
  }

  /** Deletes the newest version of keys of an unversioned bucket. */
  async delete(bucketId: BucketId, ...keys: string[]): Promise<void> {
    await this.apply({
      kind: 'delete-objects',
      bucketId,
      entries: keys.map((key) => ({ key, version: { kind: 'latest' }, ifMatch: null })),
    })
    for (const key of keys) this.acknowledged.delete(`${bucketId}/${key}/`)
  }

  async copy(bucketId: BucketId, from: string, to: string): Promise<void> {
    const source = needed(await this.index.lookup(bucketId, from, { kind: 'latest' }))
    const {
      versionId,
      isNull: _n,
      isLatest: _l,
      isDeleteMarker: _d,
      lastModifiedMs: _m,
      key: _k,
      ...draft
    } = source
    const versionRandom = Buffer.from(this.random.bytes(8)).toString('hex')
    const copied = await this.done({
      kind: 'copy-object',
      bucketId,
      key: to,
      condition: { kind: 'none' },
      draft: { ...draft, versionRandom },
      source: { bucketId, key: from, versionId },
    })
    const { data } = needed(this.acknowledged.get(`${bucketId}/${from}/`) ?? null)
    this.acknowledged.set(`${bucketId}/${to}/${copied ?? ''}`, {
      bucketId,
      key: to,
      versionId: copied,
      data,
    })
  }

  /** A multipart upload of these parts, completed. */
  async upload(bucketId: BucketId, key: string, parts: readonly Buffer[]): Promise<void> {
    const uploadId = newId<UploadId>(this.random)
    const versionRandom = Buffer.from(this.random.bytes(8)).toString('hex')
    await this.done({
      kind: 'create-upload',
      bucketId,
      upload: {
        uploadId,
        key,
        initiatorId: OWNER_ID,
        checksumAlgorithm: null,
        checksumType: null,
        draft: {
          ownerId: OWNER_ID,
          storageClass: 'STANDARD',
          headers: [],
          userMetadata: [],
          tags: [],
          acl: 'private',
          versionRandom,
        },
      },
    })
    for (const [index, data] of parts.entries()) {
      const partNumber = index + 1
      const location = await this.write({ kind: 'part', bucketId, key, uploadId, partNumber }, data)
      await this.done({
        kind: 'put-part',
        bucketId,
        key,
        uploadId,
        writerId: this.writerId,
        part: {
          partNumber,
          sizeBytes: data.length,
          etag: md5(data).toString('hex'),
          checksum: null,
          locations: [location],
        },
      })
    }
    const data = Buffer.concat(parts)
    const versionId = await this.done({
      kind: 'complete-upload',
      bucketId,
      key,
      uploadId,
      condition: { kind: 'none' },
      generation: parts.length,
      sizeBytes: data.length,
      etag: `${'0'.repeat(31)}1-${parts.length}`,
      checksum: null,
      parts: parts.map((part, index) => ({
        partNumber: index + 1,
        etag: md5(part).toString('hex'),
      })),
    })
    this.acknowledged.set(`${bucketId}/${key}/${versionId ?? ''}`, {
      bucketId,
      key,
      versionId,
      data,
    })
  }

  bytes(count: number): Buffer {
    return Buffer.from(this.random.bytes(count))
  }

  /** Every acknowledged version is there with its bytes. */
  async checkAll(): Promise<void> {
    for (const { bucketId, key, versionId, data } of this.acknowledged.values()) {
      const version = await this.index.lookup(
        bucketId,
        key,
        versionId === null
          ? { kind: 'latest' }
          : versionId === 'null'
            ? { kind: 'null' }
            : { kind: 'id', versionId: versionId as never },
      )
      check.ok(version !== null && !version.isDeleteMarker, `${key} ${versionId} is there`)
      const pieces: Buffer[] = []
      const { body } = version
      const locations =
        body.kind === 'blobs'
          ? body.locations
          : (await this.index.manifestParts(body.uploadId, 0, 10_000)).flatMap(
              (part) => part.locations,
            )
      for (const location of locations) {
        const range = { start: 0, end: location.dataSizeBytes }
        for await (const piece of this.storage.read(location, range))
          pieces.push(Buffer.from(piece))
      }
      check.ok(Buffer.concat(pieces).equals(data), `${key} ${versionId} has its bytes`)
    }
  }
}

function md5(data: Uint8Array): Buffer {
  return createHash('md5').update(data).digest()
}

export function needed<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new TypeError('something is there')
  return value
}
