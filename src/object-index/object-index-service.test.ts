// The service where its engine fails: an outcome that is unknown is asked for, never assumed, and
// what is told to callers is what became of the commit.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import { newId, type BucketId, type CommitId } from '../base/id.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { openMemoryEngine, type BatchFault } from '../engine/memory.ts'
import { currentKey, sweepKey } from './keys.ts'
import { ObjectIndexError } from './object-index.ts'
import { openObjectIndex } from './object-index-service.ts'
import { SeededRandom, World, latest, refusal } from './suite-world.ts'

const bucketOfNone = '0'.repeat(32) as BucketId

/** A world whose engine does to its next batch what `next` says. */
async function faulty(): Promise<{
  world: World
  clock: ManualClock
  next: (fault: BatchFault) => void
  failSecond: (fault: BatchFault) => void
  failReads: (count: number) => void
}> {
  const clock = new ManualClock(1_700_000_000_000)
  let faults: BatchFault[] = []
  let failingReads = 0
  const engine = openMemoryEngine({
    clock,
    faults: {
      onBatch: () => faults.shift() ?? { kind: 'none' },
      onRead: () => {
        failingReads -= 1
        return failingReads >= 0 ? 'unavailable' : 'none'
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
      faults = [wanted]
    },
    failSecond: (wanted) => {
      faults = [{ kind: 'none' }, wanted]
    },
    failReads: (count) => {
      failingReads = count
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

/** Whether the sweeper, running for a while, gets rid of an aborted upload's part. */
async function sweepsWithin(
  { world, clock }: Awaited<ReturnType<typeof faulty>>,
  meanwhile: () => Promise<void>,
): Promise<boolean> {
  const bucketId = await world.bucket()
  const uploadId = await world.createUpload(bucketId, 'k')
  await world.putPart(bucketId, 'k', uploadId, 1)
  await world.done({ kind: 'abort-upload', bucketId, key: 'k', uploadId })
  await meanwhile()
  const stop = new AbortController()
  const index = world.opened.index as ReturnType<typeof openObjectIndex>
  const running = index.runSweeper(stop.signal)
  for (let turn = 0; turn < 10; turn += 1) await clock.advance(1000)
  stop.abort()
  await running
  const use = await world.index.extent(world.extentId)
  await world.close()
  return use?.references === 0
}

test('the sweeper goes on behind a record of its queue that is damaged', async () => {
  const opened = await faulty()
  const isSwept = await sweepsWithin(opened, async () => {
    // Nothing is removed right beside a damaged record, which may be one that is looked for.
    await opened.world.createUpload(await opened.world.bucket(), 'between')
    await opened.world.opened.engine.commit({
      id: newId<CommitId>(opened.world.random),
      reads: {},
      decide: () => ({
        kind: 'apply',
        mutations: [{ kind: 'set', key: sweepKey(0, 1, bucketOfNone), value: Buffer.from('bad') }],
        result: null,
      }),
    })
  })
  check.ok(isSwept)
})

test('the sweeper outlives reads that fail', async () => {
  const opened = await faulty()
  const isSwept = await sweepsWithin(opened, async () => opened.failReads(3))
  check.ok(isSwept)
})

test('an object that a damaged key hides is not taken for absent', async () => {
  const { world } = await faulty()
  const bucketId = await world.bucket()
  for (const name of ['k', 'n']) await world.put(bucketId, name)
  const key = currentKey(bucketId, 'k')
  const { values } = await world.opened.engine.read({ keys: [key] })
  const value = values[0] ?? Buffer.alloc(0)
  const flipped = Buffer.from(key)
  flipped[key.length - 1] = (flipped[key.length - 1] ?? 0) ^ 1
  await world.opened.engine.commit({
    id: newId<CommitId>(world.random),
    reads: {},
    decide: () => ({
      kind: 'apply',
      mutations: [
        { kind: 'delete', key },
        { kind: 'set', key: flipped, value },
      ],
      result: null,
    }),
  })
  const condition = { kind: 'absent' } as const
  await check.rejects(world.tryPut(bucketId, 'k', world.draft(1), condition), { code: 'corrupt' })
  check.equal(refusal(await world.tryPut(bucketId, 'other', world.draft(1), condition)), 'done')
  await world.close()
})

for (const kind of ['unavailable', 'full'] as const) {
  test(`a deletion of many that fails (${kind}) behind its first commit is unsure`, async () => {
    const { world, failSecond } = await faulty()
    const bucketId = await world.bucket('enabled')
    await world.put(bucketId, 'k')
    failSecond({ kind })
    const entries = [latest('k'), latest('k')]
    await check.rejects(
      world.apply({ kind: 'delete-objects', bucketId, entries }),
      (error) => error instanceof ObjectIndexError && error.code === 'unsure',
    )
    const newest = await world.index.lookup(bucketId, 'k', { kind: 'latest' })
    check.equal(newest?.isDeleteMarker, true, 'the first was made')
  })
}
