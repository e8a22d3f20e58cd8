// Random commits and reads, held against a sorted map: whatever the batches, nobody sees a difference.

import { strict as check } from 'node:assert'
import fc from 'fast-check'
import type { Commit, Engine, Entry, KeyRange, Mutation, Overlay } from './engine.ts'
import { decodeLogEntry } from './log-entry.ts'
import { FIRST, bytes, nextId, page, type Check } from './suite-store.ts'

/** Keys as text, one character a byte, whose order is the bytes'. */
type Model = Map<string, string>

interface Step {
  readonly mutations: readonly Change[]
  readonly looks: readonly Bounds[]
  readonly isRefused: boolean
}
interface Change {
  readonly key: string
  readonly value: string | bigint | null
}
interface Bounds {
  readonly start: string
  readonly end: string
}
interface Reading {
  readonly bounds: Bounds
  readonly limit: number
  readonly reverse: boolean
  /** Sought at each entry that it lies behind. */
  readonly seek: string
}

const key = fc
  .array(fc.constantFrom('\0', '\u0001', 'a', 'b', '\u00ff'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join(''))
const bounds: fc.Arbitrary<Bounds> = fc.record({
  start: fc.oneof(key, fc.constant('')),
  end: fc.oneof(key, fc.constant('\u00ff\u00ff\u00ff\u00ff')),
})
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ key, value: fc.string({ maxLength: 3, unit: 'grapheme-ascii' }) }),
  fc.record({ key, value: fc.constant(null) }),
  fc.record({ key: key.map((text) => `sum${text}`), value: fc.bigInt(-5n, 5n) }),
)
const step: fc.Arbitrary<Step> = fc.record({
  mutations: fc.array(change, { maxLength: 6 }),
  looks: fc.array(bounds, { maxLength: 2 }),
  isRefused: fc.boolean(),
})
const reading: fc.Arbitrary<Reading> = fc.record({
  bounds,
  limit: fc.integer({ min: 1, max: 12 }),
  reverse: fc.boolean(),
  seek: key,
})
const round = fc.record({
  /** Committed in one turn, so mostly in one batch. */
  steps: fc.array(step, { minLength: 1, maxLength: 8 }),
  readings: fc.array(reading, { maxLength: 4 }),
})

export function checkModel(checks: Check): void {
  checks('random commits and reads equal a sorted map', async (store) => {
    const engine = await store.open()
    const model: Model = new Map()
    const rounds = fc.array(round, { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(rounds, async (all) => {
        for (const { readings, steps } of all) {
          await Promise.all(steps.map((one) => runStep(engine, model, one)))
          for (const one of readings) await checkReading(engine, model, one)
        }
      }),
      { numRuns: 60 },
    )
    check.deepEqual(await replayed(engine), model, 'the log makes the same store')
    await engine[Symbol.asyncDispose]()
    const again = await store.open()
    const { entries } = await page(again, undefined, { limit: 1000 })
    check.deepEqual(entries, textsOf(model, { start: '', end: '\u00ff'.repeat(9) }))
  })
}

/** The model goes with the decision, which comes once, in the order of the commits. */
async function runStep(engine: Engine, model: Model, { isRefused, looks, mutations }: Step) {
  const ranges = looks.map(rangeOf)
  const keys = mutations.map((mutation) => bytes(mutation.key))
  const commit: Commit<string[]> = {
    id: nextId(),
    reads: { keys, firsts: ranges, lasts: ranges },
    decide: (overlay) => {
      const expected = mutations.map((one) => model.get(one.key) ?? null)
      const found = keys.map((one) => overlay.get(one)?.toString('latin1') ?? null)
      check.deepEqual(found, expected)
      looks.forEach((look) => checkLook(overlay, model, look))
      if (isRefused) return { kind: 'refuse', result: [] }
      const made = mutations.map(mutationOf)
      made.forEach((mutation) => applyTo(model, mutation))
      return { kind: 'apply', mutations: made, result: [] }
    },
  }
  await engine.commit(commit)
}

function checkLook(overlay: Overlay, model: Model, look: Bounds): void {
  const texts = textsOf(model, look)
  check.equal(textOf(overlay.first(rangeOf(look))), texts[0])
  check.equal(textOf(overlay.last(rangeOf(look))), texts.at(-1))
}

async function checkReading(engine: Engine, model: Model, reading: Reading): Promise<void> {
  const { limit, reverse, seek } = reading
  const isAhead = (text: string): boolean => (reverse ? seek < text : seek > text)
  const answer = (text: string): string => (isAhead(text) ? seek : 'next')
  const found = await page(engine, rangeOf(reading.bounds), { limit, reverse, answer })
  const order = textsOf(model, reading.bounds)
  if (reverse) order.reverse()
  const expected: string[] = []
  let isSought = false
  for (const text of order) {
    const name = text.slice(0, text.indexOf('='))
    if (isSought && isAhead(name)) continue
    if (expected.length === limit) break
    expected.push(text)
    isSought = isAhead(name)
  }
  check.deepEqual(found.entries, expected)
  if (expected.length < limit) check.equal(found.isWhole, true)
}

/** The store that the whole log makes. */
async function replayed(engine: Engine): Promise<Model> {
  const model: Model = new Map()
  let after = FIRST
  for (;;) {
    const log = await engine.log(after, 100)
    if (log.length === 0) return new Map([...model].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    for (const entry of log) {
      decodeLogEntry(entry.bytes).mutations.forEach((mutation) => applyTo(model, mutation))
    }
    after = log.at(-1)?.versionstamp ?? after
  }
}

function applyTo(model: Model, mutation: Mutation): void {
  const name = Buffer.from(mutation.key).toString('latin1')
  if (mutation.kind === 'delete') model.delete(name)
  else if (mutation.kind === 'set') model.set(name, Buffer.from(mutation.value).toString('latin1'))
  else {
    const record = Buffer.alloc(64)
    record.set(bytes(model.get(name) ?? ''))
    mutation.deltas.forEach((delta, field) => {
      const sum = BigInt.asIntN(64, record.readBigInt64BE(8 * field) + delta)
      record.writeBigInt64BE(sum, 8 * field)
    })
    model.set(name, record.toString('latin1'))
  }
}

function mutationOf({ key: name, value }: Change): Mutation {
  if (value === null) return { kind: 'delete', key: bytes(name) }
  if (typeof value === 'string') return { kind: 'set', key: bytes(name), value: bytes(value) }
  return { kind: 'sum', key: bytes(name), deltas: Array<bigint>(8).fill(value) }
}

function rangeOf({ end, start }: Bounds): KeyRange {
  return { start: bytes(start), end: bytes(end) }
}

function textsOf(model: Model, { end, start }: Bounds): string[] {
  const names = [...model.keys()].filter((name) => name >= start && name < end)
  return names.toSorted((a, b) => (a < b ? -1 : 1)).map((name) => `${name}=${model.get(name)}`)
}

function textOf(entry: Entry | null): string | undefined {
  if (entry === null) return undefined
  return `${entry.key.toString('latin1')}=${entry.value.toString('latin1')}`
}
