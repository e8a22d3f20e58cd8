// What of the archive is no longer needed: kept are the last two whole checkpoints, the log since
// the older one, what any consumer has not seen, and 30 days. Source: DESIGN.md, The index.

import { newId, type CommitId } from '../base/id.ts'
import { ARCHIVE_KEPT_MS } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import { compareStamps } from '../engine/engine.ts'
import type { ExtentFiller } from '../placement/placement.ts'
import type { Storage } from '../storage/storage.ts'
import { decodeArchiveHead, toArchive } from './archive-format.ts'
import {
  ARCHIVER,
  ARCHIVER_FOLLOWS,
  ARCHIVER_INCARNATIONS,
  checkpointPages,
  wholeCheckpoints,
  type ArchiveState,
} from './archive-state.ts'
import {
  ObjectIndexError,
  type ArchiveBlob,
  type Consumer,
  type Cursor,
  type ObjectIndex,
} from './object-index.ts'

export interface RetentionParts {
  readonly index: ObjectIndex
  readonly filler: ExtentFiller
  readonly storage: Storage
  readonly random: Random
}

const CHECKPOINTS_KEPT = 2
const DROPS_A_COMMIT = 100
/** Log blobs looked at in a turn. */
const LOG_BLOBS_A_TURN = 1000
const OWN_NAMES: ReadonlySet<string> = new Set([ARCHIVER, ARCHIVER_FOLLOWS, ARCHIVER_INCARNATIONS])

/** Pages of checkpoints that go: all but the last two whole ones and the one under way. */
export function planCheckpointDrops(
  pages: readonly ArchiveBlob[],
  underWay: Cursor | null,
): readonly ArchiveBlob[] {
  const kept = wholeCheckpoints(pages)
    .slice(-CHECKPOINTS_KEPT)
    .map(({ start }) => start)
  if (underWay !== null) kept.push(underWay)
  return pages.filter(({ from }) => !kept.some((start) => compareStamps(start, from) === 0))
}

/** Log up to here may go, by checkpoints and consumers; null: none may. */
export function planLogBound(
  pages: readonly ArchiveBlob[],
  consumers: readonly Consumer[],
  incarnationsBefore: number,
): Cursor | null {
  const whole = wholeCheckpoints(pages)
  const older = whole.at(-CHECKPOINTS_KEPT)
  if (older === undefined) return null
  const cursors = consumers
    .filter(({ name }) => !OWN_NAMES.has(name))
    .map(({ cursor }) => toArchive(cursor, incarnationsBefore))
  return [older.start, ...cursors].reduce((a, b) => (compareStamps(a, b) <= 0 ? a : b))
}

/** Drops what may go; answers how many blobs went. `nowMs` is cell time. */
export async function applyRetention(
  parts: RetentionParts,
  state: ArchiveState,
  now: {
    readonly nowMs: number
    readonly underWay: Cursor | null
  },
): Promise<number> {
  const { index } = parts
  const pages = await checkpointPages(index)
  const drops = [...planCheckpointDrops(pages, now.underWay)]
  const bound = planLogBound(pages, await index.consumers(), state.incarnationsBefore)
  if (bound !== null) drops.push(...(await oldLog(parts, bound, now.nowMs)))
  for (let start = 0; start < drops.length; start += DROPS_A_COMMIT) {
    await drop(parts, state, drops.slice(start, start + DROPS_A_COMMIT))
  }
  const dropped = new Set(drops.map(({ blobId }) => blobId))
  for (let at = state.tail.length - 1; at >= 0; at -= 1) {
    if (dropped.has(state.tail[at]?.blobId ?? ('' as never))) state.tail.splice(at, 1)
  }
  return drops.length
}

/** The oldest log blobs that end before the bound and are older than what is kept in any case. */
async function oldLog(
  { index, storage }: RetentionParts,
  bound: Cursor,
  nowMs: number,
): Promise<readonly ArchiveBlob[]> {
  const old: ArchiveBlob[] = []
  for (const blob of await index.archiveBlobs('log', null, LOG_BLOBS_A_TURN)) {
    if (compareStamps(blob.to, bound) > 0) break
    const head = decodeArchiveHead((await storage.describe(blob.location)).header.metadata)
    if (head.kind !== 'log' || nowMs - head.lastTimeMs < ARCHIVE_KEPT_MS) break
    old.push(blob)
  }
  return old
}

async function drop(
  { index, filler, random }: RetentionParts,
  state: ArchiveState,
  dropped: readonly ArchiveBlob[],
): Promise<void> {
  const outcome = await index.apply(
    {
      kind: 'archive',
      consumer: ARCHIVER,
      cursor: state.cursor,
      added: [],
      dropped,
      writerId: filler.writerId,
    },
    newId<CommitId>(random),
  )
  if (outcome.kind === 'refused') {
    throw new ObjectIndexError('unavailable', `archive: dropping was refused: ${outcome.refusal}`)
  }
}
