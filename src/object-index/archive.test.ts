// The archiver: what it copies and when, that it keeps still when nothing happens, what it keeps and
// drops, and its formats' golden bytes.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ARCHIVE_KEPT_MS } from '../base/limits.ts'
import { TestStore, type StoreOptions } from '../placement/suite-store.ts'
import { openDisk } from '../platform/disk.ts'
import {
  decodeArchiveHead,
  decodeEntries,
  decodePage,
  encodeArchiveHead,
  encodeEntries,
  PageWriter,
  type ArchiveHead,
} from './archive-format.ts'
import { planCheckpointDrops, planLogBound } from './archive-retention.ts'
import { ARCHIVER } from './archive-state.ts'
import type { ArchiveBlob } from './object-index.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-archive-'))
after(() => rmSync(root, { recursive: true, force: true }))

async function opened(options: Partial<StoreOptions> = {}): Promise<TestStore> {
  const folder = mkdtempSync(join(root, 'store-'))
  return await TestStore.open({ folder, disk: openDisk(folder), ...options })
}

test('a flush copies the log, moves the cursor and trims the engine', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  await store.put(bucketId, 'a', store.bytes(10))
  const { sequence } = store.engine.status().versionstamp
  await store.archiver.flush()
  const [consumer] = await store.index.consumers()
  assert.equal(consumer?.name, ARCHIVER)
  assert.ok((consumer?.cursor.sequence ?? 0) >= sequence)
  assert.ok(store.engine.status().logStart.sequence >= sequence)
  const [blob] = await store.index.archiveBlobs('log', null, 10)
  assert.equal(blob?.from.sequence, 1)
  assert.equal(store.archiver.status().lagEntries, 0)
  await store.close()
})

test('when nothing happens nothing is written', async () => {
  const store = await opened()
  await store.bucket()
  for (let turn = 0; turn < 3; turn += 1) await store.archiver.flush()
  const { versionstamp, batches } = store.engine.status()
  for (let turn = 0; turn < 10; turn += 1) await store.archiver.flush()
  assert.deepEqual(store.engine.status().versionstamp, versionstamp)
  assert.equal(store.engine.status().batches, batches)
  await store.close()
})

test('what was archived but not named is archived again after a crash', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  await store.put(bucketId, 'a', store.bytes(10))
  await store.crash()
  await store.put(bucketId, 'b', store.bytes(10))
  await store.archiver.flush()
  await store.crash()
  await store.archiver.flush()
  const blobs = await store.index.archiveBlobs('log', null, 100)
  let next = 1
  for (const { from, to } of blobs) {
    assert.equal(from.sequence, next)
    next = to.sequence + 1
  }
  await store.close()
})

test('a checkpoint follows when the log has grown, and the last two are kept', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  for (let turn = 0; turn < 4; turn += 1) {
    await store.put(bucketId, `k${turn}`, store.bytes(10))
    await store.archiver.checkpoint()
  }
  const pages = await store.index.archiveBlobs('checkpoint', null, 1000)
  assert.equal(new Set(pages.map(({ from }) => from.sequence)).size, 2)
  assert.ok(store.archiver.status().lastCheckpoint !== null)
  const logs = await store.index.archiveBlobs('log', null, 1000)
  assert.equal(logs[0]?.from.sequence, 1, 'a month of log is kept in any case')
  await store.clock.advance(ARCHIVE_KEPT_MS + 1000)
  for (let turn = 0; turn < 2; turn += 1) {
    await store.put(bucketId, 'late', store.bytes(10))
    await store.archiver.checkpoint()
  }
  const later = await store.index.archiveBlobs('log', null, 1000)
  assert.ok((later[0]?.from.sequence ?? 0) > 1, 'and no more than is needed after it')
  await store.close()
})

test('a lease that is lost costs another write, and no entry', async () => {
  const store = await opened()
  const bucketId = await store.bucket()
  await store.archiver.flush()
  for (const { record } of await store.index.extents()) await store.placement.seal(record.extentId)
  await store.put(bucketId, 'a', store.bytes(10)).catch(() => undefined)
  await store.archiver.flush()
  assert.equal(store.archiver.status().lagEntries, 0)
  await store.close()
})

function page(sequence: number, number: number, end: number | null): ArchiveBlob {
  return {
    kind: 'checkpoint',
    blobId: `${sequence}${number}` as never,
    page: number,
    from: { incarnation: 1, sequence },
    to: end === null ? { incarnation: 0, sequence: 0 } : { incarnation: 1, sequence: end },
    location: {
      extentId: 'e' as never,
      offset: 0,
      headerSizeBytes: 80,
      dataSizeBytes: 1,
      checksum: 0,
    },
  }
}

test('checkpoints that are not whole go, but for the one under way', () => {
  const pages = [
    page(10, 0, null),
    page(10, 1, 12),
    page(20, 0, null),
    page(30, 0, 31),
    page(40, 0, null),
    page(40, 2, 44),
    page(50, 0, null),
  ]
  const dropped = (underWay: number | null): readonly number[] => [
    ...new Set(
      planCheckpointDrops(
        pages,
        underWay === null ? null : { incarnation: 1, sequence: underWay },
      ).map(({ from }) => from.sequence),
    ),
  ]
  assert.deepEqual(dropped(50), [20, 40])
  assert.deepEqual(dropped(null), [20, 40, 50])
})

test('the log is kept for the older checkpoint and for the slowest consumer', () => {
  const pages = [page(10, 0, 12), page(30, 0, 31)]
  const cursor = (sequence: number) => ({ incarnation: 1, sequence })
  assert.equal(planLogBound([page(10, 0, 12)], [], 0), null)
  assert.deepEqual(planLogBound(pages, [{ name: ARCHIVER, cursor: cursor(1) }], 0), cursor(10))
  assert.deepEqual(planLogBound(pages, [{ name: 'billing', cursor: cursor(7) }], 0), cursor(7))
  assert.deepEqual(planLogBound(pages, [{ name: 'billing', cursor: cursor(70) }], 0), cursor(10))
})

const HEADS: readonly (readonly [ArchiveHead, string])[] = [
  [
    {
      kind: 'log',
      previous: { incarnation: 1, sequence: 4 },
      first: { incarnation: 1, sequence: 5 },
      last: { incarnation: 1, sequence: 9 },
      isRoot: true,
      entryCount: 5,
      lastTimeMs: 1_700_000_000_000,
    },
    '010100000000000000010000000000000004000000000000000100000000000000050000000000000001' +
      '000000000000000901000000050000018bcfe5680064ad5be1',
  ],
  [
    {
      kind: 'checkpoint',
      checkpointId: '000102030405060708090a0b0c0d0e0f',
      start: { incarnation: 2, sequence: 100 },
      page: 3,
      recordCount: 1000,
      exactAt: { incarnation: 2, sequence: 120 },
      end: null,
    },
    '0102000102030405060708090a0b0c0d0e0f0000000000000002000000000000006400000003000003e8' +
      '0000000000000002000000000000007800000000000000000000000000000000' +
      '90a2ad17',
  ],
]

test('heads have their golden bytes, and no flipped bit passes', () => {
  for (const [head, golden] of HEADS) {
    const bytes = encodeArchiveHead(head)
    assert.equal(bytes.toString('hex'), golden)
    assert.deepEqual(decodeArchiveHead(bytes), head)
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.throws(() => decodeArchiveHead(flipped), /damaged/)
    }
  }
})

test('entries and pages round-trip, and a wrong count is found', () => {
  const entries = [Buffer.from('one'), Buffer.alloc(0), Buffer.from('three')]
  const body = encodeEntries(entries)
  assert.equal(body.toString('hex'), '000000036f6e6500000000000000057468726565')
  assert.deepEqual(decodeEntries(body, 3), entries)
  assert.throws(() => decodeEntries(body, 2), /damaged/)
  assert.throws(() => decodeEntries(body.subarray(0, 9), 3), /damaged/)
  const writer = new PageWriter()
  writer.add(Buffer.from('key'), Buffer.from('value'))
  writer.add(Buffer.from('k'), Buffer.alloc(0))
  const { body: first, count } = writer.take()
  const page = Buffer.from(first)
  assert.equal(page.toString('hex'), '0003000000056b657976616c75650001000000006b')
  assert.deepEqual(
    decodePage(page, count).map(({ key, value }) => `${key.toString()}=${value.toString()}`),
    ['key=value', 'k='],
  )
  assert.throws(() => decodePage(page, 1), /damaged/)
  const values = Array.from({ length: 500 }, (_, index) => Buffer.alloc(index, index))
  for (const [index, value] of values.entries()) writer.add(Buffer.from(`k${index}`), value)
  const grown = writer.take()
  const read = decodePage(Buffer.from(grown.body), grown.count).map(({ value }) => value)
  assert.deepEqual(read, values)
})
