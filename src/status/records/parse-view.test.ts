// The form of a view, and that what a site makes of anything is a view that its peers take.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { STATUS_COMPONENTS_MAX, STATUS_VIEW_SIZE_BYTES_MAX } from '../../base/limits.ts'
import { LEVELS } from '../status.ts'
import type { ComponentId, DayCount, Level, Sighting, View } from '../status.ts'
import { formatView, parseView } from './parse-view.ts'
import { GET, NOON_MS, PUT } from './suite-plane.ts'
import { refuses } from './suite-refuses.ts'

const SIGHTING: Sighting = {
  component: PUT,
  level: 'recovering',
  sinceMs: NOON_MS,
  why: '3 of 3 failed',
  probeCount: 3,
  failedCount: 3,
  isSilent: false,
  medianMs: 12.5,
  recovery: { doneShare: 0.5, leftMs: null },
}

const VIEW: View = {
  site: 'site-1',
  incarnation: 1,
  sequence: 2,
  madeAtMs: NOON_MS,
  footing: 'sure',
  sightings: [SIGHTING, { ...SIGHTING, component: GET, medianMs: null, recovery: null }],
  days: [dayOf(PUT, 20_000)],
}

function dayOf(component: ComponentId, day: number): DayCount {
  const seconds = Object.fromEntries(LEVELS.map((level) => [level, 1])) as Record<Level, number>
  return { component, day, seconds }
}

test('a view comes out as it went in', () => {
  assert.deepEqual(parseView(formatView(VIEW)), VIEW)
})

test('a field more, less or out of its bounds is refused', () => {
  const seconds = { ...dayOf(PUT, 1).seconds, major: 1 }
  for (const change of [
    { more: 1 },
    { site: 'Site' },
    { incarnation: 0 },
    { sequence: 2 ** 48 + 1 },
    { footing: 'maybe' },
    { sightings: [SIGHTING, SIGHTING] },
    { sightings: [{ ...SIGHTING, level: 'green' }] },
    { sightings: [{ ...SIGHTING, why: '' }] },
    { sightings: [{ ...SIGHTING, why: 'a\nb' }] },
    { sightings: [{ ...SIGHTING, component: '../etc' }] },
    { sightings: [{ ...SIGHTING, medianMs: -1 }] },
    { sightings: [{ ...SIGHTING, recovery: { doneShare: 1.1, leftMs: null } }] },
    { sightings: [{ ...SIGHTING, recovery: {} }] },
    { days: [dayOf(PUT, 1), dayOf(PUT, 1)] },
    { days: [{ component: PUT, day: 1, seconds }] },
    { days: {} },
  ]) {
    refuses('bad-request', () => parseView(JSON.stringify({ ...VIEW, ...change })))
  }
  refuses('too-large', () => parseView(' '.repeat(STATUS_VIEW_SIZE_BYTES_MAX + 1)))
})

test('whatever a store answers, what is made of it is taken by peers', () => {
  for (const why of [
    '',
    ' \n ',
    'a\u0000b\r\n',
    'x'.repeat(1000),
    `${'x'.repeat(299)}😀`,
    '\ufffe',
  ]) {
    const [sighting] = parseView(
      formatView({ ...VIEW, sightings: [{ ...SIGHTING, why }] }),
    ).sightings
    assert.ok(sighting !== undefined && sighting.why.length <= 300)
  }
})

test('of too many days the oldest are left out; all that limits allow fits otherwise', () => {
  const long = (index: number): ComponentId =>
    `${'r'.repeat(8)}/cell-${index}/multipart` as ComponentId
  const days = Array.from({ length: STATUS_COMPONENTS_MAX }, (_, index) => index).flatMap((index) =>
    Array.from({ length: 90 }, (_, day) => dayOf(long(index), 20_000 + day)),
  )
  assert.equal(parseView(formatView({ ...VIEW, days })).days.length, days.length)
  const seconds = Object.fromEntries(LEVELS.map((level) => [level, 1e9])) as Record<Level, number>
  const wide = days.map((each) => ({ ...each, seconds }))
  const kept = parseView(formatView({ ...VIEW, days: wide })).days
  assert.equal(kept.length, days.length / 2)
  assert.ok(kept.every(({ day }) => day >= 20_045))
})
