// What every driver must do with commits: their order, what each sees of the others, refusals, sums.

import { strict as check } from 'node:assert'
import { AssertionError } from '../base/assert.ts'
import type { Commit, Overlay } from './engine.ts'
import {
  add,
  apply,
  applying,
  bytes,
  counting,
  entriesOf,
  get,
  look,
  lookAtSum,
  nextId,
  outcomeOf,
  range,
  remove,
  sequences,
  set,
  type Check,
} from './suite-store.ts'

const AB = range('a', 'c')

export function checkCommits(checks: Check): void {
  checkOrder(checks)
  checkOverlay(checks)
  checkMore(checks)
  checkRefusals(checks)
  checkFailures(checks)
  checkSums(checks)
}

function checkOrder(checks: Check): void {
  checks('commits are decided in the order they came, and stamped densely', async (store) => {
    const engine = await store.open()
    const settled: number[] = []
    const commits = Array.from({ length: 30 }, async (_, index) => {
      const committed = await engine.commit(counting('n'))
      settled.push(index)
      return committed
    })
    const committed = await Promise.all(commits)
    const upTo30 = Array.from({ length: 30 }, (_, index) => index)
    check.deepEqual(
      committed.map(({ result }) => result - 1),
      upTo30,
    )
    check.deepEqual(
      sequences(committed).map((sequence) => (sequence ?? 0) - 1),
      upTo30,
    )
    check.deepEqual(settled, upTo30)
    check.deepEqual(engine.status().versionstamp, { incarnation: 1, sequence: 30 })
    check.equal(engine.status().commits, 30)
  })

  checks('64 writers of one key all get through, each once, in few batches', async (store) => {
    const engine = await store.open()
    const write = async (): Promise<number[]> => {
      const results: number[] = []
      for (let round = 0; round < 10; round += 1) {
        results.push((await engine.commit(counting('n'))).result)
      }
      return results
    }
    const all = (await Promise.all(Array.from({ length: 64 }, write))).flat()
    check.equal(new Set(all).size, 640)
    check.equal(Math.max(...all), 640)
    check.equal(await get(engine, 'n'), '640')
    check.ok(engine.status().batches <= 64, `${engine.status().batches} batches`)
  })

  checks('a commit sees the stamp that it then gets', async (store) => {
    const engine = await store.open()
    const stamping = (): Commit<number> => ({
      id: nextId(),
      reads: {},
      decide: ({ versionstamp }) => ({
        kind: 'apply',
        mutations: [set('s', String(versionstamp.sequence))],
        result: versionstamp.sequence,
      }),
    })
    const refused = look(engine, {}, ({ versionstamp }) => versionstamp.sequence)
    const committed = await Promise.all([engine.commit(stamping()), engine.commit(stamping())])
    check.equal(await refused, 1, 'a refusal leaves its stamp to the next')
    for (const { result, versionstamp } of committed) check.equal(result, versionstamp?.sequence)
    check.equal(await get(engine, 's'), '2')
  })
}

function checkOverlay(checks: Check): void {
  const both = (overlay: Overlay): (string | undefined)[] => [
    overlay.first(AB)?.key.toString(),
    overlay.first(AB)?.value.toString(),
    overlay.last(AB)?.key.toString(),
    overlay.last(AB)?.value.toString(),
  ]

  checks('a commit sees what earlier ones of its batch did: keys, firsts, lasts', async (store) => {
    const engine = await store.open()
    await apply(engine, set('a2', 'old'), set('a3', 'old'), set('b2', 'old'), set('c', 'old'))
    const reads = { keys: ['a2', 'a9'].map(bytes), firsts: [AB], lasts: [AB] }
    const see = (): Promise<unknown> =>
      look(engine, reads, (overlay) => [
        overlay.get(bytes('a2'))?.toString(),
        overlay.get(bytes('a9'))?.toString(),
        ...both(overlay),
      ])
    const seen = [
      see(),
      engine.commit(applying(set('a1', 'new'), set('b3', 'new'))),
      see(),
      engine.commit(applying(remove('a1'), remove('a2'), remove('b3'), set('b2', 'new'))),
      see(),
      engine.commit(applying(set('a9', ''), remove('a3'), remove('b2'))),
      see(),
      engine.commit(applying(remove('a9'))),
      see(),
    ]
    const all = await Promise.all(seen)
    check.deepEqual(
      [all[0], all[2], all[4], all[6], all[8]],
      [
        ['old', undefined, 'a2', 'old', 'b2', 'old'],
        ['old', undefined, 'a1', 'new', 'b3', 'new'],
        [undefined, undefined, 'a3', 'old', 'b2', 'new'],
        [undefined, '', 'a9', '', 'a9', ''],
        [undefined, undefined, undefined, undefined, undefined, undefined],
      ],
    )
    check.deepEqual(await entriesOf(engine), ['c=old'])
  })

  checks('the last change of a key in one commit counts', async (store) => {
    const engine = await store.open()
    await apply(engine, set('a', '1'), remove('a'), set('a', '2'), set('b', '1'), remove('b'))
    await apply(engine, remove('never-there'))
    check.deepEqual(await entriesOf(engine), ['a=2'])
  })

  checks(
    'what the reads do not name is a programmer’s error, of that commit alone',
    async (store) => {
      const engine = await store.open()
      await apply(engine, set('a', '1'))
      const named = { keys: [bytes('a')], firsts: [AB] }
      const asks: ((overlay: Overlay) => unknown)[] = [
        (overlay) => overlay.get(bytes('b')),
        (overlay) => overlay.sum(bytes('b')),
        (overlay) => overlay.first(range('a', 'b')),
        (overlay) => overlay.last(AB),
      ]
      const bad = asks.map((ask) => look(engine, named, ask))
      const good = look(engine, named, (overlay) => overlay.first(range('a', 'c'))?.key.toString())
      for (const one of bad) await check.rejects(one, AssertionError)
      check.equal(await good, 'a')
    },
  )
}

function checkMore(checks: Check): void {
  checks('a decision asks once for more of the same overlay', async (store) => {
    const engine = await store.open()
    await apply(engine, set('a', 'b'), set('b', 'x'), set('b0', 'y'))
    const seen: Overlay[] = []
    const commit: Commit<string> = {
      id: nextId(),
      reads: { keys: [bytes('a')] },
      decide: (overlay) => {
        seen.push(overlay)
        const next = overlay.get(bytes('a'))?.toString() ?? ''
        const more = { keys: [bytes(next)], lasts: [AB] }
        if (seen.length === 1) return { kind: 'more', reads: more }
        const result = `${overlay.get(bytes(next))?.toString()} ${overlay.last(AB)?.key.toString()}`
        return { kind: 'apply', mutations: [set('a', result)], result }
      },
    }
    const before = engine.commit(applying(set('b', 'z')))
    const { result } = await engine.commit(commit)
    await before
    check.equal(result, 'z b0')
    check.equal(seen.length, 2)
    check.equal(seen[0], seen[1])
    check.equal(await get(engine, 'a'), 'z b0')
  })

  checks('a decision that asks for more twice is a programmer’s error', async (store) => {
    const engine = await store.open()
    const greedy = engine.commit({
      id: nextId(),
      reads: {},
      decide: () => ({ kind: 'more', reads: {} }),
    })
    const good = engine.commit(applying(set('a', '1')))
    await check.rejects(greedy, AssertionError)
    await good
    check.equal(await get(engine, 'a'), '1')
  })
}

function checkRefusals(checks: Check): void {
  checks('a refusal changes nothing, has no stamp and takes no log entry', async (store) => {
    const engine = await store.open()
    await apply(engine, set('a', '1'))
    const before = engine.status()
    const committed = await engine.commit({
      id: nextId(),
      reads: { keys: [bytes('a')] },
      decide: (overlay) => ({ kind: 'refuse', result: overlay.get(bytes('a'))?.toString() }),
    })
    check.deepEqual(committed, { result: '1', versionstamp: null })
    check.deepEqual(engine.status(), before)
    check.deepEqual(await entriesOf(engine), ['a=1'])
  })

  checks('a refusal is answered when what it rests on is seen by all', async (store) => {
    const engine = await store.open()
    const order: string[] = []
    const written = engine.commit(applying(set('a', '1'))).then(() => order.push('written'))
    const exists = await look(engine, { keys: [bytes('a')] }, (overlay) => overlay.get(bytes('a')))
    order.push('refused')
    check.equal(exists?.toString(), '1')
    check.equal(await get(engine, 'a'), '1')
    await written
    check.deepEqual(order, ['written', 'refused'])
  })

  checks('an if-absent of many at once is won by one', async (store) => {
    const engine = await store.open()
    const create = (value: string): Commit<boolean> => ({
      id: nextId(),
      reads: { keys: [bytes('a')] },
      decide: (overlay) =>
        overlay.get(bytes('a')) === null
          ? { kind: 'apply', mutations: [set('a', value)], result: true }
          : { kind: 'refuse', result: false },
    })
    const values = Array.from({ length: 40 }, (_, index) => String(index))
    const won = await Promise.all(values.map((value) => engine.commit(create(value))))
    const winners = values.filter((_, index) => won[index]?.result === true)
    check.deepEqual(winners, [await get(engine, 'a')])
  })
}

function checkFailures(checks: Check): void {
  checks('a decision that throws fails alone, and takes no stamp', async (store) => {
    const engine = await store.open()
    const planted = new RangeError('planted')
    const bad = outcomeOf(
      look(engine, {}, () => {
        throw planted
      }),
    )
    const good = await engine.commit(applying(set('a', '1')))
    check.equal(await bad, 'RangeError')
    check.deepEqual(sequences([good]), [1])
    check.equal(await get(engine, 'a'), '1')
  })
}

function checkSums(checks: Check): void {
  checks('sums add up over commits of one batch and of many, modulo 2^64', async (store) => {
    const engine = await store.open()
    check.deepEqual(await lookAtSum(engine, 's'), Array<bigint>(8).fill(0n))
    const top = 2n ** 63n - 1n
    await Promise.all([
      apply(engine, add('s', 1n, -5n, top), add('s', 2n)),
      apply(engine, add('s', 10n, -5n, 1n)),
    ])
    await apply(engine, add('s', 100n, 0n, 0n, 0n, 0n, 0n, 0n, 7n))
    const expected = [113n, -10n, -(2n ** 63n), 0n, 0n, 0n, 0n, 7n]
    check.deepEqual(await lookAtSum(engine, 's'), expected)
    check.equal((await engine.read({ keys: [bytes('s')] })).values[0]?.length, 64)
    await apply(engine, remove('s'), add('s', 1n))
    check.equal((await lookAtSum(engine, 's'))[0], 1n)
  })

  checks('a bound on a sum holds for many who add to it at once', async (store) => {
    const engine = await store.open()
    const take = (): Commit<boolean> => ({
      id: nextId(),
      reads: { keys: [bytes('s')] },
      decide: (overlay) =>
        (overlay.sum(bytes('s'))[0] ?? 0n) + 3n > 50n
          ? { kind: 'refuse', result: false }
          : { kind: 'apply', mutations: [add('s', 3n)], result: true },
    })
    const taken = await Promise.all(Array.from({ length: 40 }, () => engine.commit(take())))
    check.equal(taken.filter(({ result }) => result).length, 16)
    check.equal((await lookAtSum(engine, 's'))[0], 48n)
  })

  checks('a sum over what is no sum record is corrupt, for that commit alone', async (store) => {
    const engine = await store.open()
    await apply(engine, set('s', 'no sum'))
    const adding = outcomeOf(apply(engine, add('s', 1n)))
    const looking = outcomeOf(lookAtSum(engine, 's'))
    const inOne = outcomeOf(apply(engine, set('t', 'no sum'), add('t', 1n)))
    const good = await apply(engine, set('a', '1'))
    check.deepEqual(await Promise.all([adding, looking, inOne]), ['corrupt', 'corrupt', 'corrupt'])
    check.equal(good.sequence, 2)
    check.deepEqual(await entriesOf(engine), ['a=1', 's=no sum'])
  })
}
