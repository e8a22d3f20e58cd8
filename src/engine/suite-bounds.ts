// What every driver must do at its limits: sizes of keys, values, commits, pages and queues.

import { strict as check } from 'node:assert'
import {
  COMMIT_MUTATIONS_MAX,
  COMMIT_QUEUE_LENGTH_MAX,
  COMMIT_SIZE_BYTES_MAX,
  ENGINE_KEY_SIZE_BYTES_MAX,
  RANGE_READ_ENTRIES_MAX,
} from '../base/limits.ts'
import type { Engine } from './engine.ts'
import {
  add,
  apply,
  applying,
  bytes,
  entriesOf,
  get,
  look,
  outcomeOf,
  page,
  range,
  set,
  type Check,
} from './suite-store.ts'

const LONGEST = ENGINE_KEY_SIZE_BYTES_MAX
const VALUE_SIZES = [0, 1, 63, 2047, 2048, 2049, 4095, 4096, 32_767, 32_769, 70_000, 1_000_000]

export function checkBounds(checks: Check): void {
  checkKeySizes(checks)
  checkValueSizes(checks)
  checkCommitSizes(checks)
  checkPageLimits(checks)
  checkQueue(checks)
}

async function refuse(engine: Engine, ...bad: Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.all(bad.map(outcomeOf))
  check.deepEqual(outcomes, Array<string>(bad.length).fill('AssertionError'))
  await apply(engine, set('still', 'here'))
  check.equal(await get(engine, 'still'), 'here')
}

function checkKeySizes(checks: Check): void {
  checks('keys of 1 to 1,978 bytes of any value keep their order', async (store) => {
    const engine = await store.open()
    const longest = [0x00, 0x61, 0xff].map((byte) => Buffer.alloc(LONGEST, byte))
    const short = ['\0', '\0\0', '\u0001', 'a', 'a\0', '\u00ff', '\u00ff\u00ff'].map(bytes)
    const keys = [...longest, ...short].toSorted(Buffer.compare)
    await apply(engine, ...keys.map((key, index) => set(key, String(index))))
    for (const [index, key] of keys.entries()) {
      check.equal(await get(engine, key), String(index))
      const end = Buffer.concat([key, Buffer.of(0)])
      const only = { entries: [`${key.toString('latin1')}=${index}`], isWhole: true }
      for (const reverse of [false, true]) {
        check.deepEqual(await page(engine, { start: key, end }, { reverse }), only)
        const reads = { firsts: [{ start: key, end }], lasts: [{ start: key, end }] }
        const both = await look(engine, reads, (overlay) => [
          overlay.first({ start: key, end })?.value.toString(),
          overlay.last({ start: key, end })?.value.toString(),
        ])
        check.deepEqual(both, [String(index), String(index)])
      }
    }
    const all = { start: Buffer.alloc(0), end: Buffer.alloc(LONGEST + 1, 0xff) }
    const values = (await entriesOf(engine, all)).map((entry) => entry.split('=').at(-1))
    check.deepEqual(
      values,
      keys.map((_, index) => String(index)),
    )
  })

  checks('behind the longest key a page, a seek and a first go on', async (store) => {
    const engine = await store.open()
    const longest = Buffer.alloc(LONGEST, 0x61).toString('latin1')
    const behind = `${longest}\0`
    await apply(engine, set('a', '1'), set(longest, '2'), set('b', '3'))
    check.deepEqual(await entriesOf(engine, range(behind, 'c')), ['b=3'])
    const forward = await page(engine, range('a', 'c'), {
      answer: (key) => (key === longest ? behind : 'next'),
    })
    check.deepEqual(forward.entries, ['a=1', `${longest}=2`, 'b=3'])
    const backward = await page(engine, range('a', 'c'), {
      reverse: true,
      answer: (key) => (key === 'b' ? behind : 'next'),
    })
    check.deepEqual(backward.entries, ['b=3', `${longest}=2`, 'a=1'])
    const reads = { firsts: [range('a', 'c'), range(longest, 'c')], lasts: [range('a', behind)] }
    const removed = engine.commit(
      applying({ kind: 'delete', key: bytes('a') }, { kind: 'delete', key: bytes(longest) }),
    )
    const seen = await look(engine, reads, (overlay) => [
      overlay.first(range('a', 'c'))?.value.toString(),
      overlay.first(range(longest, 'c'))?.value.toString(),
      overlay.last(range('a', behind)),
    ])
    check.deepEqual(seen, ['3', '3', null])
    await removed
  })

  checks('an empty key and one that is too long are programmer’s errors', async (store) => {
    const engine = await store.open()
    const long = Buffer.alloc(LONGEST + 1, 0x61)
    const end = Buffer.alloc(LONGEST + 2, 0x61)
    await refuse(
      engine,
      ...[Buffer.alloc(0), long].flatMap((key) => [
        apply(engine, set(key, 'x')),
        apply(engine, { kind: 'delete', key }),
        apply(engine, { ...add('s', 1n), key }),
        look(engine, { keys: [key] }, () => null),
        get(engine, key),
      ]),
      page(engine, { start: bytes('a'), end }),
      page(engine, { start: end, end: bytes('b') }, { reverse: true }),
      look(engine, { firsts: [{ start: bytes('a'), end }] }, () => null),
      look(engine, { lasts: [{ start: end, end: bytes('b') }] }, () => null),
    )
    check.deepEqual(await entriesOf(engine), ['still=here'])
  })
}

function checkValueSizes(checks: Check): void {
  checks('values of any size are read back, alone, in a page and in a decision', async (store) => {
    const engine = await store.open()
    const value = (size: number): Buffer => Buffer.alloc(size, `${size} `)
    for (const size of VALUE_SIZES) {
      await apply(engine, set(`v${String(size).padStart(8, '0')}`, value(size)))
    }
    const sizes: number[] = []
    const keys = VALUE_SIZES.map((size) => bytes(`v${String(size).padStart(8, '0')}`))
    for (const order of [keys, keys.toReversed()]) {
      const { values } = await engine.read({ keys: order })
      for (const found of values) check.ok(found?.equals(value(found.length)))
      sizes.push(...values.map((found) => found?.length ?? -1))
    }
    for (const reverse of [false, true]) {
      const { entries } = await page(engine, undefined, { reverse })
      for (const entry of entries) {
        const found = bytes(entry.slice(entry.indexOf('=') + 1))
        check.ok(found.equals(value(found.length)))
        sizes.push(found.length)
      }
    }
    const backwards = VALUE_SIZES.toReversed()
    check.deepEqual(sizes, [...VALUE_SIZES, ...backwards, ...VALUE_SIZES, ...backwards])
    const seen = await look(engine, { keys }, (overlay) =>
      keys.map((key) => overlay.get(key)?.length),
    )
    check.deepEqual(seen, VALUE_SIZES)
  })
}

function checkCommitSizes(checks: Check): void {
  checks('a commit has up to 1,000 mutations', async (store) => {
    const engine = await store.open()
    const many = Array.from({ length: COMMIT_MUTATIONS_MAX }, (_, index) => set(`k${index}`, ''))
    await apply(engine, ...many)
    check.equal((await entriesOf(engine, range('k', 'l'))).length, COMMIT_MUTATIONS_MAX)
    await refuse(engine, apply(engine, ...many, set('one-more', '')))
  })

  checks('a commit has up to 1 MiB of keys and values', async (store) => {
    const engine = await store.open()
    const value = Buffer.alloc(COMMIT_SIZE_BYTES_MAX - 1)
    await apply(engine, set('k', value))
    await refuse(
      engine,
      apply(engine, set('ke', value)),
      apply(engine, set('k', value), { kind: 'delete', key: bytes('l') }),
      apply(engine, add('s', 1n), { kind: 'set', key: bytes('k'), value }),
    )
    check.equal((await get(engine, 'k'))?.length, value.length)
    check.equal(await get(engine, 'ke'), null)
  })

  checks('many large commits at once go through in batches of a bounded size', async (store) => {
    const engine = await store.open()
    const value = Buffer.alloc(1_000_000, 'x')
    const all = Array.from({ length: 20 }, (_, index) => apply(engine, set(`k${index}`, value)))
    check.equal((await Promise.all(all)).at(-1)?.sequence, 20)
    check.ok(engine.status().batches >= 2)
  })

  checks('a sum has eight deltas', async (store) => {
    const engine = await store.open()
    const seven = Array<bigint>(7).fill(1n)
    await refuse(engine, apply(engine, { kind: 'sum', key: bytes('s'), deltas: seven }))
  })
}

function checkPageLimits(checks: Check): void {
  checks('a page visits 1 to 10,000 entries', async (store) => {
    const engine = await store.open()
    await apply(engine, set('a', '1'))
    const { entries } = await page(engine, undefined, { limit: RANGE_READ_ENTRIES_MAX })
    check.equal(entries.length, 1)
    const bad = [0, -1, 1.5, NaN, RANGE_READ_ENTRIES_MAX + 1]
    await refuse(engine, ...bad.map((limit) => page(engine, undefined, { limit })))
  })

  checks('the log is read 1 to 10,000 entries at a time', async (store) => {
    const engine = await store.open()
    const behind = engine.status().versionstamp
    await apply(engine, set('a', '1'))
    check.equal((await engine.log(behind, RANGE_READ_ENTRIES_MAX)).length, 1)
    const bad = [0, -1, 1.5, NaN, RANGE_READ_ENTRIES_MAX + 1]
    await refuse(engine, ...bad.map((limit) => engine.log(behind, limit)))
  })
}

function checkQueue(checks: Check): void {
  checks(
    'of more commits than may wait, the last are refused and may come again',
    async (store) => {
      const engine = await store.open()
      const commits = Array.from({ length: COMMIT_QUEUE_LENGTH_MAX + 2 }, () =>
        outcomeOf(engine.commit(applying(set('k', 'v')))),
      )
      check.equal(engine.status().queueLength, COMMIT_QUEUE_LENGTH_MAX)
      const outcomes = await Promise.all(commits)
      check.deepEqual(outcomes.slice(-2), ['unavailable', 'unavailable'])
      check.equal(outcomes.filter((one) => one === 'unavailable').length, 2)
      check.equal((await apply(engine, set('k', 'v'))).sequence, COMMIT_QUEUE_LENGTH_MAX + 1)
    },
  )
}
