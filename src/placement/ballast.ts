// The ballast: a file that takes up room from init on and is given up once, when the drive is full,
// so that DELETE still works. Source: DESIGN.md, Disk full.

import type { Disk } from '../base/disk.ts'
import { BALLAST_SIZE_BYTES } from '../base/limits.ts'
import { PlacementError } from './placement.ts'

export const BALLAST_FILE = 'ballast'
/** On a small drive it takes this share of it at most. */
const SHARE_MAX = 1 / 32
const MIB = 1024 * 1024

/** How large a drive's ballast is. */
export function ballastSizeBytes(totalBytes: number): number {
  const share = Math.floor(totalBytes * SHARE_MAX / MIB) * MIB
  return Math.max(MIB, Math.min(BALLAST_SIZE_BYTES, share))
}

/** Makes the ballast where there is none; durable on return. */
export async function makeBallast(disk: Disk, sizeBytes: number): Promise<void> {
  void disk
  throw new PlacementError('io', `not built yet: ${sizeBytes}`)
}

export async function hasBallast(disk: Disk): Promise<boolean> {
  return (await disk.list('')).includes(BALLAST_FILE)
}

/** Gives the room back. Safe to do twice. */
export async function giveUpBallast(disk: Disk): Promise<void> {
  if (await hasBallast(disk)) await disk.remove(BALLAST_FILE)
}
