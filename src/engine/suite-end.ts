// What every driver must do at its end: settle what it accepted, refuse what comes later.

import { strict as check } from 'node:assert'
import {
  FIRST,
  apply,
  applying,
  counting,
  entriesOf,
  get,
  nextId,
  outcomeOf,
  set,
  type Check,
} from './suite-store.ts'

export function checkEnds(checks: Check): void {
  checks('what was accepted is settled before the engine is closed', async (store) => {
    const engine = await store.open()
    const commits = Array.from({ length: 20 }, () => outcomeOf(engine.commit(counting('n'))))
    const epoch = outcomeOf(engine.takeEpoch())
    const closed = engine[Symbol.asyncDispose]()
    const late = outcomeOf(engine.commit(counting('n')))
    await closed
    check.equal(await late, 'closed')
    check.equal(await epoch, 1)
    check.ok((await Promise.all(commits)).every((outcome) => typeof outcome === 'object'))
    check.equal(await get(await store.open(), 'n'), '20')
  })

  checks('a closed engine answers so to everything', async (store) => {
    const engine = await store.open()
    await apply(engine, set('a', '1'))
    await engine[Symbol.asyncDispose]()
    const asked = [
      engine.read({ keys: [] }),
      engine.commit(applying(set('a', '2'))),
      engine.log(FIRST, 1),
      engine.trim(FIRST),
      engine.fate(nextId()),
      engine.takeEpoch(),
      engine.confirmClock(),
    ]
    const outcomes = await Promise.all(asked.map(outcomeOf))
    check.deepEqual(outcomes, Array<string>(asked.length).fill('closed'))
    check.equal(engine.status().commits, 1)
  })

  checks('closing twice is fine, at once too', async (store) => {
    const engine = await store.open()
    const committed = apply(engine, set('a', '1'))
    await Promise.all([engine[Symbol.asyncDispose](), engine[Symbol.asyncDispose]()])
    await engine[Symbol.asyncDispose]()
    await committed
  })

  checks(
    'a closed reader answers so, and closes twice',
    async (store) => {
      const engine = await store.open()
      const reader = await store.openReader()
      await reader[Symbol.asyncDispose]()
      await reader[Symbol.asyncDispose]()
      check.equal(await outcomeOf(reader.read({ keys: [] })), 'closed')
      await apply(engine, set('a', '1'))
      check.deepEqual(await entriesOf(engine), ['a=1'])
    },
    ['readers'],
  )

  checks('a store opened again is as it was left', async (store) => {
    const left = []
    for (let round = 0; round < 4; round += 1) {
      await using engine = await store.open()
      left.push(`k${round}=${round}`)
      await apply(engine, set(`k${round}`, String(round)))
      check.deepEqual(await entriesOf(engine), left)
      check.deepEqual(engine.status().versionstamp, { incarnation: 1, sequence: round + 1 })
      check.equal(engine.status().commits, 1)
    }
  })
}
