import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROBE_FAILURES_KEPT_MAX } from '../../base/limits.ts'
import type { ComponentId, ProbeFailure, ProbeResult } from '../status.ts'
import { openProbeLog } from './probe-log.ts'

const [GET, PUT] = ['r/c/get', 'r/c/put'] as ComponentId[] as [ComponentId, ComponentId]

function failure(message: string): ProbeFailure {
  return { kind: 'timeout', status: null, code: null, requestId: null, message, raw: '' }
}

function result(component: ComponentId, atMs: number, message: string | null = null): ProbeResult {
  const failed = message === null ? null : failure(message)
  return { component, atMs, beganMs: atMs, durationMs: 5, retryCount: 0, failure: failed }
}

test('the newest failures of each component are kept, and its last success', () => {
  const log = openProbeLog([{ id: GET }, { id: PUT }])
  log.take(result(GET, 1))
  for (let at = 2; at < 2 + PROBE_FAILURES_KEPT_MAX + 5; at += 1) log.take(result(GET, at, `${at}`))
  const [get, put] = log.states()
  assert.equal(get?.lastGood?.atMs, 1)
  assert.equal(get?.failedCount, PROBE_FAILURES_KEPT_MAX + 5)
  assert.equal(get?.failedSinceMs, 2)
  assert.equal(get?.failures.length, PROBE_FAILURES_KEPT_MAX)
  assert.equal(get?.failures[0]?.failure.message, `${1 + PROBE_FAILURES_KEPT_MAX + 5}`)
  assert.deepEqual(put, {
    component: PUT,
    lastGood: null,
    failedCount: 0,
    failedSinceMs: null,
    failures: [],
  })
})

test('a success ends the count, and leaves what failed before to be looked at', () => {
  const log = openProbeLog([{ id: GET }])
  log.take(result(GET, 1, 'a'))
  log.take(result(GET, 2))
  const [get] = log.states()
  assert.equal(get?.failedCount, 0)
  assert.equal(get?.failedSinceMs, null)
  assert.equal(get?.failures.length, 1)
})

test('a probe that could not be made is shown, and counts for nothing', () => {
  const log = openProbeLog([{ id: GET }])
  log.takeUnsure(GET, failure('no bucket'), 7)
  const [get] = log.states()
  assert.equal(get?.failedCount, 0)
  assert.equal(get?.failedSinceMs, null)
  assert.equal(get?.failures[0]?.durationMs, null)
})

test('what is of no component is not kept', () => {
  const log = openProbeLog([{ id: GET }])
  log.take(result(PUT, 1))
  log.take(result(PUT, 1, 'x'))
  assert.deepEqual(
    log.states().map(({ component }) => component),
    [GET],
  )
})
