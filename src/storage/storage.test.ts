// Storage on the machine's own disk: the suite, and what its files let a test forge.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { PIECE_SIZE_BYTES } from '../base/limits.ts'
import { openDisk } from '../platform/disk.ts'
import { encodeHeader, headerSizeOf } from './blob-header.ts'
import { TRAILER_SIZE_BYTES } from './blob-layout.ts'
import { encodeTrailer } from './blob-trailer.ts'
import { seedOfExtent } from './place-crc.ts'
import { openStorage } from './storage-service.ts'
import { storageSuite } from './storage-suite.ts'
import { coded, pathOf, World, type StorageHarness } from './suite-world.ts'

async function open(): Promise<StorageHarness> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-storage-'))
  return {
    disk: openDisk(folder),
    open: (disk, clock) => openStorage({ disk, clock }),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

storageSuite('service', open)

test('a sound trailer that tells of another size is of another record', async () => {
  const world = new World(await open())
  const location = await world.writeOne('packed', world.blob(10))
  const { extentId, checksum } = location
  const offset = location.offset + location.headerSizeBytes + 10 + 4
  const bytes = Buffer.alloc(TRAILER_SIZE_BYTES)
  const empty = { md5: Buffer.alloc(0), checksumAlgorithm: 0, checksum: Buffer.alloc(0) }
  const place = { extentSeed: seedOfExtent(extentId), offset }
  const file = await world.disk.open(pathOf(extentId), 'append')
  for (const dataSizeBytes of [10, 11]) {
    encodeTrailer({ ...empty, dataSizeBytes, blobChecksum: checksum }, place, bytes, 0)
    await file.write([bytes], offset)
    const isItsOwn = dataSizeBytes === 10
    assert.deepEqual(await world.finished(extentId), isItsOwn ? [location] : [])
    assert.equal((await world.storage.verify(location)) === null, isItsOwn)
    if (isItsOwn) await world.storage.readWhole(location)
    else await assert.rejects(world.storage.readWhole(location), coded('damaged'))
  }
  await file.close()
  await world.close()
  await world.remove()
})

test('a record that a client made up within an unfinished blob is not taken for one', async () => {
  const world = new World(await open())
  const extentId = await world.extent()
  const writer = await world.storage.openDirect(extentId, 64 * PIECE_SIZE_BYTES)
  const { header, data } = world.blob(2 * PIECE_SIZE_BYTES)
  const stream = writer.begin(header)
  const at = headerSizeOf(header) + 4096 // where it will lie: even its place is right
  const forged = Buffer.alloc(1000)
  const extentSeed = seedOfExtent(extentId)
  const made = { ...world.blob(0).header, metadata: Buffer.from('forged') }
  const end = encodeHeader(made, { extentSeed, offset: at }, forged, 0)
  const empty = { md5: Buffer.alloc(0), checksumAlgorithm: 0, checksum: Buffer.alloc(0) }
  const trailer = { ...empty, dataSizeBytes: 0, blobChecksum: 0 }
  encodeTrailer(trailer, { extentSeed, offset: at + end }, forged, end)
  forged.copy(data, 4096, 0, end + TRAILER_SIZE_BYTES)
  await stream.write(data)
  await stream.abandon()
  await writer[Symbol.asyncDispose]()
  const forgedAt = {
    extentId,
    offset: at,
    headerSizeBytes: end,
    dataSizeBytes: 0,
    checksum: 0,
  }
  assert.equal(await world.storage.verify(forgedAt), null, 'it is made up well')
  const found = await world.scan(extentId)
  assert.deepEqual(
    found.map((entry) => 'header' in entry && [entry.header.blobId, entry.trailer]),
    [[header.blobId, null]],
  )
  await world.close()
  await world.remove()
})
