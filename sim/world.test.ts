// Virtual time: order, ties, death, pause; and that a seed is all that decides.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimProcess } from './process.ts'
import { SeededRandom } from './random.ts'
import { World, WorldStuck } from './world.ts'

const LIMITS = { eventsMax: 10_000 }
const STEADY = { clockRate: 1, diesAtCall: Infinity }

/** Processes that draw, sleep and start one another: their lines, and the trace. */
async function runSome(seed: string): Promise<{ lines: string[]; trace: string }> {
  const world = new World(seed)
  const lines: string[] = []
  const one = async (name: string): Promise<void> => {
    const process = new SimProcess(world, { ...STEADY, name })
    for (let turn = 0; turn < 20; turn++) {
      await process.clock.sleep(process.random.below(4))
      lines.push(`${name} ${turn} at ${world.nowMs}`)
    }
  }
  await world.run(Promise.all(['a', 'b', 'c', 'd'].map(one)), LIMITS)
  return { lines, trace: world.traceHash }
}

test('a seed gives the same run twice, another seed another', async () => {
  const first = await runSome('1')
  assert.deepEqual(await runSome('1'), first)
  const other = await runSome('2')
  assert.notDeepEqual(other.lines, first.lines)
  assert.notEqual(other.trace, first.trace)
})

test('the trace tells a run apart that differs in one event alone', async () => {
  const traceOf = async (what: string): Promise<string> => {
    const world = new World('7')
    const done = new Promise<void>((resolve) => world.schedule(null, 5, what, resolve))
    await world.run(done, LIMITS)
    return world.traceHash
  }
  assert.equal(await traceOf('one'), await traceOf('one'))
  assert.notEqual(await traceOf('one'), await traceOf('two'))
})

test('events fire in the order of their times; of equals the seed decides', async () => {
  const orders = new Set<string>()
  for (let seed = 0; seed < 20; seed++) {
    const world = new World(String(seed))
    const fired: string[] = []
    const done = Promise.all(
      ['a', 'b', 'late'].map((name) =>
        world.clock.sleep(name === 'late' ? 2 : 1).then(() => fired.push(name)),
      ),
    )
    await world.run(done, LIMITS)
    assert.equal(fired.at(-1), 'late')
    orders.add(fired.join())
  }
  assert.equal(orders.size, 2)
})

test('all promises go on before the next event', async () => {
  const world = new World('1')
  const seen: number[] = []
  const deep = async (): Promise<void> => {
    await world.clock.sleep(1)
    for (let step = 0; step < 1000; step++) await Promise.resolve()
    seen.push(world.nowMs)
  }
  await world.run(Promise.all([deep(), world.clock.sleep(1.5)]), LIMITS)
  assert.deepEqual(seen, [1])
})

test('a dead process does nothing more, and its orphans are told', async () => {
  const world = new World('1')
  const process = new SimProcess(world, { ...STEADY, name: 'p' })
  const seen: string[] = []
  void process.clock.sleep(10).then(() => seen.push('slept'))
  process.schedule(
    10,
    'write',
    () => seen.push('written'),
    () => seen.push('orphaned'),
  )
  process.clock.after(5, () => process.die({ kind: 'killed', why: 'test' }))
  await world.run(world.clock.sleep(20), LIMITS)
  assert.deepEqual(seen, ['orphaned'])
  assert.equal(process.step(), false)
})

test('a process dies at the call that was drawn, and that call never comes back', async () => {
  const world = new World('1')
  const process = new SimProcess(world, { name: 'p', clockRate: 1, diesAtCall: 3 })
  const deaths: unknown[] = []
  process.onDeath((death) => deaths.push(death))
  let calls = 0
  const work = async (): Promise<void> => {
    for (;;) {
      await process.clock.sleep(1)
      calls++
    }
  }
  void work()
  await world.run(world.clock.sleep(20), LIMITS)
  assert.equal(calls, 2)
  assert.deepEqual(deaths, [{ kind: 'killed', why: 'at a call' }])
})

test('a paused process goes on later, in its order', async () => {
  const world = new World('1')
  const process = new SimProcess(world, { ...STEADY, name: 'p' })
  const seen: string[] = []
  const at = (delayMs: number): void =>
    void process.clock.sleep(delayMs).then(() => seen.push(`${delayMs} at ${world.nowMs}`))
  for (const delayMs of [3, 1, 2, 30]) at(delayMs)
  process.pause(20)
  await world.run(world.clock.sleep(40), LIMITS)
  assert.deepEqual(seen, ['1 at 20', '2 at 20.001', '3 at 20.002', '30 at 30'])
})

test('what a process throws and nobody catches ends it, also out of a promise', async () => {
  const world = new World('1')
  const deaths: string[] = []
  for (const name of ['timer', 'promise']) {
    const process = new SimProcess(world, { ...STEADY, name })
    process.onDeath((death) => deaths.push(`${name} ${death.kind}`))
    const fail = (): void => {
      throw new RangeError(name)
    }
    if (name === 'timer') process.clock.after(1, fail)
    else void process.clock.sleep(2).then(fail)
  }
  await world.run(world.clock.sleep(20), LIMITS)
  assert.deepEqual(deaths, ['timer threw', 'promise threw'])
  assert.deepEqual(world.defects, [])
})

test('a clock that drifts is faster by its rate, in all it measures', async () => {
  const world = new World('1')
  const process = new SimProcess(world, { name: 'p', clockRate: 2, diesAtCall: Infinity })
  await world.run(process.clock.sleep(10), LIMITS)
  assert.equal(world.nowMs, 5)
  assert.equal(process.clock.monotonicMs(), 10)
})

test('a run without an end is told, not waited for', async () => {
  await assert.rejects(new World('1').run(new Promise(() => undefined), LIMITS), WorldStuck)
  const world = new World('1')
  const again = (): void => void world.clock.after(1, again)
  again()
  await assert.rejects(world.run(new Promise(() => undefined), { eventsMax: 50 }), WorldStuck)
})

test('a stream of its own for each name, even over its range', () => {
  const random = new SeededRandom('9')
  assert.notEqual(random.fork('a').word(), random.fork('b').word())
  assert.equal(random.fork('a').word(), random.fork('a').word())
  const counts = [0, 0, 0, 0]
  for (let draw = 0; draw < 4000; draw++) {
    const index = random.below(4)
    counts[index] = (counts[index] ?? 0) + 1
  }
  for (const count of counts) assert.ok(count > 850 && count < 1150, String(counts))
})
