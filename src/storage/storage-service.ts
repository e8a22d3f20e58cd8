// Storage on one drive: the extents in a folder of a disk. Opening reads nothing; an extent's file
// is opened when it is first used.

import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import type { Random } from '../base/random.ts'
import { StorageError, type Storage } from './storage.ts'

export interface StorageOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly random?: Random
}

/** Opens the storage of a drive; the disk stays the caller's to close. */
export function openStorage(options: StorageOptions): Storage {
  throw new StorageError('io', `not built yet: ${options.clock.nowMs()}`)
}
