// Every fault that the memory driver can be asked for: what the engine answers, what it does behind
// it, and what an engine that is opened again finds.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import { ManualClock } from '../base/manual-clock.ts'
import type { Engine } from './engine.ts'
import { createMemoryStore, openMemoryEngine, openMemoryReader, type BatchFault } from './memory.ts'
import {
  FIRST,
  START_MS,
  apply,
  applying,
  entriesOf,
  get,
  look,
  nextId,
  outcomeOf,
  set,
} from './suite-store.ts'

const NONE: BatchFault = { kind: 'none' }

/** An engine whose batches have these faults, one after another, and none behind them. */
function faulty(...faults: BatchFault[]) {
  const clock = new ManualClock(START_MS)
  const store = createMemoryStore()
  const onBatch = (index: number): BatchFault => faults[index] ?? NONE
  const engine = openMemoryEngine({ clock, store, faults: { onBatch } })
  const reopen = (): Engine => openMemoryEngine({ clock, store })
  return { clock, engine, reopen, store, reader: openMemoryReader(store) }
}

/** Two writes and a refusal of one batch, and a write behind them. */
async function outcomes(engine: Engine): Promise<unknown[]> {
  const batch = [
    outcomeOf(apply(engine, set('a', '1'))),
    outcomeOf(look(engine, {}, () => 'refused')),
    outcomeOf(apply(engine, set('b', '1'))),
  ]
  const first = await Promise.all(batch)
  return [...first, await outcomeOf(apply(engine, set('c', '1')))]
}

test('unavailable: nothing was done, and it may be tried again', async () => {
  const { engine } = faulty({ kind: 'unavailable' })
  const unavailable = ['unavailable', 'unavailable', 'unavailable']
  const [, , , last] = await outcomes(engine).then((all) => {
    check.deepEqual(all.slice(0, 3), unavailable)
    return all
  })
  check.deepEqual(last, { incarnation: 1, sequence: 1 })
  check.deepEqual(await entriesOf(engine), ['c=1'])
})

for (const [kind, fault] of [
  ['full', { kind: 'full' }],
  ['failed', { kind: 'failed', isApplied: false }],
] as const) {
  test(`${kind}: nothing was done, and nothing is ever again by this engine`, async () => {
    const { engine, reopen, store } = faulty(fault)
    const failing = outcomeOf(apply(engine, set('a', '1')))
    const alsoInIt = outcomeOf(look(engine, {}, () => 'refused'))
    check.deepEqual(await Promise.all([failing, alsoInIt]), [kind, kind])
    const later = [
      apply(engine, set('b', '1')),
      look(engine, {}, () => 'refused'),
      engine.trim(FIRST),
      engine.fate(nextId()),
      engine.takeEpoch(),
      engine.confirmClock(),
    ]
    for (const outcome of await Promise.all(later.map(outcomeOf))) check.equal(outcome, 'failed')
    check.deepEqual(await entriesOf(openMemoryReader(store)), [])
    await engine[Symbol.asyncDispose]()
    check.equal((await apply(reopen(), set('a', '2'))).sequence, 1)
  })
}

test('failed in its last step: what was not acknowledged may be there, and fate says so', async () => {
  const { engine, reopen } = faulty({ kind: 'failed', isApplied: true })
  const commit = applying(set('a', '1'))
  check.equal(await outcomeOf(engine.commit(commit)), 'failed')
  const again = reopen()
  check.deepEqual(await again.fate(commit.id), { incarnation: 1, sequence: 1 })
  check.equal(await get(again, 'a'), '1')
})

for (const isApplied of [true, false]) {
  test(`unsure: fate waits for what shows later (applied: ${isApplied})`, async () => {
    const { clock, engine, reader } = faulty({ kind: 'unsure', isApplied, afterMs: 500 })
    const commit = applying(set('a', '1'))
    check.equal(await outcomeOf(engine.commit(commit)), 'unsure')
    let fate: unknown = 'unknown'
    const asked = engine.fate(commit.id).then((answer) => (fate = answer))
    const next = apply(engine, set('b', '1'))
    await clock.advance(499)
    check.equal(fate, 'unknown')
    check.deepEqual(await entriesOf(reader), [], 'nothing commits in between')
    await clock.advance(1)
    await asked
    check.deepEqual(fate, isApplied ? { incarnation: 1, sequence: 1 } : 'never')
    check.equal((await next).sequence, isApplied ? 2 : 1)
    check.deepEqual(await entriesOf(engine), isApplied ? ['a=1', 'b=1'] : ['b=1'])
    check.equal((await engine.log(FIRST, 10)).length, isApplied ? 2 : 1)
  })
}

test('unsure: a refusal that rests on it is unsure too', async () => {
  const { clock, engine } = faulty({ kind: 'unsure', isApplied: false, afterMs: 5 })
  const writing = outcomeOf(apply(engine, set('a', '1')))
  const keys = [Buffer.from('a')]
  const refused = outcomeOf(look(engine, { keys }, (overlay) => overlay.get(Buffer.from('a'))))
  check.deepEqual(await Promise.all([writing, refused]), ['unsure', 'unsure'])
  await clock.advance(5)
  check.equal(await get(engine, 'a'), null)
})

test('unsure: what showed later can be trimmed before anything else is committed', async () => {
  const { clock, engine } = faulty({ kind: 'unsure', isApplied: true, afterMs: 50 })
  check.equal(await outcomeOf(apply(engine, set('a', '1'))), 'unsure')
  await clock.advance(50)
  const [entry] = await engine.log(FIRST, 10)
  check.ok(entry !== undefined)
  await engine.trim(entry.versionstamp)
  check.deepEqual(engine.status().logStart, entry.versionstamp)
})

test('unsure: an engine opened again waits for it as well', async () => {
  const { clock, engine, reopen } = faulty({ kind: 'unsure', isApplied: true, afterMs: 50 })
  check.equal(await outcomeOf(apply(engine, set('a', '1'))), 'unsure')
  await engine[Symbol.asyncDispose]()
  const written = apply(reopen(), set('b', '1'))
  await clock.advance(50)
  check.equal((await written).sequence, 2)
})

test('stolen: the batch is refused, and this engine never commits again', async () => {
  const { engine, reopen } = faulty(NONE, { kind: 'stolen' })
  await apply(engine, set('a', '1'))
  check.deepEqual(await outcomes(engine), ['deposed', 'deposed', 'deposed', 'deposed'])
  const successor = reopen()
  check.equal(successor.status().epoch, 1)
  await apply(successor, set('b', '2'))
  check.deepEqual(await entriesOf(successor), ['a=1', 'b=2'])
})

test('slow: others wait, and go with the next batch', async () => {
  const { clock, engine } = faulty({ kind: 'slow', delayMs: 100 })
  const all = outcomes(engine)
  await clock.advance(99)
  check.equal(engine.status().queueLength, 3)
  await clock.advance(1)
  check.deepEqual((await all)[3], { incarnation: 1, sequence: 3 })
  check.equal(engine.status().batches, 2)
})

test('a trim, an epoch and a confirmation fail as batches do', async () => {
  for (const fault of ['unavailable', 'unsure'] as const) {
    const of: BatchFault =
      fault === 'unsure' ? { kind: fault, isApplied: true, afterMs: 0 } : { kind: fault }
    const { clock, engine } = faulty(NONE, of, NONE, of, NONE, of)
    await apply(engine, set('a', '1'))
    check.equal(await outcomeOf(engine.takeEpoch()), fault)
    await clock.advance(0)
    if (fault === 'unsure') continue // its own epoch may have deposed it
    check.equal(await engine.takeEpoch(), 1)
    check.equal(await outcomeOf(engine.trim({ incarnation: 1, sequence: 1 })), fault)
    await engine.trim({ incarnation: 1, sequence: 1 })
    check.equal(await outcomeOf(engine.confirmClock()), fault)
  }
})

test('a clock alarm outlives a confirmation that failed', async () => {
  const { clock, engine } = faulty(NONE, NONE, { kind: 'unavailable' })
  await apply(engine, set('a', '1'))
  clock.setWall(START_MS + 86_400_000)
  await look(engine, {}, () => null)
  check.notEqual(engine.status().clockAlarm, null)
  check.equal(await outcomeOf(engine.confirmClock()), 'unavailable')
  check.notEqual(engine.status().clockAlarm, null)
  await engine.confirmClock()
  check.equal(engine.status().clockAlarm, null)
})

test('a read may be out of reach, and the next one not', async () => {
  const answers = ['unavailable', 'none'] as const
  let asked = 0
  const engine = openMemoryEngine({
    clock: new ManualClock(START_MS),
    faults: { onBatch: () => NONE, onRead: () => answers[asked++] ?? 'none' },
  })
  check.equal(await outcomeOf(engine.read({ keys: [] })), 'unavailable')
  check.deepEqual(await engine.read({ keys: [] }), { values: [], isWhole: [] })
})
