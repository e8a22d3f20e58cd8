// Seconds a level: whole, from the monotonic clock, on the wall clock's day, over a restart, and bounded.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as check from 'fast-check'
import { STATUS_DAYS_MAX, WATCH_GAP_MS_MAX } from '../../base/limits.ts'
import { LEVELS } from '../status.ts'
import type { ComponentId, Level } from '../status.ts'
import { DayCounter, dayOf } from './day-counts.ts'

const GET = 'r/c/get' as ComponentId
const DAY_MS = 86_400_000
const told = (level: Level): ReadonlyMap<ComponentId, Level> => new Map([[GET, level]])

test('time counts for what was told while it passed', () => {
  const counter = new DayCounter()
  counter.tick(0, 5 * DAY_MS, told('operational'))
  counter.tick(2500, 5 * DAY_MS, told('major-outage'))
  counter.tick(4500, 5 * DAY_MS, told('operational'))
  const [count] = counter.counts()
  assert.equal(count?.day, 5)
  assert.equal(count.seconds.operational, 2)
  assert.equal(count.seconds['major-outage'], 2)
  counter.tick(5000, 5 * DAY_MS, told('operational'))
  assert.equal(counter.counts()[0]?.seconds.operational, 3, 'halves of seconds add up')
})

test('a gap, a clock that stands still and the first tick count nothing', () => {
  const counter = new DayCounter()
  counter.tick(1_000_000, 0, told('operational'))
  counter.tick(1_000_000, 0, told('operational'))
  counter.tick(1_000_000 + WATCH_GAP_MS_MAX + 1, 0, told('operational'))
  counter.tick(900_000, 0, told('operational'))
  assert.deepEqual(counter.counts(), [])
})

test('counts go on over a restart, and on the day of the wall clock', () => {
  const before = new DayCounter()
  before.tick(0, DAY_MS, told('operational'))
  before.tick(3000, DAY_MS, told('operational'))
  const after = new DayCounter(before.counts())
  after.tick(0, DAY_MS, told('operational'))
  after.tick(2000, DAY_MS, told('operational'))
  after.tick(3000, 2 * DAY_MS, told('operational'))
  assert.deepEqual(
    after.counts().map(({ day, seconds }) => [day, seconds.operational]),
    [
      [1, 5],
      [2, 1],
    ],
  )
})

test('days are bounded, and a clock that is wrong for a while costs the days no more than its own', () => {
  const counter = new DayCounter()
  let nowMs = 0
  const tick = (day: number): void => {
    nowMs += 1000
    counter.tick(nowMs, day * DAY_MS, told('operational'))
  }
  for (let day = 0; day <= 200; day += 1) tick(day)
  assert.equal(new Set(counter.counts().map(({ day }) => day)).size, STATUS_DAYS_MAX)
  tick(40_000)
  for (let day = 201; day < 203; day += 1) tick(day)
  const days = counter.counts().map(({ day }) => day)
  assert.equal(days.at(-1), 202)
  assert.equal(days[0], 202 - STATUS_DAYS_MAX + 1)
})

test('whatever ticks come, seconds are whole, only grow, and are no more than what passed', () => {
  const tick = check.record({
    passMs: check.oneof(check.nat(3000), check.nat(30_000)),
    level: check.constantFrom(...LEVELS),
    wallMs: check.nat(10 * DAY_MS),
  })
  check.assert(
    check.property(check.array(tick, { maxLength: 40 }), (ticks) => {
      const counter = new DayCounter()
      let nowMs = 0
      let sum = 0
      for (const { level, passMs, wallMs } of ticks) {
        nowMs += passMs
        counter.tick(nowMs, wallMs, told(level))
        const seconds = counter.counts().flatMap((count) => Object.values(count.seconds))
        const next = seconds.reduce((total, each) => total + each, 0)
        assert.ok(seconds.every((each) => Number.isSafeInteger(each)))
        assert.ok(next >= sum && next <= nowMs / 1000)
        sum = next
      }
    }),
  )
  assert.equal(dayOf(-1), 0)
})
