// A worker whose end was told can decide nothing any more, over whichever channel it comes.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { WriterId } from '../base/id.ts'
import { connectChannel, listenChannel } from '../platform/channel.ts'
import { openRpcClient, RpcError } from './rpc.ts'
import type { RpcClient } from './rpc.ts'
import { ConnectedWorkers, serveWriter } from './writer-socket.ts'
import type { WriterParts } from './writer-socket.ts'

const LIVING = 'living' as WriterId
const DEAD = 'dead' as WriterId
const CALLS: readonly (readonly [string, unknown])[] = [
  ['index', [{ kind: 'delete-object' }, 'commit']],
  ['directory', { kind: 'delete-bucket' }],
  ['lease', [DEAD, 'packed']],
  ['seal', 'extent'],
  ['sealAllOf', DEAD],
  ['placementStatus', null],
]

interface World {
  readonly workers: ConnectedWorkers
  /** What reached the writer's parts. */
  readonly carriedOut: string[]
  connect(): Promise<RpcClient>
}

async function openWorld(t: TestContext): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-writer-'))
  const path = join(folder, 'writer.sock')
  const carriedOut: string[] = []
  const part = new Proxy({}, { get: (_, name) => async () => void carriedOut.push(String(name)) })
  const parts = { index: part, directory: part, placement: part } as WriterParts
  const workers = new ConnectedWorkers()
  const server = await listenChannel(path, (channel) => serveWriter(channel, parts, workers))
  t.after(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })
  return { workers, carriedOut, connect: async () => openRpcClient(await connectChannel(path)) }
}

async function refusesAll(client: RpcClient): Promise<void> {
  for (const [method, argument] of CALLS) {
    await assert.rejects(client.call(method, argument), RpcError, method)
  }
}

test('who has not said who it is decides nothing', async (t) => {
  const { connect, carriedOut } = await openWorld(t)
  await refusesAll(await connect())
  assert.deepEqual(carriedOut, [])
})

test('a worker that is let in is served, under its own id alone', async (t) => {
  const { connect, carriedOut } = await openWorld(t)
  const client = await connect()
  await client.call('hello', LIVING)
  await client.call('index', [{}, 'commit'])
  await client.call('lease', [LIVING, 'packed'])
  await assert.rejects(client.call('lease', [DEAD, 'packed']), RpcError)
  assert.deepEqual(carriedOut, ['apply', 'lease'])
})

test('a worker whose end was told decides nothing, on its channel or a new one', async (t) => {
  const { connect, workers, carriedOut } = await openWorld(t)
  const zombie = await connect()
  await zombie.call('hello', DEAD)
  const other = await connect()
  await other.call('hello', LIVING)
  workers.end(DEAD)
  await refusesAll(zombie)
  const again = await connect()
  await assert.rejects(again.call('hello', DEAD), RpcError)
  await refusesAll(again)
  assert.deepEqual(carriedOut, [])
  await other.call('seal', 'extent')
  assert.deepEqual(carriedOut, ['seal'])
})

test('an end that is told before it ever came holds too', async (t) => {
  const { connect, workers, carriedOut } = await openWorld(t)
  workers.end(DEAD)
  const late = await connect()
  await assert.rejects(late.call('hello', DEAD), RpcError)
  await refusesAll(late)
  assert.deepEqual(carriedOut, [])
})

test('two channels of one worker are both cut at its end', async (t) => {
  const { connect, workers, carriedOut } = await openWorld(t)
  const [first, second] = [await connect(), await connect()]
  await first.call('hello', DEAD)
  await second.call('hello', DEAD)
  workers.end(DEAD)
  await refusesAll(first)
  await refusesAll(second)
  assert.deepEqual(carriedOut, [])
})
