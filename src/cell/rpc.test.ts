// What a served method throws: an operating error crosses as an answer, a defect reaches the
// process, which it ends, and is nobody's answer.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { assert as must, unreachable } from '../base/assert.ts'
import { PlacementError } from '../placement/placement.ts'
import type { Channel } from '../platform/channel.ts'
import { openRpcClient, RpcError, serveRpc } from './rpc.ts'
import type { RpcClient, RpcMethods } from './rpc.ts'

/** Two ends of a channel in memory. */
function channelPair(): readonly [Channel, Channel] {
  const receivers: ((value: unknown) => void)[] = []
  const closers: (() => void)[] = []
  const close = (): void => {
    for (const closed of closers.splice(0)) closed()
  }
  const end = (side: number): Channel => ({
    send: (value) => setImmediate(() => receivers[1 - side]?.(structuredClone(value))),
    onValue: (receive) => void (receivers[side] = receive),
    onClose: (closed) => void closers.push(closed),
    destroy: close,
    end: close,
  })
  return [end(0), end(1)]
}

function serve(methods: RpcMethods): RpcClient {
  const [near, far] = channelPair()
  serveRpc(far, methods)
  return openRpcClient(near)
}

/** What reaches this process unhandled while `act` runs: it would end any other. */
async function reaching(act: () => void): Promise<unknown> {
  const usual = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  try {
    const reached = once(process, 'unhandledRejection')
    act()
    const [error] = (await reached) as [unknown]
    return error
  } finally {
    process.removeAllListeners('unhandledRejection')
    for (const listener of usual) process.on('unhandledRejection', listener)
  }
}

test('results and progress cross, and what is not served is told', async () => {
  const notes: unknown[] = []
  const client = serve({
    double: async (value: number, note) => {
      note('begun')
      return 2 * value
    },
  })
  assert.equal(await client.call('double', 21, (note) => notes.push(note)), 42)
  assert.deepEqual(notes, ['begun'])
  await assert.rejects(client.call('toString', null), { name: 'RpcError', code: 'no-such-method' })
})

test('an operating error crosses as an answer, and the next call is served', async () => {
  const client = serve({
    fail: async () => {
      throw new PlacementError('full', 'the drive is full')
    },
    go: async () => 'on',
  })
  const crossed = await client.call('fail', null).catch((error: unknown) => error)
  assert.ok(crossed instanceof RpcError)
  assert.deepEqual(
    [crossed.kind, crossed.code, crossed.message],
    ['PlacementError', 'full', 'the drive is full'],
  )
  assert.equal(await client.call('go', null), 'on')
})

test('a defect reaches the process that served, and its caller gets no answer', async () => {
  const nothing: { readonly name: string }[] = []
  const defects: readonly (readonly [string, () => unknown])[] = [
    ['AssertionError', () => must(false, 'two and two are five')],
    ['AssertionError', () => unreachable('nowhere' as never)],
    ['TypeError', () => (nothing[0] as { readonly name: string }).name],
    ['RangeError', () => Buffer.alloc(1).writeUInt8(256)],
  ]
  for (const [name, act] of defects) {
    const client = serve({ act: async () => act() })
    let isAnswered = false
    const error = await reaching(() => {
      const answered = (): void => void (isAnswered = true)
      client.call('act', null).then(answered, answered)
    })
    assert.ok(error instanceof Error)
    assert.equal(error.name, name)
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
    assert.ok(!isAnswered, name)
  }
})

test('calls under way when the peer goes are told that nothing is known of them', async () => {
  const client = serve({ wait: () => new Promise(() => undefined) })
  const asked = client.call('wait', null)
  client.close()
  await assert.rejects(asked, { name: 'RpcError', kind: 'ChannelClosed' })
  await assert.rejects(client.call('wait', null), { name: 'RpcError', kind: 'ChannelClosed' })
})
