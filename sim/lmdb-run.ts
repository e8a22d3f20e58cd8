// One run, and all that it asked of its engines asked again of LMDB, in a folder of its own.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLmdbEngine, openLmdbReader } from '../src/engine/lmdb.ts'
import type { EngineCall } from './engine-calls.ts'
import type { Compared } from './engine-comparison.ts'
import { EngineRecording } from './engine-recording.ts'
import { replay } from './engine-replay.ts'
import type { Replayed, ReplayTarget } from './engine-replay.ts'
import { runSeed } from './run.ts'
import type { RunRequest, RunResult } from './run.ts'

export interface LmdbRun {
  /** With a finding `lmdb` for each difference. */
  readonly result: RunResult
  readonly compared: Compared
}

export async function runSeedWithLmdb(request: RunRequest): Promise<LmdbRun> {
  const recording = new EngineRecording()
  const result = await runSeed({ ...request, recording })
  const { compared, differences } = await replayOnLmdb(recording.finish())
  const findings = differences.map((message) => ({ check: 'lmdb', message, keys: [] }))
  return { result: { ...result, findings: [...result.findings, ...findings] }, compared }
}

/** Replays over the real driver, or over what `disguise` makes of it. */
export async function replayOnLmdb(
  calls: readonly EngineCall[],
  disguise: (target: ReplayTarget) => ReplayTarget = (target) => target,
): Promise<Replayed> {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-sim-lmdb-'))
  try {
    const target: ReplayTarget = {
      openEngine: async (clock) => await openLmdbEngine({ path, clock }),
      openReader: async () => await openLmdbReader(path),
    }
    return await replay(calls, disguise(target))
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}
