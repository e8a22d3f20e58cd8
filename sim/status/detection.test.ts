// Detection by a few seeds: some kinds that tell different things apart, fresh seeds for a while, and
// some minutes of ordinary operation. `npm run sim:status` runs many.

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { runDay } from './day.ts'
import { DetectionSummary, showDetection } from './detection-summary.ts'
import { runDetection } from './detection.ts'
import type { DetectionResult } from './detection.ts'
import { FAULT_NAMES, FAULTS } from './faults.ts'

const SEED_MAX = 2 ** 40
/** Of fresh seeds; one takes a second. */
const FRESH_MS = Number(process.env['HOLDFAST_TEST_SIM_STATUS_MS'] ?? 3000)
const KINDS_MIN = 20
const PAGE = 'docs/status-detection.md'
const KIND_ROW = /^\| `([a-z0-9-]+)` \| ([^|]*) \| ([^|]*) \|$/gm
/** One that is told, and one that must not be claimed. */
const FIXED = ['put-down', 'site-cut-off']
/** Of ordinary operation: enough for all that is ordinary. */
const QUIET_HOURS = 0.2

async function pass(seed: number, kind: string): Promise<DetectionResult> {
  const result = await runDetection({ seed, kind })
  assert.deepEqual(result.findings, [], showDetection(result))
  return result
}

for (const kind of FIXED) {
  test(`${kind}: every site tells what is right`, async () => {
    const { detectMs, requests } = await pass(1, kind)
    assert.ok(requests > 500, `${requests} requests were made`)
    assert.notEqual(detectMs, null)
  })
}

test('a seed gives the same run twice', async () => {
  const request = { seed: 5, hours: 0.05 }
  const first = await runDay(request)
  assert.deepEqual(await runDay(request), first)
  assert.notEqual((await runDay({ ...request, seed: 6 })).trace, first.trace)
})

test('fresh seeds: right in all but a few', async (context: TestContext) => {
  const first = randomInt(SEED_MAX)
  const untilMs = Date.now() + FRESH_MS
  const summary = new DetectionSummary()
  let seed = first
  while (Date.now() < untilMs) {
    const result = await runDetection({ seed: seed++, kind: null })
    context.diagnostic(showDetection(result))
    summary.add(result)
  }
  // One of twenty may be wrong: two of a few are no accident.
  assert.ok(summary.wrongCount <= 1, `${summary.wrongCount} of the seeds from ${first} on`)
})

test('twelve ordinary minutes, with a host lost and a site restarted, are told as nothing', async () => {
  const { events, findings } = await runDay({ seed: 1, hours: QUIET_HOURS })
  assert.deepEqual(findings, [])
  assert.ok(events.some((line) => line.endsWith('is lost')))
  assert.ok(events.some((line) => line.endsWith('is restarted')))
})

test('there are twenty kinds and more, and the page names them as the code does', () => {
  assert.ok(FAULT_NAMES.length >= KINDS_MIN)
  const rows = [...readFileSync(PAGE, 'utf8').matchAll(KIND_ROW)]
  const named = rows.map(([, kind = '', does = '', tells = '']) => [kind, { does, tells }])
  const kinds = Object.entries(FAULTS).map(([kind, { does, tells }]) => [kind, { does, tells }])
  assert.deepEqual(named, kinds)
})
