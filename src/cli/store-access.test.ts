// How a command comes by a store that is neither served nor free when it is asked.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { serveRpc } from '../cell/rpc.ts'
import { StoreInUse } from '../cell/store-folder.ts'
import { listenChannel, type ChannelServer } from '../platform/channel.ts'
import { reachStore } from './store-access.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-reach-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('a store whose writer is being replaced is reached when that stands, not called in use', async (t) => {
  let successor: ChannelServer | null = null
  t.after(async () => await successor?.close())
  const users = await reachStore(
    folder,
    async (admin) => await admin.listUsers(),
    async () => {
      assert.equal(successor, null, 'the socket is asked again before the lock')
      successor = await listenChannel(join(folder, 'admin.sock'), (channel) =>
        serveRpc(channel, { listUsers: async () => await Promise.resolve([]) }),
      )
      throw new StoreInUse('the group that serves has the lock')
    },
  )
  assert.deepEqual(users, [])
})

test('a store whose server ends meanwhile is opened alone; another failure is told at once', async () => {
  const empty = join(folder, 'nobody-serves')
  const serves = async (): Promise<never> => await Promise.reject(new StoreInUse('nobody serves'))
  let tries = 0
  const alone = async (): Promise<string> => {
    tries += 1
    if (tries === 1) throw new StoreInUse('the group that ends has the lock')
    return await Promise.resolve('alone')
  }
  assert.equal(await reachStore(empty, serves, alone), 'alone')
  assert.equal(tries, 2)
  const damaged = new RangeError('the first failure')
  const failing = async (): Promise<never> => await Promise.reject(damaged)
  await assert.rejects(reachStore(empty, serves, failing), damaged)
})
