// Every bit of keys in a real file is flipped, also of those that lead searches through its pages:
// no read answers that a sound object is not there, and no list is shorter.

import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { BucketId } from '../base/id.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { openLmdbEngine, openLmdbReader } from '../engine/lmdb.ts'
import { currentKey } from './keys.ts'
import { ObjectIndexError, type ObjectIndexReader } from './object-index.ts'
import { openObjectIndexReader } from './object-index-reader.ts'
import { openObjectIndex } from './object-index-service.ts'
import { SeededRandom, World } from './suite-world.ts'

const KEYS = Array.from({ length: 60 }, (_, index) => `${'abc'[index % 3]}/key-${index + 10}`)
const DAMAGED = KEYS.filter((_, index) => index % 13 === 0)

const path = mkdtempSync(join(tmpdir(), 'holdfast-absence-'))
after(() => rmSync(path, { recursive: true, force: true }))

async function fill(): Promise<BucketId> {
  const clock = new ManualClock(1_700_000_000_000)
  const world = await World.open(async () => {
    const engine = await openLmdbEngine({ path, clock })
    const service = openObjectIndex({ engine, clock, random: new SeededRandom(7) })
    return {
      index: service,
      engine,
      sweep: async () => undefined,
      [Symbol.asyncDispose]: async () => {
        await service[Symbol.asyncDispose]()
        await engine[Symbol.asyncDispose]()
      },
    }
  })
  const bucketId = await world.bucket()
  for (const key of KEYS) await world.put(bucketId, key)
  await world.opened[Symbol.asyncDispose]()
  return bucketId
}

/** Offsets of these bytes in the index's file: in a record, in what leads to it, in old pages. */
function placesOf(file: Buffer, bytes: Buffer): number[] {
  const found: number[] = []
  for (let at = file.indexOf(bytes); at !== -1; at = file.indexOf(bytes, at + 1)) found.push(at)
  return found
}

/** What a read answers; 'damaged' where it says so. */
async function answer<T>(read: () => Promise<T>): Promise<T | 'damaged'> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof ObjectIndexError && cause.code === 'corrupt') return 'damaged'
    throw cause
  }
}

async function listAll(reader: ObjectIndexReader, bucketId: BucketId, limit: number) {
  const keys: string[] = []
  for (let last: string | null = null; ;) {
    const page = await reader.list({ bucketId, prefix: '', delimiter: '', after: last, limit })
    keys.push(...page.entries.map(({ key }) => key))
    assert.ok(keys.length <= KEYS.length, 'a list ends')
    if (!page.isTruncated) return keys
    last = page.last
  }
}

async function checkReads(reader: ObjectIndexReader, bucketId: BucketId, where: string) {
  let damagedCount = 0
  for (const key of KEYS) {
    const found = await answer(() => reader.lookup(bucketId, key, { kind: 'latest' }))
    assert.ok(found !== null, `${where}: ${key} is answered as not there`)
    if (found === 'damaged') damagedCount += 1
  }
  for (const limit of [7, 1000]) {
    const listed = await answer(() => listAll(reader, bucketId, limit))
    if (listed === 'damaged') damagedCount += 1
    else assert.deepEqual(listed, KEYS.toSorted(), `${where}: a list by ${limit}`)
  }
  for (const prefix of ['a/', 'b/', 'c/']) {
    const page = { bucketId, prefix, delimiter: '', after: null, limit: 1000 }
    const listed = await answer(() => reader.list(page))
    if (listed !== 'damaged') assert.equal(listed.entries.length, 20, `${where}: ${prefix}`)
    const versions = await answer(() => reader.listVersions({ ...page, afterVersion: null }))
    if (versions !== 'damaged') assert.equal(versions.entries.length, 20, `${where}: ${prefix}`)
  }
  return damagedCount
}

test('a flipped bit in a key never makes an object or an entry of a list go missing', async () => {
  const bucketId = await fill()
  const dataFile = join(path, 'data.mdb')
  await using engine = await openLmdbReader(path)
  const reader = openObjectIndexReader(engine)
  assert.equal(await checkReads(reader, bucketId, 'sound'), 0)
  const sound = readFileSync(dataFile)
  const file = openSync(dataFile, 'r+')
  let seenCount = 0
  for (const key of DAMAGED) {
    const bytes = currentKey(bucketId, key)
    for (const place of placesOf(sound, bytes)) {
      // The bucket's id is the same in all: some bytes of it stand for the rest.
      for (let at = 0; at < bytes.length; at += at < 17 ? 4 : 1) {
        for (const bit of [0, 4, 6]) {
          const byte = sound[place + at] ?? 0
          writeSync(file, Buffer.of(byte ^ (1 << bit)), 0, 1, place + at)
          const where = `${key}, byte ${at} at ${place}, bit ${bit}`
          if ((await checkReads(reader, bucketId, where)) > 0) seenCount += 1
          writeSync(file, Buffer.of(byte), 0, 1, place + at)
        }
      }
    }
  }
  closeSync(file)
  assert.ok(seenCount > 100, `${seenCount} flips were seen`)
  assert.equal(await checkReads(reader, bucketId, 'put back'), 0)
})
