import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Posting } from '../status/posting.ts'
import type { RecordId } from '../status/records/record.ts'
import type { ComponentId } from '../status/status.ts'
import { CliError } from './cli-error.ts'
import { statementOf } from './statement.ts'
import type { Typed } from './statement.ts'

const NOW_MS = Date.UTC(2026, 1, 3)
const FIRST = `abcd1234${'0'.repeat(56)}` as RecordId
const SECOND = `abcd5678${'0'.repeat(56)}` as RecordId

const POSTING: Posting = {
  plane: 'test',
  site: 'a',
  nowMs: NOW_MS,
  orderMax: 7,
  components: [
    { id: 'eu/c1/get' as ComponentId, level: 'operational', seen: 'operational' },
    { id: 'eu/c1/put' as ComponentId, level: 'major-outage', seen: 'degraded' },
    { id: 'eu/console' as ComponentId, level: 'operational', seen: 'major-outage' },
  ],
  incidents: [
    { id: FIRST, title: 'PUT fails', state: 'investigating' },
    { id: SECOND, title: 'slow', state: 'monitoring' },
  ],
  maintenances: [],
}

const INCIDENT = {
  kind: 'incident',
  title: 'PUT fails',
  state: 'investigating',
  text: 'We look.',
  affected: 'eu/c1/put=major-outage, eu/console=degraded',
} as const
const UPDATE = {
  kind: 'update',
  id: 'abcd12',
  state: 'resolved',
  text: 'over',
  affected: undefined,
} as const
const OVERRIDE = {
  kind: 'override',
  component: 'eu/c1/get',
  level: 'degraded',
  reason: 'seen by customers',
  lasts: undefined,
} as const
const PLANNED = {
  kind: 'maintenance',
  title: 'a switch',
  text: 'is replaced',
  components: 'eu/c1/get,eu/c1/put',
  start: '2026-02-04T22:00+01:00',
  lasts: '90m',
} as const

function refusal(typed: Typed, posting = POSTING): string {
  try {
    statementOf(typed, posting, NOW_MS)
  } catch (error) {
    assert.ok(error instanceof CliError)
    assert.equal(error.exitCode, 2)
    assert.ok(!error.message.includes('\n'))
    return error.message
  }
  return assert.fail('it was taken')
}

test('what was typed becomes a statement', () => {
  assert.deepEqual(statementOf(INCIDENT, POSTING, NOW_MS), {
    ...INCIDENT,
    affected: [
      { component: 'eu/c1/put', level: 'major-outage' },
      { component: 'eu/console', level: 'degraded' },
    ],
    region: null,
  })
  assert.deepEqual(statementOf(UPDATE, POSTING, NOW_MS), {
    kind: 'incident-update',
    incident: FIRST,
    state: 'resolved',
    text: 'over',
    affected: null,
  })
  const cleared = statementOf({ ...UPDATE, affected: 'none' }, POSTING, NOW_MS)
  assert.ok(cleared.kind === 'incident-update')
  assert.deepEqual(cleared.affected, [])
  assert.deepEqual(statementOf(PLANNED, POSTING, NOW_MS), {
    kind: 'maintenance',
    title: 'a switch',
    text: 'is replaced',
    components: ['eu/c1/get', 'eu/c1/put'],
    startMs: Date.UTC(2026, 1, 4, 21),
    endMs: Date.UTC(2026, 1, 4, 22, 30),
    plan: null,
  })
})

test('an override lowers at once, raises for a time, and ends', () => {
  assert.deepEqual(statementOf(OVERRIDE, POSTING, NOW_MS), {
    kind: 'override',
    component: 'eu/c1/get',
    level: 'degraded',
    over: null,
    reason: 'seen by customers',
    untilMs: null,
  })
  const raise = { ...OVERRIDE, component: 'eu/c1/put', level: 'operational' }
  assert.match(refusal(raise), /see eu\/c1\/put as degraded: .*for how long, such as --for 1h/)
  const raised = statementOf({ ...raise, lasts: '2h' }, POSTING, NOW_MS)
  assert.ok(raised.kind === 'override')
  const over = 'degraded' // what probes see, however bad a person said it is
  assert.deepEqual([raised.over, raised.untilMs], [over, NOW_MS + 7_200_000])
  const kept = { ...raise, component: 'eu/console' }
  assert.match(refusal(kept), /for how long/, 'to keep it green is a raise too')
  const again = statementOf({ ...kept, lasts: '2h' }, POSTING, NOW_MS)
  assert.ok(again.kind === 'override')
  assert.equal(again.over, 'major-outage', 'what machines see, not what the page shows')
  const green = { ...OVERRIDE, level: 'operational', lasts: '2h' }
  assert.match(refusal(green), /eu\/c1\/get is operational, .* nothing to raise/)
  const [get, ...others] = POSTING.components
  assert.ok(get !== undefined)
  const lowered = {
    ...POSTING,
    components: [{ ...get, level: 'major-outage' as const }, ...others],
  }
  const corrected = statementOf({ ...OVERRIDE, level: 'operational' }, lowered, NOW_MS)
  assert.ok(corrected.kind === 'override')
  assert.equal(corrected.level, null, 'what a person had said ends, and hides nothing that comes')
  const eased = statementOf(OVERRIDE, lowered, NOW_MS)
  assert.ok(eased.kind === 'override')
  assert.deepEqual([eased.level, eased.over], ['degraded', null], 'a milder warning is a warning')
  const blind = { ...POSTING, components: [{ ...get, seen: 'unknown' as const }, ...others] }
  assert.match(refusal(green, blind), /see eu\/c1\/get as unknown: a raise is for/)
  assert.match(refusal({ ...OVERRIDE, level: 'none', lasts: '1h' }), /--for goes with a level/)
  const ended = statementOf({ ...OVERRIDE, level: 'none', reason: undefined }, POSTING, NOW_MS)
  assert.ok(ended.kind === 'override')
  assert.deepEqual([ended.level, ended.over, ended.reason], [null, null, ''])
  assert.equal(ended.untilMs, null)
})

test('each slip is told in one line with what there is', () => {
  const slips: [Typed, RegExp][] = [
    [
      { ...OVERRIDE, component: 'eu/c1/gte' },
      /no component "eu\/c1\/gte" \(did you mean eu\/c1\/get\?\)/,
    ],
    [
      { ...OVERRIDE, component: 'eu/c1' },
      /no component "eu\/c1"; there are eu\/c1\/get, eu\/c1\/put$/,
    ],
    [{ ...OVERRIDE, component: 'us-west/zebra/get' }, /`holdfast status show URL` lists them/],
    [{ ...OVERRIDE, level: 'major' }, /no level "major": it is one of operational, .*, none$/],
    [{ ...OVERRIDE, level: 'degrade' }, /no level "degrade" \(did you mean degraded\?\)/],
    [{ ...OVERRIDE, reason: ' ' }, /^--reason is missing/],
    [{ ...OVERRIDE, lasts: '2 hours' }, /--for takes a time such as 30m, 2h or 1d; not "2 hours"/],
    [{ ...OVERRIDE, lasts: '0h' }, /--for takes a time/],
    [{ ...INCIDENT, affected: 'eu/c1/put' }, /lacks its level: .*eu\/c1\/put=degraded/],
    [{ ...INCIDENT, affected: 'eu/c1/put=down' }, /no level "down"/],
    [{ ...INCIDENT, affected: 'eu/c1/put=degraded=2' }, /no level "degraded=2"/],
    [{ ...INCIDENT, affected: '' }, /^--affected is empty: .* or say none/],
    [{ ...UPDATE, affected: ' , ' }, /^--affected is empty/],
    [
      { ...PLANNED, start: '2026-02-31T22:00Z' },
      /^--start takes an instant .*"2026-02-31T22:00Z"$/,
    ],
    [{ ...PLANNED, start: '2025-02-04T22:00Z' }, /was over at 2025-02-04T23:30:00/],
    [{ ...INCIDENT, text: '' }, /^--text is empty/],
    [{ ...INCIDENT, state: 'resolve' }, /no state "resolve" \(did you mean resolved\?\)/],
    [{ ...UPDATE, id: 'abcd' }, /^several open incidents begin with "abcd"/],
    [
      { ...UPDATE, id: 'ffff' },
      /^there is no open incident "ffff"; open are abcd1234 "PUT fails" \(investigating\), abcd5678/,
    ],
    [
      { ...UPDATE, kind: 'maintenance-update', id: 'ffff' },
      /no open maintenance .*; none is open$/,
    ],
    [{ ...PLANNED, start: '2026-02-04 22:00' }, /--start takes an instant with its zone/],
    [{ ...PLANNED, start: '2026-13-04T22:00Z' }, /--start takes an instant with its zone/],
    [{ ...PLANNED, components: 'eu/c1/get,eu' }, /no component "eu"; there are/],
  ]
  for (const [typed, line] of slips) assert.match(refusal(typed), line)
})
