// Rebuilds the index of a store that is not served: into a folder beside the old one, which takes
// its place only when it is whole.

import { join } from 'node:path'
import type { Cursor } from '../object-index/object-index.ts'
import { rebuildIndex } from '../object-index/rebuild.ts'
import type { RebuildReport } from '../object-index/rebuild.ts'
import { openLmdbEngine } from '../engine/lmdb.ts'
import { systemClock } from '../platform/clock.ts'
import { hasFile, removeFolder, renamePath } from '../platform/machine.ts'
import { keepAside } from '../placement/aside.ts'
import { openSystemRandom } from '../platform/random.ts'
import { openStorage } from '../storage/storage-service.ts'
import type { BlobOwner } from '../storage/storage.ts'
import type { Progress } from './admin.ts'
import { INDEX_FOLDER, lockStore, openStoreFolder } from './store-folder.ts'

/** A rebuild as it is shown; positions are `incarnation.sequence`. */
export interface RebuildSummary {
  readonly objects: number
  readonly buckets: number
  readonly checkpoint: string | null
  readonly logEntries: number
  readonly lastStamp: string | null
  readonly gap: string | null
  readonly unsure: readonly string[]
  readonly damage: readonly string[]
  readonly findings: readonly string[]
  /** Where the old index is; null where there was none. */
  readonly keptAside: string | null
}

const NEW_FOLDER = 'index.new'

/** @throws StoreRefused while the store is served, or where it is none */
export async function rebuildFolder(
  folder: string,
  note: (progress: Progress) => void,
): Promise<RebuildSummary> {
  const { disk, superblock } = await openStoreFolder(folder)
  const lock = await lockStore(folder)
  try {
    removeFolder(join(folder, NEW_FOLDER))
    const report = await buildBeside(folder, { disk, driveId: superblock.driveId, note })
    // Before the new index counts: what is unsure is nobody's there, and would be given up.
    await keepAside(disk, [...new Set(report.unsure.map(({ location }) => location.extentId))])
    const index = join(folder, INDEX_FOLDER)
    const stamp = new Date(systemClock.nowMs()).toISOString().replaceAll(/[:.]/g, '-')
    const keptAside = hasFile(index) ? join(folder, `index.before-${stamp}`) : null
    if (keptAside !== null) renamePath(index, keptAside)
    renamePath(join(folder, NEW_FOLDER), index)
    await disk.syncFolder('')
    return summarise(report, keptAside)
  } finally {
    await lock.release()
  }
}

async function buildBeside(
  folder: string,
  parts: {
    disk: Awaited<ReturnType<typeof openStoreFolder>>['disk']
    driveId: string
    note: (progress: Progress) => void
  },
): Promise<RebuildReport> {
  const clock = systemClock
  const random = openSystemRandom()
  const startedAtMs = clock.monotonicMs()
  await using storage = openStorage({ disk: parts.disk, clock, random })
  await using engine = await openLmdbEngine({ path: join(folder, NEW_FOLDER), clock })
  await parts.disk.syncFolder(NEW_FOLDER) // the names of its files
  await engine.takeEpoch()
  return await rebuildIndex({
    storage,
    engine,
    clock,
    random,
    driveId: parts.driveId,
    onProgress: ({ step, done, total }) => {
      const seconds = (clock.monotonicMs() - startedAtMs) / 1000
      parts.note({
        step,
        done,
        total,
        unit: 'records',
        ratePerSec: done / Math.max(seconds, 0.001),
      })
    },
  })
}

function summarise(report: RebuildReport, keptAside: string | null): RebuildSummary {
  const { objects, buckets, logEntries, gap, findings } = report
  return {
    objects,
    buckets,
    logEntries,
    gap,
    findings,
    keptAside,
    checkpoint: showCursor(report.checkpoint),
    lastStamp: showCursor(report.lastStamp),
    unsure: report.unsure.map(
      ({ owner, location }) => `${showOwner(owner)} at ${location.extentId}:${location.offset}`,
    ),
    damage: report.damage.map(
      ({ extentId, offset, message }) => `${extentId}:${offset}: ${message}`,
    ),
  }
}

function showCursor(cursor: Cursor | null): string | null {
  return cursor === null ? null : `${cursor.incarnation}.${cursor.sequence}`
}

function showOwner(owner: BlobOwner): string {
  if (owner.kind === 'object') return `object ${JSON.stringify(owner.key)}`
  if (owner.kind === 'part') return `part ${owner.partNumber} of ${JSON.stringify(owner.key)}`
  return owner.kind
}
