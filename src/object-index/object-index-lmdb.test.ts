// The suite on the lmdb engine: its reads through a reader such as another process has. Every commit
// is synced, so it takes some 5 seconds.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MANIFEST_KEPT_MS } from '../base/limits.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { openLmdbEngine, openLmdbReader } from '../engine/lmdb.ts'
import { openObjectIndexReader } from './object-index-reader.ts'
import { openObjectIndex } from './object-index-service.ts'
import { objectIndexSuite } from './object-index-suite.ts'
import { SeededRandom } from './suite-world.ts'

objectIndexSuite('lmdb, read elsewhere', async () => {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-index-'))
  const clock = new ManualClock(1_700_000_000_000)
  const engine = await openLmdbEngine({ path, clock })
  const reader = await openLmdbReader(path)
  const service = openObjectIndex({ engine, clock, random: new SeededRandom(99) })
  return {
    index: { ...openObjectIndexReader(reader), apply: service.apply },
    engine,
    sweep: async () => {
      while (!(await service.sweep(100)).isDone) await clock.advance(1)
      await clock.advance(MANIFEST_KEPT_MS) // what is kept for a while goes too
      while (!(await service.sweep(100)).isDone) await clock.advance(1)
    },
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]()
      await reader[Symbol.asyncDispose]()
      await engine[Symbol.asyncDispose]()
      rmSync(path, { recursive: true, force: true })
    },
  }
})
