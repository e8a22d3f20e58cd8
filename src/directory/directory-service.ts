// The directory embedded in a cell's engine: names, accounts and keys in spaces 0x80 to 0x8f.

import type { Random } from '../base/random.ts'
import type { Engine } from '../engine/engine.ts'
import { DirectoryError, type Directory } from './directory.ts'

export interface DirectoryOptions {
  readonly engine: Pick<Engine, 'read' | 'commit'>
  readonly random: Random
}

/** Opens the directory; the engine stays the caller's to close. */
export function openDirectory(options: DirectoryOptions): Directory {
  void options
  throw new DirectoryError('unavailable', 'not built yet')
}
