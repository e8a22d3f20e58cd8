// What the router keeps of the directory is never older than the directory's generation.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BucketId } from '../base/id.ts'
import { newId } from '../base/id.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { openDirectory } from '../directory/directory-service.ts'
import type { Directory, DirectoryReader } from '../directory/directory.ts'
import { openMemoryEngine } from '../engine/memory.ts'
import { SeededRandom } from '../object-index/suite-world.ts'
import { DirectoryCache } from './directory-cache.ts'

const random = new SeededRandom(1)

interface World {
  readonly directory: Directory
  readonly cache: DirectoryCache
  /** Reads beside those of the generation, so far. */
  readonly reads: { count: number }
  /** Awaited before the next read of a name or a key. */
  readonly gate: { before: (() => Promise<void>) | null }
}

async function open(): Promise<World> {
  const engine = openMemoryEngine({ clock: new ManualClock(1_700_000_000_000) })
  await engine.takeEpoch()
  const directory = openDirectory({ engine, random })
  const account = { id: 'a', displayName: 'a', email: '', isRoot: false }
  assert.equal(await directory.apply({ kind: 'add-account', account }), 'done')
  const reads = { count: 0 }
  const gate: World['gate'] = { before: null }
  const read = async <T>(from: () => Promise<T>): Promise<T> => {
    reads.count += 1
    const found = await from()
    const { before } = gate
    gate.before = null
    await before?.()
    return found
  }
  const reader: DirectoryReader = new Proxy<DirectoryReader>(directory, {
    get: (target, name) => {
      if (name === 'bucketByName')
        return async (text: string) => await read(() => target.bucketByName(text))
      if (name === 'accessKey')
        return async (text: string) => await read(() => target.accessKey(text))
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { directory, cache: new DirectoryCache(reader), reads, gate }
}

async function addKey({ directory }: World, accessKeyId: string, secretKey: string): Promise<void> {
  const key = { accessKeyId, secretKey, accountId: 'a' }
  assert.equal(await directory.apply({ kind: 'add-key', key }), 'done')
}

async function claim({ directory }: World, name: string): Promise<BucketId> {
  const bucketId = newId<BucketId>(random)
  const outcome = await directory.apply({ kind: 'claim-name', name, bucketId, ownerId: 'a' })
  assert.equal(outcome, 'done')
  return bucketId
}

test('what was found is read once, until the directory changes', async () => {
  const world = await open()
  const { cache, reads } = world
  await addKey(world, 'AK1', 'secret')
  const bucketId = await claim(world, 'one')
  for (let ask = 0; ask < 3; ask++) {
    const { credential, name } = await cache.find('AK1', 'one')
    assert.equal(credential?.key.secretKey, 'secret')
    assert.equal(name?.bucketId, bucketId)
  }
  assert.equal(reads.count, 2)
  await claim(world, 'two')
  await cache.find('AK1', 'one')
  assert.equal(reads.count, 4)
  assert.deepEqual(await cache.find(null, null), { credential: null, name: null })
  assert.equal(reads.count, 4)
})

test('a key or a name that goes is gone at the next request', async () => {
  const world = await open()
  const { cache, directory } = world
  await addKey(world, 'AK1', 'old')
  const bucketId = await claim(world, 'one')
  await cache.find('AK1', 'one')
  await directory.apply({ kind: 'remove-key', accessKeyId: 'AK1' })
  assert.equal((await cache.find('AK1', null)).credential, null)
  await addKey(world, 'AK1', 'new')
  assert.equal((await cache.find('AK1', null)).credential?.key.secretKey, 'new')
  await directory.apply({ kind: 'mark-deleting', name: 'one', bucketId })
  await directory.apply({ kind: 'release-name', name: 'one', bucketId })
  assert.equal((await cache.find(null, 'one')).name, null)
  const again = await claim(world, 'one')
  assert.equal((await cache.find(null, 'one')).name?.bucketId, again)
})

test('absence is never kept', async () => {
  const world = await open()
  const { cache, reads } = world
  for (let ask = 0; ask < 3; ask++) {
    assert.deepEqual(await cache.find('none', 'none'), { credential: null, name: null })
  }
  assert.equal(reads.count, 6)
})

test('an answer that comes late neither fills the cache nor clears it', async () => {
  const world = await open()
  const { cache, gate, directory, reads } = world
  await addKey(world, 'AK1', 'old')
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  gate.before = async () => await released
  const late = cache.find('AK1', null) // has read the old key, and is held
  while (reads.count === 0) await Promise.resolve()
  await directory.apply({ kind: 'remove-key', accessKeyId: 'AK1' })
  await addKey(world, 'AK1', 'new')
  assert.equal((await cache.find('AK1', null)).credential?.key.secretKey, 'new')
  release()
  assert.equal((await late).credential?.key.secretKey, 'old') // as of when it asked
  assert.equal((await cache.find('AK1', null)).credential?.key.secretKey, 'new')
  assert.equal(reads.count, 2)
})
