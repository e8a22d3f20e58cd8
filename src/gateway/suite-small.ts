// Bodies of one block: the same bytes as `read` gives, kept once they were read, and errors kept
// never.

import { strict as check } from 'node:assert'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BLOCK_SIZE_BYTES } from '../base/limits.ts'
import type { ObjectVersion } from '../object-index/object-index.ts'
import { move, onlyLocation } from './suite-copy.ts'
import { rejectsWith } from './suite-put.ts'
import type { OpenWorld } from './suite-put.ts'
import { longBytes } from './suite-world.ts'
import type { GatewayWorld } from './suite-world.ts'

async function readSmall(world: GatewayWorld, version: ObjectVersion): Promise<Uint8Array | null> {
  return await world.gateway.readSmall(version, world.bucket.id)
}

export function smallTests(open: OpenWorld): void {
  test('a body of one block is read whole, a longer one is left to be read in pieces', async () => {
    await using world = await open()
    for (const sizeBytes of [0, 1, 4096, BLOCK_SIZE_BYTES]) {
      const data = longBytes(world.store, sizeBytes)
      await world.put('a', data)
      const version = await world.find('a')
      check.ok(data.equals((await readSmall(world, version)) ?? Buffer.from('none')))
      check.ok(data.equals((await readSmall(world, version)) ?? Buffer.from('none')), 'when kept')
    }
    await world.put('b', longBytes(world.store, BLOCK_SIZE_BYTES + 1))
    check.equal(await readSmall(world, await world.find('b')), null)
  })

  test('what was read once is not read again, and an overwritten key is another blob', async () => {
    await using world = await open()
    const [before, after] = [longBytes(world.store, 900), longBytes(world.store, 900)]
    await world.put('a', before)
    const old = await world.find('a')
    await readSmall(world, old)
    const kept = world.gateway.readSmall(old, world.bucket.id)
    check.ok(kept instanceof Uint8Array && before.equals(kept))
    await world.put('a', after)
    const next = world.gateway.readSmall(await world.find('a'), world.bucket.id)
    check.ok(next instanceof Promise)
    check.ok(after.equals((await next) ?? Buffer.from('none')))
  })

  test('what is kept is bounded, and the oldest goes', async () => {
    await using world = await open()
    const bodies = Array.from({ length: 40 }, () => longBytes(world.store, BLOCK_SIZE_BYTES))
    for (const [index, data] of bodies.entries()) await world.put(`k${index}`, data)
    for (const index of bodies.keys()) await readSmall(world, await world.find(`k${index}`))
    const first = world.gateway.readSmall(await world.find('k0'), world.bucket.id)
    check.ok(first instanceof Promise, 'it is read again')
    check.ok(bodies[0]?.equals((await first) ?? Buffer.from('none')))
    const last = world.gateway.readSmall(await world.find('k39'), world.bucket.id)
    check.ok(last instanceof Uint8Array, 'it is kept')
  })

  test('a damaged body is an error each time', async () => {
    await using world = await open()
    await world.put('a', longBytes(world.store, 3000))
    const version = await world.find('a')
    const { extentId, offset, headerSizeBytes } = onlyLocation(version)
    const path = join(world.store.options.folder, 'extents', extentId)
    const bytes = readFileSync(path)
    const at = offset + headerSizeBytes + 1500
    bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at)
    writeFileSync(path, bytes)
    await rejectsWith('damaged', readSmall(world, version))
    await rejectsWith('damaged', readSmall(world, version))
  })

  test('a body that moved is read where it is, one whose bytes are gone is unavailable', async () => {
    await using world = await open()
    const data = longBytes(world.store, 2000)
    await world.put('a', data)
    const stale = await world.find('a')
    await move(world, 'a')
    await world.storage.removeExtent(onlyLocation(stale).extentId)
    check.ok(data.equals((await readSmall(world, stale)) ?? Buffer.from('none')))
    await world.storage.removeExtent(onlyLocation(await world.find('a')).extentId)
    await rejectsWith('unavailable', readSmall(world, stale))
  })
}
