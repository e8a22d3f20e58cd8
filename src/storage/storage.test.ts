import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { newId } from '../base/id.ts'
import type { BlobId, BucketId, ExtentId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { systemClock } from '../platform/clock.ts'
import { openDisk } from '../platform/disk.ts'
import { openSystemRandom } from '../platform/random.ts'
import { openStorage } from './storage-service.ts'
import { StorageError } from './storage.ts'
import type { BlobHeader, BlobTrailer, ScanDamage, ScannedBlob, Storage } from './storage.ts'

const MIB = 1024 * 1024
const CAPACITY = 256 * MIB
const random = openSystemRandom()
const folder = mkdtempSync(join(tmpdir(), 'holdfast-storage-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const open = (): Storage => openStorage({ disk: openDisk(folder), clock: systemClock })
const pathOf = (extentId: ExtentId): string => join(folder, 'extents', extentId)
const trailer: BlobTrailer = {
  md5: Buffer.alloc(16, 7),
  checksumAlgorithm: 3,
  checksum: Buffer.alloc(8, 9),
}

function headerFor(key: string, dataSizeBytes: number): BlobHeader {
  const owner = {
    kind: 'object' as const,
    bucketId: newId<BucketId>(random),
    key,
    versionRandom: '0011223344556677',
  }
  return {
    blobId: newId<BlobId>(random),
    owner,
    bodyOffset: 0,
    dataSizeBytes,
    metadata: Buffer.from('{"a":1}'),
  }
}

function dataOf(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; at++) bytes[at] = (at * 31 + (at >> 8) + sizeBytes) & 255
  return bytes
}

async function readAll(storage: Storage, location: Location, start: number, end: number) {
  const pieces: Buffer[] = []
  for await (const piece of storage.read(location, { start, end })) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

async function packed(storage: Storage, bodies: readonly Buffer[]) {
  const extentId = newId<ExtentId>(random)
  await storage.createExtent(extentId)
  await using writer = await storage.openPacked(extentId, CAPACITY)
  const locations = await Promise.all(
    bodies.map((body, index) =>
      writer.append(headerFor(`key-${index}`, body.length), [body], trailer),
    ),
  )
  return { extentId, locations }
}

async function direct(storage: Storage, bodies: readonly Buffer[], stepBytes = 70_001) {
  const extentId = newId<ExtentId>(random)
  await storage.createExtent(extentId)
  await using writer = await storage.openDirect(extentId, CAPACITY)
  const tapped: Buffer[][] = []
  const locations = await Promise.all(
    bodies.map(async (body, index) => {
      const seen: Buffer[] = (tapped[index] = [])
      const stream = writer.begin(headerFor(`key-${index}`, body.length), (bytes) => {
        seen.push(Buffer.from(bytes))
      })
      for (let at = 0; at < body.length; at += stepBytes) {
        await stream.write(body.subarray(at, at + stepBytes))
      }
      stream.settle()
      assert.deepEqual(Buffer.concat(seen), body)
      return await stream.finish(trailer)
    }),
  )
  return { extentId, locations }
}

const SIZES = [0, 1, 100, 4096, 65_535, 65_536, 65_537, 200_000]
const LARGE = [0, 1, 65_536, 65_537, MIB, MIB + 1, 3 * MIB + 12_345]

for (const [name, write, sizes] of [
  ['packed', packed, SIZES],
  ['direct', direct, LARGE],
] as const) {
  test(`${name}: what is written comes back, whole and in any range`, async () => {
    await using storage = open()
    const bodies = sizes.map(dataOf)
    const { locations } = await write(storage, bodies)
    for (const [index, location] of locations.entries()) {
      const body = bodies[index] ?? Buffer.alloc(0)
      assert.deepEqual(await readAll(storage, location, 0, body.length), body)
      assert.deepEqual(Buffer.from(await storage.readWhole(location)), body)
      const start = Math.floor(body.length / 3)
      const end = Math.floor((2 * body.length) / 3)
      assert.deepEqual(await readAll(storage, location, start, end), body.subarray(start, end))
      const { header, trailer: read } = await storage.describe(location)
      assert.equal(header.owner.kind === 'object' && header.owner.key, `key-${index}`)
      assert.deepEqual(Buffer.from(read?.md5 ?? []), trailer.md5)
      assert.equal(await storage.verify(location), null)
    }
  })

  test(`${name}: a scan finds every record without an index, and damage by its place`, async () => {
    await using storage = open()
    const bodies = sizes.map(dataOf)
    const { extentId, locations } = await write(storage, bodies)
    const scan = async (): Promise<(ScannedBlob | ScanDamage)[]> => {
      const found = []
      for await (const entry of storage.scan(extentId)) found.push(entry)
      return found
    }
    const sound = await scan()
    assert.deepEqual(
      sound.map((entry) => 'location' in entry && entry.location),
      locations.toSorted((a, b) => a.offset - b.offset),
    )
    const bytes = readFileSync(pathOf(extentId))
    const second = locations[1]?.offset ?? 0
    bytes.writeUInt8((bytes[second + 60] ?? 0) ^ 1, second + 60) // in a header
    writeFileSync(pathOf(extentId), bytes)
    const found = await scan()
    const damages = found.filter((entry) => 'kind' in entry)
    assert.equal(damages.length, 1)
    assert.equal(found.length, locations.length)
  })

  test(`${name}: a flipped bit anywhere is found and never served`, async () => {
    await using storage = open()
    const { extentId, locations } = await write(storage, [dataOf(70_000)])
    const [location] = locations
    assert.ok(location !== undefined)
    const sound = readFileSync(pathOf(extentId))
    const recordEnd = location.offset + location.headerSizeBytes + 70_000 + 8 + 68
    for (let offset = location.offset; offset < recordEnd; offset += offset % 700 === 0 ? 1 : 349) {
      const bytes = Buffer.from(sound)
      bytes.writeUInt8((bytes[offset] ?? 0) ^ (1 << (offset % 8)), offset)
      writeFileSync(pathOf(extentId), bytes)
      const damage = await storage.verify(location)
      assert.equal(damage?.kind, 'damage', `offset ${offset}`)
      const inData = offset >= location.offset + location.headerSizeBytes && offset < recordEnd - 68
      if (!inData) continue
      await assert.rejects(readAll(storage, location, 0, 70_000), isDamaged)
      await assert.rejects(storage.readWhole(location), isDamaged)
    }
  })

  test(`${name}: a block that lies where another belongs is found`, async () => {
    await using storage = open()
    const { extentId, locations } = await write(storage, [dataOf(65_536), dataOf(65_536)])
    const [one, other] = locations
    assert.ok(one !== undefined && other !== undefined)
    const bytes = readFileSync(pathOf(extentId))
    const blockOf = ({ offset, headerSizeBytes }: Location) => offset + headerSizeBytes
    bytes.copyWithin(blockOf(other), blockOf(one), blockOf(one) + 65_540)
    writeFileSync(pathOf(extentId), bytes)
    await assert.rejects(readAll(storage, other, 0, 65_536), isDamaged)
    assert.deepEqual(await readAll(storage, one, 0, 65_536), dataOf(65_536))
  })
}

test('an extent that is gone is missing, and can be removed again', async () => {
  await using storage = open()
  const { extentId, locations } = await packed(storage, [dataOf(10)])
  const [location] = locations
  assert.ok(location !== undefined)
  assert.ok((await storage.extents()).includes(extentId))
  await storage.removeExtent(extentId)
  await storage.removeExtent(extentId)
  assert.ok(!(await storage.extents()).includes(extentId))
  await assert.rejects(storage.readWhole(location), (error) => codeOf(error) === 'missing')
})

test('a blob that does not fit is refused, and what fits still goes in', async () => {
  await using storage = open()
  const extentId = newId<ExtentId>(random)
  await storage.createExtent(extentId)
  await using writer = await storage.openPacked(extentId, 10_000)
  const append = async (sizeBytes: number) =>
    await writer.append(headerFor('k', sizeBytes), [dataOf(sizeBytes)], trailer)
  await append(4000)
  await assert.rejects(append(6000), (error) => codeOf(error) === 'extent-full')
  assert.equal((await storage.readWhole(await append(3000))).length, 3000)
})

test('an abandoned stream leaves a hole that a scan passes over', async () => {
  await using storage = open()
  const extentId = newId<ExtentId>(random)
  await storage.createExtent(extentId)
  await using writer = await storage.openDirect(extentId, CAPACITY)
  const abandoned = writer.begin(headerFor('gone', 2 * MIB))
  await abandoned.write(dataOf(1000))
  await abandoned.abandon()
  const stream = writer.begin(headerFor('kept', 1000))
  await stream.write(dataOf(1000))
  stream.settle()
  const location = await stream.finish(trailer)
  const found = []
  for await (const entry of storage.scan(extentId)) found.push(entry)
  assert.deepEqual(
    found.map((entry) => 'location' in entry && entry.location),
    [location],
  )
})

function codeOf(error: unknown): string {
  return error instanceof StorageError ? error.code : String(error)
}

function isDamaged(error: unknown): boolean {
  return codeOf(error) === 'damaged'
}
