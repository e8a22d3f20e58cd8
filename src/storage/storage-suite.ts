// What every implementation of storage must do; run by each one's test.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  BLOB_SIZE_BYTES_MAX,
  BLOCK_SIZE_BYTES,
  OPEN_EXTENT_IDLE_MS_MAX,
  OPEN_EXTENTS_MAX,
  PIECE_SIZE_BYTES,
} from '../base/limits.ts'
import { newId } from '../base/id.ts'
import type { ExtentId, UploadId } from '../base/id.ts'
import type { BlobHeader, BlobOwner } from './storage.ts'
import { checkCrashes } from './suite-crash.ts'
import { checkDamage } from './suite-damage.ts'
import { checkFaults } from './suite-faults.ts'
import { checkStreams } from './suite-streams.ts'
import { coded, LAYOUTS, needed, put, World } from './suite-world.ts'
import type { Check, StorageHarness } from './suite-world.ts'

/** Registers the suite's tests under `name`; `open` gives an empty disk for each. */
export function storageSuite(name: string, open: () => Promise<StorageHarness>): void {
  const check: Check = (title, run) => {
    test(`${name}: ${title}`, async () => {
      const world = new World(await open())
      try {
        await run(world)
        await world.close()
      } finally {
        await world.remove()
      }
    })
  }
  checkRoundTrips(check)
  checkExtents(check)
  checkFiles(check)
  checkStreams(check)
  checkDamage(check)
  checkFaults(check)
  checkCrashes(name, open)
}

const EDGES = [0, 1, 100, 4095, 4096, BLOCK_SIZE_BYTES - 1, BLOCK_SIZE_BYTES, BLOCK_SIZE_BYTES + 1]

function checkRoundTrips(check: Check): void {
  for (const layout of LAYOUTS) {
    const sizesMax = layout === 'packed' ? 300_000 : 2 * PIECE_SIZE_BYTES + 100_000
    const sizes = fc.oneof(
      fc.constantFrom(...EDGES, 2 * BLOCK_SIZE_BYTES, 3 * BLOCK_SIZE_BYTES + 1),
      fc.integer({ min: 0, max: sizesMax }),
    )

    check(
      `${layout}: blobs of any size and in any pieces come back in any range`,
      async (world) => {
        const shape = fc.record({
          size: sizes,
          stepBytes: fc.oneof(fc.constantFrom(1 << 20, 65_536, 4096), fc.integer({ min: 999 })),
          from: fc.double({ min: 0, max: 1, noNaN: true }),
          to: fc.double({ min: 0, max: 1, noNaN: true }),
        })
        const law = fc.asyncProperty(
          fc.array(shape, { minLength: 1, maxLength: 4 }),
          async (shapes) => {
            const extentId = await world.extent()
            const writer = await world.openWriter(layout, extentId)
            const blobs = shapes.map(({ size }, index) => world.blob(size, `key-${index}`))
            const locations = await Promise.all(
              blobs.map(async (blob, index) => await put(writer, blob, shapes[index]?.stepBytes)),
            )
            await writer[Symbol.asyncDispose]()
            for (const [index, location] of locations.entries()) {
              const { data, header, trailer } = needed(blobs[index])
              const { from, to, size } = needed(shapes[index])
              const start = Math.floor(Math.min(from, to) * size)
              const end = Math.floor(Math.max(from, to) * size)
              assert.equal(data.compare(await world.readAll(location)), 0)
              assert.equal(
                data.subarray(start, end).compare(await world.readAll(location, start, end)),
                0,
              )
              assert.equal(data.compare(await world.storage.readWhole(location)), 0)
              assert.equal(await world.storage.verify(location), null)
              const found = await world.storage.describe(location)
              assert.deepEqual(found.header, header)
              assert.deepEqual(Buffer.from(needed(found.trailer).checksum), trailer.checksum)
              assert.deepEqual(Buffer.from(needed(found.trailer).md5), trailer.md5)
            }
            assert.deepEqual(
              await world.finished(extentId),
              locations.toSorted((a, b) => a.offset - b.offset),
            )
            await world.storage.removeExtent(extentId)
          },
        )
        await fc.assert(law, { numRuns: 25 })
      },
    )

    check(`${layout}: every kind of owner comes back as it was`, async (world) => {
      const { bucketId } = needed(ownerOf(world))
      const uploadId = newId<UploadId>(world.random)
      const owners: readonly BlobOwner[] = [
        { kind: 'part', bucketId, key: 'ké/😀', uploadId, partNumber: 10_000 },
        { kind: 'archive-log', incarnation: 2, sequence: 2 ** 52 + 1, page: 7 },
        { kind: 'archive-checkpoint', incarnation: 2 ** 40, sequence: 3, page: 0 },
        { kind: 'object', bucketId, key: 'k'.repeat(1024), versionRandom: 'ffffffffffffffff' },
      ]
      const blobs = owners.map((owner, index) => {
        const blob = world.blob(10 + index)
        const metadata = Buffer.alloc(index * 2730, 3)
        return { ...blob, header: { ...blob.header, owner, metadata, bodyOffset: 2 ** 40 + index } }
      })
      const { extentId } = await world.write(layout, blobs)
      const found = await world.scan(extentId)
      assert.deepEqual(
        found.map((entry) => 'header' in entry && entry.header),
        blobs.map(({ header }) => header),
      )
    })

    check(`${layout}: what no reader would accept is not written`, async (world) => {
      const extentId = await world.extent()
      await using writer = await world.openWriter(layout, extentId)
      const blob = world.blob(10)
      const { header } = blob
      const owner = needed(ownerOf(world))
      const wrong: readonly BlobHeader[] = [
        { ...header, metadata: Buffer.alloc(8193) },
        { ...header, dataSizeBytes: BLOB_SIZE_BYTES_MAX + 1 },
        { ...header, dataSizeBytes: -1 },
        { ...header, dataSizeBytes: 9 },
        { ...header, dataSizeBytes: 11 },
        { ...header, owner: { ...owner, key: 'k'.repeat(1025) } },
        { ...header, owner: { ...owner, versionRandom: '00' } },
      ]
      for (const bad of wrong) {
        await assert.rejects(
          put(writer, { ...blob, header: bad }),
          { name: 'AssertionError' },
          JSON.stringify(bad).slice(0, 200),
        )
      }
      const location = await put(writer, blob)
      assert.deepEqual(await world.readAll(location), blob.data)
      assert.deepEqual(await world.finished(extentId), [location])
    })
  }

  check('a blob of the largest size comes back', async (world) => {
    const blob = world.blob(BLOB_SIZE_BYTES_MAX)
    const location = await world.writeOne('direct', blob)
    let at = 0
    for await (const piece of world.storage.read(location, { start: 0, end: blob.data.length })) {
      assert.equal(blob.data.compare(piece, 0, piece.length, at, at + piece.length), 0)
      at += piece.length
    }
    assert.equal(at, BLOB_SIZE_BYTES_MAX)
    assert.equal(await world.storage.verify(location), null)
  })

  check('a range outside its blob is a programmer error', async (world) => {
    const location = await world.writeOne('packed', world.blob(100))
    for (const [start, end] of [
      [0, 101],
      [-1, 5],
      [101, 200],
    ] as const) {
      await assert.rejects(world.readAll(location, start, end), { name: 'AssertionError' })
    }
  })
}

function ownerOf(world: World) {
  const { owner } = world.blob(0).header
  return owner.kind === 'object' ? owner : null
}

function checkExtents(check: Check): void {
  check('an extent that is gone is missing, and can be removed again', async (world) => {
    const { extentId, locations } = await world.write('packed', [world.blob(10)])
    const location = needed(locations[0])
    assert.deepEqual(await world.storage.extents(), [extentId])
    await world.storage.readWhole(location) // keeps the file open
    await world.storage.removeExtent(extentId)
    await world.storage.removeExtent(extentId)
    assert.deepEqual(await world.storage.extents(), [])
    await assert.rejects(world.storage.readWhole(location), coded('missing'))
    await assert.rejects(world.readAll(location), coded('missing'))
    await assert.rejects(world.scan(extentId), coded('missing'))
    assert.match(needed(await world.storage.verify(location)).message, new RegExp(extentId))
    await assert.rejects(world.storage.openPacked(extentId, 1e6), coded('missing'))
  })

  check('an extent is made once', async (world) => {
    const extentId = await world.extent()
    await assert.rejects(world.storage.createExtent(extentId), coded('io'))
    assert.deepEqual(await world.storage.extents(), [extentId])
  })

  for (const layout of LAYOUTS) {
    check(`${layout}: an extent that has bytes is never written again`, async (world) => {
      const blob = world.blob(5000)
      const { extentId, locations } = await world.write(layout, [blob])
      for (const again of LAYOUTS) {
        await assert.rejects(world.openWriter(again, extentId), coded('io'))
      }
      assert.deepEqual(await world.readAll(needed(locations[0])), blob.data)
    })

    check(
      `${layout}: a blob that does not fit is refused, and what fits still goes in`,
      async (w) => {
        const extentId = await w.extent()
        await using writer = await w.openWriter(layout, extentId, 16_384)
        await put(writer, w.blob(6000))
        await assert.rejects(put(writer, w.blob(12_000)), coded('extent-full'))
        assert.ok(writer.freeBytes > 0)
        const last = w.blob(3000)
        const location = await put(writer, last)
        assert.deepEqual(await w.readAll(location), last.data)
      },
    )

    check(
      `${layout}: a closed writer refuses, and closing waits and may be repeated`,
      async (w) => {
        const extentId = await w.extent()
        const writer = await w.openWriter(layout, extentId)
        const blob = w.blob(100_000)
        const written = put(writer, blob)
        await Promise.all([writer[Symbol.asyncDispose](), writer[Symbol.asyncDispose]()])
        assert.equal(w.disk.filesOpen, 0)
        assert.deepEqual(await w.readAll(await written), blob.data)
        await assert.rejects(put(writer, w.blob(1)), coded('closed'))
      },
    )
  }

  check('a storage that is closed has no file open and answers nobody', async (world) => {
    const location = await world.writeOne('packed', world.blob(100))
    const reading = world.storage.readWhole(location)
    await world.storage[Symbol.asyncDispose]()
    await reading
    await world.storage[Symbol.asyncDispose]()
    assert.equal(world.disk.filesOpen, 0)
    await assert.rejects(world.storage.readWhole(location), coded('closed'))
  })
}

function checkFiles(check: Check): void {
  check('a file that nobody reads is closed before a parked extent may go', async (world) => {
    const location = await world.writeOne('direct', world.blob(2 * PIECE_SIZE_BYTES + 5))
    const range = { start: 0, end: location.dataSizeBytes }
    const reading = world.storage.read(location, range)[Symbol.asyncIterator]()
    await reading.next()
    await world.clock.advance(3 * OPEN_EXTENT_IDLE_MS_MAX)
    await reading.next()
    await reading.next()
    assert.equal((await reading.next()).done, true)
    assert.equal(world.disk.filesOpen, 1)
    await world.clock.advance(2 * OPEN_EXTENT_IDLE_MS_MAX)
    assert.equal(world.disk.filesOpen, 0)
    assert.equal(world.clock.waiting, 0)
  })

  check('a bounded number of files is open', async (world) => {
    const extentIds: ExtentId[] = []
    for (let count = 0; count < OPEN_EXTENTS_MAX + 5; count++) extentIds.push(await world.extent())
    for (const extentId of extentIds) assert.deepEqual(await world.scan(extentId), [])
    assert.ok(world.disk.filesOpen >= OPEN_EXTENTS_MAX, 'they are kept open')
    await world.clock.advance(0) // lets closes end
    await world.storage.extents()
    assert.ok(world.disk.filesOpen <= OPEN_EXTENTS_MAX, `${world.disk.filesOpen}`)
  })
}
