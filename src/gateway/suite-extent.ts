// The extents that a gateway fills: leased ahead, given up when full, lost or broken, sealed when
// all in them is settled; and the memory of many bodies at once.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import type { ExtentId } from '../base/id.ts'
import { BLOB_SIZE_BYTES_MAX, BUFFER_POOL_SIZE_BYTES } from '../base/limits.ts'
import { rejectsWith } from './suite-put.ts'
import type { OpenWorld } from './suite-put.ts'
import { failSite, longBytes, MIB, NEVER, OWNER_ID, TestBody } from './suite-world.ts'
import type { GatewayWorld } from './suite-world.ts'

/** A drive so small that a packed extent holds 8 MiB and a direct one a single large blob. */
async function shrink({ store }: GatewayWorld): Promise<void> {
  store.disk.size = { totalBytes: 256 * MIB, freeBytes: 250 * MIB }
  await store.placement.runOnce(NEVER)
}

/** Seals what the gateway fills, as a writer process does that replaces another. */
async function loseLeases(world: GatewayWorld): Promise<readonly ExtentId[]> {
  const open = await world.openExtents()
  for (const extentId of open) await world.store.done({ kind: 'seal-extent', extentId })
  return open
}

/** Waits in the middle of bodies until all have come so far. */
class Gate {
  readonly #opened: Promise<void>
  #open: () => void = () => undefined
  #reached = 0
  #onReached: () => void = () => undefined
  readonly #wanted: number
  readonly allReached: Promise<void>

  constructor(wanted: number) {
    this.#wanted = wanted
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
    this.allReached = new Promise((resolve) => {
      this.#onReached = resolve
    })
  }

  async wait(): Promise<void> {
    if (++this.#reached === this.#wanted) this.#onReached()
    await this.#opened
  }

  open(): void {
    this.#open()
  }
}

export function extentTests(open: OpenWorld): void {
  test('an extent that is full is followed by the next, and sealed', async () => {
    await using world = await open()
    await shrink(world)
    const data = Buffer.from(world.store.bytes(250_000))
    const keys = Array.from({ length: 100 }, (_, at) => `k${at}`)
    await Promise.all(keys.map((key) => world.put(key, data)))
    for (const key of keys) check.ok((await world.get(key)).equals(data))
    const used = new Set<string>()
    for (const key of keys) {
      const { body } = await world.find(key)
      if (body.kind === 'blobs') for (const { extentId } of body.locations) used.add(extentId)
    }
    check.ok(used.size >= 4, `${used.size} extents`)
    const left = await world.openExtents()
    check.ok(left.length <= 2, `${left.length} are open: the one being filled and the next`)
  })

  test('many large bodies begun at once all get room, one extent each', async () => {
    await using world = await open()
    await shrink(world)
    const count = 30
    const gone = new TypeError('gone')
    const gate = new Gate(count)
    const puts = Array.from({ length: count }, (_, at) => {
      const before = async (): Promise<void> => {
        await gate.wait()
        throw gone
      }
      const body = new TestBody(Buffer.alloc(0), { sizeBytes: BLOB_SIZE_BYTES_MAX, before })
      return check.rejects(world.gateway.put(world.requestFor(`k${at}`, body)), gone)
    })
    await Promise.race([gate.allReached, Promise.all(puts)])
    gate.open()
    await Promise.all(puts)
  })

  test('a small body outlives the loss of all leases, a large one is refused', async () => {
    await using world = await open()
    await shrink(world)
    const data = Buffer.from(world.store.bytes(250_000))
    for (let at = 0; at < 30; at++) await world.put(`k${at}`, data) // over 70 %: one is leased ahead
    check.equal((await loseLeases(world)).length, 2)
    await world.put('small', data)
    check.ok((await world.get('small')).equals(data))
    const large = longBytes(world.store, MIB)
    await world.put('large', large)
    check.equal((await loseLeases(world)).length, 2)
    await rejectsWith('lease-lost', world.put('lost', large))
    check.ok(await world.isAbsent('lost'))
    await world.put('large again', large)
    check.ok((await world.get('large again')).equals(large))
  })

  test('with placement down, writing goes on in what was leased before', async () => {
    await using world = await open()
    await shrink(world)
    const data = Buffer.from(world.store.bytes(250_000))
    for (let at = 0; at < 25; at++) await world.put(`k${at}`, data)
    world.hook = (site) => {
      if (site.startsWith('placement.')) failSite(site)
    }
    let written = 0
    const last = async (): Promise<void> => {
      for (; written < 100; written++) await world.put(`more${written}`, data)
    }
    await rejectsWith('unavailable', last())
    check.ok(written >= 33 && written < 50, `${written} fitted: one rest and a whole extent`)
    world.hook = () => undefined
    await world.put('later', data)
  })

  test('an extent that is given up is sealed only behind the commits of what is in it', async () => {
    await using world = await open()
    await shrink(world)
    const sites: string[] = []
    let isHeld = false
    world.hook = async (site) => {
      if (site === 'placement.seal' || site === 'index.applied') sites.push(site)
      if (site !== 'index.apply' || isHeld) return
      isHeld = true // one that fits no more comes between the bytes and their commit
      const gone = new TypeError('gone')
      const before = (): void => {
        throw gone
      }
      const body = new TestBody(Buffer.alloc(0), { sizeBytes: BLOB_SIZE_BYTES_MAX, before })
      await check.rejects(world.gateway.put(world.requestFor('other', body)), gone)
      for (let turn = 0; turn < 20; turn++) await world.store.disk.list('')
      check.deepEqual(sites, [])
    }
    const data = longBytes(world.store, MIB)
    await world.put('k', data)
    check.equal(sites[0], 'index.applied')
    check.ok((await world.get('k')).equals(data))
  })

  test('closing waits for what is being written, and seals', async () => {
    const world = await open()
    const gate = new Gate(1)
    let isWritten = false
    const body = new TestBody(longBytes(world.store, MIB), {
      before: async (at) => {
        if (at === 131_072) await gate.wait()
      },
    })
    const put = world.gateway.put(world.requestFor('k', body)).then(() => {
      isWritten = true
    })
    await gate.allReached
    const closed = world.gateway[Symbol.asyncDispose]().then(() => {
      check.ok(isWritten, 'it closed behind the write')
    })
    const again = world.gateway[Symbol.asyncDispose]()
    await rejectsWith('unavailable', world.put('other', Buffer.from('x')))
    gate.open()
    await Promise.all([put, closed, again])
    check.deepEqual(await world.openExtents(), [])
    check.equal((await world.get('k')).length, MIB)
    await world[Symbol.asyncDispose]()
  })

  memoryTests(open)
}

function memoryTests(open: OpenWorld): void {
  test('200 slow uploads hold no more than the pool, and each goes on', async () => {
    await using world = await open()
    const count = 200
    const gone = new TypeError('gone')
    const middle = new Gate(count)
    const data = longBytes(world.store, 8 * MIB)
    const puts = Array.from({ length: count }, async (_, at) => {
      const before = async (taken: number): Promise<void> => {
        if (taken === MIB + 65_536) await middle.wait()
        if (taken > MIB + 65_536 && at >= 4) throw gone
      }
      await world.put(`k${at}`, data, { before }).catch((error: unknown) => {
        check.equal(error, gone)
      })
    })
    await middle.allReached
    check.ok(world.held.count >= count - 63, 'most are in the middle of a buffer')
    check.ok(world.held.bytesMost <= BUFFER_POOL_SIZE_BYTES, `${world.held.bytesMost} bytes`)
    // One that waits behind none of them still gets through.
    await world.put('quick', data)
    middle.open()
    await Promise.all(puts)
    check.equal(world.held.count, 0)
    check.ok(world.held.bytesMost <= BUFFER_POOL_SIZE_BYTES, `${world.held.bytesMost} bytes`)
    for (const key of ['k0', 'k3', 'quick']) check.ok((await world.get(key)).equals(data))
    check.ok(await world.isAbsent('k4'))
  })

  test('many copies of bytes at once do not wait for one another', async () => {
    await using world = await open()
    const count = 700 // far more than the pool has pieces
    const data = longBytes(world.store, 2 * MIB)
    await world.put('a', data)
    const source = await world.find('a')
    const { condition: _c, body: _b, ...draft } = world.requestFor('b', new TestBody(data))
    const begun = { initiatorId: OWNER_ID, checksumAlgorithm: null, checksumType: null }
    const uploadId = await world.gateway.createUpload({ ...draft, ...begun })
    const parts = Array.from({ length: count }, (_, at) => {
      const range = { start: at, end: 400_000 + at }
      const part = { bucket: world.bucket, key: 'b', uploadId, partNumber: at + 1, signal: NEVER }
      return world.gateway.copyPart({ ...part, source, sourceBucketId: world.bucket.id, range })
    })
    check.equal((await Promise.all(parts)).length, count)
    check.equal(world.held.count, 0)
    check.ok(world.held.bytesMost <= BUFFER_POOL_SIZE_BYTES)
  })
}
