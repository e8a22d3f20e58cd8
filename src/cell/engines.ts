// How the processes of a group open their store's engine: the one that commits, and those that read.

import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Engine, EngineReader } from '../engine/engine.ts'
import { openLmdbEngine, openLmdbReader } from '../engine/lmdb.ts'
import { INDEX_FOLDER, requireIndex } from './store-folder.ts'

export interface EngineUse {
  readonly clock: Clock
  /** Told of each commit's time until it was durable. */
  readonly onSync: (durationMs: number) => void
  /** Told, once, of the error behind which nothing is committed any more. */
  readonly onEnd: (error: Error) => void
}

export interface Engines {
  /** For the one process that commits. @throws StoreRefused, EngineError */
  openEngine(use: EngineUse): Promise<Engine>
  /** For one that reads what another commits. */
  openReader(): Promise<EngineReader & AsyncDisposable>
}

/** The engine of a store's directory. */
export function lmdbEngines(folder: string): Engines {
  const path = join(folder, INDEX_FOLDER)
  return {
    openEngine: async (use) => {
      requireIndex(folder)
      return await openLmdbEngine({ path, ...use })
    },
    openReader: async () => await openLmdbReader(path),
  }
}
