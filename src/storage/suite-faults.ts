// Part of storage's suite: the n-th call of the disk goes wrong, for every n and in each way. What
// was answered holds, what failed says so, and nothing stays held.

import assert from 'node:assert/strict'
import { PIECE_SIZE_BYTES } from '../base/limits.ts'
import type { Location } from '../base/location.ts'
import { StorageError } from './storage.ts'
import type { Call, Outcome } from './suite-disk.ts'
import { coded, LAYOUTS, needed, put } from './suite-world.ts'
import type { Blob, Check, Layout, World } from './suite-world.ts'

const WRITE_OUTCOMES: readonly Outcome[] = ['fail', 'full', 'done-but-fail', 'half']
const READ_OUTCOMES: readonly Outcome[] = ['fail', 'half', 'flip']
/** More calls than any of these runs makes: a run that ends by itself has met every call. */
const CALLS_MAX = 500

export function checkFaults(check: Check): void {
  for (const layout of LAYOUTS) {
    for (const outcome of WRITE_OUTCOMES) {
      check(`${layout}: writing, the n-th call goes ${outcome}, for every n`, async (world) => {
        await everyCall(world, outcome, async (fault) => {
          await writeWith(world, layout, fault, outcome)
        })
      })
    }
    for (const outcome of READ_OUTCOMES) {
      check(`${layout}: reading, the n-th call goes ${outcome}, for every n`, async (world) => {
        const blobs = [world.blob(300), world.blob(2 * PIECE_SIZE_BYTES + 70_000), world.blob(0)]
        const { locations } = await world.write(layout, blobs)
        await everyCall(world, outcome, async (fault) => {
          await readWith(world, fault, blobs, locations)
        })
      })
    }
  }

  check('an extent that could not be made leaves nothing behind', async (world) => {
    await everyCall(world, 'fail', async (fault) => {
      world.reopen() // as a process that has made none yet
      const before = await world.storage.extents()
      fault.arm()
      const made = await world.extent().catch(coded('io'))
      fault.disarm()
      const after = await world.storage.extents()
      assert.equal(after.length - before.length, typeof made === 'string' ? 1 : 0)
      assert.equal(world.disk.filesOpen, 0)
    })
  })
}

interface Fault {
  arm(): void
  disarm(): void
  /** The call that went wrong, once it was met. */
  readonly met: Call | null
}

/** Runs `run` with its first armed call going wrong, then the second, until none is left. */
async function everyCall(
  world: World,
  outcome: Outcome,
  run: (fault: Fault) => Promise<void>,
): Promise<void> {
  for (let nth = 0; nth < CALLS_MAX; nth++) {
    let met: Call | null = null
    let count = -1
    const fault: Fault = {
      arm: () => {
        world.disk.onCall = (call) => {
          count += 1
          if (count !== nth) return 'well'
          met = call
          return outcome
        }
      },
      disarm: () => {
        world.disk.onCall = () => 'well'
      },
      get met() {
        return met
      },
    }
    await run(fault)
    fault.disarm()
    assert.equal(world.disk.buffersOut, 0, `call ${nth}`)
    if (met === null) {
      assert.ok(nth > 2, 'there were calls to fail')
      return
    }
  }
  assert.fail('it makes more calls than it may')
}

async function writeWith(
  world: World,
  layout: Layout,
  fault: Fault,
  outcome: Outcome,
): Promise<void> {
  const blobs = [20, 0, 70_000, layout === 'packed' ? 99 : PIECE_SIZE_BYTES + 10].map((size) =>
    world.blob(size),
  )
  fault.arm()
  const outcomes = await attempt(world, layout, blobs)
  fault.disarm()
  for (const [index, written] of outcomes.entries()) {
    if (written instanceof StorageError) continue
    assert.equal(needed(blobs[index]).data.compare(await world.readAll(written)), 0)
    assert.equal(await world.storage.verify(written), null)
  }
  const failed = outcomes.filter((written) => written instanceof StorageError)
  const hasFailed = fault.met !== null && (outcome !== 'half' || fault.met.what === 'write')
  if (hasFailed) assert.ok(failed.length > 0, `${fault.met?.what} failed, and somebody hears of it`)
  if (fault.met === null) assert.deepEqual(failed, [])
}

/** Makes an extent, writes blobs at once, and one more; each its location or error. */
async function attempt(
  world: World,
  layout: Layout,
  blobs: readonly Blob[],
): Promise<readonly (Location | StorageError)[]> {
  const failures = async (written: Promise<Location>) =>
    await written.catch((error: unknown) => {
      coded('io', 'full')(error)
      assert.ok(error instanceof StorageError)
      return error
    })
  let writer
  try {
    writer = await world.openWriter(layout, await world.extent())
  } catch (error) {
    coded('io', 'full')(error)
    assert.ok(error instanceof StorageError)
    return [error]
  }
  const open = writer
  const first = await Promise.all(
    blobs.slice(0, -1).map(async (blob) => await failures(put(open, blob))),
  )
  const isDead = first.some((outcome) => outcome instanceof StorageError)
  const callsBefore = world.disk.calls.length
  const last = await failures(put(open, needed(blobs.at(-1))))
  if (isDead) {
    assert.ok(last instanceof StorageError, 'behind a failure nothing is written')
    assert.equal(open.freeBytes, 0)
    assert.equal(world.disk.calls.length, callsBefore, 'not even tried')
  }
  await open[Symbol.asyncDispose]()
  return [...first, last]
}

async function readWith(
  world: World,
  fault: Fault,
  blobs: readonly Blob[],
  locations: readonly Location[],
): Promise<void> {
  world.reopen() // with no file open yet
  fault.arm()
  for (const [index, location] of locations.entries()) {
    const { data } = needed(blobs[index])
    const wrong = coded('io', 'damaged')
    const read = await world.readAll(location).catch(wrong)
    if (read !== true) assert.equal(data.compare(read), 0)
    const whole = await world.storage.readWhole(location).catch(wrong)
    if (whole !== true) assert.equal(data.compare(whole), 0)
    await world.storage.verify(location).catch(coded('io'))
    const found = await world.storage.describe(location).catch(wrong)
    if (found !== true) assert.deepEqual(found.header, blobs[index]?.header)
  }
  const scanned = await world.scan(needed(locations[0]).extentId).catch(coded('io'))
  if (scanned !== true) {
    const known = new Map(locations.map((location) => [location.offset, location]))
    for (const entry of scanned) {
      if ('kind' in entry || entry.trailer === null) continue
      assert.deepEqual(entry.location, known.get(entry.location.offset))
    }
  }
  fault.disarm()
  for (const location of locations) assert.equal(await world.storage.verify(location), null)
  await world.storage[Symbol.asyncDispose]()
  assert.equal(world.disk.filesOpen, 0)
}
