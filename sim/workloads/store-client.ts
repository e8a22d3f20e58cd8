// One client of a store: draws the next operation and what to ask, from what clients know together,
// and performs it.

import { newId } from '../../src/base/id.ts'
import type { BucketId } from '../../src/base/id.ts'
import type {
  BucketUsage,
  DeleteEntry,
  ObjectVersion,
  WriteCondition,
} from '../../src/object-index/object-index.ts'
import type { MadeBody, SendOptions } from '../bodies.ts'
import type { Asked, OperationKind, Operations, Outcome } from '../history.ts'
import type { Act, Client, WorkloadParts } from '../region.ts'
import {
  abortUpload,
  completeUpload,
  copy,
  copyPart,
  createBucket,
  createUpload,
  deleteBucket,
  get,
  head,
  headBucket,
  put,
  putPart,
  remove,
  setQuota,
  setTags,
  setVersioning,
} from './acts.ts'
import type { Dice } from './dice.ts'
import { noteUpload, noteVersion, someEtag, someSelector } from './known.ts'
import type { KnownBucket, KnownUpload } from './known.ts'
import { listWhole, listWholeVersions } from './listing.ts'
import { drawSize } from './sizes.ts'
import type { SizeMix } from './sizes.ts'

/** What a client does at one turn; a few are several operations. */
export type Turn =
  | 'put'
  | 'putIf'
  | 'get'
  | 'head'
  | 'getVersion'
  | 'delete'
  | 'deleteVersion'
  | 'deleteMany'
  | 'copy'
  | 'setTags'
  | 'createUpload'
  | 'putPart'
  | 'copyPart'
  | 'completeUpload'
  | 'abortUpload'
  | 'list'
  | 'listVersions'
  | 'listUploads'
  | 'usage'
  | 'setVersioning'
  | 'setQuota'
  | 'headBucket'
  | 'createBucket'
  | 'deleteBucket'

/** How often each turn comes, and how large bodies are. */
export interface Mix {
  readonly turns: Readonly<Partial<Record<Turn, number>>>
  readonly sizes: SizeMix
}

/** What all clients of a run share. */
export interface Shared {
  readonly parts: WorkloadParts
  readonly dice: Dice
  readonly mix: Mix
  readonly buckets: KnownBucket[]
  /** Keys of a new bucket. */
  readonly keys: readonly string[]
  marks: number
}

const NO_CONDITION: WriteCondition = { kind: 'none' }
const PART_NUMBERS = [1, 2, 3]
/** Every part but the last has at least 5 MiB. Source: S3, Multipart upload limits. */
const PART_SIZE_BYTES = 5 * 1024 * 1024
const NAMES_MAX = 3
/** Of a tight quota. */
const TIGHT_WRITES = [1, 2, 3]

export class StoreClient {
  readonly #shared: Shared
  readonly #client: Client

  constructor(shared: Shared, client: Client) {
    this.#shared = shared
    this.#client = client
  }

  async turn(): Promise<void> {
    const { dice, mix, buckets } = this.#shared
    const turn = dice.weighted<Turn>(mix.turns)
    if (turn === 'createBucket') return await this.createBucket()
    const bucket = dice.pickAny(buckets)
    if (bucket === null) return await this.createBucket()
    const act: (bucket: KnownBucket) => Promise<void> = this.#turns[turn]
    await act(bucket)
  }

  readonly #turns: Readonly<Record<Exclude<Turn, 'createBucket'>, TurnAct>> = {
    put: async (bucket) => await this.#put(bucket, NO_CONDITION),
    putIf: async (bucket) => await this.#put(bucket, null),
    get: async (bucket) => await this.#get(bucket, true),
    getVersion: async (bucket) => await this.#get(bucket, false),
    head: async (bucket) => await this.#head(bucket),
    delete: async (bucket) => await this.#delete(bucket, 1),
    deleteMany: async (bucket) => await this.#delete(bucket, 2 + this.#dice.below(5)),
    deleteVersion: async (bucket) => await this.#deleteVersion(bucket),
    copy: async (bucket) => await this.#copy(bucket),
    setTags: async (bucket) => await this.#setTags(bucket),
    createUpload: async (bucket) => await this.#createUpload(bucket),
    putPart: async (bucket) => await this.#putPart(bucket),
    copyPart: async (bucket) => await this.#copyPart(bucket),
    completeUpload: async (bucket) => await this.#completeUpload(bucket),
    abortUpload: async (bucket) => await this.#abortUpload(bucket),
    list: async (bucket) => await listWhole(this.#shared, this.#client, bucket),
    listVersions: async (bucket) => await listWholeVersions(this.#shared, this.#client, bucket),
    listUploads: async (bucket) => await this.#listUploads(bucket),
    usage: async (bucket) => void (await this.#usage(bucket)),
    setVersioning: async ({ bucketId }) => {
      const asked = { bucketId, versioning: this.#dice.pick(['enabled', 'suspended'] as const) }
      await this.#ask('setVersioning', asked, setVersioning(asked))
    },
    setQuota: async (bucket) => await this.#setQuota(bucket),
    headBucket: async ({ name }) => {
      await this.#ask('headBucket', { name }, headBucket({ name }))
    },
    deleteBucket: async (bucket) => await this.#deleteBucket(bucket),
  }

  get #dice(): Dice {
    return this.#shared.dice
  }

  async #ask<K extends OperationKind>(
    kind: K,
    asked: Asked<K>,
    act: Act<Operations[K]['ok']>,
  ): Promise<Outcome<Operations[K]['ok']>> {
    return await this.#client.perform(kind, asked, act)
  }

  #mark(): string {
    return `m${this.#shared.marks++}`
  }

  #keyOf(bucket: KnownBucket): string {
    return this.#dice.pick(bucket.keys)
  }

  #make(sizeBytes: number = drawSize(this.#dice, this.#shared.mix.sizes)): MadeBody {
    return this.#shared.parts.bodies.make(sizeBytes)
  }

  /** At times a client is slow, goes away, or claims what is not so. */
  #sendOptions(made: MadeBody): SendOptions {
    const dice = this.#dice
    const slow = dice.chance(0.1) ? { pieceDelayMs: Math.floor(dice.spread(1, 200)) } : {}
    if (dice.chance(0.02)) return { ...slow, breakAt: dice.below(made.bytes.length + 1) }
    if (dice.chance(0.02)) return { ...slow, claims: { md5: Buffer.alloc(16, 7) } }
    if (dice.chance(0.1)) {
      return { ...slow, claims: { md5: Buffer.from(made.etag, 'hex') } }
    }
    return slow
  }

  #condition(bucket: KnownBucket, key: string): WriteCondition {
    const dice = this.#dice
    if (dice.chance(0.4)) return { kind: 'absent' }
    if (dice.chance(0.15)) return { kind: 'etag', etag: '*' }
    return { kind: 'etag', etag: someEtag(bucket, key, dice) ?? '0'.repeat(32) }
  }

  async #put(
    bucket: KnownBucket,
    given: WriteCondition | null,
    givenSizeBytes?: number,
  ): Promise<void> {
    const { bucketId } = bucket
    const key = this.#keyOf(bucket)
    const condition = given ?? this.#condition(bucket, key)
    const made = this.#make(givenSizeBytes)
    const tags = this.#dice.chance(0.1) ? [['t', 'put'] as const] : []
    const { etag, bytes } = made
    const sizeBytes = bytes.length
    const asked = { bucketId, key, condition, etag, sizeBytes, tags, mark: this.#mark() }
    const outcome = await this.#ask('put', asked, put(asked, made, this.#sendOptions(made)))
    if (outcome.kind === 'ok') noteVersion(bucket, key, etag, outcome.result.versionId)
  }

  async #get(bucket: KnownBucket, isLatest: boolean): Promise<void> {
    const dice = this.#dice
    const key = this.#keyOf(bucket)
    const version = isLatest ? ({ kind: 'latest' } as const) : someSelector(bucket, key, dice)
    const isWhole = dice.chance(0.7)
    const from = isWhole ? 0 : dice.below(100) / 100
    const range = { from, to: isWhole ? 1 : from + (1 - from) * (dice.below(100) / 100) }
    const asked = { bucketId: bucket.bucketId, key, version }
    const { bodies } = this.#shared.parts
    const outcome = await this.#ask('get', asked, get(asked, bodies, range))
    if (outcome.kind === 'ok') noteSeen(bucket, outcome.result?.version ?? null)
  }

  async #head(bucket: KnownBucket): Promise<void> {
    const dice = this.#dice
    const key = this.#keyOf(bucket)
    const version = dice.chance(0.6)
      ? ({ kind: 'latest' } as const)
      : someSelector(bucket, key, dice)
    const asked = { bucketId: bucket.bucketId, key, version }
    const outcome = await this.#ask('head', asked, head(asked))
    if (outcome.kind === 'ok') noteSeen(bucket, outcome.result?.version ?? null)
  }

  #entry(bucket: KnownBucket, key: string, isLatest: boolean): DeleteEntry {
    const dice = this.#dice
    const version = isLatest ? ({ kind: 'latest' } as const) : someSelector(bucket, key, dice)
    const ifMatch = dice.chance(0.2) ? (dice.chance(0.3) ? '*' : someEtag(bucket, key, dice)) : null
    return { key, version, ifMatch }
  }

  async #delete(bucket: KnownBucket, count: number): Promise<void> {
    const entries = Array.from({ length: count }, () =>
      this.#entry(bucket, this.#keyOf(bucket), count === 1 || this.#dice.chance(0.7)),
    )
    const asked = { bucketId: bucket.bucketId, entries }
    await this.#ask('delete', asked, remove(asked))
  }

  async #deleteVersion(bucket: KnownBucket): Promise<void> {
    const entries = [this.#entry(bucket, this.#keyOf(bucket), false)]
    const asked = { bucketId: bucket.bucketId, entries }
    await this.#ask('delete', asked, remove(asked))
  }

  async #copy(bucket: KnownBucket): Promise<void> {
    const source = await this.#source(bucket)
    if (source === null) return
    const key = this.#keyOf(bucket)
    const condition = this.#dice.chance(0.2) ? this.#condition(bucket, key) : NO_CONDITION
    const copiedEtag = this.#shared.parts.bodies.copiedEtag(source.version.etag)
    const { bucketId } = bucket
    const asked = { bucketId, key, condition, source, copiedEtag, mark: this.#mark() }
    const outcome = await this.#ask('copy', asked, copy(asked))
    if (outcome.kind !== 'ok') return
    noteVersion(bucket, key, outcome.result.etag, outcome.result.versionId)
  }

  /** A version to copy: one that was seen before, or that is looked up now; of any bucket. */
  async #source(
    into: KnownBucket,
  ): Promise<{ readonly bucketId: BucketId; readonly version: ObjectVersion } | null> {
    const dice = this.#dice
    const from = dice.chance(0.8) ? into : dice.pick(this.#shared.buckets)
    const { bucketId } = from
    const key = this.#keyOf(from)
    const seen = (from.versions.get(key) ?? []).flatMap(({ version }) => version ?? [])
    const stale = dice.chance(0.3) ? dice.pickAny(seen) : null
    if (stale !== null) return { bucketId, version: stale }
    const asked = { bucketId, key, version: { kind: 'latest' } } as const
    const outcome = await this.#ask('head', asked, head(asked))
    const version = outcome.kind === 'ok' ? (outcome.result?.version ?? null) : null
    return version === null || version.isDeleteMarker ? null : { bucketId, version }
  }

  async #setTags(bucket: KnownBucket): Promise<void> {
    const dice = this.#dice
    const key = this.#keyOf(bucket)
    const version = dice.chance(0.5)
      ? ({ kind: 'latest' } as const)
      : someSelector(bucket, key, dice)
    const tags = dice.chance(0.2) ? [] : [['t', this.#mark()] as const]
    const asked = { bucketId: bucket.bucketId, key, version, tags }
    await this.#ask('setTags', asked, setTags(asked))
  }

  async #createUpload(bucket: KnownBucket): Promise<void> {
    const key = this.#keyOf(bucket)
    const asked = { bucketId: bucket.bucketId, key, mark: this.#mark() }
    const outcome = await this.#ask('createUpload', asked, createUpload(asked))
    if (outcome.kind !== 'ok') return
    const upload = { key, uploadId: outcome.result, parts: new Map<number, MadeBody>() }
    noteUpload(bucket, upload)
    await this.#sendPart(bucket, upload)
  }

  async #putPart(bucket: KnownBucket): Promise<void> {
    const upload = this.#dice.pickAny(bucket.uploads)
    if (upload !== null) await this.#sendPart(bucket, upload)
  }

  /** Mostly a small one, which must be the last; at times one that others may follow. */
  async #sendPart(
    bucket: KnownBucket,
    upload: KnownUpload,
    largeShare: number = this.#shared.mix.sizes.largeParts,
  ): Promise<void> {
    const dice = this.#dice
    const { bodies } = this.#shared.parts
    const { key, uploadId } = upload
    const partNumber = dice.pick(PART_NUMBERS)
    const isLarge = dice.chance(largeShare)
    const made = isLarge ? bodies.make(PART_SIZE_BYTES + dice.below(2) * 65_537) : this.#make()
    const { etag, bytes } = made
    upload.parts.set(partNumber, made)
    const place = { bucketId: bucket.bucketId, key, uploadId }
    const asked = { ...place, partNumber, etag, sizeBytes: bytes.length }
    await this.#ask('putPart', asked, putPart(asked, made, this.#sendOptions(made)))
  }

  async #copyPart(bucket: KnownBucket): Promise<void> {
    const dice = this.#dice
    const upload = dice.pickAny(bucket.uploads)
    const source = upload === null ? null : await this.#source(bucket)
    if (upload === null || source === null) return
    const { bodies } = this.#shared.parts
    const { key, uploadId } = upload
    const { sizeBytes, etag: from } = source.version
    const promised = bodies.bytesOf(from)
    if (promised === null) return
    const start = dice.below(sizeBytes + 1)
    const range = { start, end: start + dice.below(sizeBytes - start + 1) }
    const made = bodies.know(promised.subarray(range.start, range.end))
    const partNumber = dice.pick(PART_NUMBERS)
    upload.parts.set(partNumber, made)
    const place = { bucketId: bucket.bucketId, key, uploadId }
    const asked = { ...place, partNumber, etag: made.etag, sizeBytes: made.bytes.length }
    await this.#ask('putPart', asked, copyPart(asked, source, range))
  }

  async #completeUpload(bucket: KnownBucket): Promise<void> {
    const dice = this.#dice
    const upload = dice.pickAny(bucket.uploads)
    if (upload === null) return
    const { key, uploadId } = upload
    // At times a part is named twice, which nobody may be allowed: of its size nothing forbids it.
    const isTwice = dice.chance(0.05)
    if (isTwice) await this.#sendPart(bucket, upload, 1)
    const numbers = [...upload.parts.keys()].toSorted((a, b) => a - b)
    const first = numbers.findIndex((number) => isLast(upload, number))
    const named = dice.chance(0.5) ? numbers.slice(0, first + 1) : [dice.pickAny(numbers) ?? 1]
    const twice = isTwice ? (numbers.find((number) => !isLast(upload, number)) ?? null) : null
    const chosen = (twice === null ? named : [twice, twice]).flatMap((partNumber) => {
      const made = upload.parts.get(partNumber)
      return made === undefined ? [] : [{ partNumber, made }]
    })
    if (chosen.length === 0) return
    const whole = this.#shared.parts.bodies.makeWhole(chosen.map(({ made }) => made))
    const asked = {
      bucketId: bucket.bucketId,
      key,
      uploadId,
      condition: dice.chance(0.2) ? this.#condition(bucket, key) : NO_CONDITION,
      parts: chosen.map(({ partNumber, made }) => ({ partNumber, etag: made.etag })),
      etag: whole.etag,
      sizeBytes: whole.bytes.length,
    }
    const completing = this.#ask('completeUpload', asked, completeUpload(asked))
    // At times a part is sent anew while it is taken.
    if (dice.chance(0.1)) await this.#sendPart(bucket, upload)
    const outcome = await completing
    if (outcome.kind === 'ok') noteVersion(bucket, key, whole.etag, outcome.result.versionId)
  }

  async #abortUpload(bucket: KnownBucket): Promise<void> {
    const upload = this.#dice.pickAny(bucket.uploads)
    if (upload === null) return
    const { key, uploadId } = upload
    const asked = { bucketId: bucket.bucketId, key, uploadId }
    await this.#ask('abortUpload', asked, abortUpload(asked))
  }

  async #listUploads({ bucketId }: KnownBucket): Promise<void> {
    const page = { bucketId, prefix: '', delimiter: '', after: null, limit: 1000 }
    const asked = { ...page, afterUploadId: null }
    const list: Act<Operations['listUploads']['ok']> = async ({ index }) =>
      await index.listUploads(asked)
    await this.#ask('listUploads', asked, list)
  }

  /** None, or any, or a tight one. */
  async #setQuota(bucket: KnownBucket): Promise<void> {
    const dice = this.#dice
    if (dice.chance(0.5)) return await this.#tightQuota(bucket)
    const { bucketId } = bucket
    const quotaBytes = dice.chance(0.3) ? null : Math.floor(dice.spread(1000, 2_000_000))
    const quotaObjects = dice.chance(0.6) ? null : 1 + dice.below(6)
    const asked = { bucketId, quotaBytes, quotaObjects }
    await this.#ask('setQuota', asked, setQuota(asked))
  }

  /** Several writes at once for which there is room, but not for two of them. */
  async #tightQuota(bucket: KnownBucket): Promise<void> {
    const { bucketId } = bucket
    const before = await this.#usage(bucket)
    if (before === null) return
    const roomBytes = Math.ceil(this.#dice.spread(10, 30_000))
    const quotaBytes = before.bytes + before.otherBytes + before.uploadBytes + roomBytes
    const asked = { bucketId, quotaBytes, quotaObjects: null }
    await this.#ask('setQuota', asked, setQuota(asked))
    await this.#usage(bucket)
    const sizeBytes = Math.ceil(0.7 * roomBytes)
    const writes = TIGHT_WRITES.map(async () => await this.#put(bucket, NO_CONDITION, sizeBytes))
    await Promise.all(writes)
    await this.#usage(bucket)
  }

  async #usage({ bucketId }: KnownBucket): Promise<BucketUsage | null> {
    const read: Act<BucketUsage> = async ({ index }) => await index.usage(bucketId)
    const outcome = await this.#ask('usage', { bucketId }, read)
    return outcome.kind === 'ok' ? outcome.result : null
  }

  async createBucket(): Promise<void> {
    const { buckets, parts, dice, keys } = this.#shared
    const name = `bucket-${dice.below(NAMES_MAX)}`
    const bucketId = newId<BucketId>(parts.random)
    const asked = { name, bucketId }
    const outcome = await this.#ask('createBucket', asked, createBucket(asked))
    if (outcome.kind !== 'ok' || outcome.result !== 'done') return
    const known = { name, bucketId, keys, uploads: [], versions: new Map<string, never>() }
    buckets.push({ ...known, isEnding: false })
    if (dice.chance(0.3)) return
    const versions = { bucketId, versioning: 'enabled' } as const
    await this.#ask('setVersioning', versions, setVersioning(versions))
  }

  /** Mostly refused, for there is something in it; whatever comes of it, clients go on asking it. */
  async #deleteBucket(bucket: KnownBucket): Promise<void> {
    const { name, bucketId } = bucket
    const asked = { name, bucketId }
    const outcome = await this.#ask('deleteBucket', asked, deleteBucket(asked))
    if (outcome.kind === 'ok' && this.#dice.chance(0.7)) {
      const { buckets } = this.#shared
      if (buckets.includes(bucket)) buckets.splice(buckets.indexOf(bucket), 1)
    }
  }
}

type TurnAct = (bucket: KnownBucket) => Promise<void>

/** Whether no part may follow this one. */
function isLast({ parts }: KnownUpload, number: number): boolean {
  return (parts.get(number)?.bytes.length ?? 0) < PART_SIZE_BYTES
}

function noteSeen(bucket: KnownBucket, version: ObjectVersion | null): void {
  if (version === null || version.isDeleteMarker) return
  noteVersion(bucket, version.key, version.etag, version.versionId, version)
}
