// The index deleted and rebuilt from the folder alone, compared record by record; checkpoints,
// merged log, holes and damage in the archive, and what the last second leaves unsure.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { BucketId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import type { Engine } from '../engine/engine.ts'
import { TestStore, type StoreOptions } from '../placement/suite-store.ts'
import { openDisk } from '../platform/disk.ts'
import { SPACE } from './keys.ts'
import { rebuildIndex, type RebuildReport } from './rebuild.ts'
import { visitAll } from './rebuild-references.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-rebuild-'))
after(() => rmSync(root, { recursive: true, force: true }))
const LAST_KEY = Buffer.alloc(1979, 0xff)
/** Extents' states, the archiver's own records and its extents' sums go on moving. */
const OWN_SPACES: ReadonlySet<number> = new Set([
  SPACE.consumer,
  SPACE.archiveBlob,
  SPACE.extent,
  SPACE.extentSum,
])

async function opened(options: Partial<StoreOptions> = {}): Promise<TestStore> {
  const folder = mkdtempSync(join(root, 'store-'))
  return await TestStore.open({ folder, disk: openDisk(folder), ...options })
}

/** All records of clients' data, as hex. */
async function contents(engine: Engine): Promise<Map<string, string>> {
  const records = new Map<string, string>()
  await visitAll(engine, { start: Buffer.of(0), end: LAST_KEY }, undefined, (key, value) => {
    const isArchive = key[0] === SPACE.reverse && key[23] === 3
    if (!OWN_SPACES.has(key[0] ?? 0) && !isArchive)
      records.set(key.toString('hex'), value.toString('hex'))
  })
  return records
}

/** Something of everything, in several turns of the archiver. */
async function fill(
  store: TestStore,
  turns: number,
): Promise<{ plain: BucketId; versioned: BucketId }> {
  const plain = await store.bucket()
  const versioned = await store.bucket('enabled')
  for (let turn = 0; turn < turns; turn += 1) {
    await store.put(plain, `source-${turn}`, store.bytes(3000))
    await store.copy(plain, `source-${turn}`, `copy-${turn}`)
    await store.put(plain, 'again', store.bytes(100 + turn))
    await store.put(versioned, 'v', store.bytes(50 + turn))
    await store.put(plain, `gone-${turn}`, store.bytes(77))
    await store.delete(plain, `gone-${turn}`)
    const refused = await store.tryPut(plain, 'again', store.bytes(10), { kind: 'absent' })
    assert.equal(refused.kind, 'refused')
    if (turn % 3 === 0) {
      await store.upload(plain, `large-${turn}`, [store.bytes(300_000), store.bytes(5000)])
    }
    if (turn % 4 === 1) {
      await store.apply({
        kind: 'delete-objects',
        bucketId: versioned,
        entries: [{ key: 'v', version: { kind: 'latest' }, ifMatch: null }],
      })
    }
    await store.archiver.flush()
  }
  return { plain, versioned }
}

async function rebuild(store: TestStore): Promise<{ report: RebuildReport; engine: Engine }> {
  const engine = await store.loseIndex()
  const { storage, clock, random } = store
  const report = await rebuildIndex({ storage, engine, clock, random, driveId: 'd1' })
  return { report, engine }
}

async function checkEqual(store: TestStore, before: Map<string, string>): Promise<RebuildReport> {
  const { report, engine } = await rebuild(store)
  assert.deepEqual(report.findings, [])
  assert.equal(report.gap, null)
  const now = await contents(engine)
  assert.deepEqual(
    [...now.keys()].filter((key) => !before.has(key)),
    [],
  )
  assert.deepEqual(
    [...before.keys()].filter((key) => !now.has(key)),
    [],
  )
  for (const [key, value] of before) assert.equal(now.get(key), value, key)
  await store.open()
  await store.checkAll()
  return report
}

test('a deleted index comes back from the log alone', async () => {
  const store = await opened()
  await fill(store, 6)
  const report = await checkEqual(store, await contents(store.engine))
  assert.equal(report.checkpoint, null)
  assert.equal(report.buckets, 2)
  await store.close()
})

test('a deleted index comes back from a checkpoint and the log behind it', async () => {
  const store = await opened()
  await fill(store, 4)
  await store.archiver.checkpoint()
  await fill(store, 4)
  const report = await checkEqual(store, await contents(store.engine))
  assert.notEqual(report.checkpoint, null)
  await store.close()
})

test('a checkpoint made while everything changes is made whole by the log', async () => {
  for (const seed of [1, 2, 3]) {
    const store = await opened({ seed })
    const { plain } = await fill(store, 3)
    const made = store.archiver.checkpoint()
    for (let turn = 0; turn < 40; turn += 1) {
      await store.put(plain, `source-${turn % 5}`, store.bytes(100 + turn))
      await store.delete(plain, `copy-${turn % 3}`)
    }
    await made
    await store.archiver.flush()
    const report = await checkEqual(store, await contents(store.engine))
    assert.notEqual(report.checkpoint, null)
    await store.close()
  }
})

test('small log blobs are merged, and the log still comes back whole', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  for (let turn = 0; turn < 100; turn += 1) {
    await store.put(bucketId, `k${turn % 7}`, store.bytes(20))
    await store.archiver.flush()
  }
  const blobs = await store.index.archiveBlobs('log', null, 1000)
  assert.ok(blobs.length < 40, `${blobs.length} blobs`)
  await checkEqual(store, await contents(store.engine))
  await store.close()
})

test('an index that was rebuilt can be rebuilt again, and again', async () => {
  const store = await opened()
  await fill(store, 3)
  await checkEqual(store, await contents(store.engine))
  await fill(store, 2)
  await checkEqual(store, await contents(store.engine))
  await store.archiver.checkpoint()
  await fill(store, 2)
  const report = await checkEqual(store, await contents(store.engine))
  assert.notEqual(report.checkpoint, null)
  await store.close()
})

test('what compaction moved is found where it is now', async () => {
  const store = await opened()
  const { plain } = await fill(store, 3)
  for (let index = 0; index < 40; index += 1) await store.put(plain, `x${index}`, store.bytes(4000))
  await store.sealAll()
  for (let index = 0; index < 40; index += 1) await store.delete(plain, `x${index}`)
  await store.archiver.flush()
  for (let turn = 0; turn < 3; turn += 1) {
    await store.placement.runOnce(new AbortController().signal)
  }
  await store.archiver.flush()
  const report = await checkEqual(store, await contents(store.engine))
  assert.deepEqual(
    report.unsure.filter(({ owner }) => owner.kind !== 'object'),
    [],
  )
  await store.close()
})

test('writes of the last second are listed as unsure, and override nothing', async () => {
  const store = await opened()
  const { plain } = await fill(store, 2)
  const before = await contents(store.engine)
  await store.put(plain, 'late', store.bytes(100))
  await store.put(plain, 'again', store.bytes(101))
  await store.upload(plain, 'late-upload', [store.bytes(400_000)])
  const { report, engine } = await rebuild(store)
  assert.deepEqual(report.findings, [])
  const now = await contents(engine)
  for (const [key, value] of before) assert.equal(now.get(key), value)
  const keys = report.unsure.map(({ owner }) => ('key' in owner ? owner.key : owner.kind))
  for (const key of ['late', 'again', 'late-upload']) assert.ok(keys.includes(key), key)
  for (const key of ['gone-0', 'gone-1', 'source-0']) assert.ok(!keys.includes(key), key)
  await store.close()
})

test('what was deleted before a checkpoint is not unsure, though its extent is open', async () => {
  const store = await opened()
  const { plain } = await fill(store, 2)
  await store.archiver.checkpoint()
  await store.put(plain, 'more', store.bytes(10))
  await store.archiver.flush()
  const { report } = await rebuild(store)
  assert.notEqual(report.checkpoint, null)
  const keys = report.unsure.map(({ owner }) => ('key' in owner ? owner.key : owner.kind))
  assert.deepEqual([...new Set(keys)], ['again'], 'the refused writes alone')
  await store.close()
})

test('a hole in the log is named, and the replay ends there', async () => {
  const store = await opened()
  await fill(store, 5)
  const blobs = await store.index.archiveBlobs('log', null, 1000)
  const middle = blobs[2]
  assert.ok(middle !== undefined)
  damage(store, middle.location)
  const { report } = await rebuild(store)
  assert.ok(report.gap?.includes('missing'), report.gap ?? 'no gap')
  assert.equal(report.lastStamp?.sequence, middle.from.sequence - 1)
  assert.deepEqual(report.findings, [])
  await store.close()
})

test('with a damaged page the checkpoint before is taken', async () => {
  const store = await opened()
  await fill(store, 2)
  await store.archiver.checkpoint()
  await fill(store, 2)
  await store.archiver.checkpoint()
  const before = await contents(store.engine)
  const pages = await store.index.archiveBlobs('checkpoint', null, 100)
  const starts = [...new Set(pages.map(({ from }) => from.sequence))]
  assert.equal(starts.length, 2)
  const last = pages.findLast(({ from }) => from.sequence === starts[1])
  assert.ok(last !== undefined)
  damage(store, last.location)
  const report = await checkEqual(store, before)
  assert.equal(report.checkpoint?.sequence, starts[0])
  await store.close()
})

function damage(store: TestStore, location: Location): void {
  const path = join(store.options.folder, 'extents', location.extentId)
  const bytes = readFileSync(path)
  const at = location.offset + location.headerSizeBytes + (location.dataSizeBytes >> 1)
  bytes[at] = (bytes[at] ?? 0) ^ 0x10
  writeFileSync(path, bytes)
}

test('an engine that holds anything is refused', async () => {
  const store = await opened()
  await store.bucket()
  const { storage, engine, clock, random } = store
  await assert.rejects(rebuildIndex({ storage, engine, clock, random, driveId: 'd1' }), /not empty/)
  await store.close()
})
