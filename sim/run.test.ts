// Whole runs: a seed decides all of one, in any process; the fixed seeds and those that failed once
// pass; and fresh ones, for a while.

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { FAULT_KINDS, FAULTS } from './faults.ts'
import { runSeed } from './run.ts'
import type { RunRequest, RunResult } from './run.ts'
import { SCENARIO_NAMES } from './scenarios.ts'
import { isUndecided, showFailure, summaryOf } from './summary.ts'

const FIXED_SEEDS = 24
/** Of fresh seeds; the whole of the tests stays below five minutes. */
const FRESH_MS = Number(process.env['HOLDFAST_TEST_SIM_MS'] ?? 45_000)
const SEED_MAX = 2 ** 40
const PAGE = 'docs/simulation.md'
const SEEDS_PAGE = 'sim/seeds/README.md'
const SEED_ROW = /^\| (\d+) \| ([a-z]+) \| (\d+) \|/gm
const FAULT_ROW = /^\| `([a-z-]+)` \| (.*) \|$/gm

/** Runs a seed and requires that it found nothing, or that there was too much to try. */
async function passOrLeave(request: RunRequest): Promise<RunResult> {
  const result = await runSeed(request)
  const summary = summaryOf(result)
  if (summary.failure !== null && !isUndecided(summary)) assert.fail(showFailure(summary))
  return result
}

/** Runs a seed and requires that it found nothing. */
async function pass(request: RunRequest): Promise<RunResult> {
  const result = await passOrLeave(request)
  assert.deepEqual(result.findings, [])
  return result
}

function plain(seed: number): RunRequest {
  return { seed, scenario: null, steps: null }
}

test('a seed gives the same run twice, byte for byte', async () => {
  for (const scenario of SCENARIO_NAMES) {
    const request = { seed: 77, scenario, steps: 80 }
    const first = await runSeed(request)
    const second = await runSeed(request)
    assert.ok(first.events > 500, `${scenario} is a run`)
    assert.deepEqual(second, first, scenario)
    const other = await runSeed({ ...request, seed: 78 })
    assert.notEqual(other.trace, first.trace)
  }
})

test('the trace is of all that happened', async () => {
  const linesOf = async (seed: number): Promise<string[]> => {
    const lines: string[] = []
    await runSeed({ seed, scenario: 'chaos', steps: 60, onTrace: (line) => lines.push(line) })
    return lines
  }
  const lines = await linesOf(5)
  assert.ok(lines.length > 500)
  assert.deepEqual(await linesOf(5), lines)
})

test(`seeds 1 to ${FIXED_SEEDS} find nothing, and most of what may strike strikes`, async () => {
  const struck = new Set<string>()
  let okCount = 0
  for (let seed = 1; seed <= FIXED_SEEDS; seed++) {
    const { faults, operations } = await pass(plain(seed))
    for (const kind of FAULT_KINDS) if (faults[kind] > 0) struck.add(kind)
    okCount += operations.filter(({ outcome }) => outcome.kind === 'ok').length
  }
  assert.ok(okCount > FIXED_SEEDS * 50, `${okCount} operations were carried out`)
  assert.ok(struck.size > 24, [...struck].join())
})

test('every seed that failed once finds nothing any more', async () => {
  const rows = [...readFileSync(SEEDS_PAGE, 'utf8').matchAll(SEED_ROW)]
  for (const [, seed = '', name = '', steps = ''] of rows) {
    const scenario = SCENARIO_NAMES.find((each) => each === name)
    assert.ok(scenario !== undefined, `${name} is a scenario`)
    await pass({ seed: Number(seed), scenario, steps: Number(steps) })
  }
})

test('fresh seeds find nothing', async (context: TestContext) => {
  const first = randomInt(SEED_MAX)
  const untilMs = Date.now() + FRESH_MS
  let seed = first
  let undecided = 0
  while (Date.now() < untilMs) {
    const { findings } = await passOrLeave(plain(seed++))
    if (findings.length > 0) undecided++
  }
  context.diagnostic(`fresh seeds ${first} to ${seed - 1}, ${undecided} of them undecided`)
})

test('the page names the faults that there are, as the code does', () => {
  const rows = [...readFileSync(PAGE, 'utf8').matchAll(FAULT_ROW)]
  assert.deepEqual(Object.fromEntries(rows.map(([, kind, text]) => [kind, text])), FAULTS)
})
