// What runs asked of their engines, LMDB answers in the same way; and a driver that is wrong in one
// way, whichever, is found out.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore, openMemoryEngine, openMemoryReader } from '../src/engine/memory.ts'
import { COMPARED, nothingCompared } from './engine-comparison.ts'
import { EngineRecording } from './engine-recording.ts'
import { replay } from './engine-replay.ts'
import { replayOnLmdb, runSeedWithLmdb } from './lmdb-run.ts'
import { runSeed } from './run.ts'
import { SCENARIO_NAMES } from './scenarios.ts'
import { LIARS } from './suite-engine-liars.ts'
import { scriptedCalls } from './suite-engine-script.ts'

const SEED = 101
const STEPS = 40

test('a run that is recorded is the same run, and LMDB answers it as the memory engine did', async (context) => {
  const all = nothingCompared()
  for (const scenario of SCENARIO_NAMES) {
    const request = { seed: SEED, scenario, steps: STEPS }
    const { result, compared } = await runSeedWithLmdb(request)
    assert.deepEqual(result.findings, [], scenario)
    assert.deepEqual(result, await runSeed(request), scenario)
    for (const kind of COMPARED) all[kind] += compared[kind]
  }
  for (const kind of ['commits', 'refusals', 'reads', 'entries', 'log entries', 'trims'] as const) {
    assert.ok(all[kind] > 0, kind)
  }
  context.diagnostic(`${SCENARIO_NAMES.length} seeds: ${JSON.stringify(all)}`)
})

test('LMDB answers everything that may happen as the memory engine did', async () => {
  const { compared, differences } = await replayOnLmdb(await scriptedCalls())
  assert.deepEqual(differences, [])
  for (const kind of COMPARED) assert.ok(compared[kind] > 0, kind)
})

test('the memory engine answers a history as it did', async () => {
  const store = createMemoryStore()
  const { differences } = await replay(await scriptedCalls(), {
    openEngine: async (clock) => openMemoryEngine({ clock, store }),
    openReader: async () => openMemoryReader(store),
  })
  assert.deepEqual(differences, [])
})

for (const [what, disguise] of Object.entries(LIARS)) {
  test(`a driver is found out: ${what}`, async () => {
    const { differences } = await replayOnLmdb(await scriptedCalls(), disguise)
    assert.ok(differences.length > 0)
    assert.ok(!differences[0]?.includes('it failed'), differences[0])
  })
}

test('a history that nothing was asked in compares nothing', async () => {
  const { compared, differences } = await replayOnLmdb(new EngineRecording().finish())
  assert.deepEqual({ compared, differences }, { compared: nothingCompared(), differences: [] })
})
