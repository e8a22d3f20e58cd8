// What the sweeper leaves: manifests that a GET may still read, and all that one damaged key may
// only have made look unnamed. Damage is planted behind the index's back: the record stands under
// its key with a bit flipped, as a drive would have it.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import { newId, type BucketId, type CommitId, type UploadId } from '../base/id.ts'
import { MANIFEST_KEPT_MS } from '../base/limits.ts'
import { ManualClock } from '../base/manual-clock.ts'
import type { Mutation } from '../engine/engine.ts'
import { openMemoryEngine } from '../engine/memory.ts'
import { bucketSumKey } from './changes.ts'
import { SPACE, after, idKey, manifestPageKey } from './keys.ts'
import { openObjectIndex } from './object-index-service.ts'
import { MANIFEST_PAGE_PARTS } from './part-record.ts'
import { SeededRandom, World } from './suite-world.ts'
import { validateIndex } from './validate.ts'

interface Opened {
  readonly world: World
  readonly clock: ManualClock
  /** Does what is due. */
  readonly sweep: () => Promise<void>
}

async function open(): Promise<Opened> {
  const clock = new ManualClock(1_700_000_000_000)
  const engine = openMemoryEngine({ clock })
  const index = openObjectIndex({ engine, clock, random: new SeededRandom(9) })
  const sweep = async (): Promise<void> => {
    while (!(await index.sweep(100)).isDone) await clock.advance(1)
  }
  const world = await World.open(async () => ({
    index,
    engine,
    sweep,
    [Symbol.asyncDispose]: async () => {
      await index[Symbol.asyncDispose]()
      await engine[Symbol.asyncDispose]()
    },
  }))
  return { world, clock, sweep }
}

/** An object of an upload with so many parts, besides which the upload has one that it leaves out. */
async function multipart(world: World, bucketId: BucketId, count: number): Promise<UploadId> {
  const uploadId = await world.createUpload(bucketId, 'k')
  const parts = []
  for (let number = 1; number <= count + 1; number += 1) {
    parts.push(await world.putPart(bucketId, 'k', uploadId, number, 10))
  }
  const outcome = await world.complete(bucketId, 'k', uploadId, parts.slice(0, count))
  check.equal(outcome.kind, 'done')
  return uploadId
}

async function partsLeft(world: World, uploadId: UploadId): Promise<number> {
  return (await world.index.parts(uploadId, 0, 10_000)).length
}

async function plant(world: World, mutations: readonly Mutation[]): Promise<void> {
  await world.opened.engine.commit({
    id: newId<CommitId>(world.random),
    reads: {},
    decide: () => ({ kind: 'apply', mutations, result: null }),
  })
}

/** Flips the lowest bit of the id in the key of the last record under `prefix`. */
async function hideLast(world: World, prefix: Buffer): Promise<void> {
  const found: [Buffer, Buffer][] = []
  await world.opened.engine.read({
    ranges: [
      {
        range: { start: prefix, end: after(prefix) },
        limit: 1,
        reverse: true,
        visit: (key, value) => {
          found.push([Buffer.from(key), Buffer.from(value)])
          return 'stop'
        },
      },
    ],
  })
  const [key, value] = found[0] ?? []
  check.ok(key !== undefined && value !== undefined)
  const flipped = Buffer.from(key)
  flipped[16] = (flipped[16] ?? 0) ^ 1
  await plant(world, [
    { kind: 'delete', key },
    { kind: 'set', key: flipped, value },
  ])
}

test('a manifest that was overwritten can be read on for some minutes, and then goes', async () => {
  const { world, clock, sweep } = await open()
  const bucketId = await world.bucket()
  const uploadId = await multipart(world, bucketId, MANIFEST_PAGE_PARTS + 1)
  await world.put(bucketId, 'k')
  await sweep()
  await clock.advance(MANIFEST_KEPT_MS - 1000)
  await sweep()
  const [last] = await world.index.manifestParts(uploadId, 10 * MANIFEST_PAGE_PARTS, 1)
  check.equal(last?.partNumber, MANIFEST_PAGE_PARTS + 1)
  check.equal(await partsLeft(world, uploadId), MANIFEST_PAGE_PARTS + 1)
  await clock.advance(1000)
  await sweep()
  check.deepEqual(await world.index.manifestParts(uploadId, 0, 1), [])
  check.equal(await partsLeft(world, uploadId), 0)
  check.equal((await world.index.extent(world.extentId))?.references, 1)
  await world.close()
})

test('a manifest is kept for that long behind the last of its copies', async () => {
  const { world, clock, sweep } = await open()
  const bucketId = await world.bucket()
  const uploadId = await multipart(world, bucketId, 2)
  await world.copy(bucketId, 'copy', await world.mustGet(bucketId, 'k'))
  await world.delete(bucketId, ['k'])
  await sweep()
  await clock.advance(MANIFEST_KEPT_MS - 1000)
  await world.delete(bucketId, ['copy'])
  await sweep()
  await clock.advance(MANIFEST_KEPT_MS - 1000)
  await sweep()
  check.equal((await world.index.manifestParts(uploadId, 0, 9)).length, 2)
  await clock.advance(1000)
  await sweep()
  check.deepEqual(await world.index.manifestParts(uploadId, 0, 9), [])
  await world.close()
})

test('of a deleted bucket nothing is left once the manifests of its last objects are gone', async () => {
  const { world, clock, sweep } = await open()
  const bucketId = await world.bucket()
  await multipart(world, bucketId, 2)
  await world.delete(bucketId, ['k'])
  await world.done({ kind: 'delete-bucket', bucketId })
  // Within an hour the marker of the completed upload goes too.
  for (let step = 0; step < 15; step += 1) {
    await sweep()
    await clock.advance(MANIFEST_KEPT_MS)
  }
  const left: string[] = []
  await world.opened.engine.read({
    ranges: [
      {
        range: { start: Buffer.of(SPACE.uploadName), end: Buffer.of(SPACE.extent) },
        limit: 100,
        visit: (key) => {
          left.push(key.toString('hex'))
          return 'next'
        },
      },
    ],
  })
  check.deepEqual(left, [])
  const { values } = await world.opened.engine.read({ keys: [bucketSumKey(bucketId)] })
  check.deepEqual(values, [null])
  check.deepEqual((await validateIndex(world.opened.engine)).findings, [])
  await world.close()
})

test('parts of a manifest page that is gone or hidden are not taken for unnamed ones', async () => {
  const count = 2 * MANIFEST_PAGE_PARTS + 5
  const harms: readonly [string, (world: World, uploadId: UploadId) => Promise<void>][] = [
    [
      'the first page is gone',
      (world, id) => plant(world, [{ kind: 'delete', key: manifestPageKey(id, 0) }]),
    ],
    [
      'a page between is gone',
      (world, id) => plant(world, [{ kind: 'delete', key: manifestPageKey(id, 1) }]),
    ],
    ['the last page is hidden', (world, id) => hideLast(world, idKey(SPACE.manifestPage, id))],
  ]
  for (const [name, harm] of harms) {
    const { world, clock, sweep } = await open()
    const uploadId = await multipart(world, await world.bucket(), count)
    await harm(world, uploadId)
    await sweep()
    await clock.advance(MANIFEST_KEPT_MS)
    await sweep()
    check.equal(await partsLeft(world, uploadId), count + 1, name)
    await world.close()
  }
})

test('parts of the only page, gone or hidden, are not taken for unnamed ones', async () => {
  for (const harm of ['gone', 'hidden'] as const) {
    const { world, sweep } = await open()
    const uploadId = await multipart(world, await world.bucket(), 2)
    if (harm === 'hidden') await hideLast(world, idKey(SPACE.manifestPage, uploadId))
    else await plant(world, [{ kind: 'delete', key: manifestPageKey(uploadId, 0) }])
    await sweep()
    check.equal(await partsLeft(world, uploadId), 3, harm)
    await world.close()
  }
})

test('a manifest whose last reference is hidden is not taken for one without', async () => {
  const { world, clock, sweep } = await open()
  const bucketId = await world.bucket()
  const uploadId = await multipart(world, bucketId, 2)
  await world.copy(bucketId, 'copy', await world.mustGet(bucketId, 'k'))
  await world.delete(bucketId, ['k']) // queues the look at a manifest that the copy still has
  await hideLast(world, idKey(SPACE.manifestReverse, uploadId))
  for (let step = 0; step < 3; step += 1) {
    await sweep()
    await clock.advance(MANIFEST_KEPT_MS)
  }
  check.equal((await world.index.manifestParts(uploadId, 0, 9)).length, 2)
  check.ok((await partsLeft(world, uploadId)) >= 2)
  await world.close()
})
