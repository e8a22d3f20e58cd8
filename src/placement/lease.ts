// Leasing and sealing extents: a file first, durable, then the commit that leases it. A crash
// between the two leaves a file that nobody knows, which is reported and otherwise left alone.

import { newId, type CommitId, type ExtentId, type WriterId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
import {
  ObjectIndexError,
  type ExtentUse,
  type IndexOutcome,
  type ObjectIndex,
} from '../object-index/object-index.ts'
import { StorageError, type Storage } from '../storage/storage.ts'
import { PlacementError, type Lease } from './placement.ts'

export interface LeaseParts {
  readonly index: ObjectIndex
  readonly storage: Storage
  readonly random: Random
  readonly driveId: string
}

const NOTHING_DONE: ReadonlySet<ObjectIndexError['code']> = new Set([
  'unavailable',
  'full',
  'overloaded',
])

/** Makes an extent and leases it. @throws PlacementError */
export async function leaseExtent(
  parts: LeaseParts,
  request: {
    readonly writerId: WriterId
    readonly layout: Lease['layout']
    readonly capacityBytes: number
  },
): Promise<Lease> {
  const { index, storage, random, driveId } = parts
  const extentId = newId<ExtentId>(random)
  try {
    await storage.createExtent(extentId)
  } catch (cause) {
    throw storageFailure(cause, `extent ${extentId} cannot be made`)
  }
  const extent = { extentId, ...request, driveId, changedAtMs: 0 }
  const outcome = await applied(index, { kind: 'lease-extent', extent }, random).catch(
    async (cause: unknown) => {
      if (isNothingDone(cause)) await storage.removeExtent(extentId).catch(() => undefined)
      throw cause
    },
  )
  if (outcome.kind === 'refused') {
    // Its id was drawn a moment ago: a record under it is a broken source of randomness.
    throw new PlacementError('io', `extent ${extentId} exists already; nothing was written to it`)
  }
  return { extentId, layout: request.layout, capacityBytes: request.capacityBytes }
}

/**
 * Whether the index certainly has no record of an extent that was made a moment ago. Its file is
 * empty and nobody's then; of an unsure commit it stays, and is reported at the next start if need be.
 */
function isNothingDone(cause: unknown): boolean {
  const index = cause instanceof PlacementError ? cause.cause : null
  return index instanceof ObjectIndexError && NOTHING_DONE.has(index.code)
}

/** Seals an extent; one that is sealed, parked or unknown stays what it is. */
export async function sealExtent(
  parts: Pick<LeaseParts, 'index' | 'random'>,
  extentId: ExtentId,
): Promise<void> {
  await applied(parts.index, { kind: 'seal-extent', extentId }, parts.random)
}

/** Seals the open extents that `isDead` says are a dead writer's; answers which. */
export async function sealOpen(
  parts: Pick<LeaseParts, 'index' | 'random'>,
  isDead: (use: ExtentUse) => boolean,
): Promise<readonly ExtentId[]> {
  const open = (await extentsOf(parts.index)).filter(
    (use) => use.record.state === 'open' && isDead(use),
  )
  for (const { record } of open) await sealExtent(parts, record.extentId)
  return open.map(({ record }) => record.extentId)
}

/** Applies an operation of an extent. @throws PlacementError `index-unavailable` */
export async function applied(
  index: ObjectIndex,
  operation: Parameters<ObjectIndex['apply']>[0],
  random: Random,
): Promise<IndexOutcome> {
  try {
    return await index.apply(operation, newId<CommitId>(random))
  } catch (cause) {
    throw indexFailure(cause)
  }
}

/**
 * All extents as the index has them, but those whose records are damaged: nothing is decided of
 * these, and they stay what they are. @throws PlacementError `index-unavailable`
 */
export async function extentsOf(index: ObjectIndex): Promise<readonly ExtentUse[]> {
  return (await soundExtentsOf(index)).uses
}

/** The same, and the ids of the damaged. @throws PlacementError `index-unavailable` */
export async function soundExtentsOf(index: ObjectIndex): ReturnType<ObjectIndex['soundExtents']> {
  try {
    return await index.soundExtents()
  } catch (cause) {
    throw indexFailure(cause)
  }
}

/** The index's errors as placement's; anything else stays what it is. */
export function indexFailure(cause: unknown): unknown {
  if (!(cause instanceof ObjectIndexError)) return cause
  const code = cause.code === 'full' ? 'full' : 'index-unavailable'
  return new PlacementError(code, `placement: ${cause.message}`, cause)
}

/** Storage's errors as placement's; anything else stays what it is. */
export function storageFailure(cause: unknown, what: string): unknown {
  if (!(cause instanceof StorageError)) return cause
  return new PlacementError(
    cause.code === 'full' ? 'full' : 'io',
    `${what}: ${cause.message}`,
    cause,
  )
}
