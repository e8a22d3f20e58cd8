// The superblock of a store's directory (docs/formats/superblock.md): which region, set and drive
// it is, and in which format. A directory without one is no store, and is never made into one by
// reading it.

import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import type { Random } from '../base/random.ts'

/** The format that this release reads and writes. */
export const STORE_FORMAT = 1

export interface Superblock {
  readonly format: number
  readonly region: string
  /** 32 hex digits each. Drives of one store share the set. */
  readonly setId: string
  readonly driveId: string
  /** All drives of the set, this one among them. */
  readonly siblings: readonly string[]
  readonly createdAtMs: number
}

export type SuperblockErrorCode =
  | 'missing' // the directory is empty: no store
  | 'foreign' // other files, no superblock
  | 'damaged'
  | 'newer-format'
  | 'exists' // it is a store already
  | 'io'

/** Why a directory is refused, and the way out, in the message. */
export class SuperblockError extends Error {
  override readonly name = 'SuperblockError'
  readonly code: SuperblockErrorCode
  constructor(code: SuperblockErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** The directory's superblock. `name` is what people call the directory. @throws SuperblockError */
export async function readSuperblock(disk: Disk, name: string): Promise<Superblock> {
  void disk
  throw new SuperblockError('io', `${name}: not built yet`)
}

/**
 * Makes a directory a store of one drive; durable on return. It comes last of all that init makes:
 * what has a superblock is whole. @throws SuperblockError `exists`, `foreign`, `io`
 */
export async function makeSuperblock(disk: Disk, name: string,
  given: { readonly region: string; readonly clock: Clock; readonly random: Random }):
  Promise<Superblock> {
  void disk
  throw new SuperblockError('io', `${name}: not built yet ${given.region}`)
}

/** Throws unless init may make a store here. @throws SuperblockError `exists`, `foreign`, `io` */
export async function checkInitable(disk: Disk, name: string): Promise<void> {
  void disk
  throw new SuperblockError('io', `${name}: not built yet`)
}
