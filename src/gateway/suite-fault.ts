// The gateway when what it stands on fails, at any call: nothing is lost that was acknowledged,
// nothing half is seen, every buffer comes back, and it goes on afterwards.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import type { UploadId } from '../base/id.ts'
import { QueueFullError } from '../base/queue.ts'
import { GatewayError } from './gateway.ts'
import { rejectsWith } from './suite-put.ts'
import type { OpenWorld } from './suite-put.ts'
import { failSite, MIB, longBytes, NEVER, OWNER_ID, TestBody } from './suite-world.ts'
import type { GatewayWorld, Hook } from './suite-world.ts'

/** Bodies by key: those acknowledged, and those of which the outcome was not told. */
interface Told {
  readonly done: Map<string, Buffer>
  readonly untold: Map<string, Buffer>
  readonly errors: unknown[]
}

/** One of each kind of write, one after another; each may fail. */
async function writeAll(world: GatewayWorld, signal: AbortSignal): Promise<Told> {
  const told: Told = { done: new Map(), untold: new Map(), errors: [] }
  const attempt = async (key: string, data: Buffer, act: () => Promise<unknown>) => {
    try {
      await act()
      told.done.set(key, data)
    } catch (error) {
      told.untold.set(key, data)
      told.errors.push(error)
    }
  }
  const { gateway, bucket, store } = world
  const small = Buffer.from(store.bytes(5000))
  const large = longBytes(store, MIB + 77)
  for (const [key, data] of [
    ['small', small],
    ['large', large],
  ] as const) {
    const request = world.requestFor(key, new TestBody(data), { signal })
    await attempt(key, data, () => gateway.put(request))
  }
  const draft = {
    ownerId: OWNER_ID,
    storageClass: 'STANDARD',
    headers: [],
    userMetadata: [],
    tags: [],
    acl: 'private' as const,
  }
  await attempt('copy', large, async () => {
    const version = await store.index.lookup(bucket.id, 'large', { kind: 'latest' })
    if (version === null) throw new GatewayError('no-such-key', '')
    const condition = { kind: 'none' } as const
    const source = { bucket, version }
    const checksumAlgorithm = 'SHA1'
    await gateway.copy({ source, bucket, key: 'copy', condition, draft, checksumAlgorithm, signal })
  })
  await attempt('upload', large, () => upload(world, large, signal))
  return told
}

async function upload(world: GatewayWorld, data: Buffer, signal: AbortSignal): Promise<void> {
  const { gateway, bucket } = world
  const key = 'upload'
  const { condition, body, ...draft } = world.requestFor(key, new TestBody(data), { signal })
  const uploadId: UploadId = await gateway.createUpload({
    ...draft,
    initiatorId: OWNER_ID,
    checksumAlgorithm: null,
    checksumType: null,
  })
  const { etag } = await gateway.putPart({ bucket, key, uploadId, partNumber: 1, body, signal })
  const parts = [{ partNumber: 1, etag, checksum: null, checksumAlgorithm: null }]
  const rest = { checksum: null, checksumType: null, sizeBytes: null }
  await gateway.completeUpload({ bucket, key, uploadId, condition, parts, ...rest })
}

/** What must hold after any failure. */
async function checkWorld(world: GatewayWorld, told: Told): Promise<void> {
  world.hook = () => undefined
  check.equal(world.held.count, 0, 'every buffer came back')
  for (const [key, data] of told.done) check.ok((await world.get(key)).equals(data), key)
  for (const [key, data] of told.untold) {
    if (!(await world.isAbsent(key))) check.ok((await world.get(key)).equals(data), key)
  }
  await world.put('after', Buffer.from('small'))
  const large = longBytes(world.store, MIB)
  await world.put('after-large', large)
  check.ok((await world.get('after-large')).equals(large))
}

async function atEachCall(
  open: OpenWorld,
  signalOf: (world: GatewayWorld) => { fail: Hook; signal: AbortSignal },
  isExpected: (error: unknown) => boolean,
): Promise<void> {
  let failures = 0
  for (let at = 0; ; at++) {
    await using world = await open()
    const { fail, signal } = signalOf(world)
    const counter = world.failAt(at, fail)
    const told = await writeAll(world, signal)
    for (const error of told.errors) check.ok(isExpected(error), `call ${at}: ${String(error)}`)
    failures += told.errors.length
    await checkWorld(world, told)
    if (counter.count <= at) break
  }
  check.ok(failures > 20, `only ${failures} failures were told`)
}

export function faultTests(open: OpenWorld): void {
  test('whatever call fails, what was acknowledged is whole and the gateway goes on', async () => {
    await atEachCall(
      open,
      () => ({ fail: failSite, signal: NEVER }),
      (error) =>
        error instanceof GatewayError &&
        ['unavailable', 'no-such-key', 'no-such-upload', 'lease-lost'].includes(error.code),
    )
  })

  test('wherever it is aborted, a write ends, is whole or absent, and holds nothing', async () => {
    const gone = new TypeError('gone')
    await atEachCall(
      open,
      () => {
        const abort = new AbortController()
        return { fail: () => abort.abort(gone), signal: abort.signal }
      },
      (error) => error === gone || (error instanceof GatewayError && error.code === 'no-such-key'),
    )
  })

  test('a commit whose fate is unknown is unavailable, never a success', async () => {
    await using world = await open()
    await world.put('k', Buffer.from('old'))
    for (const data of [Buffer.from('new'), longBytes(world.store, MIB)]) {
      world.hook = (site) => {
        if (site === 'index.applied') failSite(site)
      }
      await rejectsWith('unavailable', world.put('k', data))
      world.hook = () => undefined
      check.ok((await world.get('k')).equals(data), 'in truth it was done')
    }
  })

  test('too many who wait for a buffer are told to slow down', async () => {
    await using world = await open()
    world.hook = (site) => {
      if (site === 'disk.buffer') throw new QueueFullError('planted')
    }
    await rejectsWith('slow-down', world.put('k', longBytes(world.store, MIB)))
  })

  test('a drive short of room refuses bodies, one nearly full all but deletions', async () => {
    await using world = await open()
    const { store, gateway, bucket } = world
    const setFree = async (share: number): Promise<void> => {
      store.disk.setFree(share)
      await store.placement.runOnce(NEVER)
      await store.clock.advance(1001)
      await world.put('ask', Buffer.from('ask')).catch(() => undefined)
    }
    const data = Buffer.from('bytes')
    await world.put('a', data)
    const version = await world.find('a')
    const { condition, body, ...draft } = world.requestFor('b', new TestBody(data))
    const copy = () =>
      gateway.copy({
        condition,
        bucket,
        key: 'b',
        draft,
        signal: draft.signal,
        checksumAlgorithm: null,
        source: { bucket, version },
      })
    const begin = () =>
      gateway.createUpload({
        ...draft,
        initiatorId: OWNER_ID,
        checksumAlgorithm: null,
        checksumType: null,
      })
    await setFree(0.04)
    let taken = 0
    const unread = new TestBody(data, { before: () => void taken++ })
    await rejectsWith('storage-full', gateway.put(world.requestFor('c', unread)))
    check.equal(taken, 0, 'a refused body is not read')
    await copy()
    await begin()
    await setFree(0.01)
    await rejectsWith('storage-full', world.put('c', data))
    await rejectsWith('storage-full', copy())
    await rejectsWith('storage-full', begin())
    await setFree(0.5)
    await world.put('c', data)
    check.ok(body.sizeBytes === data.length)
  })
}
