// Suite: multipart uploads from their creation to the sweep of what is left. Source: S3.md, 27 and
// 33 to 36.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import { newId, type BucketId, type UploadId } from '../base/id.ts'
import type { PartDraft } from './object-index.ts'
import { World, refusal, type OpenIndex } from './suite-world.ts'

export function uploadTests(open: OpenIndex): void {
  const run: Run = (name, body) => {
    test(name, async () => {
      const world = await World.open(open)
      await body(world, await world.bucket())
      await world.close()
    })
  }
  partTests(run)
  completeTests(run)
  conditionTests(run)
  sweepTests(run)
}

type Run = (name: string, body: (world: World, bucketId: BucketId) => Promise<void>) => void

async function withParts(
  world: World,
  bucketId: BucketId,
  key: string,
  numbers: readonly number[],
): Promise<{ uploadId: UploadId; parts: PartDraft[] }> {
  const uploadId = await world.createUpload(bucketId, key)
  const parts: PartDraft[] = []
  for (const number of numbers) {
    parts.push(await world.putPart(bucketId, key, uploadId, number, 100 + number))
  }
  return { uploadId, parts }
}

function partTests(run: Run): void {
  run(
    'parts replace one another, count in the usage and raise the generation',
    async (world, bucketId) => {
      const { uploadId } = await withParts(world, bucketId, 'k', [1, 2])
      await world.putPart(bucketId, 'k', uploadId, 1, 7)
      const parts = await world.index.parts(uploadId, 0, 10)
      check.deepEqual(
        parts.map(({ partNumber, sizeBytes }) => [partNumber, sizeBytes]),
        [
          [1, 7],
          [2, 102],
        ],
      )
      check.deepEqual((await world.index.parts(uploadId, 1, 10)).length, 1)
      check.equal((await world.index.upload(bucketId, 'k', uploadId))?.generation, 3)
      check.equal((await world.index.usage(bucketId)).uploadBytes, 109)
      check.equal((await world.index.extent(world.extentId))?.references, 2)
    },
  )

  run('a part needs its upload, its lease and room in the quota', async (world, bucketId) => {
    const uploadId = await world.createUpload(bucketId, 'k')
    const part = {
      partNumber: 1,
      sizeBytes: 10,
      etag: world.hex(16),
      checksum: null,
      locations: [world.location(10)],
    }
    const put = (over: object): Promise<string> =>
      world
        .apply({
          kind: 'put-part',
          bucketId,
          key: 'k',
          uploadId,
          part,
          writerId: world.writerId,
          ...over,
        })
        .then(refusal)
    check.equal(await put({ key: 'other' }), 'no-such-upload')
    check.equal(await put({ uploadId: newId(world.random) }), 'no-such-upload')
    check.equal(await put({ writerId: newId(world.random) }), 'lease-lost')
    await world.done({ kind: 'set-quota', bucketId, quotaBytes: 9, quotaObjects: null })
    check.equal(await put({}), 'quota-exceeded')
    check.equal(await world.index.upload(bucketId, 'other', uploadId), null)
  })
}

function completeTests(run: Run): void {
  run('a completed upload is one object of its named parts', async (world, bucketId) => {
    const { uploadId, parts } = await withParts(world, bucketId, 'k', [2, 5, 9])
    const named = [parts[0], parts[2]].filter((part) => part !== undefined)
    check.equal(refusal(await world.complete(bucketId, 'k', uploadId, named)), 'done')
    const version = await world.mustGet(bucketId, 'k')
    check.deepEqual(version.body, { kind: 'manifest', uploadId, partCount: 2 })
    check.deepEqual(await world.index.usage(bucketId), {
      objects: 1,
      bytes: 211,
      otherVersions: 0,
      otherBytes: 0,
      uploadBytes: 0,
    })
    const at = async (offset: number): Promise<number[]> =>
      (await world.index.manifestParts(uploadId, offset, 9)).map(({ partNumber }) => partNumber)
    check.deepEqual(
      [await at(0), await at(101), await at(102), await at(210), await at(211)],
      [[2, 9], [2, 9], [9], [9], []],
    )
    check.deepEqual(await world.index.manifestPart(uploadId, 2), {
      ...(await world.index.parts(uploadId, 8, 1))[0],
      offset: 102,
    })
    check.equal(await world.index.manifestPart(uploadId, 3), null)
    check.equal(await world.index.upload(bucketId, 'k', uploadId), null)
    await world.opened.sweep()
    check.deepEqual(
      (await world.index.parts(uploadId, 0, 9)).map(({ partNumber }) => partNumber),
      [2, 9],
    )
    check.equal((await world.index.extent(world.extentId))?.references, 2)
  })

  run(
    'completing again with the same parts is answered alike, with others not',
    async (world, bucketId) => {
      await world.done({ kind: 'set-versioning', bucketId, versioning: 'enabled' })
      const { uploadId, parts } = await withParts(world, bucketId, 'k', [1, 2])
      const first = await world.complete(bucketId, 'k', uploadId, parts)
      await world.put(bucketId, 'k')
      await world.opened.sweep()
      check.deepEqual(await world.complete(bucketId, 'k', uploadId, parts), first)
      check.equal(
        refusal(await world.complete(bucketId, 'k', uploadId, parts.slice(0, 1))),
        'no-such-upload',
      )
      check.equal((await world.index.completedUpload(bucketId, 'k', uploadId))?.sizeBytes, 203)
      check.equal(
        refusal(await world.apply({ kind: 'abort-upload', bucketId, key: 'k', uploadId })),
        'no-such-upload',
      )
    },
  )

  run(
    'a part that came after the parts were read, or is not there, stops the completion',
    async (world, bucketId) => {
      const { uploadId, parts } = await withParts(world, bucketId, 'k', [1, 2])
      check.equal(
        refusal(await world.complete(bucketId, 'k', uploadId, parts, { generation: 1 })),
        'upload-changed',
      )
      const wrong = [{ partNumber: 1, etag: '0'.repeat(32) }]
      check.equal(
        refusal(await world.complete(bucketId, 'k', uploadId, parts.slice(0, 1), { names: wrong })),
        'invalid-part',
      )
      check.equal(
        refusal(await world.complete(bucketId, 'k', uploadId, [...parts].reverse())),
        'invalid-part',
      )
      check.equal(refusal(await world.complete(bucketId, 'k', uploadId, parts)), 'done')
    },
  )

  run(
    'an upload of 10,000 parts completes in one commit and reads back by offset',
    async (world, bucketId) => {
      const uploadId = await world.createUpload(bucketId, 'k')
      const parts: PartDraft[] = []
      for (let number = 1; number <= 10_000; number += 1) {
        parts.push({
          partNumber: number,
          sizeBytes: 10,
          etag: number.toString(16).padStart(32, '0'),
          checksum: null,
          locations: [world.location(10)],
        })
      }
      for (let start = 0; start < parts.length; start += 200) {
        await Promise.all(
          parts.slice(start, start + 200).map((part) =>
            world.done({
              kind: 'put-part',
              bucketId,
              key: 'k',
              uploadId,
              part,
              writerId: world.writerId,
            }),
          ),
        )
      }
      check.equal(refusal(await world.complete(bucketId, 'k', uploadId, parts)), 'done')
      const found = await world.index.manifestParts(uploadId, 55_555, 3)
      check.deepEqual(
        found.map(({ partNumber, offset }) => [partNumber, offset]),
        [
          [5556, 55_550],
          [5557, 55_560],
          [5558, 55_570],
        ],
      )
      check.equal((await world.index.manifestPart(uploadId, 8001))?.offset, 80_000)
      await world.delete(bucketId, ['k'])
      await world.opened.sweep()
      check.equal((await world.index.extent(world.extentId))?.references, 0)
    },
  )
}

function conditionTests(run: Run): void {
  const etagOf = (etag: string) => ({ kind: 'etag', etag }) as const

  run(
    'If-None-Match: an object that was there is 412, one that came or went since is 409',
    async (world, bucketId) => {
      const absent = { condition: { kind: 'absent' } } as const
      await world.put(bucketId, 'old')
      const old = await withParts(world, bucketId, 'old', [1])
      check.equal(
        refusal(await world.complete(bucketId, 'old', old.uploadId, old.parts, absent)),
        'precondition-failed',
      )
      await world.delete(bucketId, ['old'])
      check.equal(
        refusal(await world.complete(bucketId, 'old', old.uploadId, old.parts, absent)),
        'conditional-conflict',
      )
      const fresh = await withParts(world, bucketId, 'new', [1])
      await world.put(bucketId, 'new')
      check.equal(
        refusal(await world.complete(bucketId, 'new', fresh.uploadId, fresh.parts, absent)),
        'conditional-conflict',
      )
      const none = await withParts(world, bucketId, 'none', [1])
      check.equal(
        refusal(await world.complete(bucketId, 'none', none.uploadId, none.parts, absent)),
        'done',
      )
    },
  )

  run(
    'If-Match: overwritten since is 409 even with the same bytes, deleted since is 404',
    async (world, bucketId) => {
      const draft = world.draft(5)
      await world.put(bucketId, 'k', draft)
      const { uploadId, parts } = await withParts(world, bucketId, 'k', [1])
      const complete = (condition: ReturnType<typeof etagOf>): Promise<string> =>
        world.complete(bucketId, 'k', uploadId, parts, { condition }).then(refusal)
      check.equal(await complete(etagOf('0'.repeat(32))), 'precondition-failed')
      await world.put(bucketId, 'k', world.draft(5, { etag: draft.etag }))
      check.equal(await complete(etagOf(draft.etag)), 'conditional-conflict')
      await world.delete(bucketId, ['k'])
      check.equal(await complete(etagOf(draft.etag)), 'no-such-key')
      check.equal(refusal(await world.complete(bucketId, 'k', uploadId, parts)), 'done')
    },
  )
}

function sweepTests(run: Run): void {
  run(
    'an aborted upload is gone at once, and its parts after the sweep',
    async (world, bucketId) => {
      const { uploadId } = await withParts(world, bucketId, 'k', [1, 2, 3])
      await world.done({ kind: 'abort-upload', bucketId, key: 'k', uploadId })
      check.equal(await world.index.upload(bucketId, 'k', uploadId), null)
      check.equal((await world.index.usage(bucketId)).uploadBytes, 0)
      check.equal(
        (
          await world.index.listUploads({
            bucketId,
            prefix: '',
            delimiter: '',
            after: null,
            limit: 9,
            afterUploadId: null,
          })
        ).entries.length,
        0,
      )
      await world.opened.sweep()
      check.equal((await world.index.extent(world.extentId))?.references, 0)
      check.deepEqual(await world.index.parts(uploadId, 0, 9), [])
    },
  )

  run('a manifest lives until the last of its copies goes', async (world, bucketId) => {
    const { uploadId, parts } = await withParts(world, bucketId, 'a', [1, 2])
    await world.complete(bucketId, 'a', uploadId, parts)
    check.equal(
      refusal(await world.copy(bucketId, 'b', await world.mustGet(bucketId, 'a'))),
      'done',
    )
    await world.delete(bucketId, ['a'])
    await world.opened.sweep()
    check.equal((await world.index.manifestParts(uploadId, 0, 9)).length, 2)
    await world.delete(bucketId, ['b'])
    await world.opened.sweep()
    check.deepEqual(await world.index.manifestParts(uploadId, 0, 9), [])
    check.equal((await world.index.extent(world.extentId))?.references, 0)
  })
}
