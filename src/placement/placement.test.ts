// Placement against a real folder and the memory engine: the suite, what a start finds, and the
// background loops' work turn by turn.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { newId, type CommitId, type ExtentId } from '../base/id.ts'
import { PARKED_MS } from '../base/limits.ts'
import { extentKey } from '../object-index/extent-record.ts'
import { openDisk } from '../platform/disk.ts'
import type { Placement } from './placement.ts'
import { placementSuite, type OpenedPlacement } from './placement-suite.ts'
import { TestStore, type StoreOptions } from './suite-store.ts'

const HOUR_MS = 3_600_000
const root = mkdtempSync(join(tmpdir(), 'holdfast-placement-'))
after(() => rmSync(root, { recursive: true, force: true }))
const never = new AbortController().signal

function fresh(): StoreOptions {
  const folder = mkdtempSync(join(root, 'store-'))
  return { folder, disk: openDisk(folder) }
}

async function opened(): Promise<TestStore> {
  return await TestStore.open(fresh())
}

function forSuite(wrap: (placement: Placement) => Placement): () => Promise<OpenedPlacement> {
  return async () => {
    const store = await opened()
    const { placement, index, random, disk } = store
    return {
      placement: wrap(placement),
      index,
      random,
      setFree: async (share) => {
        disk.setFree(share)
        await placement.runOnce(never)
      },
      [Symbol.asyncDispose]: async () => await store.close(),
    }
  }
}

placementSuite(
  'placement',
  forSuite((placement) => placement),
)
placementSuite(
  'placement, cloned',
  forSuite((placement) => ({
    lease: async (...args) => structuredClone(await placement.lease(...structuredClone(args))),
    seal: async (...args) => await placement.seal(...structuredClone(args)),
    sealAllOf: async (...args) => await placement.sealAllOf(...structuredClone(args)),
    status: async () => structuredClone(await placement.status()),
  })),
)

/** An extent half of garbage: 40 objects, of which `keep` stay. */
async function halfGarbage(store: TestStore, keep = 10): Promise<void> {
  const bucketId = await store.bucket()
  for (let index = 0; index < 40; index += 1) {
    await store.put(bucketId, `k${index}`, store.bytes(3000 + index))
  }
  await store.sealAll()
  for (let index = keep; index < 40; index += 1) await store.delete(bucketId, `k${index}`)
}

test("a start seals what dead writers left, but not the live ones'", async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  await store.put(bucketId, 'a', store.bytes(100))
  const dead = store.writerId
  await store.crash()
  const open = (await store.index.extents()).filter(({ record }) => record.state === 'open')
  assert.deepEqual(
    open.filter(({ record }) => record.writerId === dead),
    [],
  )
  await store.checkAll()
  await store.close()
})

test('an extent file that the index does not know is reported and left alone', async () => {
  const store = await opened()
  const stranger = newId<ExtentId>(store.random)
  await store.storage.createExtent(stranger)
  await store.crash()
  assert.deepEqual((await store.placement.status()).unknownExtents, [stranger])
  for (let turn = 0; turn < 3; turn += 1) {
    await store.clock.advance(48 * HOUR_MS)
    await store.placement.runOnce(never)
  }
  assert.ok((await store.storage.extents()).includes(stranger))
  assert.ok(store.reports.some((line) => line.includes(stranger)))
  await store.close()
})

test('an index that knows none of the extents on the drive is refused, and nothing changes', async () => {
  const store = await opened()
  await store.put(await store.bucket(), 'a', store.bytes(100))
  const before = readdirSync(join(store.options.folder, 'extents'))
  await store.loseIndex()
  await assert.rejects(store.open(), /index was lost/)
  assert.deepEqual(readdirSync(join(store.options.folder, 'extents')), before)
  await store.close()
})

test('compaction moves what is left, parks the extent, and its bytes go a day later', async () => {
  const store = await opened()
  await halfGarbage(store)
  await store.placement.runOnce(never)
  await store.checkAll()
  assert.equal((await store.placement.status()).extents.parked, 1)
  const before = readdirSync(join(store.options.folder, 'extents')).length
  await store.clock.advance(PARKED_MS - 1000)
  await store.placement.runOnce(never)
  assert.equal(readdirSync(join(store.options.folder, 'extents')).length, before)
  await store.clock.advance(2000)
  await store.placement.runOnce(never)
  assert.equal(readdirSync(join(store.options.folder, 'extents')).length, before - 1)
  assert.equal((await store.placement.status()).extents.parked, 0)
  await store.checkAll()
  await store.close()
})

test('when space is short parked bytes go after a minute, the oldest first', async () => {
  const store = await opened()
  await halfGarbage(store)
  await store.placement.runOnce(never)
  store.disk.setFree(0.08)
  await store.clock.advance(30_000)
  await store.placement.runOnce(never)
  assert.equal((await store.placement.status()).extents.parked, 1)
  await store.clock.advance(31_000)
  await store.placement.runOnce(never)
  assert.equal((await store.placement.status()).extents.parked, 0)
  await store.checkAll()
  await store.close()
})

test('a wall clock that jumps a week makes nothing old', async () => {
  const store = await opened()
  await halfGarbage(store)
  await store.placement.runOnce(never)
  store.clock.setWall(store.clock.nowMs() + 7 * 24 * HOUR_MS)
  await store.crash()
  await store.placement.runOnce(never)
  assert.equal((await store.placement.status()).extents.parked, 1)
  await store.close()
})

test('every version of a key, copies and parts are moved, with all their referrers', async () => {
  const store = await opened()
  const plain = await store.bucket()
  const versioned = await store.bucket('enabled')
  await store.put(plain, 'source', store.bytes(5000))
  await store.copy(plain, 'source', 'copy')
  await store.upload(plain, 'large', [store.bytes(9000), store.bytes(400_000), store.bytes(10)])
  for (let index = 0; index < 5; index += 1)
    await store.put(versioned, 'v', store.bytes(800 + index))
  for (let index = 0; index < 60; index += 1) await store.put(plain, `x${index}`, store.bytes(4000))
  await store.put(plain, 'garbage', store.bytes(900_000))
  await store.sealAll()
  const before = new Set((await store.index.extents()).map(({ record }) => record.extentId))
  for (let index = 0; index < 60; index += 1) await store.delete(plain, `x${index}`)
  await store.delete(plain, 'garbage')
  for (let turn = 0; turn < 4; turn += 1) await store.placement.runOnce(never)
  const left = (await store.index.extents()).filter(
    ({ record, references }) => before.has(record.extentId) && references > 0,
  )
  assert.deepEqual(left, [])
  await store.checkAll()
  assert.equal((await store.placement.status()).extents.parked, 2)
  await store.close()
})

test('an extent that is live throughout is left alone, however small its objects are', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  for (let index = 0; index < 30; index += 1) await store.put(bucketId, `k${index}`, store.bytes(1))
  await store.sealAll()
  await store.placement.runOnce(never)
  assert.deepEqual((await store.placement.status()).extents, { open: 0, sealed: 1, parked: 0 })
  await store.close()
})

test('an extent whose record is damaged is named and left alone, and the others are not', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  await store.put(bucketId, 'hurt', store.bytes(100))
  await store.sealAll()
  const [hurt] = await store.index.extents()
  assert.ok(hurt !== undefined)
  const { extentId } = hurt.record
  await store.put(bucketId, 'sound', store.bytes(100))
  await damageRecord(store, extentId)
  await store.delete(bucketId, 'hurt')
  await store.delete(bucketId, 'sound')
  await store.sealAll()
  await store.crash()
  for (let turn = 0; turn < 3; turn += 1) await store.placement.runOnce(never)
  const status = await store.placement.status()
  assert.deepEqual(status.quarantinedExtents, [extentId])
  assert.deepEqual(status.unknownExtents, [])
  assert.deepEqual(status.extents, { open: 0, sealed: 0, parked: 1 }, 'the other one is parked')
  const named = store.reports.filter((line) => line.includes(extentId))
  assert.equal(named.length, 1)
  assert.match(named[0] ?? '', /its record in the index is damaged/)
  await store.close()
})

/** Flips a bit of an extent's record, past all that the index does. */
async function damageRecord(store: TestStore, extentId: ExtentId): Promise<void> {
  const key = extentKey(extentId)
  const { values } = await store.engine.read({ keys: [key] })
  const value = Buffer.from(values[0] ?? assert.fail('it has a record'))
  value[value.length >> 1] = (value[value.length >> 1] ?? 0) ^ 1
  await store.engine.commit({
    id: newId<CommitId>(store.random),
    reads: {},
    decide: () => ({ kind: 'apply', mutations: [{ kind: 'set', key, value }], result: null }),
  })
}

test('a damaged blob stays where it is, and its extent with it', async () => {
  const store = await opened()
  await halfGarbage(store)
  const [use] = (await store.index.extents()).filter(({ references }) => references > 0)
  assert.ok(use !== undefined)
  const { extentId } = use.record
  const [reference] = await store.index.references(extentId, 0, 1)
  assert.ok(reference !== undefined)
  flip(store, extentId, reference.location.offset + reference.location.headerSizeBytes + 5)
  for (let turn = 0; turn < 3; turn += 1) await store.placement.runOnce(never)
  assert.deepEqual((await store.placement.status()).quarantinedExtents, [extentId])
  assert.equal((await store.index.references(extentId, 0, 100)).length, 1)
  assert.ok(store.reports.some((line) => line.includes(extentId) && line.includes('damaged')))
  await store.close()
})

function flip(store: TestStore, extentId: ExtentId, offset: number): void {
  const path = join(store.options.folder, 'extents', extentId)
  const bytes = readFileSync(path)
  bytes[offset] = (bytes[offset] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

test('bytes are kept where the second scan finds a record that names them', async () => {
  const options: StoreOptions = {
    ...fresh(),
    findReferences: async (_, extentIds) => await Promise.resolve(extentIds),
  }
  const store = await TestStore.open(options)
  await halfGarbage(store)
  await store.placement.runOnce(never)
  await store.clock.advance(PARKED_MS + 1000)
  await store.placement.runOnce(never)
  assert.equal((await store.placement.status()).extents.parked, 1)
  assert.equal((await store.placement.status()).quarantinedExtents.length, 1)
  assert.ok(store.reports.some((line) => line.includes('a record names it')))
  await store.close()
})

test('nothing is removed while time is in doubt', async () => {
  const store = await TestStore.open({ ...fresh(), placement: { mayExpire: () => false } })
  await halfGarbage(store)
  await store.placement.runOnce(never)
  await store.clock.advance(PARKED_MS + 1000)
  await store.placement.runOnce(never)
  assert.equal((await store.placement.status()).extents.parked, 1)
  await store.close()
})

test('while PUT is refused, open extents are sealed so that their garbage comes back', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  for (let index = 0; index < 20; index += 1)
    await store.put(bucketId, `k${index}`, store.bytes(2000))
  for (let index = 0; index < 20; index += 1) await store.delete(bucketId, `k${index}`)
  store.disk.setFree(0.03)
  await store.placement.runOnce(never)
  assert.equal((await store.placement.status()).extents.open, 1)
  await store.clock.advance(11_000)
  await store.placement.runOnce(never)
  assert.deepEqual((await store.placement.status()).extents, { open: 0, sealed: 0, parked: 1 })
  await store.close()
})
