// Brings the index back from the data alone: the newest whole checkpoint, then the archived log in
// order. A blob record alone proves only its bytes: one that is newer than the archive is listed as
// unsure and never overrides. Source: DESIGN.md, The index, Rebuild.

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Engine } from '../engine/engine.ts'
import type { Location } from '../base/location.ts'
import type { BlobOwner, ScanDamage, Storage } from '../storage/storage.ts'
import { ObjectIndexError, type Cursor } from './object-index.ts'

export interface RebuildParts {
  readonly storage: Storage
  /** Fresh and empty. */
  readonly engine: Engine
  readonly clock: Clock
  readonly random: Random
  readonly driveId: string
  readonly onProgress?: (progress: RebuildProgress) => void
  readonly signal?: AbortSignal
}

export interface RebuildProgress {
  readonly step: 'scan' | 'checkpoint' | 'log' | 'unsure'
  readonly done: number
  readonly total: number
}

/** A blob of an object or part that was durable, and of which the archive does not say that it was
 * ever named: written in the last second, or refused, or never finished by its request. */
export interface UnsureBlob {
  readonly owner: BlobOwner
  readonly location: Location
}

export interface RebuildReport {
  readonly objects: number
  readonly buckets: number
  /** The start of the checkpoint that was taken; null: the log goes back to the beginning. */
  readonly checkpoint: Cursor | null
  readonly logEntries: number
  /** The last entry that was applied; all that came later is lost or unsure. */
  readonly lastStamp: Cursor | null
  /** Where the archived log has a hole, if it has; the replay ended there. */
  readonly gap: string | null
  readonly unsure: readonly UnsureBlob[]
  readonly damage: readonly ScanDamage[]
  /** What validation found in the rebuilt index; empty is sound. */
  readonly findings: readonly string[]
}

/** @throws ObjectIndexError `unavailable` where the engine is not empty, `corrupt` */
export async function rebuildIndex(parts: RebuildParts): Promise<RebuildReport> {
  throw new ObjectIndexError('unavailable', `not built yet: ${parts.driveId}`)
}
