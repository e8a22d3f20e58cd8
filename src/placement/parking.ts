// Parking: an extent without references is taken out of use, its bytes untouched, so that undo is
// instant. Also the look at what lies on the drive against what the index knows.

import type { ExtentId } from '../base/id.ts'
import type { ExtentUse } from '../object-index/object-index.ts'
import type { Storage } from '../storage/storage.ts'
import { applied, storageFailure, type LeaseParts } from './lease.ts'

type Parts = Pick<LeaseParts, 'index' | 'random'>

/** Parks a sealed extent. The commit itself checks that nothing references it; else nothing is done. */
export async function parkExtent(parts: Parts, extentId: ExtentId): Promise<boolean> {
  const outcome = await applied(parts.index, { kind: 'park-extent', extentId }, parts.random)
  return outcome.kind === 'done'
}

/** Parks all sealed extents without a reference; answers how many. */
export async function parkEmpty(parts: Parts, uses: readonly ExtentUse[]): Promise<number> {
  let count = 0
  for (const { record, references } of uses) {
    if (record.state !== 'sealed' || references !== 0) continue
    if (await parkExtent(parts, record.extentId)) count += 1
  }
  return count
}

/** The first of these extents that holds a finished blob; null where none does. */
export async function findHolder(
  storage: Storage,
  extentIds: readonly ExtentId[],
): Promise<ExtentId | null> {
  for (const extentId of extentIds) {
    try {
      for await (const found of storage.scan(extentId)) {
        if (!('kind' in found) && found.trailer !== null) return extentId
      }
    } catch (cause) {
      throw storageFailure(cause, `extent ${extentId} cannot be scanned`)
    }
  }
  return null
}

export interface Strays {
  /** Files that the index does not know. They are reported, never deleted or adopted. */
  readonly unknown: readonly ExtentId[]
  /** Extents of the index without a file. */
  readonly missing: readonly ExtentId[]
  /** Those whose record in the index cannot be read. Their bytes are served, and left alone. */
  readonly damaged: readonly ExtentId[]
}

/** Compares the drive's extents with the index's. */
export async function findStrays(
  storage: Storage,
  { uses, damaged }: { readonly uses: readonly ExtentUse[]; readonly damaged: readonly ExtentId[] },
): Promise<Strays> {
  let files: readonly ExtentId[]
  try {
    files = await storage.extents()
  } catch (cause) {
    throw storageFailure(cause, "the drive's extents cannot be listed")
  }
  const known = new Set(uses.map(({ record }) => record.extentId))
  const present = new Set(files)
  return {
    unknown: files.filter((file) => !known.has(file) && !damaged.includes(file)),
    missing: [...known].filter((extentId) => !present.has(extentId)),
    damaged,
  }
}
