// What a cell says of itself: read strictly, and never better than nothing said.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerOf } from './cell-model.ts'
import { CellReports, parseReport, type OneReport, type ReportKind } from './report.ts'

function parsed(value: unknown, kind: ReportKind = 'cell', status = 200): OneReport | null {
  return parseReport(answerOf(status, JSON.stringify(value)), kind)
}

const READY = { status: 'ready', index: 'serving', directory: 'serving', placement: 'serving' }
const NOT_READY = { ...READY, status: 'not-ready', index: 'SlowDown' }

test('readiness as the store has it', () => {
  assert.deepEqual(parsed(READY), {
    level: 'operational',
    why: 'says: ready',
    recovery: null,
    isReady: true,
  })
  const notReady = parsed(NOT_READY, 'cell', 503)
  assert.equal(notReady?.isReady, false)
  assert.equal(notReady.why, 'says: not-ready, index: SlowDown')
})

test('what cannot be read says nothing', () => {
  for (const value of [null, 1, 'ready', [READY], {}, { status: 1 }, { status: 'fine' }]) {
    assert.equal(parsed(value), null, JSON.stringify(value))
  }
  assert.equal(parsed({ status: 'unknown' }), null)
  for (const text of ['', '<html>', '{"status":']) {
    assert.equal(parseReport(answerOf(200, text), 'cell'), null)
  }
})

test('a level is taken as it is, and a recovery makes it at least recovering', () => {
  assert.equal(parsed({ status: 'partial-outage' })?.level, 'partial-outage')
  const recovering = parsed({ status: 'ready', recovery: { doneShare: 0.25, leftMs: 60_000 } })
  assert.deepEqual(
    [recovering?.level, recovering?.recovery],
    ['recovering', { doneShare: 0.25, leftMs: 60_000 }],
  )
  assert.equal(parsed({ status: 'degraded', recovery: { doneShare: 0.5 } })?.level, 'degraded')
  const done = parsed({ status: 'ready', recovery: { doneShare: 1, leftMs: 0 } })
  assert.deepEqual([done?.level, done?.recovery], ['operational', null])
  const odd = parsed({ status: 'ready', recovery: { doneShare: 7, leftMs: -1 } })
  assert.deepEqual(odd?.recovery, { doneShare: null, leftMs: null })
})

test('a time left that no view has room for is not known', () => {
  const recoveries = [1e13, 1e308].map((leftMs) => {
    return parsed({ status: 'ready', recovery: { doneShare: 0.1, leftMs } })?.recovery
  })
  const unknown = { doneShare: 0.1, leftMs: null }
  assert.deepEqual(
    recoveries,
    [unknown, unknown],
    'else one cell silences its site about all others',
  )
})

test('a backlog makes a service degraded, and of a cell is only told', () => {
  const late = { status: 'ready', backlogs: [{ name: 'usage', lagMs: 900_000, count: 12 }] }
  assert.equal(parsed(late, 'service')?.level, 'degraded')
  assert.match(parsed(late, 'service')?.why ?? '', /usage is 900 s behind, 12 wait/)
  assert.equal(parsed(late, 'cell')?.level, 'operational')
  assert.match(parsed(late, 'cell')?.why ?? '', /usage is 900 s behind/)
  const bounded = (lagMs: number) => [{ name: 'usage', lagMs, lagMsMax: 1000 }]
  assert.equal(parsed({ status: 'ready', backlogs: bounded(1001) }, 'service')?.level, 'degraded')
  assert.equal(
    parsed({ status: 'ready', backlogs: bounded(1000) }, 'service')?.level,
    'operational',
  )
  assert.equal(
    parsed({ status: 'ready', backlogs: [1, null, {}] }, 'service')?.level,
    'operational',
  )
})

test('a long report stays short', () => {
  const backlogs = Array.from({ length: 500 }, () => ({ name: 'x'.repeat(500), lagMs: 1e9 }))
  assert.ok((parsed({ status: 'ready', backlogs }, 'service')?.why.length ?? 999) <= 200)
})

test('one server that is not ready is no news, all of them twice in a row are', () => {
  const reports = new CellReports()
  const ready = parsed(READY)
  const notReady = parsed(NOT_READY)
  assert.equal(reports.combined(), null)
  reports.take('one', notReady)
  reports.take('two', ready)
  reports.take('one', notReady)
  reports.take('two', ready)
  assert.equal(reports.combined()?.level, 'operational')
  reports.take('one', notReady)
  reports.take('two', notReady)
  assert.equal(reports.combined(), null)
  reports.take('two', notReady)
  assert.deepEqual(reports.combined(), {
    level: 'degraded',
    why: 'says: not-ready, index: SlowDown',
    recovery: null,
  })
  reports.take('one', null)
  reports.take('two', null)
  assert.equal(reports.combined(), null)
})

test('a server that does not answer once is not taken for one that is not ready', () => {
  const reports = new CellReports()
  reports.take('one', parsed(NOT_READY))
  reports.take('two', parsed(READY))
  reports.take('one', parsed(NOT_READY))
  reports.take('two', null)
  assert.equal(reports.combined(), null)
  reports.take('two', parsed(NOT_READY))
  reports.take('two', parsed(NOT_READY))
  reports.take('two', null)
  assert.equal(reports.combined()?.level, 'degraded', 'what it said twice it has not taken back')
})

test('of several that are ready the worst counts', () => {
  const reports = new CellReports()
  reports.take('one', parsed({ status: 'ready', recovery: { doneShare: 0.1, leftMs: 5 } }))
  reports.take('two', parsed({ status: 'ready' }))
  assert.deepEqual(reports.combined()?.recovery, { doneShare: 0.1, leftMs: 5 })
  reports.take('three', parsed({ status: 'major-outage' }))
  assert.equal(reports.combined()?.level, 'major-outage')
})
