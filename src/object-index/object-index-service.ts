// The object index on an engine: decides every operation in the engine's commits, reads through
// object-index-reader.ts, and sweeps what deletions and abandoned uploads left, in pages.

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Engine } from '../engine/engine.ts'
import { ObjectIndexError, type ObjectIndex } from './object-index.ts'

export interface ObjectIndexOptions {
  readonly engine: Engine
  readonly random: Random
  readonly clock: Clock
}

export interface SweepProgress {
  /** Queue entries that are due now and not done yet are left. */
  readonly isDone: boolean
  readonly commits: number
}

export interface ObjectIndexService extends ObjectIndex, AsyncDisposable {
  /** Does due background removals, at most `commits` commits of them. */
  sweep(commits: number): Promise<SweepProgress>
  /** Sweeps now and then until aborted; the one background loop of the index. */
  runSweeper(signal: AbortSignal): Promise<void>
}

/** Opens the index; the engine stays the caller's to close. Disposing waits for what was asked. */
export function openObjectIndex(options: ObjectIndexOptions): ObjectIndexService {
  void options
  throw new ObjectIndexError('unavailable', 'not built yet')
}
