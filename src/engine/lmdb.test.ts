import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { newId } from '../base/id.ts'
import type { CommitId } from '../base/id.ts'
import { systemClock } from '../platform/clock.ts'
import { openSystemRandom } from '../platform/random.ts'
import type { Engine, Mutation } from './engine.ts'
import { decodeLogEntry } from './log-entry.ts'
import { openLmdbEngine, openLmdbReader } from './lmdb.ts'

const random = openSystemRandom()
const folder = mkdtempSync(join(tmpdir(), 'holdfast-lmdb-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let nextFolder = 0
const freshPath = (): string => join(folder, String(nextFolder++))
const key = (text: string): Buffer => Buffer.from(text)
const START = { incarnation: 1, sequence: 0 }

async function set(engine: Engine, ...pairs: [string, string | null][]) {
  const mutations = pairs.map(([name, value]): Mutation =>
    value === null
      ? { kind: 'delete', key: key(name) }
      : { kind: 'set', key: key(name), value: key(value) },
  )
  const id = newId<CommitId>(random)
  const committed = await engine.commit({
    id,
    reads: {},
    decide: () => ({ kind: 'apply', mutations, result: null }),
  })
  return { id, versionstamp: committed.versionstamp }
}

async function get(engine: Pick<Engine, 'read'>, name: string): Promise<string | null> {
  const { values } = await engine.read({ keys: [key(name)] })
  return values[0]?.toString() ?? null
}

async function list(engine: Pick<Engine, 'read'>, reverse = false): Promise<string[]> {
  const found: string[] = []
  await engine.read({
    ranges: [
      {
        range: { start: key('a'), end: key('z') },
        limit: 100,
        reverse,
        visit: (k, v) => {
          found.push(`${k.toString()}=${v.toString()}`)
          return 'next'
        },
      },
    ],
  })
  return found
}

test('what is committed is read, also by a reader of its own and after opening again', async () => {
  const path = freshPath()
  {
    await using engine = await openLmdbEngine({ path, clock: systemClock })
    await set(engine, ['a', '1'], ['b', '2'], ['c', '3'])
    await using reader = await openLmdbReader(path)
    assert.equal(await get(reader, 'b'), '2')
    await set(engine, ['b', '9'], ['c', null])
    assert.equal(await get(reader, 'b'), '9')
    assert.deepEqual(await list(reader), ['a=1', 'b=9'])
    assert.deepEqual(await list(engine, true), ['b=9', 'a=1'])
  }
  await using again = await openLmdbEngine({ path, clock: systemClock })
  assert.deepEqual(await list(again), ['a=1', 'b=9'])
})

test('a visitor seeks and stops within a page', async () => {
  await using engine = await openLmdbEngine({ path: freshPath(), clock: systemClock })
  await set(engine, ['a1', 'x'], ['a2', 'x'], ['b1', 'x'], ['b2', 'x'], ['c1', 'x'])
  const seen: string[] = []
  const { isWhole } = await engine.read({
    ranges: [
      {
        range: { start: key('a'), end: key('z') },
        limit: 100,
        visit: (k) => {
          seen.push(k.toString())
          if (k.toString() === 'a1') return key('b')
          return k.toString() === 'b2' ? 'stop' : 'next'
        },
      },
    ],
  })
  assert.deepEqual(seen, ['a1', 'b1', 'b2'])
  assert.deepEqual(isWhole, [false])
})

test('64 writers of one key all get through, in a few batches', async () => {
  await using engine = await openLmdbEngine({ path: freshPath(), clock: systemClock })
  const increment = async () =>
    await engine.commit({
      id: newId<CommitId>(random),
      reads: { keys: [key('n')] },
      decide: (overlay) => {
        const next = Number(overlay.get(key('n'))?.toString() ?? '0') + 1
        const value = key(String(next))
        return { kind: 'apply', mutations: [{ kind: 'set', key: key('n'), value }], result: next }
      },
    })
  const results = await Promise.all(Array.from({ length: 64 }, increment))
  assert.deepEqual(
    results.map(({ result }) => result),
    Array.from({ length: 64 }, (_, index) => index + 1),
  )
  assert.equal(await get(engine, 'n'), '64')
  assert.ok(engine.status().batches <= 8)
})

test('the log is dense and decodes to the mutations; trimmed, it goes on behind', async () => {
  await using engine = await openLmdbEngine({ path: freshPath(), clock: systemClock })
  for (let n = 0; n < 5; n++) await set(engine, ['k', String(n)])
  const entries = await engine.log(START, 100)
  assert.deepEqual(
    entries.map(({ versionstamp }) => versionstamp.sequence),
    [1, 2, 3, 4, 5],
  )
  const [mutation] = decodeLogEntry(entries[4]?.bytes ?? Buffer.alloc(0)).mutations
  assert.equal(mutation?.kind === 'set' && Buffer.from(mutation.value).toString(), '4')
  await engine.trim({ incarnation: 1, sequence: 3 })
  assert.equal((await engine.log({ incarnation: 1, sequence: 3 }, 100)).length, 2)
  await assert.rejects(engine.log(START, 100), { code: 'corrupt' })
})

test('a commit can be asked about, also after opening again', async () => {
  const path = freshPath()
  let id: CommitId
  {
    await using engine = await openLmdbEngine({ path, clock: systemClock })
    ;({ id } = await set(engine, ['k', 'v']))
  }
  await using engine = await openLmdbEngine({ path, clock: systemClock })
  assert.deepEqual(await engine.fate(id), { incarnation: 1, sequence: 1 })
  assert.equal(await engine.fate(newId<CommitId>(random)), 'never')
})

test('a decision that throws fails alone', async () => {
  await using engine = await openLmdbEngine({ path: freshPath(), clock: systemClock })
  const bad = engine.commit({
    id: newId<CommitId>(random),
    reads: {},
    decide: () => {
      throw new TypeError('planted')
    },
  })
  const good = set(engine, ['a', '1'])
  await assert.rejects(bad, /planted/)
  await good
  assert.equal(await get(engine, 'a'), '1')
})

test('a second holder of the epoch deposes the first', async () => {
  const path = freshPath()
  await using first = await openLmdbEngine({ path, clock: systemClock })
  await first.takeEpoch()
  await set(first, ['a', '1'])
  await using second = await openLmdbEngine({ path, clock: systemClock })
  await second.takeEpoch()
  await assert.rejects(set(first, ['a', '2']), { code: 'deposed' })
  assert.equal(await get(second, 'a'), '1')
})
