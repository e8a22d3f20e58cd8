// Part of storage's suite: streams and readers at the same time, ended early, or out of buffers.

import assert from 'node:assert/strict'
import type { DiskBuffer } from '../base/disk.ts'
import { BUFFER_SIZE_BYTES_MAX, PIECE_SIZE_BYTES } from '../base/limits.ts'
import type { BlobStream } from './storage.ts'
import type { Outcome } from './suite-disk.ts'
import { coded, needed, pathOf, put, type Check, type World } from './suite-world.ts'

const ENDED = { name: 'AssertionError' }

export function checkStreams(check: Check): void {
  checkTaps(check)
  checkSyncs(check)
  checkEnds(check)
  checkReaders(check)
}

function checkTaps(check: Check): void {
  check('a tap sees all data once and in order, and the CRC is that of the data', async (world) => {
    const extentId = await world.extent()
    await using writer = await world.storage.openDirect(extentId, 64 * PIECE_SIZE_BYTES)
    const { header, data, trailer } = world.blob(PIECE_SIZE_BYTES + 77_777)
    const seen: Buffer[] = []
    const stream = writer.begin(header, (bytes) => seen.push(Buffer.from(bytes)))
    const plain = writer.begin(header)
    for (let at = 0; at < data.length; at += 12_345) {
      await stream.write(data.subarray(at, at + 12_345))
      await plain.write(data.subarray(at, at + 12_345))
    }
    stream.settle()
    assert.equal(Buffer.concat(seen).compare(data), 0)
    const settled = stream.crc32
    await stream.finish(trailer)
    await plain.finish(trailer)
    assert.equal(stream.crc32, settled)
    assert.equal(plain.crc32, settled, 'without a tap or settle it is the same')
  })
}

function checkSyncs(check: Check): void {
  check(
    'of one file one sync runs at a time, and covers what was written before',
    async (world) => {
      const extentId = await world.extent()
      await using writer = await world.storage.openDirect(extentId, 64 * PIECE_SIZE_BYTES)
      let noteAll = (): void => undefined
      const allWritten = new Promise<void>((resolve) => {
        noteAll = resolve
      })
      let writes = 0
      let running = 0
      let largest = 0
      let syncs = 0
      world.disk.onCall = async ({ what }): Promise<Outcome> => {
        writes += what === 'write' ? 1 : 0
        if (writes === 8) noteAll()
        if (what !== 'sync') return 'well'
        running += 1
        syncs += 1
        largest = Math.max(largest, running)
        if (syncs === 1) await allWritten
        for (let turn = 0; turn < 50; turn++) await world.disk.space() // the others come up
        running -= 1
        return 'well'
      }
      const blobs = Array.from({ length: 8 }, (_, index) => world.blob(1000 + index))
      const locations = await Promise.all(blobs.map(async (blob) => await put(writer, blob)))
      assert.equal(largest, 1)
      assert.ok(syncs < 8, `${syncs} syncs for 8 blobs`)
      await world.disk.losePower(world.random)
      world.reopen()
      for (const [index, location] of locations.entries()) {
        assert.deepEqual(await world.readAll(location), blobs[index]?.data)
      }
    },
  )

  check('a failed sync fails all who wait, is not repeated, and ends the extent', async (world) => {
    const extentId = await world.extent()
    await using writer = await world.storage.openDirect(extentId, 64 * PIECE_SIZE_BYTES)
    const started = writer.begin(world.blob(5).header)
    let syncs = 0
    world.disk.onCall = async ({ what }): Promise<Outcome> => {
      if (what !== 'sync') return 'well'
      syncs += 1
      for (let turn = 0; turn < 50; turn++) await world.disk.space()
      return 'fail'
    }
    const blobs = Array.from({ length: 4 }, (_, index) => world.blob(1000 + index))
    const results = await Promise.allSettled(blobs.map(async (blob) => await put(writer, blob)))
    for (const result of results) {
      assert.equal(result.status, 'rejected')
      coded('io')(result.status === 'rejected' && result.reason)
    }
    assert.equal(syncs, 1)
    world.disk.onCall = () => 'well'
    world.disk.calls = []
    assert.throws(() => writer.begin(world.blob(1).header), coded('io'))
    assert.equal(writer.freeBytes, 0)
    await started.write(world.blob(5).data)
    await assert.rejects(started.finish(world.blob(5).trailer), coded('io'))
    assert.deepEqual(
      world.disk.calls.filter(({ what }) => what === 'sync' || what === 'write'),
      [],
      'nothing is written behind it',
    )
  })
}

/** Takes every buffer of the pool, so that the next who asks waits. */
async function takeAll(world: World): Promise<DiskBuffer[]> {
  const taken: DiskBuffer[] = []
  for (;;) {
    const ended = new AbortController()
    const next = world.disk.buffer(BUFFER_SIZE_BYTES_MAX, ended.signal).catch(() => null)
    await Promise.resolve()
    ended.abort()
    const buffer = await next
    if (buffer === null) return taken
    taken.push(buffer)
  }
}

function checkEnds(check: Check): void {
  const started = async (world: World, sizeBytes: number): Promise<BlobStream> => {
    const writer = await world.storage.openDirect(await world.extent(), 64 * PIECE_SIZE_BYTES)
    return writer.begin(world.blob(sizeBytes).header)
  }

  check('a write that waits for a buffer ends when it is aborted', async (world) => {
    const stream = await started(world, 100)
    const taken = await takeAll(world)
    const ended = new AbortController()
    const waiting = stream.write(Buffer.alloc(100), ended.signal)
    ended.abort(new RangeError('enough'))
    await assert.rejects(waiting, { name: 'RangeError' })
    for (const buffer of taken) buffer.release()
    await assert.rejects(stream.write(Buffer.alloc(100)), { name: 'RangeError' })
    await assert.rejects(stream.finish(world.blob(0).trailer), { name: 'RangeError' })
    assert.equal(world.disk.buffersOut, 0)
  })

  check('a stream that is abandoned while a write waits gives all back', async (world) => {
    const stream = await started(world, 100)
    const taken = await takeAll(world)
    const waiting = stream.write(Buffer.alloc(100))
    await stream.abandon()
    for (const buffer of taken) buffer.release()
    await assert.rejects(waiting, coded('closed'))
    assert.equal(world.disk.buffersOut, 0)
  })

  check(
    'a stream ends once, and takes neither more nor less than it was begun for',
    async (world) => {
      const { trailer } = world.blob(0)
      const over = await started(world, 100)
      await assert.rejects(over.write(Buffer.alloc(101)), ENDED)
      await over.abandon()
      await over.abandon()
      await assert.rejects(over.write(Buffer.alloc(1)), ENDED)
      await assert.rejects(over.finish(trailer), ENDED)
      const under = await started(world, 100)
      await under.write(Buffer.alloc(99))
      await assert.rejects(under.finish(trailer), ENDED)
      assert.equal(world.disk.buffersOut, 0)
      const whole = await started(world, 100)
      await whole.write(Buffer.alloc(100))
      await whole.finish(trailer)
      world.disk.calls = []
      await assert.rejects(whole.finish(trailer), ENDED)
      assert.deepEqual(world.disk.calls, [])
    },
  )

  check('an empty blob may be given an empty piece, or none', async (world) => {
    const { trailer } = world.blob(0)
    const stream = await started(world, 0)
    await stream.write(Buffer.alloc(0))
    const location = await stream.finish(trailer)
    const none = await (await started(world, 0)).finish(trailer)
    for (const empty of [location, none]) {
      assert.equal((await world.storage.readWhole(empty)).length, 0)
      assert.equal(await world.storage.verify(empty), null)
    }
  })

  check('an abandoned stream leaves room that a scan passes over', async (world) => {
    const extentId = await world.extent()
    await using writer = await world.storage.openDirect(extentId, 64 * PIECE_SIZE_BYTES)
    const abandoned = writer.begin(world.blob(2 * PIECE_SIZE_BYTES).header)
    await abandoned.write(Buffer.alloc(1000))
    await abandoned.abandon()
    const half = world.blob(3 * PIECE_SIZE_BYTES)
    const flushed = writer.begin(half.header)
    await flushed.write(half.data.subarray(0, 2 * PIECE_SIZE_BYTES))
    await flushed.abandon()
    const location = await put(writer, world.blob(1000))
    const found = await world.scan(extentId)
    assert.deepEqual(
      found.map((entry) =>
        'kind' in entry ? entry : [entry.header.blobId, entry.trailer !== null],
      ),
      [
        [half.header.blobId, false],
        [needed((await world.storage.describe(location)).header.blobId), true],
      ],
    )
  })
}

function checkReaders(check: Check): void {
  const SIZE = 3 * PIECE_SIZE_BYTES + 100

  check('a reader that stops early gives its buffers back', async (world) => {
    const location = await world.writeOne('direct', world.blob(SIZE))
    for await (const piece of world.storage.read(location, { start: 0, end: SIZE })) {
      assert.ok(piece.length > 0)
      break
    }
    assert.equal(world.disk.buffersOut, 0)
  })

  check(
    'a reader that is aborted rejects with the reason and gives its buffers back',
    async (w) => {
      const location = await w.writeOne('direct', w.blob(SIZE))
      for (const afterPieces of [0, 1, 2, 3]) {
        const ended = new AbortController()
        const reading = w.storage.read(location, { start: 0, end: SIZE }, ended.signal)
        const pieces = reading[Symbol.asyncIterator]()
        for (let count = 0; count < afterPieces; count++) await pieces.next()
        ended.abort(new RangeError('enough'))
        await assert.rejects(async () => await pieces.next(), { name: 'RangeError' })
        assert.equal(w.disk.buffersOut, 0)
      }
    },
  )

  check('many at once read and write beside each other', async (world) => {
    const blob = world.blob(SIZE)
    const extentId = await world.extent()
    await using writer = await world.storage.openDirect(extentId, 256 * PIECE_SIZE_BYTES)
    const first = await put(writer, blob)
    await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        if (index % 2 === 0) {
          assert.equal(blob.data.compare(await world.readAll(first)), 0)
          return
        }
        const location = await put(writer, blob, 250_000)
        assert.equal(blob.data.compare(await world.readAll(location)), 0)
      }),
    )
    assert.equal((await world.finished(extentId)).length, 21)
    assert.ok(world.disk.calls.some(({ path }) => path === pathOf(extentId)))
  })
}
