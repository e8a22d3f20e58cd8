// The reading half of the directory, for any process that can read the engine: decoded entries
// are cached and guarded by the generation record, one get a request.

import type { Engine } from '../engine/engine.ts'
import { DirectoryError, type DirectoryReader } from './directory.ts'

/** Reads over one engine, with a bounded cache. */
export function openDirectoryReader(engine: Pick<Engine, 'read'>): DirectoryReader {
  void engine
  throw new DirectoryError('unavailable', 'not built yet')
}
