// Suite: buckets and their settings. Source: S3.md, 42 and 43.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import { newId, type BucketId } from '../base/id.ts'
import { World, refusal, type OpenIndex } from './suite-world.ts'

export function bucketTests(open: OpenIndex): void {
  test('a bucket says what it was created with, and each setting raises its generation', async () => {
    const world = await World.open(open)
    const id = newId<BucketId>(world.random)
    const bucket = {
      id,
      name: 'photos.of-me',
      ownerId: 'ab'.repeat(32),
      versioning: 'unversioned',
      quotaBytes: 5,
      quotaObjects: null,
      ownership: 'BucketOwnerEnforced',
      acl: 'private',
    } as const
    await world.done({ kind: 'create-bucket', bucket })
    check.equal(refusal(await world.apply({ kind: 'create-bucket', bucket })), 'bucket-exists')
    const found = await world.index.bucket(id)
    check.deepEqual({ ...found, createdAtMs: 0 }, { ...bucket, createdAtMs: 0, generation: 1 })
    await world.done({ kind: 'set-versioning', bucketId: id, versioning: 'suspended' })
    await world.done({ kind: 'set-quota', bucketId: id, quotaBytes: null, quotaObjects: 3 })
    const changed = await world.index.bucket(id)
    check.deepEqual(
      [changed?.generation, changed?.versioning, changed?.quotaBytes, changed?.quotaObjects],
      [3, 'suspended', null, 3],
    )
    check.deepEqual(
      (await world.index.bucketsById(null, 10)).map(({ name }) => name),
      ['photos.of-me'],
    )
    check.deepEqual(await world.index.bucketsById(id, 10), [])
    await world.close()
  })

  test('tags of a bucket are kept in order, replaced, removed, and gone with their bucket', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket('unversioned')
    const tags = [['Hello', 'World'] as const, ['ключ', ''] as const]
    check.deepEqual(await world.index.bucketTags(bucketId), [])
    await world.done({ kind: 'set-bucket-tags', bucketId, tags })
    check.deepEqual(await world.index.bucketTags(bucketId), tags)
    await world.done({ kind: 'set-bucket-tags', bucketId, tags: [['a', 'b']] })
    check.deepEqual(await world.index.bucketTags(bucketId), [['a', 'b']])
    await world.done({ kind: 'set-bucket-tags', bucketId, tags: [] })
    check.deepEqual(await world.index.bucketTags(bucketId), [])
    await world.done({ kind: 'set-bucket-tags', bucketId, tags })
    await world.done({ kind: 'delete-bucket', bucketId })
    check.deepEqual(await world.index.bucketTags(bucketId), [])
    const gone = await world.apply({ kind: 'set-bucket-tags', bucketId, tags })
    check.equal(refusal(gone), 'no-such-bucket')
    await world.close()
  })

  test('an ACL is kept where a bucket has ACLs, and nowhere else', async () => {
    const world = await World.open(open)
    const made = {
      ownerId: 'me',
      versioning: 'unversioned',
      quotaBytes: 5,
      quotaObjects: 6,
    } as const
    for (const ownership of ['ObjectWriter', 'BucketOwnerEnforced'] as const) {
      const id = newId<BucketId>(world.random)
      const hasAcls = ownership === 'ObjectWriter'
      const acl = hasAcls ? 'public-read' : 'private'
      const bucket = { ...made, id, name: ownership, ownership, acl } as const
      await world.done({ kind: 'create-bucket', bucket })
      const before = await world.index.bucket(id)
      check.deepEqual([before?.ownership, before?.acl, before?.quotaBytes], [ownership, acl, 5])
      await world.done({ kind: 'set-bucket-acl', bucketId: id, acl: 'public-read-write' })
      const after = { acl: hasAcls ? 'public-read-write' : 'private', generation: 2 }
      check.deepEqual(await world.index.bucket(id), { ...before, ...after })
      await world.done({ kind: 'set-versioning', bucketId: id, versioning: 'enabled' })
      check.equal((await world.index.bucket(id))?.acl, after.acl)
    }
    const gone = newId<BucketId>(world.random)
    const operation = { kind: 'set-bucket-acl', bucketId: gone, acl: 'public-read' } as const
    check.equal(refusal(await world.apply(operation)), 'no-such-bucket')
    await world.close()
  })

  test('a bucket with a version or a marker is not deleted; unfinished uploads do not hinder', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket('enabled')
    const uploadId = await world.createUpload(bucketId, 'u')
    await world.putPart(bucketId, 'u', uploadId, 1)
    await world.put(bucketId, 'k')
    const [marker] = await world.delete(bucketId, ['k'])
    const remove = (): Promise<string> =>
      world.apply({ kind: 'delete-bucket', bucketId }).then(refusal)
    check.equal(await remove(), 'bucket-not-empty')
    for (const { key, versionId } of (await world.versions(bucketId)).entries) {
      check.ok(versionId !== 'null')
      await world.delete(bucketId, [{ key, ifMatch: null, version: { kind: 'id', versionId } }])
    }
    check.ok(marker !== undefined)
    check.equal(await remove(), 'done')
    check.equal(await remove(), 'no-such-bucket')
    check.equal(refusal(await world.tryPut(bucketId, 'k')), 'no-such-bucket')
    await world.opened.sweep()
    check.equal((await world.index.extent(world.extentId))?.references, 0)
    check.equal(await world.index.upload(bucketId, 'u', uploadId), null)
    await world.close()
  })
}
