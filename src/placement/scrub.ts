// The scrubber: reads every blob that the index references, at a bounded or the full rate, and
// reports damage by name. It changes nothing and needs no keys.

import type { Clock } from '../base/clock.ts'
import type { ExtentId } from '../base/id.ts'
import type { ObjectIndexReader } from '../object-index/object-index.ts'
import type { Storage } from '../storage/storage.ts'
import { PlacementError } from './placement.ts'

export interface ScrubDamage {
  readonly extentId: ExtentId
  readonly offset: number
  /** Whose bytes these are: `bucket photos, key "a.jpg", version 3`; one entry for each referrer. */
  readonly referrers: readonly string[]
  readonly message: string
}

export interface ScrubProgress {
  readonly extentsDone: number
  readonly extentsTotal: number
  readonly blobsDone: number
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly rateBytesPerSec: number
  /** Null: not known yet. */
  readonly leftMs: number | null
}

export interface ScrubReport {
  readonly extents: number
  readonly blobs: number
  readonly bytes: number
  readonly durationMs: number
  /** The first `damageMax` of them. */
  readonly damage: readonly ScrubDamage[]
  readonly damageCount: number
}

export interface ScrubOptions {
  /** Null: as fast as the drive gives. */
  readonly rateBytesPerSec: number | null
  readonly onProgress?: (progress: ScrubProgress) => void
  readonly signal?: AbortSignal
  /** Damage listed at most; more is counted. 1,000 by default. */
  readonly damageMax?: number
}

export interface Scrubber {
  /** One walk over all extents. */
  scrub(options: ScrubOptions): Promise<ScrubReport>
  /** Walks again and again at a bounded rate until aborted; each damage is reported once a walk. */
  run(options: { readonly rateBytesPerSec: number; readonly pauseMs: number
    readonly report: (damage: ScrubDamage) => void }, signal: AbortSignal): Promise<void>
}

export interface ScrubParts {
  readonly index: ObjectIndexReader
  readonly storage: Storage
  readonly clock: Clock
}

export function openScrubber(parts: ScrubParts): Scrubber {
  throw new PlacementError('io', `not built yet: ${parts.clock.nowMs()}`)
}
