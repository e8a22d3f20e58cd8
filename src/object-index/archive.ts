// The archiver: copies the engine's change log into blobs within a second, names them in the index
// with its cursor, trims the log behind it, and makes checkpoints of the whole index. What it
// writes alone brings the index back (rebuild.ts). Source: DESIGN.md, The index.

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Engine } from '../engine/engine.ts'
import type { ExtentFiller } from '../placement/placement.ts'
import type { Storage } from '../storage/storage.ts'
import { ObjectIndexError, type Cursor, type ObjectIndex } from './object-index.ts'

/** The archiver's name among the consumers of the change log. */
export const ARCHIVER = 'archiver'

export interface ArchiverParts {
  readonly engine: Engine
  readonly index: ObjectIndex
  /** Placement's, for the archiver alone: `placement.openFiller()`. */
  readonly filler: ExtentFiller
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  readonly options?: Partial<ArchiverOptions>
}

export interface ArchiverOptions {
  /** Log bytes before a checkpoint at least, however small the index is. 64 MiB by default. */
  readonly checkpointLogBytesMin: number
  /** What a checkpoint reads and writes at most. */
  readonly checkpointRateBytesPerSec: number
  /** Told of failures; one line each. */
  readonly report: (message: string) => void
}

export interface ArchiverStatus {
  /** The last entry that is in the archive. */
  readonly cursor: Cursor
  readonly lagEntries: number
  /** For how long the oldest entry that is not archived has waited, about. */
  readonly lagMs: number
  /** So far behind that PUT must slow down: SlowDown is answered while it is true. */
  readonly isBehind: boolean
  /** Log bytes since the start of the last whole checkpoint. */
  readonly logBytesSinceCheckpoint: number
  readonly lastCheckpoint: Cursor | null
  /** Share of the checkpoint under way, 0 to 1; null: none is. */
  readonly checkpointShare: number | null
  readonly lastError: string | null
}

export interface Archiver extends AsyncDisposable {
  /** Reads where it was and archives from then on, until disposed. */
  start(): Promise<void>
  /** Archives what is in the log now; resolves when it is durable. For a stop, and for tests. */
  flush(): Promise<void>
  /** Makes a checkpoint now. */
  checkpoint(): Promise<void>
  status(): ArchiverStatus
}

export function openArchiver(parts: ArchiverParts): Archiver {
  throw new ObjectIndexError('unavailable', `not built yet: ${parts.clock.nowMs()}`)
}
