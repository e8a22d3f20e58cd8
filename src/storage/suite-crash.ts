// Part of storage's suite: the power goes at the n-th call, for every n. Acknowledged blobs are
// there afterwards, and nothing is served that was not written.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PIECE_SIZE_BYTES } from '../base/limits.ts'
import type { Location } from '../base/location.ts'
import { StorageError } from './storage.ts'
import type { Outcome } from './suite-disk.ts'
import { coded, LAYOUTS, put, World } from './suite-world.ts'
import type { Blob, Layout, StorageHarness } from './suite-world.ts'

const CALLS_MAX = 500
/** How the call ends in which the power goes: not begun, half done, done but not answered. */
const LAST_CALLS: readonly Outcome[] = ['fail', 'half', 'done-but-fail']
const SEEDS: Readonly<Record<Layout, readonly number[]>> = { packed: [1, 2, 3], direct: [1] }

export function checkCrashes(name: string, open: () => Promise<StorageHarness>): void {
  for (const layout of LAYOUTS) {
    for (const last of LAST_CALLS) {
      test(`${name}: ${layout}: the power goes at the n-th call (${last}), for every n`, async () => {
        for (const seed of SEEDS[layout]) {
          let hasCrashed = true
          let nth = 0
          for (; hasCrashed; nth++) {
            assert.ok(nth < CALLS_MAX, 'it makes more calls than it may')
            const world = new World(await open(), seed * 1000 + nth)
            try {
              hasCrashed = await crashAt(world, layout, { nth, last })
            } catch (error) {
              throw new AggregateError([], `seed ${seed}, call ${nth}`, { cause: error })
            } finally {
              await world.remove()
            }
          }
          assert.ok(nth > 10, 'there were calls to crash at')
        }
      })
    }
  }
}

/** Answers whether the run came as far as the n-th call. */
async function crashAt(
  world: World,
  layout: Layout,
  { nth, last }: { readonly nth: number; readonly last: Outcome },
): Promise<boolean> {
  let count = -1
  world.disk.onCall = () => {
    count += 1
    return count < nth ? 'well' : count === nth ? last : 'fail' // a dead process hears nothing
  }
  const written = new Map<string, Blob>()
  const acknowledged = new Map<Blob, Location>()
  await writeAll(world, layout, written, acknowledged)
  await world.storage[Symbol.asyncDispose]()
  await world.disk.losePower(world.random)
  world.reopen()
  for (const [blob, location] of acknowledged) {
    assert.equal(blob.data.compare(await world.readAll(location)), 0, 'it was acknowledged')
    assert.equal(blob.data.compare(await world.storage.readWhole(location)), 0)
    assert.equal(await world.storage.verify(location), null)
  }
  await requireScans(world, written, [...acknowledged.values()])
  await world.close()
  return count >= nth
}

async function writeAll(
  world: World,
  layout: Layout,
  written: Map<string, Blob>,
  acknowledged: Map<Blob, Location>,
): Promise<void> {
  const large = layout === 'packed' ? 70_000 : PIECE_SIZE_BYTES + 70_000
  for (let extents = 0; extents < 2; extents++) {
    try {
      await using writer = await world.openWriter(layout, await world.extent())
      for (const sizes of [
        [300, 0, large],
        [5000, 0],
      ]) {
        const blobs = sizes.map((size) => world.blob(size))
        for (const blob of blobs) written.set(blob.header.blobId, blob)
        const results = await Promise.allSettled(
          blobs.map(async (blob) => acknowledged.set(blob, await put(writer, blob))),
        )
        for (const result of results) {
          if (result.status === 'rejected') coded('io', 'closed')(result.reason)
        }
      }
    } catch (error) {
      coded('io', 'closed', 'missing')(error)
    }
  }
}

/** Whatever a scan finds is what was written, or is found out when it is read. */
async function requireScans(
  world: World,
  written: ReadonlyMap<string, Blob>,
  acknowledged: readonly Location[],
): Promise<void> {
  const found: Location[] = []
  for (const extentId of await world.storage.extents()) {
    for (const entry of await world.scan(extentId)) {
      if ('kind' in entry) continue
      const blob = written.get(entry.header.blobId)
      assert.deepEqual(blob?.header, entry.header, 'nobody wrote this')
      const damage = await world.storage.verify(entry.location)
      if (entry.trailer === null) assert.equal(damage?.kind, 'damage')
      if (damage === null) assert.equal(blob?.data.compare(await world.readAll(entry.location)), 0)
      else await assert.rejects(world.storage.readWhole(entry.location), StorageError)
      found.push(entry.location)
    }
  }
  for (const location of acknowledged) {
    assert.deepEqual(
      found.find(
        ({ extentId, offset }) => extentId === location.extentId && offset === location.offset,
      ),
      location,
      'a scan finds it too',
    )
  }
}
