// When an operation can take effect no more: not while a request of its may arrive, a writer may
// carry it out, or a batch may show; and then at once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRpcClient, serveRpc } from '../src/cell/rpc.ts'
import { Network } from './channel.ts'
import { Faults } from './faults.ts'
import { SimProcess } from './process.ts'
import { UnderWay } from './under-way.ts'
import { World } from './world.ts'

const LIMITS = { eventsMax: 10_000 }
const STEADY = { clockRate: 1, diesAtCall: Infinity }

/** A worker and a writer, and a store that may be in doubt. */
class Bench {
  readonly world: World = new World('1')
  readonly worker: SimProcess = new SimProcess(this.world, { ...STEADY, name: 'worker' })
  readonly writer: SimProcess = new SimProcess(this.world, { ...STEADY, name: 'writer' })
  readonly underWay: UnderWay = new UnderWay(() => this.isInDoubt)
  readonly network: Network
  isInDoubt = false
  settledMs: number | null = null

  constructor() {
    const faults = new Faults({}, this.world.random.fork('faults'))
    this.network = new Network(this.world, faults, this.underWay)
    this.world.onTurnEnd = () => this.underWay.judge()
  }

  /** The act of an operation has ended now. */
  ended(): void {
    this.underWay.whenSettled(() => (this.settledMs = this.world.nowMs))
  }

  at(delayMs: number, act: () => void): void {
    this.world.clock.after(delayMs, act)
  }

  async until(atMs: number): Promise<number | null> {
    await this.world.run(this.world.clock.sleep(atMs - this.world.nowMs), LIMITS)
    return this.settledMs
  }

  /** A request that the writer carries out in so long. */
  async request(carriedOutMs: number): Promise<void> {
    const { network, underWay, worker, writer } = this
    network.listen(writer, (channel) =>
      serveRpc(channel, {
        apply: async () => {
          const end = underWay.begin(writer)
          await writer.clock.sleep(carriedOutMs)
          end()
        },
      }),
    )
    const client = openRpcClient(await network.connect(worker))
    void client.call('apply', null).catch(() => undefined)
  }
}

test('with nothing under way it is settled with the turn', async () => {
  const bench = new Bench()
  bench.at(5, () => bench.ended())
  assert.equal(await bench.until(10), 5)
})

test('a request on its way is waited for, and then what the writer does for it', async () => {
  const bench = new Bench()
  await bench.world.run(bench.request(100), LIMITS)
  const { nowMs } = bench.world
  bench.worker.die({ kind: 'killed', why: 'test' })
  bench.ended()
  assert.equal(await bench.until(nowMs + 90), null)
  const settledMs = await bench.until(nowMs + 200)
  assert.ok(settledMs !== null && settledMs >= nowMs + 100, String(settledMs))
})

test('what a paused writer was sent may take effect until it goes on', async () => {
  const bench = new Bench()
  await bench.world.run(bench.request(1), LIMITS)
  bench.writer.pause(500)
  bench.ended()
  assert.equal(await bench.until(400), null)
  assert.notEqual(await bench.until(600), null)
})

test('what a dead writer was sent, or did, is no more', async () => {
  for (const afterMs of [0, 50]) {
    const bench = new Bench()
    await bench.world.run(bench.request(1000), LIMITS)
    bench.ended()
    const diesAtMs = bench.world.nowMs + afterMs
    bench.at(afterMs, () => bench.writer.die({ kind: 'killed', why: 'test' }))
    assert.equal(await bench.until(diesAtMs + 10), diesAtMs)
  }
})

test('a request that a cut channel lost is no more', async () => {
  const bench = new Bench()
  await bench.world.run(bench.request(1000), LIMITS)
  bench.ended()
  bench.network.cutOne()
  assert.notEqual(await bench.until(20), null)
})

test('a doubt is waited for, also one that the last turn of a process leaves', async () => {
  const bench = new Bench()
  bench.at(5, () => {
    bench.ended()
    void Promise.resolve().then(() => (bench.isInDoubt = true))
  })
  bench.at(50, () => (bench.isInDoubt = false))
  assert.equal(await bench.until(40), null)
  assert.equal(await bench.until(60), 50)
})

test('what began meanwhile is waited for, and ends with its process', async () => {
  const bench = new Bench()
  const end = bench.underWay.begin(bench.writer)
  bench.ended()
  bench.at(10, () => bench.underWay.begin(bench.writer))
  bench.at(20, end)
  bench.at(30, () => bench.underWay.begin(bench.writer))
  bench.at(50, () => bench.writer.die({ kind: 'killed', why: 'test' }))
  assert.equal(await bench.until(45), null, 'what began meanwhile may be what it became')
  assert.equal(await bench.until(60), 50)
})
