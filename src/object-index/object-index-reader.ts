// The reading half of the index: runs in any process that can read the engine.

import type { Engine } from '../engine/engine.ts'
import { ObjectIndexError, type ObjectIndexReader } from './object-index.ts'

/** Reads over one engine; keeps nothing between calls. */
export function openObjectIndexReader(engine: Pick<Engine, 'read'>): ObjectIndexReader {
  void engine
  throw new ObjectIndexError('unavailable', 'not built yet')
}
