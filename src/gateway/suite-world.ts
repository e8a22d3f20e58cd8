// What the gateway's suite stands on: a gateway over a real index on the memory engine, real storage
// in a folder and real placement; every call that may fail passes a hook, and every buffer is
// counted.

import { strict as check } from 'node:assert'
import { DiskError } from '../base/disk.ts'
import type { Disk, DiskBuffer } from '../base/disk.ts'
import { newId } from '../base/id.ts'
import type { BucketId, ExtentId, WriterId } from '../base/id.ts'
import { ObjectIndexError } from '../object-index/object-index.ts'
import type {
  Bucket,
  ChecksumAlgorithm,
  ObjectIndex,
  ObjectVersion,
  VersioningState,
  VersionSelector,
} from '../object-index/object-index.ts'
import { PlacementError } from '../placement/placement.ts'
import { TestStore } from '../placement/suite-store.ts'
import type { StoreOptions } from '../placement/suite-store.ts'
import { openStorage } from '../storage/storage-service.ts'
import type { Storage } from '../storage/storage.ts'
import { openGateway } from './gateway-service.ts'
import type { Body, BodyClaims, Gateway, PutRequest, Written } from './gateway.ts'

export const MIB: number = 1024 * 1024
export const OWNER_ID: string = 'a'.repeat(64)
export const NEVER: AbortSignal = new AbortController().signal
const NO_CLAIMS: BodyClaims = { md5: null, sha256: null, checksum: null }

/** Called before each call that may fail, by its name; what it throws is what the call throws. */
export type Hook = (site: string) => void | Promise<void>

export interface BodyOptions {
  readonly claims?: Partial<BodyClaims>
  readonly checksumAlgorithm?: ChecksumAlgorithm
  readonly sizeBytes?: number
  readonly pieceSizeBytes?: number
  /** Called before each piece. */
  readonly before?: (at: number) => void | Promise<void>
}

/** A body that is in memory and comes in pieces. */
export class TestBody implements Body {
  readonly sizeBytes: number
  readonly checksumAlgorithm: ChecksumAlgorithm | null
  readonly hasSha256: boolean
  readonly #bytes: Uint8Array
  readonly #options: BodyOptions
  #at = 0

  constructor(bytes: Uint8Array, options: BodyOptions = {}) {
    const { claims, sizeBytes, checksumAlgorithm } = options
    this.sizeBytes = sizeBytes ?? bytes.length
    this.checksumAlgorithm = claims?.checksum?.algorithm ?? checksumAlgorithm ?? null
    this.hasSha256 = (claims?.sha256 ?? null) !== null
    this.#bytes = bytes
    this.#options = options
  }

  async next(): Promise<Uint8Array | null> {
    await this.#options.before?.(this.#at)
    if (this.#at === this.#bytes.length) return null
    const start = this.#at
    this.#at = Math.min(start + (this.#options.pieceSizeBytes ?? 65_536), this.#bytes.length)
    return this.#bytes.subarray(start, this.#at)
  }

  claims(): BodyClaims {
    check.equal(this.#at, this.#bytes.length, 'claims are asked for at the end')
    return { ...NO_CLAIMS, ...this.#options.claims }
  }
}

/** Buffers that were lent and not given back. */
export interface Held {
  count: number
  bytes: number
  bytesMost: number
}

export class GatewayWorld implements AsyncDisposable {
  readonly store: TestStore
  /** The gateway's own, as a worker has one beside the writer's. */
  readonly storage: Storage
  readonly index: ObjectIndex
  readonly gateway: Gateway
  readonly writerId: WriterId
  readonly held: Held = { count: 0, bytes: 0, bytesMost: 0 }
  bucket: Bucket
  hook: Hook = () => undefined

  private constructor(store: TestStore, bucket: Bucket) {
    this.store = store
    this.bucket = bucket
    const { clock, random } = store
    this.writerId = newId<WriterId>(random)
    const pass: Hook = (site) => this.hook(site)
    this.storage = openStorage({ disk: this.#hookedDisk(store.disk, pass), clock, random })
    this.index = hooked(store.index, 'index', pass)
    this.gateway = openGateway({
      index: this.index,
      placement: hooked(store.placement, 'placement', pass),
      storage: this.storage,
      clock,
      random,
      writerId: this.writerId,
      cacheSizeBytes: MIB,
    })
  }

  static async open(
    options: StoreOptions,
    versioning: VersioningState = 'unversioned',
  ): Promise<GatewayWorld> {
    // Of the right name and no size: writing a whole one each time would be most of the suite.
    await options.disk.replaceFile('ballast', Buffer.from('a ballast'))
    const store = await TestStore.open(options)
    return new GatewayWorld(store, await bucketOf(store, await store.bucket(versioning)))
  }

  #hookedDisk(disk: Disk, pass: Hook): Disk {
    const files = hooked(disk, 'disk', pass)
    const open = async (...args: Parameters<Disk['open']>) =>
      hooked(await files.open(...args), 'file', pass)
    const buffer: Disk['buffer'] = async (sizeBytes, signal) =>
      this.#counted(await files.buffer(sizeBytes, signal))
    return new Proxy(files, {
      get: (target, name) =>
        name === 'open' ? open : name === 'buffer' ? buffer : Reflect.get(target, name),
    })
  }

  #counted(buffer: DiskBuffer): DiskBuffer {
    const { held } = this
    held.count++
    held.bytes += buffer.bytes.length
    held.bytesMost = Math.max(held.bytesMost, held.bytes)
    return {
      bytes: buffer.bytes,
      release: () => {
        held.count--
        held.bytes -= buffer.bytes.length
        buffer.release()
      },
    }
  }

  requestFor(key: string, body: Body, over: Partial<PutRequest> = {}): PutRequest {
    return {
      bucket: this.bucket,
      key,
      condition: { kind: 'none' },
      ownerId: OWNER_ID,
      storageClass: 'STANDARD',
      headers: [['Content-Type', 'text/plain']],
      userMetadata: [['color', 'red']],
      tags: [],
      acl: 'private',
      body,
      signal: NEVER,
      ...over,
    }
  }

  put(key: string, data: Uint8Array, options: BodyOptions = {}): Promise<Written> {
    return this.gateway.put(this.requestFor(key, new TestBody(data, options)))
  }

  async find(key: string, version: VersionSelector = { kind: 'latest' }): Promise<ObjectVersion> {
    const found = await this.store.index.lookup(this.bucket.id, key, version)
    check.ok(found !== null, `${key} is there`)
    return found
  }

  async isAbsent(key: string): Promise<boolean> {
    return (await this.store.index.lookup(this.bucket.id, key, { kind: 'latest' })) === null
  }

  async read(version: ObjectVersion, start = 0, end: number = version.sizeBytes): Promise<Buffer> {
    const pieces: Buffer[] = []
    for await (const piece of this.gateway.read(version, { start, end }, NEVER, this.bucket.id)) {
      pieces.push(Buffer.from(piece))
    }
    return Buffer.concat(pieces)
  }

  async get(key: string): Promise<Buffer> {
    return await this.read(await this.find(key))
  }

  /** Fails the call of number `at` (from 0) of all that may fail; answers how many there were. */
  failAt(at: number, fail: Hook = failSite): { readonly count: number } {
    const counter = { count: 0 }
    this.hook = (site) => {
      if (counter.count++ === at) return fail(site)
    }
    return counter
  }

  /** Extents of the gateway that are open, as the index has them. */
  async openExtents(): Promise<ExtentId[]> {
    return (await this.store.index.extents())
      .filter(({ record }) => record.writerId === this.writerId && record.state === 'open')
      .map(({ record }) => record.extentId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hook = () => undefined
    await this.gateway[Symbol.asyncDispose]()
    await this.storage[Symbol.asyncDispose]()
    await this.store.close()
  }
}

async function bucketOf(store: TestStore, bucketId: BucketId): Promise<Bucket> {
  const bucket = await store.index.bucket(bucketId)
  check.ok(bucket !== null, 'the bucket is there')
  return bucket
}

/** What each site throws when it fails. An index that fails behind its commit leaves it unsure. */
export function failSite(site: string): void {
  const [part, method] = site.split('.')
  if (part === 'placement') throw new PlacementError('index-unavailable', `planted at ${site}`)
  if (part === 'index') {
    throw new ObjectIndexError(
      method === 'applied' ? 'unsure' : 'unavailable',
      `planted at ${site}`,
    )
  }
  if (method !== 'buffer' && method !== 'close') throw new DiskError('io', `planted at ${site}`)
}

/** Calls `hook` before each method, and behind `apply` as `applied`. */
function hooked<T extends object>(target: T, name: string, hook: Hook): T {
  return new Proxy(target, {
    get: (object, method) => {
      const value: unknown = Reflect.get(object, method, object)
      if (typeof value !== 'function' || typeof method !== 'string') return value
      return async (...args: unknown[]): Promise<unknown> => {
        await hook(`${name}.${method}`)
        const result: unknown = await Reflect.apply(value, object, args)
        if (method === 'apply') await hook(`${name}.applied`)
        return result
      }
    },
  })
}

/** Bytes that differ everywhere, cheaply: a block that is numbered every 4096 bytes. */
export function longBytes(store: TestStore, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes, store.bytes(65_521))
  for (let at = 0; at + 4 <= sizeBytes; at += 4096) bytes.writeUInt32LE(at, at)
  return bytes
}
