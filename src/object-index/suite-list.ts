// Suite: pages of keys, versions and uploads. Source: S3.md, 3 and 36 to 39.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import type { BucketId } from '../base/id.ts'
import type { VersionEntry, VersionSelector } from './object-index.ts'
import { modelPage } from './s3-model.ts'
import { listVersionsTests } from './suite-list-versions.ts'
import { SeededRandom, World, listAll, type OpenIndex } from './suite-world.ts'

export function listTests(open: OpenIndex): void {
  test('a random set of keys lists as a sorted model does, whatever prefix, delimiter and marker', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket()
    const random = new SeededRandom(7)
    const letters = ['a', 'b', '/', '//', '-', '\u{e000}', '\u{1f600}', 'é', '\uffff', ' ']
    const word = (length: number): string =>
      Array.from({ length: random.below(length) }, () => random.pick(letters)).join('')
    const keys = [
      ...new Set(Array.from({ length: 150 }, () => random.pick(letters) + word(5))),
    ].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    for (const key of keys) await world.put(bucketId, key)
    for (let round = 0; round < 600; round += 1) {
      const request = {
        prefix: word(3),
        delimiter: random.pick(['', '/', '//', 'a/', '\u{1f600}']),
        after: random.pick([null, word(5), random.pick(keys)]),
        limit: random.below(12),
      }
      const page = await world.index.list({ bucketId, ...request })
      const { keys: names, prefixes, isTruncated } = modelPage(keys, request)
      check.deepEqual(
        {
          names: page.entries.map(({ key }) => key),
          prefixes: page.prefixes,
          isTruncated: page.isTruncated,
        },
        { names, prefixes, isTruncated },
        JSON.stringify(request),
      )
    }
    await world.close()
  })

  test('a whole walk in pages of any size returns each key and prefix once', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket()
    for (const a of ['p', 'q', 'photos']) {
      for (let at = 0; at < 7; at += 1) await world.put(bucketId, `${a}/${at}`)
      await world.put(bucketId, a)
    }
    for (const limit of [1, 2, 3, 5, 1000]) {
      const seen: string[] = []
      let after: string | null = null
      for (;;) {
        const page = await world.index.list({ ...listAll(bucketId), delimiter: '/', after, limit })
        seen.push(...page.entries.map(({ key }) => key), ...page.prefixes)
        after = page.last
        if (!page.isTruncated) break
        check.ok(page.entries.length + page.prefixes.length === limit)
      }
      check.deepEqual(seen.sort(), ['p', 'p/', 'photos', 'photos/', 'q', 'q/'])
    }
    await world.close()
  })

  test('a prefix without a current object under it does not show', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket('enabled')
    await world.put(bucketId, 'gone/a')
    await world.delete(bucketId, ['gone/a'])
    check.deepEqual((await world.index.list({ ...listAll(bucketId), delimiter: '/' })).prefixes, [])
    check.deepEqual((await world.versions(bucketId, { delimiter: '/' })).prefixes, ['gone/'])
    await world.close()
  })

  test('U+0000 in a prefix, delimiter or marker matches no key', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket('enabled')
    for (const key of ['a', 'a', 'b']) await world.put(bucketId, key)
    check.deepEqual((await world.versions(bucketId, { prefix: 'a\0' })).entries, [])
    check.deepEqual((await world.versions(bucketId, { delimiter: '\0' })).prefixes, [])
    check.deepEqual(
      (await world.versions(bucketId, { after: 'a\0' })).entries.map(({ key }) => key),
      ['b'],
    )
    check.deepEqual(await world.names(bucketId, { after: 'a\0z' }), ['b'])
    await world.close()
  })

  versionPages(open)
  uploadPages(open)
  listVersionsTests(open)
}

function versionPages(open: OpenIndex): void {
  test('versions page within a key, newest first, with one latest each', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket()
    for (const key of ['a', 'b', 'x/1', 'x/2']) await world.put(bucketId, key)
    await world.done({ kind: 'set-versioning', bucketId, versioning: 'enabled' })
    for (const key of ['a', 'a', 'b', 'c', 'x/1']) await world.put(bucketId, key)
    await world.delete(bucketId, ['b', 'x/2'])
    const all = (await world.versions(bucketId)).entries
    check.equal(all.length, 11)
    check.equal(all.filter(({ isLatest }) => isLatest).length, 5)
    for (const limit of [1, 2, 3, 4, 11]) {
      check.deepEqual(await walk(world, bucketId, limit), all, `pages of ${limit}`)
    }
    const page = await world.versions(bucketId, { delimiter: '/', limit: 8 })
    check.deepEqual([page.prefixes, page.isTruncated, page.last], [['x/'], false, 'x/'])
    await world.close()
  })

  test('a page goes on behind a version that has gone, and names the latest right', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket('enabled')
    for (let at = 0; at < 4; at += 1) await world.put(bucketId, 'k')
    const [newest, ...rest] = (await world.versions(bucketId)).entries
    check.ok(newest !== undefined && newest.versionId !== 'null')
    const version: VersionSelector = { kind: 'id', versionId: newest.versionId }
    await world.delete(bucketId, [{ key: 'k', version, ifMatch: null }])
    const page = await world.versions(bucketId, { after: 'k', afterVersion: version })
    check.deepEqual(
      page.entries.map(({ versionId }) => versionId),
      rest.map(({ versionId }) => versionId),
    )
    check.deepEqual(
      page.entries.map(({ isLatest }) => isLatest),
      [true, false, false],
    )
    await world.close()
  })
}

async function walk(world: World, bucketId: BucketId, limit: number): Promise<VersionEntry[]> {
  const seen: VersionEntry[] = []
  for (;;) {
    const last = seen.at(-1)
    const afterVersion: VersionSelector | null =
      last === undefined
        ? null
        : last.versionId === 'null'
          ? { kind: 'null' }
          : { kind: 'id', versionId: last.versionId }
    const page = await world.versions(bucketId, { limit, after: last?.key ?? null, afterVersion })
    seen.push(...page.entries)
    if (!page.isTruncated) return seen
    check.equal(page.entries.length, limit)
  }
}

function uploadPages(open: OpenIndex): void {
  test('uploads list by key, then by initiation, in pages', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket()
    const ids: string[] = []
    for (const key of ['a', 'a', 'b', 'd/1', 'd/2', 'a']) {
      ids.push(await world.createUpload(bucketId, key))
    }
    const request = { ...listAll(bucketId), afterUploadId: null }
    const page = await world.index.listUploads(request)
    check.deepEqual(
      page.entries.map(({ key }) => key),
      ['a', 'a', 'a', 'b', 'd/1', 'd/2'],
    )
    check.deepEqual(
      page.entries.slice(0, 2).map(({ uploadId }) => uploadId),
      ids.slice(0, 2),
    )
    const folded = await world.index.listUploads({ ...request, delimiter: '/', limit: 5 })
    check.deepEqual(
      [folded.entries.length, folded.prefixes, folded.isTruncated],
      [4, ['d/'], false],
    )
    const [first, second] = page.entries
    check.ok(first !== undefined && second !== undefined)
    const next = await world.index.listUploads({
      ...request,
      after: 'a',
      limit: 1,
      afterUploadId: first.uploadId,
    })
    check.deepEqual(
      [next.entries.map(({ uploadId }) => uploadId), next.isTruncated],
      [[second.uploadId], true],
    )
    const behind = await world.index.listUploads({ ...request, after: 'a' })
    check.deepEqual(
      behind.entries.map(({ key }) => key),
      ['b', 'd/1', 'd/2'],
    )
    await world.close()
  })
}
