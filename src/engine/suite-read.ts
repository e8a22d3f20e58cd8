// What every driver must do with reads: keys, pages, seeks, one snapshot.

import { strict as check } from 'node:assert'
import { AssertionError } from '../base/assert.ts'
import type { RangeRead } from './engine.ts'
import {
  apply,
  applying,
  bytes,
  entriesOf,
  get,
  page,
  range,
  remove,
  set,
  type Check,
} from './suite-store.ts'

const SIX = ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'].map((key) => set(key, 'x'))
const keysOf = (entries: readonly string[]): string[] => entries.map((entry) => entry.slice(0, -2))

export function checkReads(checks: Check): void {
  checkKeys(checks)
  checkPages(checks)
  checkSeeks(checks)
  checkVisitors(checks)
  checkSnapshots(checks)
}

function checkKeys(checks: Check): void {
  checks('values come in the order of their keys; one that is not there is null', async (store) => {
    const engine = await store.open()
    await apply(engine, set('a', '1'), set('b', ''), set('c', '3'))
    const keys = ['c', 'x', 'b', 'a', 'c'].map(bytes)
    const { isWhole, values } = await engine.read({ keys })
    check.deepEqual(
      values.map((value) => value?.toString() ?? null),
      ['3', null, '', '1', '3'],
    )
    check.deepEqual(isWhole, [])
    check.deepEqual(await engine.read({}), { values: [], isWhole: [] })
  })

  checks('a value is the caller’s to keep and to change', async (store) => {
    const engine = await store.open()
    const value = Buffer.from('kept')
    await apply(engine, set('a', value), set('b', 'other'))
    value.fill('!')
    const { values } = await engine.read({ keys: [bytes('a'), bytes('b')] })
    await apply(engine, set('a', 'changed'))
    check.equal(await get(engine, 'b'), 'other')
    check.equal(values[0]?.toString(), 'kept')
    values[0]?.fill('?')
    values[1]?.fill('?')
    check.equal(await get(engine, 'a'), 'changed')
    check.equal(await get(engine, 'b'), 'other')
  })

  checks('of an empty store nothing is read, and its ranges are whole', async (store) => {
    const engine = await store.open()
    check.equal(await get(engine, 'a'), null)
    check.deepEqual(await page(engine), { entries: [], isWhole: true })
    check.deepEqual(await page(engine, undefined, { reverse: true }), {
      entries: [],
      isWhole: true,
    })
  })
}

function checkPages(checks: Check): void {
  checks('a range starts with its start and ends before its end, either way', async (store) => {
    const engine = await store.open()
    await apply(engine, ...SIX)
    const forward = await page(engine, range('a2', 'c1'))
    check.deepEqual(keysOf(forward.entries), ['a2', 'b1', 'b2'])
    const backward = await page(engine, range('a2', 'c1'), { reverse: true })
    check.deepEqual(keysOf(backward.entries), ['b2', 'b1', 'a2'])
    const between = await page(engine, range('a11', 'b11'))
    check.deepEqual(keysOf(between.entries), ['a2', 'b1'])
    check.deepEqual(keysOf((await page(engine, range('', 'b'))).entries), ['a1', 'a2'])
    for (const reverse of [false, true]) {
      for (const none of [range('b', 'b'), range('c', 'a'), range('', ''), range('a3', 'b1')]) {
        check.deepEqual(await page(engine, none, { reverse }), { entries: [], isWhole: true })
      }
    }
  })

  checks('a page that its limit ends says no more than that', async (store) => {
    const engine = await store.open()
    await apply(engine, ...SIX)
    for (const reverse of [false, true]) {
      const wholes: boolean[] = []
      for (const limit of [1, 5, 6, 7]) {
        const { entries, isWhole } = await page(engine, range('a', 'd'), { limit, reverse })
        check.equal(entries.length, Math.min(limit, 6))
        wholes.push(isWhole)
      }
      check.deepEqual(wholes, [false, false, false, true])
    }
  })

  checks('a read of several ranges answers for each', async (store) => {
    const engine = await store.open()
    await apply(engine, ...SIX)
    const seen: string[] = []
    const one = (start: string, end: string, limit: number): RangeRead => ({
      range: range(start, end),
      limit,
      visit: (key) => {
        seen.push(key.toString())
        return 'next'
      },
    })
    const { isWhole, values } = await engine.read({
      keys: [bytes('a1')],
      ranges: [one('a', 'b', 9), one('b', 'd', 1), { ...one('c', 'd', 9), reverse: true }],
    })
    check.equal(values[0]?.toString(), 'x')
    check.deepEqual(seen, ['a1', 'a2', 'b1', 'c2', 'c1'])
    check.deepEqual(isWhole, [true, false, true])
  })
}

function checkSeeks(checks: Check): void {
  checks('a page goes on with the key it seeks or the next behind it', async (store) => {
    const engine = await store.open()
    await apply(engine, ...SIX)
    const seek = (to: Record<string, string>, reverse: boolean, limit = 100) =>
      page(engine, range('a', 'd'), { reverse, limit, answer: (key) => to[key] ?? 'next' })
    const forward = await seek({ a1: 'b', b1: 'c2' }, false)
    check.deepEqual(keysOf(forward.entries), ['a1', 'b1', 'c2'])
    check.equal(forward.isWhole, true)
    const backward = await seek({ c2: 'b9', b2: 'a2' }, true)
    check.deepEqual(keysOf(backward.entries), ['c2', 'b2', 'a2', 'a1'])
    check.equal(backward.isWhole, true)
    check.deepEqual(await seek({ b1: 'b3' }, false, 3), {
      entries: ['a1=x', 'a2=x', 'b1=x'],
      isWhole: false,
    })
    check.equal((await seek({ b1: 'x' }, false)).isWhole, true)
    check.equal((await seek({ b1: 'A' }, true)).isWhole, true)
  })

  checks('the next key of all is sought as well as a far one', async (store) => {
    const engine = await store.open()
    await apply(engine, set('a', '1'), set('a\0', '2'), set('a\0\0', '3'), set('b', '4'))
    const one = await page(engine, undefined, { answer: (key) => `${key}\0` })
    check.deepEqual(keysOf(one.entries), ['a', 'a\0', 'a\0\0', 'b'])
    const back = await page(engine, undefined, {
      reverse: true,
      answer: (key) => (key === 'b' ? 'a\0' : 'next'),
    })
    check.deepEqual(keysOf(back.entries), ['b', 'a\0', 'a'])
  })

  checks('what is sought lies ahead: else it is an error, never a loop', async (store) => {
    const engine = await store.open()
    await apply(engine, ...SIX)
    for (const reverse of [false, true]) {
      for (const to of ['b1', reverse ? 'b2' : 'a2']) {
        const answer = (key: string): string => (key === 'b1' ? to : 'next')
        await check.rejects(page(engine, range('a', 'd'), { reverse, answer }), AssertionError)
      }
    }
    check.equal((await entriesOf(engine)).length, 6)
  })
}

function checkVisitors(checks: Check): void {
  checks('what a visitor throws is what the read rejects with', async (store) => {
    const engine = await store.open()
    await apply(engine, ...SIX)
    const planted = new RangeError('planted')
    const read = page(engine, undefined, {
      answer: () => {
        throw planted
      },
    })
    await check.rejects(read, planted)
    check.equal((await entriesOf(engine)).length, 6)
  })

  checks('a visitor that stops ends the page, at the last entry too', async (store) => {
    const engine = await store.open()
    await apply(engine, ...SIX)
    for (const last of ['b1', 'c2']) {
      const answer = (key: string): 'next' | 'stop' => (key === last ? 'stop' : 'next')
      const { entries, isWhole } = await page(engine, undefined, { answer })
      check.equal(entries.at(-1), `${last}=x`)
      check.equal(isWhole, false)
    }
  })

  checks('a visitor does not read', async (store) => {
    const engine = await store.open()
    await apply(engine, ...SIX)
    const inner: Promise<unknown>[] = []
    await page(engine, undefined, {
      answer: () => {
        inner.push(get(engine, 'a1'))
        return 'stop'
      },
    })
    check.equal(inner.length, 1)
    await check.rejects(Promise.all(inner), AssertionError)
  })
}

function checkSnapshots(checks: Check): void {
  checks('a read sees what was acknowledged before it, at once', async (store) => {
    const engine = await store.open()
    for (let count = 0; count < 50; count += 1) {
      await apply(engine, set('n', String(count)), count % 2 === 0 ? set('e', '') : remove('e'))
      check.equal(await get(engine, 'n'), String(count))
      check.equal((await entriesOf(engine)).length, count % 2 === 0 ? 2 : 1)
    }
  })

  checks(
    'so does another process’s, and an open page of it does not hold up the next',
    async (store) => {
      const engine = await store.open()
      await apply(engine, set('n', 'first'))
      const reader = await store.openReader()
      check.equal(await get(reader, 'n'), 'first')
      for (let count = 0; count < 50; count += 1) {
        await apply(engine, set('n', String(count)))
        check.equal(await get(reader, 'n'), String(count))
        check.deepEqual(await entriesOf(reader), [`n=${count}`])
      }
    },
    ['readers'],
  )

  checks('keys and ranges of one read are of one snapshot, however much commits', async (store) => {
    const engine = await store.open()
    await apply(engine, set('a', '500'), set('b', '500'))
    const moves = Array.from({ length: 200 }, (_, index) => {
      const left = 500 + (((index + 1) * 37) % 400)
      return engine.commit(applying(set('a', String(left)), set('b', String(1000 - left))))
    })
    const sums: number[] = []
    for (let count = 0; count < 40; count += 1) {
      const seen: number[] = []
      const visit: RangeRead['visit'] = (_, value) => {
        seen.push(Number(value.toString()))
        return 'next'
      }
      const read = { range: range('b', 'c'), limit: 9, visit }
      const { values } = await engine.read({ keys: [bytes('a')], ranges: [read] })
      sums.push(Number(values[0]?.toString()) + (seen[0] ?? 0))
      if (count % 4 === 0) await moves[count * 5]
    }
    await Promise.all(moves)
    check.deepEqual(sums, Array<number>(40).fill(1000))
  })
}
