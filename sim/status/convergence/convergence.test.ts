// Convergence by a few seeds, and fresh ones for a while. `npm run sim:status` runs many.

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { HAPPENINGS } from './happenings.ts'
import { runConvergence } from './run.ts'
import type { ConvergenceResult } from './run.ts'
import { ConvergenceSummary, showConvergence } from './summary.ts'

const SEED_MAX = 2 ** 40
/** Of fresh seeds; one takes two seconds. */
const FRESH_MS = Number(process.env['HOLDFAST_TEST_SIM_STATUS_MS'] ?? 4000)
const PAGE = 'docs/status-convergence.md'
const ROW = /^\| `([a-z-]+)` \| ([^|]*) \|/gm

async function pass(seed: number): Promise<ConvergenceResult> {
  const result = await runConvergence({ seed })
  assert.deepEqual(result.findings, [], showConvergence(result))
  return result
}

test('a seed gives the same run twice, and comes to the same', async () => {
  const first = await pass(3)
  assert.deepEqual(await runConvergence({ seed: 3 }), first)
  assert.ok(first.acknowledged > 5, `${first.acknowledged} posts were acknowledged`)
  assert.ok(first.snapshots > 50, `${first.snapshots} snapshots were looked at`)
  assert.notEqual(first.sameTellingMs, null)
})

test('fresh seeds: all sites come to the same', async (context: TestContext) => {
  const untilMs = Date.now() + FRESH_MS
  const summary = new ConvergenceSummary()
  let seed = randomInt(SEED_MAX)
  do {
    summary.add(await pass(seed++))
  } while (Date.now() < untilMs)
  context.diagnostic(summary.show(FRESH_MS / 1000))
  assert.equal(summary.failedCount, 0)
})

test('the page names what can happen as the code does', () => {
  const rows = [...readFileSync(PAGE, 'utf8').matchAll(ROW)]
  const named = rows.map(([, name = '', what = '']) => [name, what])
  assert.deepEqual(named, Object.entries(HAPPENINGS))
})
