// A short history of engine calls in which everything happens that may: every kind of call and every
// fault of a batch, in every outcome. What the tests of the replay stand on.

import { ManualClock } from '../src/base/manual-clock.ts'
import type { Decision, Engine } from '../src/engine/engine.ts'
import { createMemoryStore, openMemoryEngine, openMemoryReader } from '../src/engine/memory.ts'
import type { BatchFault } from '../src/engine/memory.ts'
import {
  FIRST,
  START_MS,
  add,
  apply,
  applying,
  bytes,
  counting,
  get,
  look,
  lookAtSum,
  nextId,
  outcomeOf,
  page,
  range,
  remove,
  set,
} from '../src/engine/suite-store.ts'
import type { EngineCall } from './engine-calls.ts'
import { EngineRecording } from './engine-recording.ts'

const MINUTE_MS = 60_000

/** The calls of the script, the same each time. */
export async function scriptedCalls(): Promise<readonly EngineCall[]> {
  const script = new Script()
  await writeAndRead(script)
  await decideOfAll(script)
  await fail(script)
  await depose(script)
  await useLog(script)
  await forget(script)
  return script.recording.finish()
}

class Script {
  readonly recording = new EngineRecording()
  readonly clock: ManualClock = new ManualClock(START_MS)
  readonly #store = createMemoryStore()

  /** An engine whose batches have these faults, one after another, and none behind them. */
  open(...faults: readonly BatchFault[]): Engine & { readonly ends: () => void } {
    const { clock } = this
    const opening = this.recording.opening(clock, this.#store)
    const onBatch = (index: number): BatchFault => {
      const fault = faults[index] ?? { kind: 'none' }
      opening.noteFault(fault)
      return fault
    }
    const onEnd = opening.noteEnd.bind(opening)
    const engine = openMemoryEngine({ clock, store: opening.watched, onEnd, faults: { onBatch } })
    opening.engine(engine)
    return Object.assign(engine, { ends: () => opening.end() })
  }

  openReader() {
    const opening = this.recording.opening(this.clock, this.#store)
    opening.reader()
    return Object.assign(openMemoryReader(opening.watched), { ends: () => opening.end() })
  }
}

async function writeAndRead(script: Script): Promise<void> {
  const engine = script.open()
  const reader = script.openReader()
  await engine.takeEpoch()
  for (const key of ['b', 'c', 'd', 'e', 'f']) await apply(engine, set(key, `${key} of old`))
  await get(reader, 'b')
  await apply(engine, set('b', 'b of new'), remove('f'))
  await get(reader, 'b')
  await get(reader, 'f')
  await get(engine, 'nothing')
  await page(reader, range('b', 'e'))
  await page(reader, range('b', 'z'), { limit: 2 })
  await page(engine, range('b', 'd'), { reverse: true })
  await page(engine, range('b', 'd'), { reverse: true, limit: 1 })
  await page(reader, range('b', 'z'), { answer: (key) => (key === 'b' ? 'd' : 'stop') })
  await page(reader, range('a', 'z'), {
    reverse: true,
    answer: (key) => (key === 'e' ? 'c' : 'next'),
  })
  await page(engine, range('x', 'z'))
  reader.ends()
  engine.ends()
}

/** Batches of several commits, which see each other, and decisions that ask for everything. */
async function decideOfAll(script: Script): Promise<void> {
  const engine = script.open()
  await Promise.all([
    engine.commit(counting('count')),
    look(engine, { keys: [bytes('count')] }, (overlay) => overlay.get(bytes('count'))),
    engine.commit(counting('count')),
    apply(engine, add('sum', 1n, -2n)),
    lookAtSum(engine, 'sum'),
  ])
  await lookAtSum(engine, 'sum')
  await look(engine, { firsts: [range('b', 'z')], lasts: [range('b', 'd')] }, (overlay) => [
    overlay.first(range('b', 'z')),
    overlay.last(range('b', 'd')),
  ])
  let isAskedForMore = false
  await engine.commit({
    id: nextId(),
    reads: { keys: [bytes('c')] },
    decide: (overlay): Decision<null> => {
      const mutations = [set('more', overlay.get(bytes('c')) ?? 'nothing')]
      if (isAskedForMore) return { kind: 'apply', mutations, result: null }
      isAskedForMore = true
      return { kind: 'more', reads: { keys: [bytes('d')] } }
    },
  })
  const throwing = engine.commit({ id: nextId(), reads: {}, decide: () => JSON.parse('{') })
  await Promise.all([outcomeOf(throwing), apply(engine, set('beside', 'it'))])
  engine.ends()
}

/** Two commits and a refusal, of one batch, and what became of them. */
async function failing(engine: Engine, key: string): Promise<() => Promise<unknown>> {
  const commits = [applying(set(key, 'first')), counting(`${key} count`)]
  const settled = [
    ...commits.map(async (commit) => await outcomeOf(engine.commit(commit))),
    look(engine, { keys: [bytes(key)] }, (overlay) => overlay.get(bytes(key))).catch(() => null),
  ]
  await Promise.all(settled)
  return async () => await Promise.all(commits.map(async ({ id }) => await engine.fate(id)))
}

/** Every way in which a batch fails; whoever comes behind it asks what became of it. */
async function fail(script: Script): Promise<void> {
  for (const isApplied of [true, false]) {
    const engine = script.open({ kind: 'unsure', isApplied, afterMs: 50 })
    const fates = await failing(engine, `unsure ${isApplied}`)
    await get(engine, 'unsure true')
    await script.clock.advance(50)
    await get(engine, 'unsure true')
    await fates()
    engine.ends()
    // The outcome shows behind the death of who asked for it.
    const dying = script.open({ kind: 'unsure', isApplied, afterMs: 50 })
    await failing(dying, `late ${isApplied}`)
    dying.ends()
    const reader = script.openReader()
    await page(reader, range('l', 'm'))
    await script.clock.advance(50)
    await page(reader, range('l', 'm'))
    reader.ends()
  }
  for (const fault of [
    { kind: 'failed', isApplied: true },
    { kind: 'failed', isApplied: false },
    { kind: 'full' },
    { kind: 'unavailable' },
  ] as const) {
    const engine = script.open(fault)
    await failing(engine, JSON.stringify(fault))
    await page(engine, range('{', '|'))
    engine.ends()
  }
}

/** Epochs that are taken, stolen, and taken without the taker's knowing. */
async function depose(script: Script): Promise<void> {
  const former = script.open()
  await apply(former, set('former', '1'))
  const next = script.open()
  await next.takeEpoch()
  await apply(next, set('next', '1'))
  await outcomeOf(apply(former, set('former', '2')))
  former.ends()
  next.ends()
  const robbed = script.open({ kind: 'none' }, { kind: 'stolen' })
  await apply(robbed, set('robbed', '1'))
  await outcomeOf(apply(robbed, set('robbed', '2')))
  await get(robbed, 'robbed')
  robbed.ends()
  const unsure = script.open({ kind: 'unsure', isApplied: true, afterMs: 5 })
  await outcomeOf(unsure.takeEpoch())
  await script.clock.advance(5)
  await unsure.takeEpoch()
  unsure.ends()
}

async function useLog(script: Script): Promise<void> {
  const engine = script.open()
  await engine.log(FIRST, 3)
  await engine.log({ incarnation: 1, sequence: 3 }, 1000)
  await engine.trim({ incarnation: 1, sequence: 4 })
  await outcomeOf(engine.log({ incarnation: 1, sequence: 3 }, 10))
  await engine.log({ incarnation: 1, sequence: 4 }, 2)
  engine.ends()
  const unsure = script.open({ kind: 'unsure', isApplied: true, afterMs: 5 })
  await outcomeOf(unsure.trim({ incarnation: 1, sequence: 6 }))
  await script.clock.advance(5)
  await unsure.log({ incarnation: 1, sequence: 6 }, 2)
  unsure.ends()
}

/** Fates get old; the wall clock jumps, which is confirmed. */
async function forget(script: Script): Promise<void> {
  const engine = script.open()
  const old = applying(set('old', '1'))
  await engine.commit(old)
  await script.clock.advance(14 * MINUTE_MS)
  await apply(engine, set('young', '1'))
  await engine.fate(old.id)
  await script.clock.advance(2 * MINUTE_MS)
  await apply(engine, set('young', '2'))
  await engine.fate(old.id)
  script.clock.setWall(script.clock.nowMs() + 10 * MINUTE_MS)
  await apply(engine, set('jumped', '1'))
  await engine.confirmClock()
  await apply(engine, set('jumped', '2'))
  engine.ends()
}
