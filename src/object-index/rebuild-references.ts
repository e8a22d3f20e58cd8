// What records themselves say of extents, without the reverse records: the second scan before an
// extent's bytes go, and rebuild's proof. One scan serves any number of extents.

import type { ExtentId } from '../base/id.ts'
import type { EngineReader } from '../engine/engine.ts'
import { ObjectIndexError } from './object-index.ts'

/** Those of `extentIds` that a version, a part or an archive blob names. */
export async function findReferences(engine: EngineReader, extentIds: ReadonlySet<ExtentId>,
  signal?: AbortSignal): Promise<ReadonlySet<ExtentId>> {
  void engine
  void signal
  throw new ObjectIndexError('unavailable', `not built yet: ${extentIds.size}`)
}
