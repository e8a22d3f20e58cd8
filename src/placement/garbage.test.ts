// What is worth compacting: decided over all mixtures of extents, and counted exactly on real ones.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { ExtentId, WriterId } from '../base/id.ts'
import type { ExtentUse } from '../object-index/object-index.ts'
import { openDisk } from '../platform/disk.ts'
import { LiveBytes, planCompaction, recordSizeBytes, roughGarbageBytes } from './garbage.ts'
import { TestStore } from './suite-store.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-garbage-'))
after(() => rmSync(root, { recursive: true, force: true }))
const never = new AbortController().signal

function use(number: number, given: Partial<ExtentUse['record']>, references = 1): ExtentUse {
  const record = {
    extentId: String(number).padStart(32, '0') as ExtentId,
    state: 'sealed',
    writerId: '0'.repeat(32) as WriterId,
    layout: 'packed',
    capacityBytes: 1000,
    sizeBytes: 1000,
    driveId: 'd1',
    changedAtMs: 0,
    ...given,
  } as const
  return { record, references, referencedBytes: 0 }
}

function planned(
  uses: readonly ExtentUse[],
  live: (use: ExtentUse) => number | null,
): readonly number[] {
  return planCompaction(uses, live, 0.3).map(({ extentId }) => Number(extentId))
}

test('sealed extents of 30 % garbage and more are compacted, the cheapest gain first', () => {
  const uses = Array.from({ length: 11 }, (_, number) => use(number, {}))
  const live = ({ record }: ExtentUse): number => 100 * Number(record.extentId)
  assert.deepEqual(planned(uses, live), [0, 1, 2, 3, 4, 5, 6, 7])
  for (const state of ['open', 'parked'] as const) {
    assert.deepEqual(
      planned([use(1, { state })], () => 0),
      [],
    )
  }
  assert.deepEqual(
    planned([use(1, {}, 0)], () => 0),
    [],
    'what has no reference is parked',
  )
  assert.deepEqual(
    planned([use(1, {})], () => null),
    [],
    'what was not counted is not judged',
  )
})

test('sixteen small extents are merged, fifteen are not', () => {
  const small = Array.from({ length: 16 }, (_, number) => use(number, { sizeBytes: 124 }))
  const live = (): number => 124
  assert.equal(planned(small, live).length, 16)
  assert.deepEqual(planned(small.slice(1), live), [])
  const large = small.map((one, number) => use(number, { ...one.record, sizeBytes: 125 }))
  assert.deepEqual(
    planned(large, () => 125),
    [],
  )
})

test('live bytes are those of the file, to the byte, each blob once', async () => {
  const folder = mkdtempSync(join(root, 'store-'))
  const store = await TestStore.open({ folder, disk: openDisk(folder) })
  const bucketId = await store.bucket()
  for (const size of [0, 1, 100, 65_535, 65_536, 65_537, 200_000, 256 * 1024]) {
    await store.put(bucketId, `k${size}`, store.bytes(size))
  }
  await store.put(bucketId, 'large', store.bytes(300_001))
  await store.copy(bucketId, 'k100', 'copy')
  await store.sealAll()
  const uses = await store.index.extents()
  const live = new LiveBytes(store.index)
  assert.equal(uses.length, 2)
  for (const one of uses) {
    assert.equal(live.of(one), null)
    await live.count([one], 1, never)
    const { size } = statSync(join(folder, 'extents', one.record.extentId))
    const bytes = live.of(one) ?? -1
    if (one.record.layout === 'packed') assert.equal(bytes, size)
    else assert.ok(bytes >= size && bytes - size < 4096 && bytes % 4096 === 0)
    assert.ok(roughGarbageBytes(one) <= one.record.sizeBytes - one.referencedBytes)
    const changed = { ...one, references: one.references + 1 }
    assert.equal(live.of(changed), null, 'a count of other sums is none')
  }
  await store.close()
})

test('a count goes from page to page, misses no blob, and lets others have their turn', async () => {
  const locations = Array.from({ length: 2500 }, (_, index) => ({
    extentId: '1'.repeat(32) as ExtentId,
    offset: index >> 1, // two references each
    headerSizeBytes: 80,
    dataSizeBytes: 10,
    checksum: 0,
  }))
  const order: string[] = []
  const references = async (_: ExtentId, offset: number, limit: number) => {
    order.push('page')
    return await Promise.resolve(
      locations
        .filter((location) => location.offset >= offset)
        .slice(0, limit)
        .map((location) => ({
          location,
          referrer: { kind: 'archive', blobId: '0'.repeat(32) as never } as const,
        })),
    )
  }
  const live = new LiveBytes({ references }, async () => {
    await new Promise((resolve) => setImmediate(resolve))
    order.push('others')
  })
  const one = use(1, {})
  await live.count([one], 1, never)
  const each = recordSizeBytes(locations[0] ?? assert.fail(), 'packed')
  assert.equal(each, 80 + 10 + 4 + 68)
  assert.equal(live.of(one), 1250 * each)
  assert.deepEqual(order, ['page', 'others', 'page', 'others', 'page'])
})
