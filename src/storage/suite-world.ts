// What the tests of storage share: a storage over a disk that can fail, blobs to write, and a check
// that nothing is held when a test ends.

import assert from 'node:assert/strict'
import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import { newId } from '../base/id.ts'
import type { BlobId, BucketId, ExtentId } from '../base/id.ts'
import { EXTENT_SIZE_BYTES_MAX } from '../base/limits.ts'
import type { Location } from '../base/location.ts'
import { ManualClock } from '../base/manual-clock.ts'
import type { Random } from '../base/random.ts'
import { StorageError } from './storage.ts'
import type {
  BlobHeader,
  BlobTrailer,
  DirectWriter,
  PackedWriter,
  ScanDamage,
  ScannedBlob,
  Storage,
  StorageErrorCode,
} from './storage.ts'
import { FaultyDisk } from './suite-disk.ts'

/** An implementation under test: an empty disk for one test, and storages opened on it. */
export interface StorageHarness {
  readonly disk: Disk
  open(disk: Disk, clock: Clock): Storage
  remove(): Promise<void>
}

/** Registers one test of the suite; `run` gets a storage of its own. */
export type Check = (title: string, run: (world: World) => Promise<void>) => void

export type Layout = 'packed' | 'direct'
export const LAYOUTS: readonly Layout[] = ['packed', 'direct']

export interface Blob {
  readonly header: BlobHeader
  readonly data: Buffer
  readonly trailer: BlobTrailer
}

export class World {
  readonly disk: FaultyDisk
  readonly clock: ManualClock = new ManualClock()
  readonly random: Random
  readonly #harness: StorageHarness
  storage: Storage

  constructor(harness: StorageHarness, seed = 1) {
    this.#harness = harness
    this.disk = new FaultyDisk(harness.disk)
    this.random = seeded(seed)
    this.storage = harness.open(this.disk, this.clock)
  }

  /** As another process would: what was open before is neither used nor closed. */
  reopen(): void {
    this.storage = this.#harness.open(this.disk, this.clock)
  }

  async extent(): Promise<ExtentId> {
    const extentId = newId<ExtentId>(this.random)
    await this.storage.createExtent(extentId)
    return extentId
  }

  blob(sizeBytes: number, key = 'key'): Blob {
    // 251 is prime: no block is like the next.
    const data = Buffer.alloc(sizeBytes, Buffer.from(this.random.bytes(251)))
    const owner = {
      kind: 'object' as const,
      bucketId: newId<BucketId>(this.random),
      key,
      versionRandom: '0011223344556677',
    }
    const header = {
      blobId: newId<BlobId>(this.random),
      owner,
      bodyOffset: 0,
      dataSizeBytes: sizeBytes,
      metadata: Buffer.from('{"a":1}'),
    }
    const trailer = { md5: Buffer.alloc(16, 7), checksumAlgorithm: 3, checksum: Buffer.alloc(8, 9) }
    return { header, data, trailer }
  }

  async openWriter(
    layout: Layout,
    extentId: ExtentId,
    capacityBytes: number = EXTENT_SIZE_BYTES_MAX,
  ): Promise<PackedWriter | DirectWriter> {
    return layout === 'packed'
      ? await this.storage.openPacked(extentId, capacityBytes)
      : await this.storage.openDirect(extentId, capacityBytes)
  }

  /** An extent of its own with these blobs, all written at once. */
  async write(
    layout: Layout,
    blobs: readonly Blob[],
  ): Promise<{ readonly extentId: ExtentId; readonly locations: readonly Location[] }> {
    const extentId = await this.extent()
    await using writer = await this.openWriter(layout, extentId)
    const locations = await Promise.all(blobs.map(async (blob) => await put(writer, blob)))
    return { extentId, locations }
  }

  async writeOne(layout: Layout, blob: Blob): Promise<Location> {
    const { locations } = await this.write(layout, [blob])
    return needed(locations[0])
  }

  async readAll(
    location: Location,
    start = 0,
    end: number = location.dataSizeBytes,
  ): Promise<Buffer> {
    const pieces: Buffer[] = []
    for await (const piece of this.storage.read(location, { start, end })) {
      pieces.push(Buffer.from(piece))
    }
    return Buffer.concat(pieces)
  }

  async scan(extentId: ExtentId): Promise<readonly (ScannedBlob | ScanDamage)[]> {
    const found: (ScannedBlob | ScanDamage)[] = []
    for await (const entry of this.storage.scan(extentId)) found.push(entry)
    return found
  }

  /** Locations of the finished records that a scan finds. */
  async finished(extentId: ExtentId): Promise<readonly Location[]> {
    const found = await this.scan(extentId)
    return found.flatMap((entry) =>
      'kind' in entry || entry.trailer === null ? [] : [entry.location],
    )
  }

  async close(): Promise<void> {
    await this.storage[Symbol.asyncDispose]()
    assert.equal(this.disk.buffersOut, 0, 'every buffer is given back')
    assert.equal(this.clock.waiting, 0, 'no timer is left')
  }

  async remove(): Promise<void> {
    await this.#harness.remove()
  }
}

/** Writes a blob as a good caller does; the stream is abandoned where a write fails. */
export async function put(
  writer: PackedWriter | DirectWriter,
  { header, data, trailer }: Blob,
  stepBytes = 70_001,
): Promise<Location> {
  if ('append' in writer) return await writer.append(header, cut(data, stepBytes), trailer)
  const stream = writer.begin(header)
  try {
    for (const piece of cut(data, stepBytes)) await stream.write(piece)
    stream.settle()
  } catch (error) {
    await stream.abandon()
    throw error
  }
  return await stream.finish(trailer)
}

function cut(data: Buffer, stepBytes: number): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < data.length; at += stepBytes) pieces.push(data.subarray(at, at + stepBytes))
  return pieces
}

/** A predicate for `assert.rejects`: storage's own error with this code. */
export function coded(...codes: readonly StorageErrorCode[]): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StorageError, String(error))
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`)
    return true
  }
}

export function pathOf(extentId: ExtentId): string {
  return `extents/${extentId}`
}

export function needed<T>(value: T | null | undefined): T {
  assert.ok(value !== null && value !== undefined, 'it is there')
  return value
}

/** The same numbers for the same seed. */
function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d)
    return (mixed ^ (mixed >>> 13)) >>> 0
  }
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => next() >>> 11),
    fraction: () => next() / 0x1_0000_0000,
  }
}
