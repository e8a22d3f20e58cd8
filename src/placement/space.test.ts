// How full a drive may be: the decision for every amount that is free, and the watch that acts on it
// with a real ballast.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  BALLAST_SIZE_BYTES,
  BLOB_SIZE_BYTES_MAX,
  DISK_SPACE_PERIOD_MS,
  EXTENT_SIZE_BYTES_MAX,
} from '../base/limits.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { SeededRandom } from '../object-index/suite-world.ts'
import { openDisk } from '../platform/disk.ts'
import { BALLAST_FILE, ballastSizeBytes, hasBallast, makeBallast } from './ballast.ts'
import { SpaceWatch } from './space-watch.ts'
import {
  decideSpace,
  extentCapacityBytes,
  reserveBytes,
  spaceFloors,
  type SpaceLook,
} from './space.ts'
import { SizedDisk, until } from './suite-disk.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB
const root = mkdtempSync(join(tmpdir(), 'holdfast-space-'))
after(() => rmSync(root, { recursive: true, force: true }))

const SIZES = [32 * MIB, 128 * MIB, GIB, 20 * GIB, 1000 * GIB, 16_000 * GIB]

function look(totalBytes: number, freeBytes: number, hasIt = true): SpaceLook {
  const sizeBytes = ballastSizeBytes(totalBytes)
  return { totalBytes, freeBytes, hasBallast: hasIt, ballastSizeBytes: sizeBytes }
}

test('on a large drive PUT ends below 5 %, all but DELETE below 2 %, parked bytes go below 10 %', () => {
  const total = 1000 * GIB
  const at = (share: number) => decideSpace(look(total, total * share), 'ok')
  assert.deepEqual(
    [0.11, 0.1, 0.0999, 0.05, 0.0499, 0.02, 0.0199, 0].map((share) => [
      at(share).state,
      at(share).isShort,
    ]),
    [
      ['ok', false],
      ['ok', false],
      ['ok', true],
      ['ok', true],
      ['low', true],
      ['low', true],
      ['critical', true],
      ['critical', true],
    ],
  )
})

test('a state that began ends only a margin above its floor', () => {
  for (const total of SIZES) {
    const { lowBytes, criticalBytes } = spaceFloors(total)
    const state = (free: number, before: 'ok' | 'low' | 'critical') =>
      decideSpace(look(total, free), before).state
    assert.equal(state(lowBytes * 1.05, 'ok'), 'ok')
    assert.equal(state(lowBytes * 1.05, 'low'), 'low')
    assert.equal(state(lowBytes * 1.11, 'low'), 'ok')
    assert.equal(state(criticalBytes * 1.05, 'low'), 'low')
    assert.equal(state(criticalBytes * 1.05, 'critical'), 'critical')
    assert.equal(state(lowBytes * 1.11, 'critical'), 'ok')
  }
})

test('on drives of every size the floors keep their order, and less free is never a better state', () => {
  const rank = { ok: 0, low: 1, critical: 2 } as const
  for (const total of SIZES) {
    const floors = spaceFloors(total)
    assert.ok(floors.criticalBytes < floors.lowBytes && floors.lowBytes < floors.shortBytes)
    assert.ok(floors.lowBytes < total / 2, 'an empty small drive takes PUT')
    assert.ok(reserveBytes(total) < ballastSizeBytes(total), 'the ballast gives compaction room')
    assert.ok(reserveBytes(total) < floors.criticalBytes)
    for (const before of ['ok', 'low', 'critical'] as const) {
      let worst = 2
      for (let free = 0; free <= total; free += total / 500) {
        const { state, isShort, nextLookMs } = decideSpace(look(total, free), before)
        assert.ok(rank[state] <= worst)
        worst = rank[state]
        if (state !== 'ok') assert.ok(isShort)
        assert.ok(nextLookMs > 0 && nextLookMs <= DISK_SPACE_PERIOD_MS)
      }
    }
  }
})

test('the ballast is given up when little more than itself is left, and not before', () => {
  for (const total of SIZES) {
    const sizeBytes = ballastSizeBytes(total)
    assert.ok(sizeBytes <= BALLAST_SIZE_BYTES && sizeBytes >= MIB)
    const limit = Math.min(spaceFloors(total).criticalBytes, sizeBytes)
    assert.equal(decideSpace(look(total, limit), 'critical').ballast, 'keep')
    assert.equal(decideSpace(look(total, limit - 1), 'critical').ballast, 'give-up')
  }
})

test('room that the ballast gave is no room for PUT, and it comes back only with PUT', () => {
  for (const total of SIZES) {
    const sizeBytes = ballastSizeBytes(total)
    const { lowBytes } = spaceFloors(total)
    const owed = decideSpace(look(total, lowBytes * 1.09 + sizeBytes, false), 'low')
    assert.deepEqual([owed.state, owed.ballast], ['low', 'keep'])
    const back = decideSpace(look(total, lowBytes * 1.11 + sizeBytes, false), 'low')
    assert.deepEqual([back.state, back.ballast], ['ok', 'restore'])
    // With the ballast standing again the state is the same: nothing swings to and fro.
    assert.equal(decideSpace(look(total, lowBytes * 1.11, true), 'ok').ballast, 'keep')
  }
})

test('the next look comes before a fast drive is past its floor', () => {
  const total = 1000 * GIB
  const { lowBytes } = spaceFloors(total)
  const next = (above: number) => decideSpace(look(total, lowBytes + above), 'ok').nextLookMs
  assert.equal(next(2 * GIB), DISK_SPACE_PERIOD_MS)
  assert.ok(next(500 * MIB) < 600)
  assert.ok(next(0) <= 50)
})

test('a new extent holds the largest blob, and a small drive has many of them', () => {
  for (const total of SIZES) {
    for (const layout of ['packed', 'direct'] as const) {
      const capacity = extentCapacityBytes(total, layout)
      assert.ok(capacity <= EXTENT_SIZE_BYTES_MAX)
      if (layout === 'direct') assert.ok(capacity > BLOB_SIZE_BYTES_MAX)
    }
  }
  assert.equal(extentCapacityBytes(16_000 * GIB, 'packed'), EXTENT_SIZE_BYTES_MAX)
  assert.equal(extentCapacityBytes(128 * MIB, 'packed'), 8 * MIB)
})

interface Watched {
  readonly watch: SpaceWatch
  readonly disk: SizedDisk
  readonly clock: ManualClock
  readonly reports: string[]
  readonly path: string
}

function watched(totalBytes: number): Watched {
  const folder = mkdtempSync(join(root, 'drive-'))
  const disk = new SizedDisk(openDisk(folder))
  disk.size = { totalBytes, freeBytes: totalBytes / 2 }
  const clock = new ManualClock()
  const reports: string[] = []
  const report = (line: string): void => {
    reports.push(line)
  }
  const watch = new SpaceWatch({ disk, clock, random: new SeededRandom(1), report })
  return { watch, disk, clock, reports, path: join(folder, BALLAST_FILE) }
}

test('the ballast is given up once, and stands again when there is room', async () => {
  const { watch, disk, reports, path } = watched(128 * MIB)
  const sizeBytes = ballastSizeBytes(128 * MIB)
  await makeBallast(disk, sizeBytes)
  assert.equal(statSync(path).size, sizeBytes)
  disk.setFree(0.01)
  await watch.look()
  assert.equal(await hasBallast(disk), false)
  assert.equal((await watch.view()).state, 'critical')
  // Its own room is free now; that alone brings nothing back.
  disk.setFree(0.01 + sizeBytes / (128 * MIB))
  await watch.look()
  await watch.look()
  assert.deepEqual([(await watch.view()).state, await hasBallast(disk)], ['critical', false])
  assert.equal(reports.filter((line) => line.includes('given up')).length, 1)
  disk.setFree(0.5)
  await watch.look()
  assert.deepEqual([(await watch.view()).state, await hasBallast(disk)], ['ok', true])
  assert.equal(statSync(path).size, sizeBytes)
})

test('a ballast that was begun and never finished is begun anew', async () => {
  const { disk, path } = watched(128 * MIB)
  const torn = await disk.create('ballast.new', 'append')
  await torn.close()
  await makeBallast(disk, 2 * MIB)
  assert.equal(statSync(path).size, 2 * MIB)
  assert.ok(!(await disk.list('')).includes('ballast.new'))
})

test('a write that found no room ends PUT at once, whatever the drive says, and for a while', async () => {
  const { watch, clock } = watched(1000 * GIB)
  assert.equal((await watch.view()).state, 'ok')
  watch.noteFull()
  assert.deepEqual([(await watch.view()).state, watch.isShort], ['low', true])
  await clock.advance(4000)
  await watch.look()
  assert.equal((await watch.view()).state, 'low')
  await clock.advance(1001)
  await watch.look()
  assert.equal((await watch.view()).state, 'ok')
})

test('the watch looks by itself until it is stopped, and notices both ways', async () => {
  const { watch, disk, clock } = watched(1000 * GIB)
  const ending = new AbortController()
  const ended = watch.run(ending.signal).catch((cause: unknown) => cause)
  const state = async () => (await watch.view()).state
  disk.setFree(0.03)
  await until({ clock, disk }, 100, async () => (await state()) === 'low')
  disk.setFree(0.01)
  await until({ clock, disk }, 100, async () => (await state()) === 'critical')
  disk.setFree(0.2)
  await until({ clock, disk }, 100, async () => (await state()) === 'ok')
  ending.abort()
  assert.equal(await ended, ending.signal.reason)
  assert.equal(clock.waiting, 0, 'no timer is left')
})

test('background work is given what is free but for the reserve', async () => {
  const { watch, disk } = watched(1000 * GIB)
  assert.equal(watch.roomBytes, 0, 'before the first look')
  disk.size = { totalBytes: 1000 * GIB, freeBytes: 40 * MIB }
  await watch.look()
  assert.equal(watch.roomBytes, 40 * MIB - reserveBytes(1000 * GIB))
  disk.size = { totalBytes: 1000 * GIB, freeBytes: MIB }
  await watch.look()
  assert.equal(watch.roomBytes, 0)
})
