// Suite: pages of versions and uploads, wherever they begin. Source: S3.md, 36, 38 and 39.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import type { BucketId } from '../base/id.ts'
import type { ListVersionsRequest, VersionEntry, VersionSelector } from './object-index.ts'
import { World, listAll, type OpenIndex } from './suite-world.ts'

const KEYS = ['a', 'a/', 'a/b', 'a/b/c', 'a0', 'b', 'b//c', '\u{1f600}/x', '\uffff']

export function listVersionsTests(open: OpenIndex): void {
  for (const seed of [21, 22, 23]) {
    test(`pages of versions are those of a plain list, wherever they begin (seed ${seed})`, async () => {
      const world = await World.open(open, seed)
      const bucketId = await world.bucket()
      for (let round = 0; round < 8; round += 1) {
        await scramble(world, bucketId)
        const { entries: all } = await world.versions(bucketId)
        for (let page = 0; page < 60; page += 1) await checkPage(world, bucketId, all)
      }
      await world.close()
    })
  }

  test('a page that ends with a null version is the last when nothing is behind it', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket()
    await world.put(bucketId, 'k')
    await world.done({ kind: 'set-versioning', bucketId, versioning: 'enabled' })
    await world.put(bucketId, 'k')
    await world.delete(bucketId, ['k'])
    const page = await world.versions(bucketId, { limit: 3 })
    check.deepEqual([page.entries.length, page.isTruncated], [3, false])
    await world.put(bucketId, 'l')
    const next = await world.versions(bucketId, { limit: 3 })
    check.deepEqual([next.entries.length, next.isTruncated], [3, true])
    await world.close()
  })

  test('a marker whose key has another prefix brings nothing of that key', async () => {
    const { bucketId, version, world } = await withGoneVersion(open, 'a')
    await world.put(bucketId, 'b1')
    const page = await world.versions(bucketId, { prefix: 'b', after: 'a', afterVersion: version })
    check.deepEqual(
      page.entries.map(({ key }) => key),
      ['b1'],
    )
    await world.close()
  })

  test('a prefix is longer than any key, a marker too: no key has it, and it has its place', async () => {
    const world = await World.open(open)
    const bucketId = await world.bucket('enabled')
    const keys = ['x'.repeat(1024), `${'x'.repeat(1023)}y`, `${'x'.repeat(1023)}é`, 'y']
    const [, ...allowed] = keys.filter((key) => Buffer.byteLength(key) <= 1024)
    for (const key of [keys[0] ?? '', ...allowed]) {
      await world.put(bucketId, key)
      await world.createUpload(bucketId, key)
    }
    const [newest] = (await world.versions(bucketId)).entries
    check.ok(newest !== undefined)
    for (const long of ['x'.repeat(1025), 'x'.repeat(5000), `${'x'.repeat(1024)}/y`]) {
      for (const delimiter of ['', '/', 'x'.repeat(2000)]) {
        const request = { ...listAll(bucketId), delimiter, after: long }
        check.deepEqual(await world.names(bucketId, request), allowed)
        const afterVersion = selectorOf(newest)
        const page = await world.versions(bucketId, { ...request, afterVersion })
        check.deepEqual(
          page.entries.map(({ key }) => key),
          allowed,
        )
        const [upload] = (
          await world.index.listUploads({ ...listAll(bucketId), afterUploadId: null })
        ).entries
        const uploads = await world.index.listUploads({
          ...request,
          afterUploadId: upload?.uploadId ?? null,
        })
        check.deepEqual(
          uploads.entries.map(({ key }) => key),
          allowed,
        )
      }
      check.deepEqual(await world.names(bucketId, { prefix: long }), [])
      check.deepEqual((await world.versions(bucketId, { prefix: long })).entries, [])
    }
    await world.close()
  })

  test('a marker in a common prefix leaves all of the prefix behind', async () => {
    const { bucketId, version, world } = await withGoneVersion(open, 'p/1')
    await world.put(bucketId, 'p/2')
    await world.put(bucketId, 'q')
    const request = { delimiter: '/', after: 'p/1', afterVersion: version }
    const page = await world.versions(bucketId, request)
    check.deepEqual([page.entries.map(({ key }) => key), page.prefixes], [['q'], []])
    const uploadId = await world.createUpload(bucketId, 'p/1')
    await world.createUpload(bucketId, 'p/2')
    await world.createUpload(bucketId, 'q')
    const uploads = await world.index.listUploads({
      ...listAll(bucketId),
      delimiter: '/',
      after: 'p/1',
      afterUploadId: uploadId,
    })
    check.deepEqual([uploads.entries.map(({ key }) => key), uploads.prefixes], [['q'], []])
    await world.close()
  })

  test('whoever deletes page by page gets to each version, null versions between them', async () => {
    for (const limit of [1, 2, 3]) {
      const world = await World.open(open)
      const bucketId = await world.bucket()
      for (const key of ['k', 'l']) await world.put(bucketId, key)
      await world.done({ kind: 'set-versioning', bucketId, versioning: 'enabled' })
      for (const key of ['k', 'k', 'l']) await world.put(bucketId, key)
      await world.done({ kind: 'set-versioning', bucketId, versioning: 'suspended' })
      await world.delete(bucketId, ['k'])
      let last: VersionEntry | null = null
      for (let isTruncated = true; isTruncated;) {
        const page = await world.versions(bucketId, { limit, ...behind(last) })
        for (const entry of page.entries) await world.delete(bucketId, [named(entry)])
        last = page.entries.at(-1) ?? last
        isTruncated = page.isTruncated
      }
      check.deepEqual((await world.versions(bucketId)).entries, [], `pages of ${limit}`)
      await world.close()
    }
  })
}

/** A key whose newest version, which a marker names, has gone. */
async function withGoneVersion(open: OpenIndex, key: string) {
  const world = await World.open(open)
  const bucketId = await world.bucket('enabled')
  await world.put(bucketId, key)
  await world.put(bucketId, key)
  const [newest] = (await world.versions(bucketId)).entries
  check.ok(newest !== undefined)
  await world.delete(bucketId, [named(newest)])
  return { bucketId, version: selectorOf(newest), world }
}

function selectorOf({ versionId }: VersionEntry): VersionSelector {
  return versionId === 'null' ? { kind: 'null' } : { kind: 'id', versionId }
}

function named(entry: VersionEntry) {
  return { key: entry.key, version: selectorOf(entry), ifMatch: null }
}

function behind(last: VersionEntry | null): Pick<ListVersionsRequest, 'after' | 'afterVersion'> {
  if (last === null) return { after: null, afterVersion: null }
  return { after: last.key, afterVersion: selectorOf(last) }
}

/** Some writes and deletes of any kind. */
async function scramble(world: World, bucketId: BucketId): Promise<void> {
  const { random } = world
  for (let count = 0; count < 12; count += 1) {
    const key = random.pick(KEYS)
    const dice = random.below(10)
    if (dice < 5) await world.put(bucketId, key)
    else if (dice < 7) await world.delete(bucketId, [key])
    else if (dice < 8) {
      const versioning = random.pick(['enabled', 'suspended'] as const)
      await world.done({ kind: 'set-versioning', bucketId, versioning })
    } else {
      const { entries } = await world.versions(bucketId)
      if (entries.length > 0) await world.delete(bucketId, [named(random.pick(entries))])
    }
  }
}

async function checkPage(
  world: World,
  bucketId: BucketId,
  all: readonly VersionEntry[],
): Promise<void> {
  const { random } = world
  const marker = all.length === 0 ? null : random.pick([null, random.pick(all), random.pick(all)])
  const request = {
    prefix: random.pick(['', '', 'a', 'a/', 'b', '\u{1f600}', 'x']),
    delimiter: random.pick(['', '/', '//', 'b/']),
    limit: random.below(7),
    ...behind(marker),
    ...(random.below(3) === 0 ? { afterVersion: null } : {}),
  }
  const page = await world.versions(bucketId, request)
  const found = {
    entries: page.entries,
    prefixes: page.prefixes,
    isTruncated: page.isTruncated,
    last: page.last,
  }
  check.deepEqual(found, modelPage(all, request, marker), JSON.stringify(request))
}

type PageRequest = Omit<ListVersionsRequest, 'bucketId'>

/** The page by the rules of S3, from the whole list. */
function modelPage(
  all: readonly VersionEntry[],
  request: PageRequest,
  marker: VersionEntry | null,
): object {
  const { after, afterVersion, limit, prefix } = request
  const page = {
    entries: [] as VersionEntry[],
    prefixes: [] as string[],
    isTruncated: false,
    last: null as string | null,
  }
  if (limit === 0) return page
  const skipped = after === null || !after.startsWith(prefix) ? null : commonOf(after, request)
  const isBehind = (entry: VersionEntry, index: number): boolean => {
    if (after === null || marker === null) return true
    if (skipped !== null && entry.key.startsWith(skipped)) return false
    if (entry.key !== after) return compareText(entry.key, after) > 0
    return afterVersion !== null && index > all.indexOf(marker)
  }
  for (const [index, entry] of all.entries()) {
    if (!entry.key.startsWith(prefix) || !isBehind(entry, index)) continue
    const common = commonOf(entry.key, request)
    if (common !== null && page.prefixes.at(-1) === common) continue
    if (page.entries.length + page.prefixes.length === limit) return { ...page, isTruncated: true }
    if (common === null) page.entries.push(entry)
    else page.prefixes.push(common)
    page.last = common ?? entry.key
  }
  return page
}

function commonOf(key: string, { delimiter, prefix }: PageRequest): string | null {
  const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
  return at === -1 ? null : key.slice(0, at + delimiter.length)
}

function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
