// Uploads that end between the two reads of a page: of those that stay none is left out.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import type { UploadId } from '../base/id.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { openMemoryEngine } from '../engine/memory.ts'
import { listUploads } from './list-uploads.ts'
import { openObjectIndex } from './object-index-service.ts'
import type { ReadEngine } from './reading.ts'
import { SeededRandom, World, listAll } from './suite-world.ts'

/** A world with five uploads of each of two keys, and a reader that runs `between` its reads. */
async function worldOf(between: (world: World, read: number) => Promise<void>) {
  const clock = new ManualClock(1_700_000_000_000)
  const engine = openMemoryEngine({ clock })
  const index = openObjectIndex({ engine, clock, random: new SeededRandom(99) })
  const world = await World.open(async () => ({
    index,
    engine,
    sweep: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => index[Symbol.asyncDispose](),
  }))
  const bucketId = await world.bucket()
  const uploads: UploadId[] = []
  for (const key of ['k', 'k', 'k', 'k', 'k', 'l']) {
    uploads.push(await world.createUpload(bucketId, key))
    await clock.advance(1)
  }
  let reads = 0
  const reader: ReadEngine = {
    read: async (request) => {
      const result = await engine.read(request)
      reads += 1
      await between(world, reads)
      return result
    },
  }
  const abort = (uploadId: UploadId | undefined): Promise<unknown> =>
    world.done({ kind: 'abort-upload', bucketId, key: 'k', uploadId: uploadId ?? ('' as UploadId) })
  const request = { ...listAll(bucketId), limit: 2, afterUploadId: null }
  return { abort, reader, request, uploads, world }
}

test('a page whose last upload ends meanwhile goes on with the one behind it', async () => {
  const { abort, reader, request, uploads, world } = await worldOf(async (_, reads) => {
    if (reads === 1) await abort(uploads[0])
    if (reads === 1) await abort(uploads[1])
  })
  const page = await listUploads(reader, request)
  check.deepEqual(
    page.entries.map(({ uploadId }) => uploadId),
    uploads.slice(2, 4),
  )
  check.deepEqual([page.isTruncated, page.last], [true, 'k'])
  await world.close()
})

test('a page that never stands still is unavailable, and never shorter', async () => {
  let next = 0
  const { abort, reader, request, uploads, world } = await worldOf(async (of, reads) => {
    if (reads % 2 === 0) return
    await abort(uploads[next])
    next += 1
    uploads.push(await of.createUpload(request.bucketId, 'k'))
  })
  await check.rejects(listUploads(reader, request), { code: 'unavailable' })
  await world.close()
})
