// The service where its engine fails: an outcome that is unknown is asked for, never assumed, and
// what is told to callers is what became of the commit.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import { ManualClock } from '../base/manual-clock.ts'
import { openMemoryEngine, type BatchFault } from '../engine/memory.ts'
import { ObjectIndexError } from './object-index.ts'
import { openObjectIndex } from './object-index-service.ts'
import { SeededRandom, World, refusal } from './suite-world.ts'

/** A world whose engine does to its next batch what `next` says. */
async function faulty(): Promise<{
  world: World
  clock: ManualClock
  next: (fault: BatchFault) => void
}> {
  const clock = new ManualClock(1_700_000_000_000)
  let fault: BatchFault = { kind: 'none' }
  const engine = openMemoryEngine({
    clock,
    faults: {
      onBatch: () => {
        const now = fault
        fault = { kind: 'none' }
        return now
      },
    },
  })
  const index = openObjectIndex({ engine, clock, random: new SeededRandom(9) })
  const world = await World.open(async () => ({
    index,
    engine,
    sweep: async () => undefined,
    [Symbol.asyncDispose]: async () => {
      await index[Symbol.asyncDispose]()
      await engine[Symbol.asyncDispose]()
    },
  }))
  return {
    world,
    clock,
    next: (wanted) => {
      fault = wanted
    },
  }
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof ObjectIndexError && error.code === code
}

test('a commit whose outcome is unknown is answered with what became of it', async () => {
  for (const isApplied of [true, false]) {
    const { world, clock, next } = await faulty()
    const bucketId = await world.bucket()
    next({ kind: 'unsure', isApplied, afterMs: 100 })
    const outcome = world
      .tryPut(bucketId, 'k')
      .then(refusal, (error: unknown) =>
        error instanceof ObjectIndexError ? error.code : String(error),
      )
    for (let turn = 0; turn < 20; turn += 1) await clock.advance(100)
    check.equal(await outcome, isApplied ? 'done' : 'unavailable')
    check.deepEqual(await world.names(bucketId), isApplied ? ['k'] : [])
    await world.close()
  }
})

test('a batch that was not done is unavailable, a full disk is full', async () => {
  const { world, next } = await faulty()
  const bucketId = await world.bucket()
  next({ kind: 'unavailable' })
  await check.rejects(world.tryPut(bucketId, 'k'), hasCode('unavailable'))
  await world.put(bucketId, 'k')
  next({ kind: 'full' })
  await check.rejects(world.tryPut(bucketId, 'k'), hasCode('full'))
  check.deepEqual(await world.names(bucketId), ['k'])
})

test('a version too large for a record is refused, and nothing of it stays', async () => {
  const { world } = await faulty()
  const bucketId = await world.bucket()
  const draft = world.draft(1, { userMetadata: [['m', 'x'.repeat(33_000)]] })
  check.equal(refusal(await world.tryPut(bucketId, 'k', draft)), 'record-too-large')
  check.deepEqual(await world.names(bucketId), [])
  await world.put(bucketId, 'k')
  await world.close()
})

test('the sweeper runs until it is told to stop', async () => {
  const { world, clock } = await faulty()
  const bucketId = await world.bucket()
  const uploadId = await world.createUpload(bucketId, 'k')
  await world.putPart(bucketId, 'k', uploadId, 1)
  await world.done({ kind: 'abort-upload', bucketId, key: 'k', uploadId })
  const stop = new AbortController()
  const { index } = world.opened
  check.ok('runSweeper' in index)
  const running = (index as ReturnType<typeof openObjectIndex>).runSweeper(stop.signal)
  for (let turn = 0; turn < 10; turn += 1) await clock.advance(1000)
  check.equal((await world.index.extent(world.extentId))?.references, 0)
  stop.abort()
  await running
  await world.close()
})
