// Uptime: its arithmetic by example, and its laws.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as check from 'fast-check'
import { STATUS_DAYS_MAX } from '../../base/limits.ts'
import type { Uptime } from '../snapshot.ts'
import type { Component, ComponentId, DayCount, Level } from '../status.ts'
import { mergeDayCounts } from './uptime.ts'
import type { SiteDays } from './uptime.ts'

const TODAY = 20_000
const GET: Component = {
  id: 'r/c/get' as ComponentId,
  kind: 'operation',
  region: 'r',
  cell: 'c',
  operation: 'get',
}
const NONE: Readonly<Record<Level, number>> = {
  operational: 0,
  unknown: 0,
  recovering: 0,
  degraded: 0,
  'partial-outage': 0,
  'major-outage': 0,
}

function dayOf(day: number, seconds: Partial<Record<Level, number>>): DayCount {
  return { component: GET.id, day, seconds: { ...NONE, ...seconds } }
}

function uptimeOf(sites: readonly SiteDays[]): Uptime {
  const [uptime] = mergeDayCounts([GET], sites, TODAY)
  assert.ok(uptime !== undefined)
  return uptime
}

test('a major outage counts whole, a partial one three tenths, unknown is not watched', () => {
  const seconds = {
    operational: 600,
    recovering: 100,
    unknown: 5000,
    'partial-outage': 200,
    'major-outage': 100,
  }
  const uptime = uptimeOf([{ site: 'a', days: [dayOf(TODAY, seconds)] }])
  assert.equal(uptime.watchedSec, 1000)
  assert.equal(uptime.share, 1 - (100 + 0.3 * 200) / 1000)
  assert.equal(uptime.days.at(-1)?.worst, 'major-outage')
  assert.equal(uptime.days.length, STATUS_DAYS_MAX)
  assert.equal(uptime.days.at(-2)?.share, null)
  assert.equal(uptime.days.at(-2)?.worst, null)
})

test('sites add up, days outside the window and other components do not count', () => {
  const far = [
    dayOf(TODAY + 1, { 'major-outage': 9 }),
    dayOf(TODAY - STATUS_DAYS_MAX, { degraded: 9 }),
  ]
  const other = { ...dayOf(TODAY, { 'major-outage': 7 }), component: 'r/c/put' as ComponentId }
  const uptime = uptimeOf([
    { site: 'a', days: [dayOf(TODAY, { operational: 10 }), ...far, other] },
    { site: 'b', days: [dayOf(TODAY, { 'major-outage': 10 })] },
  ])
  assert.equal(uptime.share, 0.5)
  assert.equal(uptime.watchedSec, 20)
})

test('nothing watched is not known, and not all well', () => {
  assert.equal(uptimeOf([]).share, null)
  assert.equal(uptimeOf([{ site: 'a', days: [dayOf(TODAY, { unknown: 100 })] }]).share, null)
})

test('a share is of 0 to 1, is what its arithmetic says, and sites may come in any order', () => {
  const sec = check.nat(86_400)
  const day = check
    .record({
      day: check.integer({ min: TODAY - 95, max: TODAY }),
      up: sec,
      part: sec,
      down: sec,
      dark: sec,
    })
    .map(({ dark, day, down, part, up }) =>
      dayOf(day, { operational: up, 'partial-outage': part, 'major-outage': down, unknown: dark }),
    )
  const site = check.record({ site: check.string(), days: check.array(day, { maxLength: 5 }) })
  check.assert(
    check.property(check.array(site, { maxLength: 4 }), (sites) => {
      const uptime = uptimeOf(sites)
      assert.deepEqual(uptimeOf(sites.toReversed()), uptime)
      for (const { majorSec, partialSec, share, watchedSec } of [uptime, ...uptime.days]) {
        assert.equal(share === null, watchedSec === 0)
        if (share === null) continue
        assert.ok(share >= 0 && share <= 1)
        assert.equal(share, 1 - (majorSec + 0.3 * partialSec) / watchedSec)
      }
    }),
  )
})
