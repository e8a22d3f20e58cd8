// Suite: extents, moves of blobs, and the archive's records.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import { newId, type ExtentId } from '../base/id.ts'
import type { ArchiveBlob } from './object-index.ts'
import { World, refusal, type OpenIndex } from './suite-world.ts'

export function extentTests(open: OpenIndex): void {
  test('an extent is leased once, sealed at its last blob, parked and removed without references', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket()
    const { extentId, writerId } = world
    const apply = (
      kind: 'seal-extent' | 'park-extent' | 'restore-extent' | 'remove-extent',
    ): Promise<string> => world.apply({ kind, extentId }).then(refusal)
    check.equal(
      refusal(
        await world.apply({
          kind: 'lease-extent',
          extent: {
            extentId,
            writerId,
            layout: 'packed',
            capacityBytes: 1,
            driveId: 'd',
            changedAtMs: 0,
          },
        }),
      ),
      'extent-state',
    )
    await world.put(bucketId, 'k', world.draft(50))
    check.deepEqual(
      [await apply('park-extent'), await apply('remove-extent')],
      ['extent-state', 'extent-state'],
    )
    check.deepEqual([await apply('seal-extent'), await apply('seal-extent')], ['done', 'done'])
    const use = await world.index.extent(extentId)
    const [reference] = await world.index.references(extentId, 0, 9)
    check.ok(use !== null && reference !== undefined)
    check.ok(use.record.sizeBytes >= reference.location.offset + 250)
    check.equal(await apply('park-extent'), 'extent-state')
    await world.delete(bucketId, ['k'])
    check.deepEqual(
      [
        await apply('park-extent'),
        await apply('restore-extent'),
        await apply('remove-extent'),
        await apply('park-extent'),
        await apply('remove-extent'),
      ],
      ['done', 'done', 'extent-state', 'done', 'done'],
    )
    check.equal(await world.index.extent(extentId), null)
    check.deepEqual(await world.index.extents(), [])
    check.equal(await apply('seal-extent'), 'extent-state')
    await world.close()
  })

  test('a move rewrites every referrer of a blob, and nothing that a client sees', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket('enabled')
    await world.put(bucketId, 'k', world.draft(9))
    const version = await world.mustGet(bucketId, 'k')
    for (let at = 0; at < 249; at += 1) await world.copy(bucketId, `c${at}`, version)
    await world.put(bucketId, 'k', world.draft(3)) // the first version is now an older one
    const before = await world.versions(bucketId)
    const old = world.extentId
    const [from] = version.body.kind === 'blobs' ? version.body.locations : []
    check.ok(from !== undefined)
    await world.done({ kind: 'seal-extent', extentId: old })
    await world.leaseExtent()
    const to = { ...world.location(9), checksum: from.checksum }
    const { writerId } = world
    const other = newId<ExtentId>(world.random)
    check.equal(
      refusal(
        await world.apply({ kind: 'move-blob', from, writerId, to: { ...to, extentId: other } }),
      ),
      'lease-lost',
    )
    await world.done({ kind: 'move-blob', from, to, writerId })
    check.deepEqual(await world.versions(bucketId), before)
    check.equal((await world.index.references(old, 0, 1000)).length, 1)
    check.equal((await world.index.extent(world.extentId))?.references, 250)
    check.equal(
      refusal(await world.apply({ kind: 'move-blob', from, to, writerId })),
      'blob-changed',
    )
    const moved = await world.mustGet(bucketId, 'c5')
    check.deepEqual(moved.body, { kind: 'blobs', locations: [to] })
    await world.close()
  })

  test('a part and an archive blob move too', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket()
    const uploadId = await world.createUpload(bucketId, 'k')
    const part = await world.putPart(bucketId, 'k', uploadId, 1, 5)
    const blob = archiveBlob(world, 1)
    const { writerId } = world
    const cursor = { incarnation: 1, sequence: 7 }
    await world.done({
      kind: 'archive',
      consumer: 'archiver',
      cursor,
      added: [blob],
      dropped: [],
      writerId,
    })
    const [from] = part.locations
    check.ok(from !== undefined)
    const to = { ...world.location(5), checksum: from.checksum }
    await world.done({ kind: 'move-blob', from, to, writerId })
    check.deepEqual((await world.index.parts(uploadId, 0, 9))[0]?.locations, [to])
    const there = { ...world.location(40), checksum: blob.location.checksum }
    await world.done({ kind: 'move-blob', from: blob.location, to: there, writerId })
    check.deepEqual(await world.index.archiveBlobs('log', null, 9), [{ ...blob, location: there }])
    await world.close()
  })

  test("the archiver's cursor and its blobs change in one commit", async () => {
    const world = await World.open(open)
    const { writerId } = world
    const blobs = [3, 1, 2].map((sequence) => archiveBlob(world, sequence))
    const archive = (
      sequence: number,
      added: readonly ArchiveBlob[],
      dropped: readonly ArchiveBlob[],
    ): Promise<string> =>
      world
        .apply({
          kind: 'archive',
          consumer: 'archiver',
          cursor: { incarnation: 1, sequence },
          added,
          dropped,
          writerId,
        })
        .then(refusal)
    check.equal(await archive(3, blobs, []), 'done')
    check.deepEqual(
      (await world.index.archiveBlobs('log', null, 9)).map(({ from }) => from.sequence),
      [1, 2, 3],
    )
    check.equal((await world.index.archiveBlobs('log', blobs[1] ?? null, 9)).length, 2)
    check.equal(await archive(4, [], blobs.slice(0, 2)), 'done')
    check.equal(await archive(5, [], blobs.slice(0, 2)), 'done')
    check.deepEqual(await world.index.consumers(), [
      { name: 'archiver', cursor: { incarnation: 1, sequence: 5 } },
    ])
    check.equal((await world.index.extent(world.extentId))?.references, 1)
    await world.close()
  })
}

function archiveBlob(world: World, sequence: number): ArchiveBlob {
  return {
    blobId: world.blobId(),
    kind: 'log',
    location: world.location(40),
    page: 0,
    from: { incarnation: 1, sequence },
    to: { incarnation: 1, sequence: sequence + 1 },
  }
}
