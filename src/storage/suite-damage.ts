// Part of storage's suite: bytes that are not what was written are found, by extent and offset, and
// never given out.

import assert from 'node:assert/strict'
import type { ExtentId } from '../base/id.ts'
import { BLOCK_SIZE_BYTES, PIECE_SIZE_BYTES } from '../base/limits.ts'
import type { Location } from '../base/location.ts'
import { coded, LAYOUTS, needed, pathOf, put, type Check, type World } from './suite-world.ts'

const TRAILER_SIZE_BYTES = 68

export function checkDamage(check: Check): void {
  checkFlips(check)
  checkTails(check)
  checkLocations(check)
  checkScans(check)
}

/** End of a record. Source: docs/formats/blob.md. */
function endOf({ offset, headerSizeBytes, dataSizeBytes }: Location): number {
  const crcs = 4 * Math.ceil(dataSizeBytes / BLOCK_SIZE_BYTES)
  return offset + headerSizeBytes + dataSizeBytes + crcs + TRAILER_SIZE_BYTES
}

/** Checks that a flipped bit at `offset` is found by all who read there, and by its place. */
async function requireFound(world: World, location: Location, offset: number, bit: number) {
  const { storage, disk } = world
  const where = `bit ${bit} of byte ${offset}`
  disk.flipped = { path: pathOf(location.extentId), offset, bit }
  const damage = needed(await storage.verify(location))
  assert.equal(damage.kind, 'damage', where)
  assert.deepEqual([damage.extentId, damage.offset], [location.extentId, location.offset], where)
  const place = new RegExp(`${location.extentId}.*${location.offset}`)
  assert.match(damage.message, place, where)
  await assert.rejects(storage.readWhole(location), coded('damaged'), where)
  const dataAt = location.offset + location.headerSizeBytes
  const isData = offset >= dataAt && offset < endOf(location) - TRAILER_SIZE_BYTES
  if (isData) {
    await assert.rejects(world.readAll(location), { code: 'damaged', message: place }, where)
  } else {
    await assert.rejects(storage.describe(location), { code: 'damaged', message: place }, where)
  }
  disk.flipped = null
}

function checkFlips(check: Check): void {
  for (const layout of LAYOUTS) {
    check(
      `${layout}: each flipped bit of a small blob is found and never served`,
      async (world) => {
        const small = world.blob(60, 'k')
        const { locations } = await world.write(layout, [world.blob(10), small])
        const location = needed(locations[1])
        for (let offset = location.offset; offset < endOf(location); offset++) {
          for (let bit = 0; bit < 8; bit++) await requireFound(world, location, offset, bit)
        }
        assert.equal(await world.storage.verify(location), null, 'the blob itself is sound')
      },
    )

    check(`${layout}: flipped bits of a blob of several blocks are found`, async (world) => {
      const location = await world.writeOne(layout, world.blob(2 * BLOCK_SIZE_BYTES + 1000))
      const edges: number[] = []
      const blocksAt = location.offset + location.headerSizeBytes
      for (let at = blocksAt; at < endOf(location); at += BLOCK_SIZE_BYTES + 4) {
        for (let by = -5; by <= 5; by++) edges.push(at + by)
      }
      for (let at = location.offset; at < endOf(location); at += 2333) edges.push(at)
      for (const offset of edges.filter((at) => at < endOf(location))) {
        await requireFound(world, location, offset, offset % 8)
      }
    })

    check(`${layout}: a block that lies where another belongs is found`, async (world) => {
      const blobs = [world.blob(BLOCK_SIZE_BYTES), world.blob(BLOCK_SIZE_BYTES)]
      const { extentId, locations } = await world.write(layout, blobs)
      const [one, other] = [needed(locations[0]), needed(locations[1])]
      const file = await world.disk.open(pathOf(extentId), 'append')
      const block = Buffer.alloc(BLOCK_SIZE_BYTES + 4)
      await file.read(block, one.offset + one.headerSizeBytes)
      await file.write([block], other.offset + other.headerSizeBytes)
      await file.close()
      await assert.rejects(world.readAll(other), coded('damaged'))
      await assert.rejects(world.storage.readWhole(other), coded('damaged'))
      assert.deepEqual(await world.readAll(one), blobs[0]?.data)
    })

    check(`${layout}: an extent under another's name is found`, async (world) => {
      const { extentId, locations } = await world.write(layout, [world.blob(500), world.blob(0)])
      const other = await world.extent()
      await world.disk.rename(pathOf(extentId), pathOf(other))
      for (const location of locations) {
        const moved = { ...location, extentId: other }
        await assert.rejects(world.storage.readWhole(moved), coded('damaged'))
        assert.equal((await world.storage.verify(moved))?.kind, 'damage')
      }
      await assert.rejects(
        world.readAll({ ...needed(locations[0]), extentId: other }),
        coded('damaged'),
      )
      assert.deepEqual(await world.finished(other), [])
    })
  }
}

function checkTails(check: Check): void {
  for (const layout of LAYOUTS) {
    check(
      `${layout}: an extent cut anywhere serves what is whole and finds the torn`,
      async (world) => {
        const blobs = [world.blob(50), world.blob(0), world.blob(70)]
        const { extentId, locations } = await world.write(layout, blobs)
        const last = needed(locations.at(-1))
        const file = await world.disk.open(pathOf(extentId), 'append')
        const isPacked = layout === 'packed'
        for (let sizeBytes = endOf(last); sizeBytes >= 0; sizeBytes -= isPacked ? 1 : 41) {
          await file.truncate(sizeBytes)
          const whole = locations.filter((location) => endOf(location) <= sizeBytes)
          assert.deepEqual(await world.finished(extentId), whole, `cut at ${sizeBytes}`)
          for (const [index, location] of locations.entries()) {
            const damage = await world.storage.verify(location)
            assert.equal(damage === null, whole.includes(location), `cut at ${sizeBytes}`)
            if (damage === null) {
              assert.deepEqual(await world.readAll(location), blobs[index]?.data)
            } else {
              await assert.rejects(world.storage.readWhole(location), coded('damaged'))
            }
          }
        }
        await file.close()
      },
    )
  }
}

function checkLocations(check: Check): void {
  check('a location that is not exactly a blob is refused', async (world) => {
    const blobs = [world.blob(1000), world.blob(1000), world.blob(BLOCK_SIZE_BYTES + 5)]
    const { locations } = await world.write('packed', blobs)
    const [one, other, large] = locations.map(needed)
    assert.ok(one !== undefined && other !== undefined && large !== undefined)
    const wrong: Location[] = [
      { ...one, checksum: other.checksum },
      { ...one, offset: other.offset },
      { ...one, offset: one.offset + 1 },
      { ...one, offset: 2 ** 40 },
      { ...one, dataSizeBytes: 999 },
      { ...one, dataSizeBytes: 1001 },
      { ...one, dataSizeBytes: 0 },
      { ...one, headerSizeBytes: one.headerSizeBytes + 1 },
      { ...one, headerSizeBytes: 0 },
      { ...one, headerSizeBytes: 0xffff },
      { ...one, dataSizeBytes: 0xffff_ffff },
      { ...one, offset: Number.NaN },
      { ...large, checksum: large.checksum ^ 1 },
      { ...large, dataSizeBytes: BLOCK_SIZE_BYTES },
    ]
    for (const location of wrong) {
      const text = JSON.stringify(location)
      assert.equal((await world.storage.verify(location))?.kind, 'damage', text)
      await assert.rejects(world.storage.readWhole(location), coded('damaged'), text)
      if (location.dataSizeBytes > 0) {
        await assert.rejects(world.readAll(location), coded('damaged'), text)
      }
    }
  })

  check('the last piece of a blob that was read whole waits for its checksum', async (world) => {
    const size = PIECE_SIZE_BYTES + 10
    const location = await world.writeOne('direct', world.blob(size))
    let doneBytes = 0
    await assert.rejects(async () => {
      const other = { ...location, checksum: location.checksum ^ 1 }
      for await (const piece of world.storage.read(other, { start: 0, end: size })) {
        doneBytes += piece.length
      }
    }, coded('damaged'))
    assert.equal(doneBytes, PIECE_SIZE_BYTES)
  })
}

async function flip(world: World, extentId: ExtentId, offset: number): Promise<void> {
  const file = await world.disk.open(pathOf(extentId), 'append')
  const byte = Buffer.alloc(1)
  await file.read(byte, offset)
  await file.write([Buffer.from([byte.readUInt8() ^ 1])], offset)
  await file.close()
}

function checkScans(check: Check): void {
  for (const layout of LAYOUTS) {
    check(
      `${layout}: a damaged header hides its own record alone, and is reported`,
      async (world) => {
        const sizes = [100, 70_000, 0, 3000, PIECE_SIZE_BYTES + 7]
        const blobs = sizes.map((size, index) => world.blob(size, `k${index}`))
        const { extentId, locations } = await world.write(layout, blobs)
        const sorted = locations.toSorted((a, b) => a.offset - b.offset)
        assert.deepEqual(await world.finished(extentId), sorted)
        for (const hidden of sorted) {
          await flip(world, extentId, hidden.offset + 60)
          const found = await world.scan(extentId)
          const damage = found.filter((entry) => 'kind' in entry)
          assert.deepEqual(
            damage.map((entry) => [entry.extentId, entry.offset]),
            [[extentId, hidden.offset]],
          )
          assert.deepEqual(
            found.flatMap((entry) => ('kind' in entry ? [] : [entry.location])),
            sorted.filter((location) => location !== hidden),
          )
          await flip(world, extentId, hidden.offset + 60)
        }
      },
    )
  }

  check('damage just before a record that begins on a page is reported', async (world) => {
    const [first, second] = [world.blob(100), world.blob(0)]
    const probe = await world.write('packed', [first, second])
    const [before, hidden] = probe.locations.map(needed)
    assert.ok(before !== undefined && hidden !== undefined)
    const fill = 4096 - endOf(hidden) - 4
    const { extentId, locations } = await world.write('packed', [
      first,
      world.blob(fill),
      world.blob(10),
    ])
    const [one, damaged, onPage] = locations.map(needed)
    assert.ok(one !== undefined && damaged !== undefined && onPage !== undefined)
    assert.equal(onPage.offset, 4096)
    await flip(world, extentId, damaged.offset + 60)
    const found = await world.scan(extentId)
    assert.deepEqual(
      found.map((entry) => ('kind' in entry ? entry.offset : entry.location)),
      [one, damaged.offset, onPage],
    )
  })

  check(
    'a trailer that fails makes a record unfinished, and those behind are found',
    async (world) => {
      const blobs = [world.blob(100), world.blob(70_000), world.blob(100)]
      const { extentId, locations } = await world.write('packed', blobs)
      const torn = needed(locations[1])
      await flip(world, extentId, endOf(torn) - 30)
      const found = await world.scan(extentId)
      assert.deepEqual(
        found.map((entry) => !('kind' in entry) && entry.trailer !== null),
        [true, false, true],
      )
      assert.deepEqual(
        found.map((entry) => 'location' in entry && entry.location.offset),
        locations.map(({ offset }) => offset),
      )
    },
  )

  check('a hole of zeros is no damage, however long', async (world) => {
    const extentId = await world.extent()
    await using writer = await world.storage.openDirect(extentId, 64 * PIECE_SIZE_BYTES)
    const hole = writer.begin(world.blob(3 * PIECE_SIZE_BYTES + 9).header)
    const location = await put(writer, world.blob(10))
    await hole.abandon()
    const found = await world.scan(extentId)
    assert.deepEqual(
      found.map((entry) => 'location' in entry && entry.location),
      [location],
    )
  })
}
