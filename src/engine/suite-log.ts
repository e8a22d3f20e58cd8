// What every driver must do with its change log, the fate of commits and the epoch.

import { strict as check } from 'node:assert'
import { AssertionError } from '../base/assert.ts'
import type { CommitId } from '../base/id.ts'
import { FATE_KEPT_MS } from '../base/limits.ts'
import type { Engine, LogEntry, Versionstamp } from './engine.ts'
import { decodeLogEntry } from './log-entry.ts'
import {
  FIRST,
  START_MS,
  add,
  apply,
  applying,
  entriesOf,
  get,
  look,
  nextId,
  outcomeOf,
  remove,
  set,
  type Check,
} from './suite-store.ts'

const at = (sequence: number): Versionstamp => ({ incarnation: 1, sequence })
const sequencesOf = (log: readonly LogEntry[]): number[] =>
  log.map(({ versionstamp }) => versionstamp.sequence)

export function checkLog(checks: Check): void {
  checkEntries(checks)
  checkLogPages(checks)
  checkTrim(checks)
  checkFate(checks)
  checkEpoch(checks)
}

async function fill(engine: Engine, count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_, index) => apply(engine, set('k', String(index)))),
  )
}

function checkEntries(checks: Check): void {
  checks('an entry of the log holds its commit: stamp, id, time, mutations', async (store) => {
    const engine = await store.open()
    const mutations = [set('a', '1'), add('s', 5n, 0n, -7n), remove('a'), set('b', '')]
    const id = nextId()
    const commits = [
      engine.commit({ ...applying(...mutations), id }),
      look(engine, {}, () => null),
      engine.commit(applying(set('c', '2'))),
    ]
    await Promise.all(commits)
    const log = await engine.log(FIRST, 10)
    check.deepEqual(sequencesOf(log), [1, 2])
    const decoded = log.map(({ bytes }) => decodeLogEntry(bytes))
    check.deepEqual(decoded[0]?.mutations.map(plain), mutations.map(plain))
    check.deepEqual(decoded[1]?.mutations.map(plain), [plain(set('c', '2'))])
    check.equal(decoded[0]?.id, id)
    check.deepEqual(decoded[0]?.versionstamp, at(1))
    check.equal(decoded[1]?.cellTimeMs, START_MS)
  })

  checks('a commit that changes nothing has its entry too', async (store) => {
    const engine = await store.open()
    check.equal((await apply(engine)).sequence, 1)
    const [entry] = await engine.log(FIRST, 10)
    check.deepEqual(entry && decodeLogEntry(entry.bytes).mutations, [])
  })
}

/** A mutation with its bytes as text, to be compared. */
function plain(mutation: ReturnType<typeof set>): unknown {
  const key = Buffer.from(mutation.key).toString('latin1')
  if (mutation.kind !== 'set') return { ...mutation, key }
  return { ...mutation, key, value: Buffer.from(mutation.value).toString('latin1') }
}

function checkLogPages(checks: Check): void {
  checks(
    'the log is read in pages, without gap or repeat, also when opened again',
    async (store) => {
      {
        await using engine = await store.open()
        await fill(engine, 25)
      }
      const engine = await store.open()
      await fill(engine, 5)
      const seen: number[] = []
      let after = FIRST
      for (;;) {
        const log = await engine.log(after, 7)
        check.ok(log.length <= 7)
        seen.push(...sequencesOf(log))
        after = log.at(-1)?.versionstamp ?? after
        if (log.length === 0) break
      }
      check.deepEqual(
        seen,
        Array.from({ length: 30 }, (_, index) => index + 1),
      )
      check.deepEqual(after, engine.status().versionstamp)
    },
  )

  checks('a page of the log has a few MiB at most, and at least one entry', async (store) => {
    const engine = await store.open()
    const value = Buffer.alloc(1_000_000)
    for (let count = 0; count < 12; count += 1) await apply(engine, set('k', value))
    const sizes: number[] = []
    for (let after = FIRST; after.sequence < 12;) {
      const log = await engine.log(after, 100)
      sizes.push(log.length)
      after = log.at(-1)?.versionstamp ?? at(12)
    }
    check.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      12,
    )
    check.ok(Math.max(...sizes) <= 8, `pages of ${sizes.join()} MB`)
  })

  checks('behind the log’s end there is none, and beyond it an error', async (store) => {
    const engine = await store.open()
    check.deepEqual(await engine.log(FIRST, 10), [])
    await fill(engine, 3)
    check.deepEqual(await engine.log(at(3), 10), [])
    await check.rejects(engine.log(at(4), 10), { code: 'corrupt' })
    await check.rejects(engine.log({ incarnation: 2, sequence: 0 }, 10), { code: 'corrupt' })
  })
}

function checkTrim(checks: Check): void {
  checks('a trimmed log goes on behind, and is a gap before', async (store) => {
    {
      await using engine = await store.open()
      await fill(engine, 10)
      await engine.trim(at(4))
      await engine.trim(at(4))
      await engine.trim(at(2))
      check.deepEqual(engine.status().logStart, at(4))
    }
    const engine = await store.open()
    check.deepEqual(engine.status().logStart, at(4))
    check.deepEqual(sequencesOf(await engine.log(at(4), 100)), [5, 6, 7, 8, 9, 10])
    check.deepEqual(sequencesOf(await engine.log(at(8), 100)), [9, 10])
    for (const before of [FIRST, at(3)]) {
      await check.rejects(engine.log(before, 100), { code: 'corrupt' })
    }
    await engine.trim(at(10))
    check.deepEqual(await engine.log(at(10), 100), [])
    await fill(engine, 1)
    check.deepEqual(sequencesOf(await engine.log(at(10), 100)), [11])
    check.equal(await get(engine, 'k'), '0')
  })

  checks('a trim beyond the log’s end is a programmer’s error and harms nothing', async (store) => {
    const engine = await store.open()
    await fill(engine, 2)
    await check.rejects(engine.trim(at(3)), AssertionError)
    await fill(engine, 1)
    check.deepEqual(sequencesOf(await engine.log(FIRST, 100)), [1, 2, 3])
  })

  checks('a long trim lets commits through in between', async (store) => {
    const engine = await store.open()
    await fill(engine, 3500)
    const trim = { isDone: false }
    const trimmed = engine.trim(at(3400)).then(() => (trim.isDone = true))
    let between = 0
    while (!trim.isDone) {
      await apply(engine, set('n', String(between)))
      if (!trim.isDone) between += 1
    }
    await trimmed
    check.ok(between >= 2, `${between} commits in between`)
    check.equal((await engine.log(at(3400), 1))[0]?.versionstamp.sequence, 3401)
  })
}

function checkFate(checks: Check): void {
  const commit = async (engine: Engine): Promise<CommitId> => {
    const id = nextId()
    await engine.commit({ ...applying(set('k', 'v')), id })
    return id
  }

  checks('what became of a commit is known, and that another never was', async (store) => {
    let id: CommitId
    {
      await using engine = await store.open()
      await fill(engine, 3)
      id = await commit(engine)
      check.deepEqual(await engine.fate(id), at(4))
    }
    const engine = await store.open()
    await engine.trim(at(4))
    check.deepEqual(await engine.fate(id), at(4))
    check.equal(await engine.fate(nextId()), 'never')
    const refused = nextId()
    await engine.commit({
      id: refused,
      reads: {},
      decide: () => ({ kind: 'refuse', result: null }),
    })
    check.equal(await engine.fate(refused), 'never')
  })

  checks('a fate is answered behind the commits that came before', async (store) => {
    const engine = await store.open()
    const id = nextId()
    const committed = engine.commit({ ...applying(set('k', 'v')), id })
    check.deepEqual(await engine.fate(id), at(1))
    await committed
  })

  checks('each of many commits of one batch has its fate', async (store) => {
    const engine = await store.open()
    const ids = Array.from({ length: 100 }, nextId)
    await Promise.all(ids.map((id) => engine.commit({ ...applying(set('k', 'v')), id })))
    check.deepEqual(await engine.fate(ids[0] ?? nextId()), at(1))
    check.deepEqual(await engine.fate(ids[99] ?? nextId()), at(100))
  })

  checks('a fate is kept for 15 minutes', async (store) => {
    const engine = await store.open()
    const id = await commit(engine)
    for (let minute = 0; minute < 15; minute += 1) {
      await store.clock.advance(FATE_KEPT_MS / 15)
      await fill(engine, 2)
      check.deepEqual(await engine.fate(id), at(1))
    }
  })
}

function checkEpoch(checks: Check): void {
  checks('each who takes the epoch raises it, and deposes the one before', async (store) => {
    const first = await store.open()
    check.equal(first.status().epoch, 0)
    check.equal(await first.takeEpoch(), 1)
    await apply(first, set('a', '1'))
    const second = await store.open()
    check.equal(await second.takeEpoch(), 2)
    check.equal(second.status().epoch, 2)
    const deposed = ['deposed', 'deposed', 'deposed', 'deposed']
    const asked = [
      apply(first, set('a', '2')),
      first.trim(FIRST),
      first.takeEpoch(),
      first.confirmClock(),
    ]
    check.deepEqual(await Promise.all(asked.map(outcomeOf)), deposed)
    check.equal(await outcomeOf(first.fate(nextId())), 'deposed')
    check.equal(await outcomeOf(apply(first, set('a', '3'))), 'deposed')
    await apply(second, set('b', '1'))
    check.deepEqual(await entriesOf(second), ['a=1', 'b=1'])
    check.deepEqual(sequencesOf(await second.log(FIRST, 10)), [1, 2])
  })

  checks('a refusal of a deposed holder is not answered', async (store) => {
    const first = await store.open()
    await apply(first, set('a', '1'))
    const second = await store.open()
    await second.takeEpoch()
    check.equal(await outcomeOf(look(first, {}, () => null)), 'deposed')
  })

  checks('the epoch is kept, and one who has not committed may take it late', async (store) => {
    const idle = await store.open()
    {
      await using first = await store.open()
      await first.takeEpoch()
      await first.takeEpoch()
      check.equal(first.status().epoch, 2)
    }
    check.equal(await idle.takeEpoch(), 3)
    check.equal((await store.open()).status().epoch, 3)
  })
}
