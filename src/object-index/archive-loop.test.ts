// The archiver at work by itself: how soon the log is copied, when a checkpoint follows, what it says
// while it fails, and that the engine keeps its log until it is archived.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { newId, type CommitId } from '../base/id.ts'
import { ARCHIVE_KEPT_MS, ARCHIVER_PERIOD_MS } from '../base/limits.ts'
import { decodeLogEntry } from '../engine/engine.ts'
import { PlacementError, type ExtentFiller } from '../placement/placement.ts'
import { failingAt, until } from '../placement/suite-disk.ts'
import { TestStore, type StoreOptions } from '../placement/suite-store.ts'
import { openDisk } from '../platform/disk.ts'
import { openArchiver, type Archiver, type ArchiverOptions } from './archive.ts'
import { decodeArchiveHead, decodeEntries } from './archive-format.ts'
import { readBody } from './archive-log.ts'
import { ARCHIVER } from './archive-state.ts'
import { checkEqual, contents } from './suite-rebuild.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-archiver-'))
after(() => rmSync(root, { recursive: true, force: true }))

async function opened(options: Partial<StoreOptions> = {}): Promise<TestStore> {
  const folder = mkdtempSync(join(root, 'store-'))
  return await TestStore.open({ folder, disk: openDisk(folder), ...options })
}

/** Another archiver of the same store, with a filler of its own. */
function archiverOf(
  store: TestStore,
  options: Partial<ArchiverOptions>,
  filler: ExtentFiller = store.placement.openFiller(),
): Archiver {
  const { engine, index, storage, clock, random } = store
  return openArchiver({ engine, index, storage, clock, random, filler, options })
}

async function archivedTo(store: TestStore): Promise<number> {
  const blobs = await store.index.archiveBlobs('log', null, 1000)
  return blobs.at(-1)?.to.sequence ?? 0
}

/** Turns of the event loop with the clock standing still. */
async function idle(store: TestStore): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await store.disk.list('')
}

test('an entry is in the archive within a second of its commit', async () => {
  const store = await opened()
  await store.archiver.start()
  const bucketId = await store.bucket()
  for (let round = 0; round < 5; round += 1) {
    await store.put(bucketId, `k${round}`, store.bytes(100))
    const { sequence } = store.engine.status().versionstamp
    const stopAtMs = store.clock.monotonicMs() + ARCHIVER_PERIOD_MS
    while (store.clock.monotonicMs() < stopAtMs) {
      await store.clock.advance(50)
      await idle(store)
    }
    // The clock stands: what is copied now was begun in time.
    await until(store, 0, async () => (await archivedTo(store)) >= sequence)
    assert.ok(store.clock.monotonicMs() <= stopAtMs)
  }
  await store.archiver[Symbol.asyncDispose]()
  await store.close()
})

test('a quiet store is left alone by a running archiver', async () => {
  const store = await opened()
  await store.archiver.start()
  await store.put(await store.bucket(), 'a', store.bytes(10))
  await until(store, 100, () => store.archiver.status().lagEntries === 0)
  await store.clock.advance(5000)
  await idle(store)
  const { versionstamp } = store.engine.status()
  let turns = 0
  await until(store, 500, () => (turns += 1) > 300)
  assert.deepEqual(store.engine.status().versionstamp, versionstamp)
  await store.archiver[Symbol.asyncDispose]()
  await store.close()
  assert.equal(store.clock.waiting, 0, 'no timer is left')
})

test('the archive holds every entry once, in order, as the engine wrote it', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  for (let turn = 0; turn < 70; turn += 1) {
    await store.put(bucketId, `k${turn % 5}`, store.bytes(30))
    if (turn % 2 === 0) await store.archiver.flush()
    if (turn % 20 === 7) await store.archiver.checkpoint()
  }
  await store.archiver.flush()
  let next = 1
  for (const blob of await store.index.archiveBlobs('log', null, 1000)) {
    const head = decodeArchiveHead((await store.storage.describe(blob.location)).header.metadata)
    assert.ok(head.kind === 'log')
    assert.deepEqual([head.first, head.last], [blob.from, blob.to])
    const body = await readBody(store.storage, blob.location)
    for (const bytes of decodeEntries(body, head.entryCount)) {
      assert.equal(decodeLogEntry(bytes).versionstamp.sequence, next)
      next += 1
    }
    assert.equal(head.last.sequence, next - 1)
  }
  assert.ok(next > 70)
  await store.close()
})

test('the engine keeps its log until it is archived, whatever else fails', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  const counter = { left: 0 }
  const filler = failingAt(
    store.placement.openFiller(),
    ['append'],
    counter,
    () => new PlacementError('full', 'no room for the archive'),
  )
  const reports: string[] = []
  const report = (line: string): void => {
    reports.push(line)
  }
  const archiver = archiverOf(store, { report }, filler)
  await archiver.start()
  for (let turn = 0; turn < 10; turn += 1) {
    await store.put(bucketId, `k${turn}`, store.bytes(10))
    await store.clock.advance(2000)
    await idle(store)
  }
  assert.equal(store.engine.status().logStart.sequence, 0)
  assert.equal((await store.engine.log({ incarnation: 1, sequence: 0 }, 1)).length, 1)
  const status = archiver.status()
  assert.ok(status.lagEntries >= 10 && status.lagMs > 15_000, JSON.stringify(status))
  assert.equal(status.isBehind, true, 'PUT slows down')
  assert.match(status.lastError ?? '', /no room for the archive/)
  assert.equal(reports.filter((line) => line.includes('no room')).length, 1, 'said once')
  counter.left = Number.POSITIVE_INFINITY
  await until(store, 100, () => archiver.status().lagEntries === 0)
  assert.deepEqual([archiver.status().isBehind, archiver.status().lastError], [false, null])
  assert.ok(store.engine.status().logStart.sequence >= 10)
  await archiver[Symbol.asyncDispose]()
  await checkEqual(store, await contents(store.engine))
  await store.close()
})

test('the log is trimmed to the cursor and never beyond, at every step that may be the last', async () => {
  for (let left = 0; left < 6; left += 1) {
    const store = await opened()
    const bucketId = await store.bucket()
    for (let turn = 0; turn < 5; turn += 1) await store.put(bucketId, `k${turn}`, store.bytes(10))
    const counter = { left }
    const { engine, storage, clock, random } = store
    const cut = (): Error => new PlacementError('io', 'cut')
    const archiver = openArchiver({
      storage,
      clock,
      random,
      engine: failingAt(engine, ['commit', 'trim', 'log'], counter, cut),
      index: failingAt(store.index, ['apply'], counter, cut),
      filler: failingAt(store.placement.openFiller(), ['append', 'settle'], counter, cut),
    })
    await archiver.flush().catch(() => undefined)
    const cursor = (await store.index.consumers()).find(({ name }) => name === ARCHIVER)?.cursor
    assert.ok(engine.status().logStart.sequence <= (cursor?.sequence ?? 0), `cut at ${left}`)
    assert.ok((await archivedTo(store)) >= engine.status().logStart.sequence)
    await store.crash()
    await store.archiver.flush()
    await checkEqual(store, await contents(store.engine))
    await store.close()
  }
})

test('a checkpoint follows by itself when the log outgrows the least and the index', async () => {
  const store = await opened({ archiver: { checkpointLogBytesMin: 20_000 } })
  await store.archiver.start()
  const bucketId = await store.bucket()
  let written = 0
  const write = async (): Promise<void> => {
    await store.put(bucketId, `k${written % 50}`, store.bytes(10))
    written += 1
  }
  while (store.archiver.status().logBytesSinceCheckpoint < 10_000) {
    await write()
    await store.archiver.flush()
  }
  await store.clock.advance(2000)
  await idle(store)
  assert.equal(store.archiver.status().lastCheckpoint, null, 'not yet')
  await until(store, 300, async () => {
    await write()
    return store.archiver.status().lastCheckpoint !== null
  })
  const pages = await store.index.archiveBlobs('checkpoint', null, 100)
  const sizeBytes = pages.reduce((sum, { location }) => sum + location.dataSizeBytes, 0)
  assert.ok(sizeBytes > 0)
  // The next one waits for as much log as this one is large.
  await until(store, 0, () => store.archiver.status().checkpointShare === null)
  assert.ok(store.archiver.status().logBytesSinceCheckpoint < sizeBytes)
  await store.archiver[Symbol.asyncDispose]()
  await store.close()
})

test('without room on the drive a checkpoint waits, and the log is copied on', async () => {
  let hasRoom = false
  const store = await opened({
    archiver: { checkpointLogBytesMin: 1, hasRoom: () => hasRoom },
  })
  await store.archiver.start()
  const bucketId = await store.bucket()
  for (let turn = 0; turn < 5; turn += 1) {
    await store.put(bucketId, `k${turn}`, store.bytes(10))
    await until(store, 100, () => store.archiver.status().lagEntries === 0)
  }
  await store.clock.advance(5000)
  await idle(store)
  assert.equal(store.archiver.status().lastCheckpoint, null)
  hasRoom = true
  await until(store, 100, () => store.archiver.status().lastCheckpoint !== null)
  await store.archiver[Symbol.asyncDispose]()
  await store.close()
})

test('a checkpoint that fails is begun again after a pause, not at once', async () => {
  const counter = { left: Number.POSITIVE_INFINITY }
  const store = await opened()
  await store.put(await store.bucket(), 'a', store.bytes(10))
  const { engine, storage, clock, random } = store
  const archiver = openArchiver({
    engine: failingAt(engine, ['read'], counter, () => new PlacementError('io', 'cut')),
    index: store.index,
    storage,
    clock,
    random,
    filler: store.placement.openFiller(),
    options: { checkpointLogBytesMin: 1 },
  })
  counter.left = 1
  await archiver.start()
  await until(store, 100, () => archiver.status().lastError !== null)
  assert.ok(counter.left < 0, 'it had begun')
  const before = counter.left
  let turns = 0
  await until(store, 100, () => (turns += 1) > 100)
  assert.equal(counter.left, before, 'it rests')
  counter.left = Number.POSITIVE_INFINITY
  await until(store, 1000, () => archiver.status().lastCheckpoint !== null)
  await archiver[Symbol.asyncDispose]()
  await store.close()
})

test('a log that was lost before it was archived is made good by a checkpoint', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  await store.put(bucketId, 'a', store.bytes(10))
  await store.archiver.flush()
  await store.put(bucketId, 'b', store.bytes(10))
  // As another hand, or a defect, would do it.
  await store.engine.trim(store.engine.status().versionstamp)
  await store.crash()
  await store.archiver.start()
  assert.ok(store.reports.some((line) => line.includes('begins behind')))
  await until(store, 100, () => store.archiver.status().lastCheckpoint !== null)
  await store.archiver[Symbol.asyncDispose]()
  const report = await checkEqual(store, await contents(store.engine))
  assert.notEqual(report.checkpoint, null)
  await store.close()
})

test("a slow consumer's log is kept beyond a month, and no longer than it needs", async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  const writerId = newId<never>(store.random)
  const note = async (sequence: number): Promise<void> => {
    await store.index.apply(
      {
        kind: 'archive',
        consumer: 'billing',
        cursor: { incarnation: 1, sequence },
        added: [],
        dropped: [],
        writerId,
      },
      newId<CommitId>(store.random),
    )
  }
  const oldest = async (): Promise<number> =>
    (await store.index.archiveBlobs('log', null, 1))[0]?.from.sequence ?? -1
  const later = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) {
      await store.put(bucketId, `k${turn}`, store.bytes(10))
      await store.archiver.checkpoint()
    }
  }
  await note(0)
  await later()
  await store.clock.advance(ARCHIVE_KEPT_MS + 1000)
  await later()
  assert.equal(await oldest(), 1)
  await note(store.engine.status().versionstamp.sequence)
  await later()
  assert.ok((await oldest()) > 1)
  await checkEqual(store, await contents(store.engine))
  await store.close()
})
