// Placement on one drive: leases and seals extents through the index, watches the drive's free
// space, and runs the background loops that give space back (compaction, parking, removal).

import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import type { ExtentId, WriterId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
import type { ObjectIndex } from '../object-index/object-index.ts'
import type { Storage } from '../storage/storage.ts'
import { PlacementError, type ExtentFiller, type Placement } from './placement.ts'

/**
 * Which of these extents any record of the index names, found without the reverse records: the
 * second scan before bytes go. In a cell: `findReferences` of object-index/rebuild-references.ts.
 */
export type ReferenceScan = (extentIds: ReadonlySet<ExtentId>, signal: AbortSignal) =>
  Promise<ReadonlySet<ExtentId>>

export interface PlacementOptions {
  /** What compaction reads and writes at most. 32 MiB/s by default. */
  readonly compactionRateBytesPerSec: number
  /** Share of an extent that must be garbage before it is compacted. 0.3 by default. */
  readonly garbageShareMin: number
  /** While it answers true background work waits, up to a point: requests go first. */
  readonly isBusy: () => boolean
  /** False while the cell's time is in doubt: nothing is removed then. Source: DESIGN.md, Time. */
  readonly mayExpire: () => boolean
  /** Told of what operators should know; one line each. */
  readonly report: (message: string) => void
}

export interface PlacementParts {
  readonly index: ObjectIndex
  readonly storage: Storage
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly driveId: string
  readonly findReferences: ReferenceScan
  readonly options?: Partial<PlacementOptions>
}

export interface StartReport {
  readonly sealed: readonly ExtentId[]
  readonly unknown: readonly ExtentId[]
  readonly missing: readonly ExtentId[]
}

export interface PlacementService extends Placement, AsyncDisposable {
  /**
   * Seals the open extents of all writers but the live ones, compares files with the index, and
   * starts the background loops; disposing ends them. Called once, before the first lease.
   */
  start(liveWriters?: readonly WriterId[]): Promise<StartReport>
  /** A writer of this process, with an id of its own. */
  openFiller(): ExtentFiller
  /** A write failed for want of space: looks at the drive at once. */
  noteFull(): void
  pause(): void
  resume(): void
}

/** Opens placement; index, storage and disk stay the caller's to close. */
export function openPlacement(parts: PlacementParts): PlacementService {
  throw new PlacementError('io', `drive ${parts.driveId}: not built yet`)
}
