// How space comes back, step by step and with any step the last one: compaction at its pace and
// within its room, parking, the second scan, removal; what is kept aside; leases that fail.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { newId, type BucketId, type ExtentId, type WriterId } from '../base/id.ts'
import { PARKED_MS, PARKED_MS_MIN } from '../base/limits.ts'
import { ObjectIndexError, type ExtentRecord } from '../object-index/object-index.ts'
import { findReferences } from '../object-index/rebuild-references.ts'
import { openDisk } from '../platform/disk.ts'
import { StorageError } from '../storage/storage.ts'
import { ASIDE_FILE, keepAside } from './aside.ts'
import { PlacementError } from './placement.ts'
import { planRemoval, REMOVING_FILE } from './removal.ts'
import { failingAt, until } from './suite-disk.ts'
import { TestStore, type StoreOptions } from './suite-store.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-reclaim-'))
after(() => rmSync(root, { recursive: true, force: true }))
const never = new AbortController().signal
const gone = (): Error => new ObjectIndexError('unavailable', 'gone')

async function opened(options: Partial<StoreOptions> = {}): Promise<TestStore> {
  const folder = mkdtempSync(join(root, 'store-'))
  return await TestStore.open({ folder, disk: openDisk(folder), ...options })
}

function files(store: TestStore): readonly string[] {
  return readdirSync(join(store.options.folder, 'extents')).toSorted()
}

/** A sealed extent of so many objects, a quarter of which stay; one of them has a copy. */
async function halfGarbage(store: TestStore, count = 40): Promise<BucketId> {
  const bucketId = await store.bucket()
  for (let index = 0; index < count; index += 1) {
    await store.put(bucketId, `k${index}`, store.bytes(3000 + index))
  }
  await store.copy(bucketId, 'k2', 'copy')
  await store.sealAll()
  for (let index = count / 4; index < count; index += 1) await store.delete(bucketId, `k${index}`)
  return bucketId
}

async function states(store: TestStore): Promise<Readonly<Record<string, number>>> {
  return (await store.placement.status()).extents
}

const CHANGES = ['apply', 'createExtent', 'openPacked', 'removeExtent', 'describe']

test('any step may be the last before a crash: nothing is lost, and all space comes back', async () => {
  let failures = 0
  for (let left = 0; ; left += 1) {
    const store = await opened()
    await halfGarbage(store, 12)
    const counter = { left }
    const cut = (): Error => new ObjectIndexError('unavailable', 'cut')
    await store.crash({
      wrapIndex: (index) => failingAt(index, CHANGES, counter, cut),
      wrapStorage: (storage) => failingAt(storage, CHANGES, counter, cut),
    })
    let failed = false
    const turn = async (): Promise<void> => {
      await store.placement.runOnce(never).catch(() => {
        failed = true
      })
    }
    await turn()
    await store.clock.advance(PARKED_MS + 1000)
    await turn()
    await store.crash()
    await store.checkAll()
    for (let again = 0; again < 3; again += 1) {
      await store.placement.runOnce(never)
      await store.clock.advance(PARKED_MS + 1000)
    }
    await store.checkAll()
    await store.crash()
    assert.deepEqual((await store.placement.status()).missingExtents, [], `cut at ${left}`)
    const live = (await store.index.extents()).filter(({ references }) => references > 0)
    const bytes = live.reduce((sum, { record }) => sum + record.sizeBytes, 0)
    assert.ok(bytes < 15_000, `cut at ${left}: ${bytes} bytes are still taken`)
    await store.close()
    if (!failed) break
    failures += 1
  }
  assert.ok(failures >= 12, `${failures} steps were cut`)
})

test('the list of removals survives a cut between a commit and its file, and loses no other', async () => {
  const cut = { left: Number.POSITIVE_INFINITY }
  const store = await opened()
  await halfGarbage(store)
  await store.placement.runOnce(never)
  await store.clock.advance(PARKED_MS - 1000)
  await store.crash({
    wrapStorage: (storage) =>
      failingAt(storage, ['removeExtent'], cut, () => new PlacementError('io', 'cut')),
  })
  await store.placement.runOnce(never)
  await store.clock.advance(PARKED_MS_MIN + 1000)
  cut.left = 0
  const before = files(store)
  await assert.rejects(store.placement.runOnce(never), /cut/)
  assert.deepEqual(files(store), before)
  assert.equal((await states(store))['parked'], 0, 'its record went')
  // In the same process the next turn ends it,
  cut.left = Number.POSITIVE_INFINITY
  await store.placement.runOnce(never)
  assert.equal(files(store).length, before.length - 1)
  // and a stale list names nothing that is the index's.
  const [live] = await store.index.extents()
  assert.ok(live !== undefined)
  await store.crash()
  assert.ok(files(store).includes(live.record.extentId))
  assert.ok(existsSync(join(store.options.folder, REMOVING_FILE)))
  await store.checkAll()
  await store.close()
})

/** Compacts 10 blobs of some 3.2 kB, which should be at 10 kB/s, by a clock that is turned by hand. */
async function movesTenKilobytesASec(placement: StoreOptions['placement']): Promise<void> {
  const store = await opened({ placement: { background: 'on-demand', ...placement } })
  await halfGarbage(store)
  const [use] = (await store.index.extents()).filter(({ references }) => references > 0)
  const extentId = use?.record.extentId ?? assert.fail()
  const left = async (): Promise<number> =>
    new Set((await store.index.references(extentId, 0, 100)).map(({ location }) => location.offset))
      .size
  let isDone = false
  const done = store.placement.runOnce(never).then(() => {
    isDone = true
  })
  const idle = async (): Promise<void> => {
    let turns = 0
    await until(store, 0, () => (turns += 1) > 200)
  }
  await idle()
  assert.equal(await left(), 10, 'nothing is moved before its time')
  await store.clock.advance(1600)
  await until(store, 0, async () => (await left()) <= 5)
  await idle()
  assert.equal(await left(), 5, '5 of them are 16 kB')
  await until(store, 100, () => isDone)
  await done
  assert.equal(await left(), 0)
  await store.checkAll()
  await store.close()
}

test('compaction keeps to its rate', async () => {
  await movesTenKilobytesASec({ compactionRateBytesPerSec: 10_000 })
})

test('while requests wait compaction goes at a tenth of its rate, and goes on', async () => {
  await movesTenKilobytesASec({ compactionRateBytesPerSec: 100_000, isBusy: () => true })
})

test('paused, compaction moves nothing; resumed, it goes on where it was', async () => {
  const store = await opened()
  await halfGarbage(store)
  store.placement.pause()
  assert.equal((await store.placement.status()).compaction.isPaused, true)
  let isDone = false
  const done = store.placement.runOnce(never).then(() => {
    isDone = true
  })
  let turns = 0
  await until(store, 100, () => (turns += 1) > 200)
  assert.equal(isDone, false)
  assert.equal((await states(store))['parked'], 0)
  store.placement.resume()
  await until(store, 10, () => isDone)
  await done
  assert.equal((await states(store))['parked'], 1)
  await store.close()
})

test('compaction takes no room that DELETE needs, and moves once there is some', async () => {
  const store = await opened()
  await halfGarbage(store)
  store.disk.size = { totalBytes: 10 ** 12, freeBytes: 10_000_000 }
  await store.placement.runOnce(never)
  const before = files(store)
  assert.equal((await states(store))['parked'], 0)
  assert.equal(store.placement.roomBytes(), 0)
  store.disk.size = { totalBytes: 10 ** 12, freeBytes: 60_000_000 }
  await store.placement.runOnce(never)
  await store.placement.runOnce(never)
  assert.equal((await states(store))['parked'], 1)
  assert.equal(files(store).length, before.length + 1)
  await store.checkAll()
  await store.close()
})

test('below 30 % of garbage an extent is left alone', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  for (let index = 0; index < 40; index += 1) {
    await store.put(bucketId, `k${index}`, store.bytes(3000))
  }
  await store.sealAll()
  for (let index = 0; index < 11; index += 1) await store.delete(bucketId, `k${index}`)
  await store.placement.runOnce(never)
  assert.equal((await states(store))['parked'], 0)
  for (let index = 11; index < 14; index += 1) await store.delete(bucketId, `k${index}`)
  await store.placement.runOnce(never)
  assert.equal((await states(store))['parked'], 1)
  await store.close()
})

test('objects are deleted, written and copied while their blobs are moved', async () => {
  const store = await opened()
  const bucketId = await halfGarbage(store)
  const moved = store.placement.runOnce(never)
  await Promise.all([
    store.delete(bucketId, 'k0', 'k1'),
    store.put(bucketId, 'k2', store.bytes(999)),
    store.copy(bucketId, 'k4', 'late-copy'),
    store.copy(bucketId, 'k5', 'later-copy'),
  ])
  await moved
  for (let turn = 0; turn < 3; turn += 1) await store.placement.runOnce(never)
  await store.checkAll()
  assert.deepEqual((await store.placement.status()).quarantinedExtents, [])
  await store.close()
})

function parked(number: number, changedAtMs: number): ExtentRecord {
  return {
    extentId: String(number).padStart(32, '0') as ExtentId,
    state: 'parked',
    writerId: '0'.repeat(32) as WriterId,
    layout: 'packed',
    capacityBytes: 1,
    sizeBytes: 1,
    driveId: 'd1',
    changedAtMs,
  }
}

test('bytes go after 24 h; short of space after 60 s, the oldest first and some at a time', () => {
  const now = 10 * PARKED_MS
  const all = Array.from({ length: 40 }, (_, number) => parked(number, now - 1000 * number))
  const plan = (
    records: readonly ExtentRecord[],
    isShort: boolean,
    seenForMs: number,
  ): readonly number[] =>
    planRemoval(records, { cellMs: now, isShort, seenForMs: () => seenForMs }).map(Number)
  const day = [
    parked(1, now - PARKED_MS + 1),
    parked(2, now - PARKED_MS),
    parked(3, now - PARKED_MS - 1),
  ]
  assert.deepEqual(plan(day, false, PARKED_MS), [3, 2])
  assert.deepEqual(plan(all, false, PARKED_MS), [])
  assert.deepEqual(plan(all, true, PARKED_MS).length, 0, 'none of them is 60 s old')
  const older = all.map((record) => ({
    ...record,
    changedAtMs: record.changedAtMs - PARKED_MS_MIN,
  }))
  assert.deepEqual(
    plan(older, true, PARKED_MS),
    Array.from({ length: 16 }, (_, index) => 39 - index),
  )
  assert.deepEqual(plan(older, true, PARKED_MS_MIN - 1), [], 'this process has not seen it so long')
  assert.deepEqual(plan([{ ...parked(1, 0), state: 'sealed' }], true, PARKED_MS), [])
})

test('the scan before bytes go is of records, so a reverse record that is gone costs nothing', async () => {
  const asked: ExtentId[] = []
  const store = await opened({
    findReferences: async (engine, extentIds, signal) => {
      asked.push(...extentIds)
      return await findReferences(engine, extentIds, signal)
    },
  })
  const bucketId = await store.bucket()
  await store.put(bucketId, 'a', store.bytes(500))
  await store.sealAll()
  const [use] = (await store.index.extents()).filter(({ references }) => references > 0)
  const extentId = use?.record.extentId ?? assert.fail()
  await loseReverseRecords(store, extentId)
  await store.placement.runOnce(never)
  assert.equal((await states(store))['parked'], 1, 'without its reverse records it looks empty')
  await store.clock.advance(PARKED_MS + 1000)
  await store.placement.runOnce(never)
  assert.deepEqual(asked, [extentId])
  assert.deepEqual((await store.placement.status()).quarantinedExtents, [extentId])
  await store.checkAll()
  await store.close()
})

async function loseReverseRecords(store: TestStore, extentId: ExtentId): Promise<void> {
  const keys: Buffer[] = []
  const start = Buffer.concat([Buffer.of(0x40), Buffer.from(extentId, 'hex')])
  const end = Buffer.concat([start, Buffer.alloc(8, 0xff)])
  await store.engine.read({
    ranges: [
      {
        range: { start, end },
        limit: 100,
        visit: (key) => {
          keys.push(Buffer.from(key))
          return 'next'
        },
      },
    ],
  })
  assert.equal(keys.length, 1)
  keys.push(Buffer.concat([Buffer.of(0x61), Buffer.from(extentId, 'hex')]))
  await store.engine.commit({
    id: newId(store.random),
    reads: {},
    decide: () => ({
      kind: 'apply',
      mutations: keys.map((key) => ({ kind: 'delete', key })),
      result: null,
    }),
  })
}

test('what a rebuild was unsure of is kept, until the list is removed', async () => {
  const store = await opened()
  await halfGarbage(store)
  const [use] = (await store.index.extents()).filter(({ references }) => references > 0)
  const extentId = use?.record.extentId ?? assert.fail()
  await keepAside(store.disk, [extentId])
  await keepAside(store.disk, [newId<ExtentId>(store.random)])
  await store.crash()
  assert.ok(store.reports.some((line) => line.includes('2 extents are kept aside')))
  await store.placement.runOnce(never)
  assert.equal((await states(store))['parked'], 1)
  await store.clock.advance(2 * PARKED_MS)
  store.disk.setFree(0.03)
  await store.placement.runOnce(never)
  assert.ok(files(store).includes(extentId))
  assert.ok((await store.placement.status()).quarantinedExtents.includes(extentId))
  rmSync(join(store.options.folder, ASIDE_FILE))
  await store.crash()
  await store.placement.runOnce(never)
  await store.clock.advance(PARKED_MS_MIN + 1000)
  await store.placement.runOnce(never)
  assert.ok(!files(store).includes(extentId))
  await store.checkAll()
  await store.close()
})

test('a damaged list of what is kept aside keeps everything', async () => {
  const store = await opened()
  await halfGarbage(store)
  writeFileSync(join(store.options.folder, ASIDE_FILE), '00000000 not-an-id\n')
  await store.crash()
  await store.placement.runOnce(never)
  await store.clock.advance(2 * PARKED_MS)
  await store.placement.runOnce(never)
  assert.equal((await states(store))['parked'], 1)
  assert.ok(store.reports.some((line) => line.includes('is damaged')))
  await store.close()
})

test('a lease that certainly failed leaves no file; one that is unsure leaves it', async () => {
  for (const [code, isKept] of [
    ['unavailable', false],
    ['full', false],
    ['unsure', true],
  ] as const) {
    const counter = { left: 0 }
    const store = await opened()
    await store.crash({
      wrapIndex: (index) =>
        failingAt(index, ['apply'], counter, () => new ObjectIndexError(code, 'it failed')),
    })
    const asked = store.placement.lease(newId<WriterId>(store.random), 'packed')
    await assert.rejects(asked, (cause: unknown) => {
      assert.ok(cause instanceof PlacementError)
      assert.equal(cause.code, code === 'full' ? 'full' : 'index-unavailable')
      return true
    })
    assert.equal(files(store).length, isKept ? 1 : 0, code)
    await store.close()
  }
})

test('an extent that could not be sealed is sealed later', async () => {
  const store = await opened()
  const filler = store.placement.openFiller()
  const counter = { left: Number.POSITIVE_INFINITY }
  await store.crash({
    wrapIndex: (index) =>
      failingAt(index, ['apply'], counter, () => new ObjectIndexError('unavailable', 'not now')),
  })
  await filler[Symbol.asyncDispose]()
  const second = store.placement.openFiller()
  const header = {
    blobId: newId<never>(store.random),
    bodyOffset: 0,
    dataSizeBytes: 3,
    owner: { kind: 'archive-log', incarnation: 1, sequence: 1, page: 0 },
    metadata: Buffer.alloc(0),
  } as const
  const none = { md5: Buffer.alloc(0), checksumAlgorithm: 0, checksum: Buffer.alloc(0) }
  await second.append(header, [Buffer.from('abc')], none)
  second.renew()
  counter.left = 0
  await assert.rejects(second.settle(), /not now/)
  counter.left = Number.POSITIVE_INFINITY
  await second.settle()
  assert.deepEqual(await states(store), { open: 0, sealed: 1, parked: 0 })
  await store.close()
})

test('the loops work by themselves, report a failure once, and end when they are stopped', async () => {
  const counter = { left: Number.POSITIVE_INFINITY }
  const store = await opened({
    placement: { background: 'loops' },
    wrapIndex: (index) => failingAt(index, ['soundExtents'], counter, gone),
  })
  await halfGarbage(store)
  await until(store, 500, async () => (await store.index.extents()).some(isParked))
  await store.checkAll()
  counter.left = 0
  await until(store, 500, () => store.reports.some((line) => line.includes('gone')))
  let turns = 0
  await until(store, 500, () => (turns += 1) > 100)
  assert.equal(store.reports.filter((line) => line.includes('gone')).length <= 2, true)
  counter.left = Number.POSITIVE_INFINITY
  const before = files(store).length
  store.disk.setFree(0.08)
  await until(store, 1000, () => files(store).length < before)
  await store.placement[Symbol.asyncDispose]()
  await store.close()
  assert.equal(store.clock.waiting, 0, 'no timer is left')
})

function isParked({ record }: { readonly record: ExtentRecord }): boolean {
  return record.state === 'parked'
}

test('a lease under way when its writer is declared dead is sealed with the others', async () => {
  const store = await opened()
  let reached: () => void = () => undefined
  let release: () => void = () => undefined
  const isReached = new Promise<void>((resolve) => (reached = resolve))
  const isReleased = new Promise<void>((resolve) => (release = resolve))
  await store.crash({
    wrapStorage: (storage) => ({
      ...storage,
      createExtent: async (extentId) => {
        await storage.createExtent(extentId)
        reached()
        await isReleased
      },
    }),
  })
  const dead = newId<WriterId>(store.random)
  const leased = store.placement.lease(dead, 'packed')
  await isReached
  const sealed = store.placement.sealAllOf(dead)
  for (let turn = 0; turn < 20; turn += 1) await store.disk.list('')
  release()
  await Promise.all([leased, sealed])
  assert.deepEqual(await states(store), { open: 0, sealed: 1, parked: 0 })
  await store.close()
})

test('a file that does not close is sealed like any other', async () => {
  const store = await opened()
  await store.crash({
    wrapStorage: (storage) => ({
      ...storage,
      openPacked: async (extentId, capacityBytes) => {
        const writer = await storage.openPacked(extentId, capacityBytes)
        return {
          freeBytes: writer.freeBytes,
          append: async (...args) => await writer.append(...args),
          [Symbol.asyncDispose]: async () => {
            await writer[Symbol.asyncDispose]()
            throw new StorageError('io', 'it does not close')
          },
        }
      },
    }),
  })
  const bucketId = await store.bucket()
  const filler = store.placement.openFiller()
  const owner = { kind: 'object', bucketId, key: 'k', versionRandom: '0'.repeat(16) } as const
  await filler.append(
    { blobId: newId(store.random), owner, bodyOffset: 0, dataSizeBytes: 1, metadata: Buffer.of() },
    [Buffer.of(1)],
    { md5: Buffer.of(), checksumAlgorithm: 0, checksum: Buffer.of() },
  )
  filler.renew()
  await filler.settle()
  assert.equal((await states(store))['sealed'], 1)
  await store.close()
})
