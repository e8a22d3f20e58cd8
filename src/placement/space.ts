// How full a drive may be: decided from what the file system says, purely. The shares are
// DESIGN.md's; on small drives an absolute room is kept too, since what is in flight does not
// shrink with the drive.

import {
  DISK_FREE_SHARE_EARLY,
  DISK_FREE_SHARE_MIN,
  DISK_FREE_SHARE_PUT,
  DISK_SPACE_PERIOD_MS,
  BLOB_SIZE_BYTES_MAX,
  EXTENT_SIZE_BYTES_MAX,
} from '../base/limits.ts'
import { ballastSizeBytes } from './ballast.ts'
import type { SpaceState } from './placement.ts'

const MIB = 1024 * 1024
/** Kept free of PUT on a small drive: some seconds of index pages and archive. */
const LOW_BYTES_MIN: number = 16 * MIB
const LOW_SHARE_MAX = 0.25
/** Kept for DELETE and what gives space back. */
const CRITICAL_BYTES_MIN: number = 4 * MIB
const CRITICAL_SHARE_MAX = 0.1
/** A state ends only when this much more than its floor is free, so that it does not flap. */
const HYSTERESIS = 1.1
/** As fast as drives fill, with a margin: how far ahead the next look must be. */
const FILL_BYTES_PER_MS = 1_000_000
const LOOK_MS_MIN = 50
/** Extents on a small drive: so many of them. */
const EXTENTS_MIN = 32
const PACKED_EXTENT_SIZE_BYTES_MIN: number = 8 * MIB
/** Room in an extent beside the largest blob: its header, block checksums, trailer, alignment. */
const BLOB_OVERHEAD_BYTES: number = 1 * MIB

export interface SpaceLook {
  readonly freeBytes: number
  readonly totalBytes: number
  readonly hasBallast: boolean
  readonly ballastSizeBytes: number
}

export interface SpaceDecision {
  readonly state: SpaceState
  /** So short that parked extents go early. */
  readonly isShort: boolean
  readonly ballast: 'keep' | 'give-up' | 'restore'
  /** When to look again, at the latest. */
  readonly nextLookMs: number
}

export interface SpaceFloors {
  readonly lowBytes: number
  readonly criticalBytes: number
  readonly shortBytes: number
}

/** The floors of a drive of this size. */
export function spaceFloors(totalBytes: number): SpaceFloors {
  const lowBytes = Math.max(
    totalBytes * DISK_FREE_SHARE_PUT,
    Math.min(LOW_BYTES_MIN, totalBytes * LOW_SHARE_MAX),
  )
  const criticalBytes = Math.max(
    totalBytes * DISK_FREE_SHARE_MIN,
    Math.min(CRITICAL_BYTES_MIN, totalBytes * CRITICAL_SHARE_MAX),
  )
  return {
    lowBytes,
    criticalBytes,
    shortBytes: Math.max(totalBytes * DISK_FREE_SHARE_EARLY, 1.5 * lowBytes),
  }
}

/**
 * What background work leaves free for DELETE and the log. Less than the ballast, so that the room
 * which that gives lets compaction begin.
 */
export function reserveBytes(totalBytes: number): number {
  return Math.min(spaceFloors(totalBytes).criticalBytes / 2, ballastSizeBytes(totalBytes) / 2)
}

/** The state of a drive, from the one before. */
export function decideSpace(look: SpaceLook, before: SpaceState): SpaceDecision {
  const floors = spaceFloors(look.totalBytes)
  // Room that the ballast gave is DELETE's alone.
  const owed = look.hasBallast ? 0 : look.ballastSizeBytes
  const freeBytes = Math.max(0, look.freeBytes - owed)
  const state = stateOf(freeBytes, floors, before)
  const isShort = freeBytes < floors.shortBytes
  const untilLow = (freeBytes - floors.lowBytes) / FILL_BYTES_PER_MS
  return {
    state,
    isShort,
    ballast: ballastOf(look, freeBytes, floors),
    nextLookMs: Math.min(DISK_SPACE_PERIOD_MS, Math.max(LOOK_MS_MIN, untilLow)),
  }
}

function stateOf(freeBytes: number, floors: SpaceFloors, before: SpaceState): SpaceState {
  const floor = (bytes: number, isIn: boolean): number => (isIn ? bytes * HYSTERESIS : bytes)
  if (freeBytes < floor(floors.criticalBytes, before === 'critical')) return 'critical'
  if (freeBytes < floor(floors.lowBytes, before !== 'ok')) return 'low'
  return 'ok'
}

/** Given up when hardly more than its own size is left; restored when PUT has room again too. */
function ballastOf(
  look: SpaceLook,
  freeBytes: number,
  floors: SpaceFloors,
): SpaceDecision['ballast'] {
  const { hasBallast, ballastSizeBytes } = look
  if (hasBallast) {
    const isLast = freeBytes < Math.min(floors.criticalBytes, ballastSizeBytes)
    return isLast ? 'give-up' : 'keep'
  }
  return freeBytes > floors.lowBytes * HYSTERESIS ? 'restore' : 'keep'
}

/** Room of a new extent: the usual, less on a small drive, never less than the largest blob needs. */
export function extentCapacityBytes(totalBytes: number, layout: 'packed' | 'direct'): number {
  const least =
    layout === 'packed' ? PACKED_EXTENT_SIZE_BYTES_MIN : BLOB_SIZE_BYTES_MAX + BLOB_OVERHEAD_BYTES
  const share = Math.floor(totalBytes / EXTENTS_MIN / MIB) * MIB
  return Math.min(EXTENT_SIZE_BYTES_MAX, Math.max(least, share))
}
