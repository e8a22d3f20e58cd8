// Copies, and reading what has moved, is damaged or is gone.

import { strict as check } from 'node:assert'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { digestHex } from '../base/digest.ts'
import type { Location } from '../base/location.ts'
import { BLOB_REFERENCES_MAX, PART_SIZE_BYTES_MIN } from '../base/limits.ts'
import type { ChecksumAlgorithm, ObjectVersion } from '../object-index/object-index.ts'
import type { CopyRequest, Written } from './gateway.ts'
import { checksumOf, rejectsWith } from './suite-put.ts'
import type { OpenWorld } from './suite-put.ts'
import { longBytes, MIB, NEVER, OWNER_ID, TestBody } from './suite-world.ts'
import type { GatewayWorld } from './suite-world.ts'

function requestOf(world: GatewayWorld, version: ObjectVersion, key: string): CopyRequest {
  return {
    source: { bucket: world.bucket, version },
    bucket: world.bucket,
    key,
    condition: { kind: 'none' },
    draft: {
      ownerId: OWNER_ID,
      storageClass: 'STANDARD',
      headers: [],
      userMetadata: [],
      tags: [],
      acl: 'private',
    },
    checksumAlgorithm: null,
    signal: NEVER,
  }
}

async function copy(
  world: GatewayWorld,
  from: string,
  to: string,
  checksumAlgorithm: ChecksumAlgorithm | null = null,
): Promise<Written> {
  const request = requestOf(world, await world.find(from), to)
  return await world.gateway.copy({ ...request, checksumAlgorithm })
}

function locationsOf({ body }: ObjectVersion): readonly Location[] {
  return body.kind === 'blobs' ? body.locations : []
}

export function onlyLocation(version: ObjectVersion): Location {
  const [location] = locationsOf(version)
  check.ok(location !== undefined, 'it has a blob')
  return location
}

/** Moves a version's only blob elsewhere, as compaction does. */
export async function move(world: GatewayWorld, key: string): Promise<void> {
  const { store, bucket } = world
  const version = await world.find(key)
  const owner = { kind: 'object', bucketId: bucket.id, key, versionRandom: '0'.repeat(16) } as const
  const to = await store.write(owner, await world.read(version))
  const from = onlyLocation(version)
  await store.done({ kind: 'move-blob', from, to, writerId: store.writerId })
}

export function copyTests(open: OpenWorld): void {
  test('a copy names the same bytes, and a checksum of its own is of bytes that were copied', async () => {
    await using world = await open()
    const data = longBytes(world.store, MIB)
    await world.put('a', data)
    const same = await copy(world, 'a', 'b')
    check.equal(same.etag, digestHex('md5', data))
    check.deepEqual(locationsOf(await world.find('b')), locationsOf(await world.find('a')))
    const other = await copy(world, 'a', 'c', 'SHA256')
    check.ok(checksumOf('SHA256', data).equals(other.checksum?.value ?? Buffer.alloc(0)))
    check.notDeepEqual(locationsOf(await world.find('c')), locationsOf(await world.find('a')))
    for (const key of ['b', 'c']) check.ok((await world.get(key)).equals(data))
    check.equal(world.held.count, 0)
  })

  test('beyond its references a blob is copied', async () => {
    await using world = await open()
    await world.put('a', Buffer.from('bytes'))
    const first = onlyLocation(await world.find('a'))
    for (let count = 1; count < BLOB_REFERENCES_MAX; count++) await copy(world, 'a', `b${count}`)
    check.deepEqual(onlyLocation(await world.find(`b${BLOB_REFERENCES_MAX - 1}`)), first)
    await copy(world, 'a', 'last')
    check.notDeepEqual(onlyLocation(await world.find('last')), first)
    check.equal((await world.get('last')).toString(), 'bytes')
  })

  test('a source that moves before the commit is copied by reference all the same', async () => {
    await using world = await open()
    await world.put('a', Buffer.from('bytes'))
    const stale = await world.find('a')
    await move(world, 'a')
    await world.gateway.copy(requestOf(world, stale, 'b'))
    check.deepEqual(onlyLocation(await world.find('b')), onlyLocation(await world.find('a')))
  })

  test('a source that is replaced before the commit is copied as it was found', async () => {
    await using world = await open()
    await world.put('a', Buffer.from('old'))
    const stale = await world.find('a')
    await world.put('a', Buffer.from('new'))
    await world.gateway.copy(requestOf(world, stale, 'b'))
    check.equal((await world.get('b')).toString(), 'old')
  })

  test('a range of an object becomes a part', async () => {
    await using world = await open()
    const data = longBytes(world.store, PART_SIZE_BYTES_MIN + 2 * MIB)
    await world.put('a', data)
    const { condition: _c, body: _b, ...draft } = world.requestFor('b', new TestBody(data))
    const uploadId = await world.gateway.createUpload({
      ...draft,
      initiatorId: OWNER_ID,
      checksumAlgorithm: 'CRC32',
      checksumType: 'FULL_OBJECT',
    })
    const source = await world.find('a')
    const names = []
    for (const [partNumber, start, end] of [
      [1, 100_001, 100_001 + PART_SIZE_BYTES_MIN],
      [2, 0, 300_000],
    ] as const) {
      const range = { start, end }
      const part = { bucket: world.bucket, key: 'b', uploadId, partNumber, signal: NEVER }
      const { etag } = await world.gateway.copyPart({ ...part, source, range })
      names.push({ partNumber, etag, checksum: null, checksumAlgorithm: null })
    }
    const whole = Buffer.concat([
      data.subarray(100_001, 100_001 + PART_SIZE_BYTES_MIN),
      data.subarray(0, 300_000),
    ])
    await world.gateway.completeUpload({
      bucket: world.bucket,
      key: 'b',
      uploadId,
      condition: { kind: 'none' },
      parts: names,
      checksum: { algorithm: 'CRC32', value: checksumOf('CRC32', whole) },
      checksumType: null,
      sizeBytes: whole.length,
    })
    check.ok((await world.get('b')).equals(whole))
    check.equal(world.held.count, 0)
  })

  lostTests(open)
}

function lostTests(open: OpenWorld): void {
  for (const [name, sizeBytes] of [
    ['small', 1000],
    ['large', 3 * MIB],
  ] as const) {
    test(`${name}: bytes that moved since the look-up are read where they are now`, async () => {
      await using world = await open()
      const data = longBytes(world.store, sizeBytes)
      await world.put('a', data)
      const stale = await world.find('a')
      await move(world, 'a')
      await world.storage.removeExtent(onlyLocation(stale).extentId)
      check.ok((await world.read(stale, 10)).equals(data.subarray(10)))
      const nobodys = world.gateway.read(stale, { start: 0, end: 10 }, NEVER)
      await rejectsWith('unavailable', nobodys[Symbol.asyncIterator]().next())
      check.equal(world.held.count, 0)
    })

    test(`${name}: a version without its bytes is unavailable, and no shorter body`, async () => {
      await using world = await open()
      await world.put('a', longBytes(world.store, sizeBytes))
      const version = await world.find('a')
      await world.storage.removeExtent(onlyLocation(version).extentId)
      await rejectsWith('unavailable', world.read(version))
      await rejectsWith('unavailable', copy(world, 'a', 'b', 'SHA1'))
      const short = { ...version, sizeBytes: sizeBytes + 1 }
      await rejectsWith('unavailable', world.read(short))
      check.equal(world.held.count, 0)
    })

    test(`${name}: damaged bytes are an error, and a copy of them is none`, async () => {
      await using world = await open()
      const data = longBytes(world.store, sizeBytes)
      await world.put('a', data)
      const version = await world.find('a')
      await world.put('other', longBytes(world.store, sizeBytes))
      const { extentId, offset, headerSizeBytes } = onlyLocation(version)
      const path = join(world.store.options.folder, 'extents', extentId)
      const bytes = readFileSync(path)
      const at = offset + headerSizeBytes + sizeBytes - 100
      bytes.writeUInt8((bytes[at] ?? 0) ^ 4, at)
      writeFileSync(path, bytes)
      await rejectsWith('damaged', world.read(version))
      await rejectsWith('damaged', copy(world, 'a', 'b', 'SHA1'))
      check.ok(await world.isAbsent('b'))
      check.equal(world.held.count, 0)
    })
  }

  test('a reader that goes away in the middle gives its buffers back', async () => {
    await using world = await open()
    await world.put('a', longBytes(world.store, 5 * MIB))
    const version = await world.find('a')
    const range = { start: 0, end: version.sizeBytes }
    for await (const piece of world.gateway.read(version, range, NEVER, world.bucket.id)) {
      check.ok(piece.length > 0)
      check.ok(world.held.count > 0)
      break
    }
    check.equal(world.held.count, 0)
  })

  test('a version of more bytes than its blobs is damaged', async () => {
    await using world = await open()
    await world.put('a', Buffer.from('bytes'))
    const version = await world.find('a')
    await rejectsWith('damaged', world.read({ ...version, sizeBytes: 6 }))
  })
}
