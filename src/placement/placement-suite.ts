// What every implementation of placement must do, run by each one's test.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId, type ExtentId, type WriterId } from '../base/id.ts'
import { BLOB_SIZE_BYTES_MAX, EXTENT_SIZE_BYTES_MAX } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import type { ObjectIndexReader } from '../object-index/object-index.ts'
import { PlacementError, type Placement } from './placement.ts'

export interface OpenedPlacement extends AsyncDisposable {
  readonly placement: Placement
  /** What placement keeps, as everybody sees it. */
  readonly index: ObjectIndexReader
  readonly random: Random
  /** Makes the drive so full. */
  setFree(share: number): Promise<void>
}

/** Runs the suite; `open` gives a fresh store with room each time. */
export function placementSuite(name: string, open: () => Promise<OpenedPlacement>): void {
  const run = (title: string, body: (opened: OpenedPlacement) => Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      await using opened = await open()
      await body(opened)
    })
  }
  const state = async ({ index }: OpenedPlacement, extentId: ExtentId): Promise<string | null> =>
    (await index.extent(extentId))?.record.state ?? null

  run("a lease is of a fresh extent, open and its writer's", async (opened) => {
    const { placement, index, random } = opened
    const writerId = newId<WriterId>(random)
    const leases = [
      await placement.lease(writerId, 'packed'),
      await placement.lease(writerId, 'direct'),
      await placement.lease(writerId, 'packed'),
    ]
    assert.equal(new Set(leases.map(({ extentId }) => extentId)).size, 3)
    for (const { extentId, layout, capacityBytes } of leases) {
      const record = (await index.extent(extentId))?.record
      assert.equal(record?.state, 'open')
      assert.equal(record?.writerId, writerId)
      assert.equal(record?.layout, layout)
      assert.equal(record?.capacityBytes, capacityBytes)
      assert.ok(capacityBytes <= EXTENT_SIZE_BYTES_MAX)
      if (layout === 'direct') assert.ok(capacityBytes > BLOB_SIZE_BYTES_MAX)
    }
  })

  run('leases asked for at once never meet', async ({ placement, random }) => {
    const writers = Array.from({ length: 16 }, () => newId<WriterId>(random))
    const leases = await Promise.all(writers.map((writerId) => placement.lease(writerId, 'packed')))
    assert.equal(new Set(leases.map(({ extentId }) => extentId)).size, writers.length)
  })

  run('sealing ends one lease, and may be repeated', async (opened) => {
    const { placement, random } = opened
    const writerId = newId<WriterId>(random)
    const [first, second] = [
      await placement.lease(writerId, 'packed'),
      await placement.lease(writerId, 'packed'),
    ]
    await placement.seal(first.extentId)
    await placement.seal(first.extentId)
    assert.equal(await state(opened, first.extentId), 'sealed')
    assert.equal(await state(opened, second.extentId), 'open')
  })

  run("a dead writer's extents are sealed, the others' not", async (opened) => {
    const { placement, random } = opened
    const [dead, live] = [newId<WriterId>(random), newId<WriterId>(random)]
    const theirs = [await placement.lease(dead, 'packed'), await placement.lease(dead, 'direct')]
    const other = await placement.lease(live, 'packed')
    await placement.sealAllOf(dead)
    for (const { extentId } of theirs) assert.equal(await state(opened, extentId), 'sealed')
    assert.equal(await state(opened, other.extentId), 'open')
  })

  run('a dead writer gets nothing more, also what it asked for before', async (opened) => {
    const { placement, index, random } = opened
    const dead = newId<WriterId>(random)
    const asked = Promise.allSettled([
      placement.lease(dead, 'packed'),
      placement.lease(dead, 'packed'),
    ])
    await placement.sealAllOf(dead)
    await asked
    await assert.rejects(placement.lease(dead, 'packed'), PlacementError)
    const open = (await index.extents()).filter(
      ({ record }) => record.writerId === dead && record.state === 'open',
    )
    assert.deepEqual(open, [])
  })

  run('a drive that is nearly full gives no lease, and gives them again', async (opened) => {
    const { placement, random, setFree } = opened
    const writerId = newId<WriterId>(random)
    await setFree(0.04)
    assert.equal((await placement.status()).space, 'low')
    await assert.rejects(
      placement.lease(writerId, 'packed'),
      (cause: unknown) => cause instanceof PlacementError && cause.code === 'full',
    )
    await setFree(0.01)
    assert.equal((await placement.status()).space, 'critical')
    await setFree(0.5)
    assert.equal((await placement.status()).space, 'ok')
    await placement.lease(writerId, 'packed')
  })

  run('the status counts extents by state', async ({ placement, random }) => {
    const writerId = newId<WriterId>(random)
    const before = (await placement.status()).extents
    const { extentId } = await placement.lease(writerId, 'packed')
    await placement.lease(writerId, 'packed')
    await placement.seal(extentId)
    const { extents, totalBytes, freeBytes } = await placement.status()
    assert.equal(extents.open, before.open + 1)
    assert.equal(extents.sealed + extents.parked, before.sealed + before.parked + 1)
    assert.ok(freeBytes > 0 && freeBytes <= totalBytes)
  })
}
