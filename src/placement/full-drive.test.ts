// A real file system of 96 MiB, the index on it too, filled by another program: PUT is refused,
// DELETE, the archive and compaction go on to the end, and with room everything comes back by
// itself. Mounting one needs root; elsewhere the test is skipped by name.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { BucketId } from '../base/id.ts'
import { PARKED_MS_MIN } from '../base/limits.ts'
import type { ManualClock } from '../base/manual-clock.ts'
import type { Engine } from '../engine/engine.ts'
import { openLmdbEngine } from '../engine/lmdb.ts'
import { openDisk } from '../platform/disk.ts'
import { hasBallast } from './ballast.ts'
import { PlacementError } from './placement.ts'
import { TestStore, type EngineHome } from './suite-store.ts'

const MIB = 1024 * 1024
const SIZE_MIB = 96
const OBJECT_SIZE_BYTES = 100_000
const EXTENTS = 4
const OBJECTS_AN_EXTENT = 70
const KEPT_AN_EXTENT = 5
const never = new AbortController().signal

const folder = mkdtempSync(join(tmpdir(), 'holdfast-full-'))
const isMounted = mount()
after(() => {
  if (isMounted) execFileSync('umount', ['-l', folder])
  rmSync(folder, { recursive: true, force: true })
})

function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m`, 'tmpfs', folder], {
      stdio: 'ignore',
    })
    return true
  } catch {
    return false // who may not mount cannot run this test
  }
}

/** The index on the same drive. */
function home(clock: ManualClock): EngineHome {
  let last: Engine | null = null
  return {
    open: async () => {
      await last?.[Symbol.asyncDispose]()
      last = await openLmdbEngine({ path: join(folder, 'index'), clock })
      return last
    },
    lose: async () => assert.fail('the index stays'),
  }
}

function freeBytes(): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** Another program, which knows nothing of shares: it writes until so much is left, or nothing. */
class OtherProgram {
  readonly #path = join(folder, 'other')

  fillTo(leftBytes: number): void {
    const file = openSync(this.#path, 'a')
    try {
      const piece = Buffer.alloc(64 * 1024, 7)
      while (freeBytes() > leftBytes) writeSync(file, piece)
    } catch (cause) {
      assert.equal((cause as NodeJS.ErrnoException).code, 'ENOSPC')
    } finally {
      closeSync(file)
    }
  }

  end(): void {
    rmSync(this.#path)
  }
}

async function opened(): Promise<TestStore> {
  const store = new TestStore({ folder, disk: openDisk(folder), home })
  store.disk.size = null
  await store.open()
  return store
}

async function fill(store: TestStore, bucketId: BucketId): Promise<void> {
  for (let extent = 0; extent < EXTENTS; extent += 1) {
    for (let index = 0; index < OBJECTS_AN_EXTENT; index += 1) {
      await store.put(bucketId, `${extent}-${index}`, store.bytes(OBJECT_SIZE_BYTES))
    }
    await store.sealAll()
  }
  await store.archiver.flush()
}

async function space(store: TestStore): Promise<string> {
  await store.placement.runOnce(never)
  return (await store.placement.status()).space
}

async function refusesPut(store: TestStore): Promise<void> {
  await assert.rejects(store.placement.lease(store.writerId, 'packed'), (cause: unknown) => {
    assert.ok(cause instanceof PlacementError)
    assert.equal(cause.code, 'full')
    return true
  })
}

test(
  'a full drive',
  { skip: isMounted ? false : 'a file system can be mounted by root alone' },
  async (t) => {
    const store = await opened()
    const other = new OtherProgram()
    const bucketId = await store.bucket()
    await fill(store, bucketId)

    await t.test('with room everything is taken', async () => {
      assert.equal(await space(store), 'ok')
      assert.equal(await hasBallast(store.disk), true)
    })

    await t.test('below the first floor PUT is refused, and what is there is read', async () => {
      other.fillTo(12 * MIB)
      assert.equal(await space(store), 'low')
      await refusesPut(store)
      assert.equal(await hasBallast(store.disk), true)
      await store.checkAll()
    })

    await t.test('with nothing left the ballast is given up, once', async () => {
      other.fillTo(0)
      assert.equal(await space(store), 'critical')
      assert.equal(await hasBallast(store.disk), false)
      assert.ok(freeBytes() > MIB)
      await refusesPut(store)
      assert.equal(await space(store), 'critical')
      assert.equal(store.reports.filter((line) => line.includes('given up')).length, 1)
    })

    await t.test('DELETE and the archive go on in what the ballast gave', async () => {
      for (let extent = 0; extent < EXTENTS; extent += 1) {
        for (let index = KEPT_AN_EXTENT; index < OBJECTS_AN_EXTENT; index += 1) {
          await store.delete(bucketId, `${extent}-${index}`)
        }
      }
      await store.archiver.flush()
      assert.equal(store.archiver.status().lagEntries, 0)
      await store.checkAll()
    })

    await t.test(
      'compaction gives the room of what was deleted back, and is never out of it',
      async () => {
        for (let turn = 0; turn < 3 * EXTENTS; turn += 1) {
          await store.placement.runOnce(never)
          assert.ok(freeBytes() > MIB / 2, `${freeBytes()} bytes are free`)
          await store.clock.advance(PARKED_MS_MIN + 1000)
          await store.placement.runOnce(never)
        }
        assert.ok(freeBytes() > 20 * MIB, `${freeBytes()} bytes are free`)
        await store.checkAll()
        assert.deepEqual((await store.placement.status()).missingExtents, [])
        assert.deepEqual((await store.placement.status()).quarantinedExtents, [])
      },
    )

    await t.test('and with that PUT is taken again, by itself', async () => {
      assert.equal(await space(store), 'ok')
      assert.equal(await hasBallast(store.disk), true)
      await store.put(bucketId, 'after', store.bytes(OBJECT_SIZE_BYTES))
    })

    await t.test('when another program frees the room, it is noticed too', async () => {
      other.fillTo(5 * MIB)
      assert.equal(await space(store), 'low')
      await refusesPut(store)
      other.end()
      assert.equal(await space(store), 'ok')
      await store.placement.lease(store.writerId, 'packed')
    })

    await t.test('after a restart all is there', async () => {
      await store.crash()
      await store.checkAll()
      await store.close()
    })
  },
)
