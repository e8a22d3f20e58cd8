// The index deleted and rebuilt from the folder alone, compared record by record; checkpoints,
// merged log, holes and damage in the archive, and what the last second leaves unsure.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { PARKED_MS } from '../base/limits.ts'
import { needed, TestStore, type StoreOptions } from '../placement/suite-store.ts'
import { openDisk } from '../platform/disk.ts'
import { readBody } from './archive-log.ts'
import { CheckpointJob } from './checkpoint.ts'
import { rebuildIndex } from './rebuild.ts'
import { checkEqual, contents, damage, fill, rebuild, unsureKeys } from './suite-rebuild.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-rebuild-'))
after(() => rmSync(root, { recursive: true, force: true }))
async function opened(options: Partial<StoreOptions> = {}): Promise<TestStore> {
  const folder = mkdtempSync(join(root, 'store-'))
  return await TestStore.open({ folder, disk: openDisk(folder), ...options })
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
  const keys = unsureKeys(report)
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
  const keys = unsureKeys(report)
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

test('log of before and behind a rebuild is merged each by itself, and comes back', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  for (let round = 0; round < 3; round += 1) {
    for (let turn = 0; turn < 22; turn += 1) {
      await store.put(bucketId, `k${turn % 7}`, store.bytes(20))
      await store.archiver.flush()
    }
    await checkEqual(store, await contents(store.engine))
  }
  for (let turn = 0; turn < 40; turn += 1) {
    await store.put(bucketId, `k${turn % 7}`, store.bytes(20))
    await store.archiver.flush()
  }
  const logs = await store.index.archiveBlobs('log', null, 1000)
  assert.ok(new Set(logs.map(({ from }) => from.incarnation)).size >= 3)
  for (const { from, to } of logs) assert.equal(from.incarnation, to.incarnation)
  assert.ok(logs.length < 80, `merged within an incarnation: ${logs.length} blobs`)
  await checkEqual(store, await contents(store.engine))
  await store.close()
})

test('what a rebuild was made from is kept like any other blob, and serves the next one', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  for (let turn = 0; turn < 33; turn += 1) {
    await store.put(bucketId, 'small', store.bytes(20))
    await store.archiver.flush()
  }
  // Their merge leaves garbage before the last piece, which no entry that is archived names.
  for (let turn = 0; turn < 100; turn += 1) await store.put(bucketId, `k${turn}`, store.bytes(20))
  await store.archiver.flush()
  const before = await contents(store.engine)
  await checkEqual(store, before)
  for (let turn = 0; turn < 4; turn += 1) {
    await store.placement.runOnce(new AbortController().signal)
    await store.clock.advance(PARKED_MS + 1000)
  }
  await store.archiver.flush()
  const report = await checkEqual(store, await contents(store.engine))
  assert.ok(report.logEntries > 100)
  await store.close()
})

test('of a checkpoint that was never finished nothing is used', async () => {
  const store = await opened()
  await fill(store, 3)
  await store.archiver.checkpoint()
  const [whole] = await store.index.archiveBlobs('checkpoint', null, 1)
  await fill(store, 2)
  // The pages of a second one, without its last: it says that records are there which are not.
  let written = 0
  const job = new CheckpointJob({
    engine: store.engine,
    filler: store.placement.openFiller(),
    random: store.random,
    start: { incarnation: 1, sequence: store.engine.status().versionstamp.sequence },
    incarnationsBefore: 0,
    archiveTo: async () => await store.archiver.flush(),
    commit: async () => {
      written += 1
    },
  })
  await job.step()
  await job.step()
  assert.equal(written, 2)
  await store.archiver.flush()
  const report = await checkEqual(store, await contents(store.engine))
  assert.equal(report.checkpoint?.sequence, whole?.from.sequence)
  await store.close()
})

for (const which of ['first', 'second'] as const) {
  test(`of a page with two copies the ${which} may be damaged`, async () => {
    const store = await opened()
    await fill(store, 2)
    await store.archiver.checkpoint()
    const before = await contents(store.engine)
    const firsts = await store.index.archiveBlobs('checkpoint', null, 100)
    const filler = store.placement.openFiller()
    // As compaction leaves them: the same blob in two places.
    for (const { location } of firsts) {
      const { header, trailer } = await store.storage.describe(location)
      const body = await readBody(store.storage, location)
      const second = await filler.append(header, [body], needed(trailer))
      damage(store, which === 'first' ? location : second)
    }
    const report = await checkEqual(store, before)
    assert.notEqual(report.checkpoint, null)
    await store.close()
  })
}

test('an engine that holds anything is refused', async () => {
  const store = await opened()
  await store.bucket()
  const { storage, engine, clock, random } = store
  await assert.rejects(rebuildIndex({ storage, engine, clock, random, driveId: 'd1' }), /not empty/)
  await store.close()
})
