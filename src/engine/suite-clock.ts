// What every driver must do with time: it never goes back, and a jump raises an alarm.

import { strict as check } from 'node:assert'
import { ManualClock } from '../base/manual-clock.ts'
import type { Engine } from './engine.ts'
import { DAY_MS, START_MS, apply, look, set, type Check } from './suite-store.ts'

const MINUTE_MS = 60_000

/** Cell time of a batch that commits now. */
async function tick(engine: Engine): Promise<number> {
  const [nowMs] = await Promise.all([
    look(engine, {}, (overlay) => overlay.nowMs),
    apply(engine, set('tick', '')),
  ])
  return nowMs
}

export function checkClock(checks: Check): void {
  checkCellTime(checks)
  checkJumps(checks)
  checkGaps(checks)
}

function checkCellTime(checks: Check): void {
  checks('cell time follows the wall clock and never goes back', async (store) => {
    {
      await using engine = await store.open()
      check.equal(await tick(engine), START_MS)
      await store.clock.advance(1500.75)
      check.equal(await tick(engine), START_MS + 1500)
      store.clock.setWall(START_MS - 30_000)
      check.equal(await tick(engine), START_MS + 1500)
    }
    await using again = await store.open()
    check.equal(await tick(again), START_MS + 1500)
    await store.clock.advance(40_000)
    check.equal(await tick(again), START_MS + 10_000)
    check.equal(again.status().clockAlarm, null)
  })
}

function checkJumps(checks: Check): void {
  const jumps = [
    { jumpMs: MINUTE_MS, isAlarm: false },
    { jumpMs: MINUTE_MS + 1, isAlarm: true },
    { jumpMs: -MINUTE_MS, isAlarm: false },
    { jumpMs: -MINUTE_MS - 1, isAlarm: true },
  ]
  for (const { isAlarm, jumpMs } of jumps) {
    const answer = isAlarm ? 'an alarm' : 'none'
    checks(`a jump of the wall clock by ${jumpMs} ms is ${answer}`, async (store) => {
      const engine = await store.open()
      await tick(engine)
      await store.clock.advance(2 * DAY_MS)
      await tick(engine)
      check.equal(engine.status().clockAlarm, null, 'time that passed is no jump')
      store.clock.setWall(store.clock.nowMs() + jumpMs)
      await tick(engine)
      check.equal(engine.status().clockAlarm !== null, isAlarm)
    })
  }

  checks('an alarm stays until it is confirmed, also when opened again', async (store) => {
    const { clock } = store
    {
      await using engine = await store.open()
      await tick(engine)
      clock.setWall(START_MS + DAY_MS)
      await tick(engine)
      clock.setWall(START_MS + 2 * DAY_MS)
      await clock.advance(5000)
      await tick(engine)
      await engine.trim(engine.status().versionstamp)
      check.match(engine.status().clockAlarm ?? '', /jumped by 86400000 ms/)
    }
    {
      await using engine = await store.open()
      check.match(engine.status().clockAlarm ?? '', /jumped by 86400000 ms/)
      check.ok((await tick(engine)) > START_MS, 'service goes on')
      await engine.confirmClock()
      check.equal(engine.status().clockAlarm, null)
      await tick(engine)
      check.equal(engine.status().clockAlarm, null)
    }
    const engine = await store.open()
    check.equal(engine.status().clockAlarm, null)
  })

  checks('an alarm that a refusal met is seen', async (store) => {
    const engine = await store.open()
    await tick(engine)
    store.clock.setWall(START_MS + DAY_MS)
    await look(engine, {}, () => null)
    check.notEqual(engine.status().clockAlarm, null)
  })
}

function checkGaps(checks: Check): void {
  const gaps = [
    { gapMs: 7 * DAY_MS, isAlarm: false },
    { gapMs: 7 * DAY_MS + 1, isAlarm: true },
    { gapMs: -MINUTE_MS, isAlarm: false },
    { gapMs: -MINUTE_MS - 1, isAlarm: true },
  ]
  for (const { gapMs, isAlarm } of gaps) {
    const answer = isAlarm ? 'an alarm' : 'none'
    checks(`a start ${gapMs} ms behind the last commit is ${answer}`, async (store) => {
      {
        await using engine = await store.open()
        check.equal(engine.status().clockAlarm, null, 'a fresh store has no last commit')
        await tick(engine)
      }
      {
        await using engine = await store.open(new ManualClock(START_MS + gapMs))
        check.equal(engine.status().clockAlarm !== null, isAlarm)
        await tick(engine)
      }
      await using engine = await store.open(new ManualClock(START_MS + gapMs))
      check.equal(engine.status().clockAlarm !== null, isAlarm, 'a commit does not end it')
      await engine.confirmClock()
      check.equal(engine.status().clockAlarm, null)
    })
  }
}
