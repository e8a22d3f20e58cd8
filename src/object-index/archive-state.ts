// What the archiver knows of its own archive, read from the index: where it was, what log blobs
// there are at the end, which checkpoints are whole.

import { compareStamps, stampText, type Versionstamp } from '../engine/engine.ts'
import type { ArchiveBlob, Cursor, ObjectIndexReader } from './object-index.ts'

/** The archiver's name among the consumers of the change log; its cursor is the engine's stamp. */
export const ARCHIVER = 'archiver'
/** Left by a rebuild: incarnations before the engine's own, and the archive's stamp it follows. */
export const ARCHIVER_INCARNATIONS = 'archiver.incarnations'
export const ARCHIVER_FOLLOWS = 'archiver.follows'

/** Log blobs remembered at the end, for merging. */
export const TAIL_BLOBS_MAX = 256
const PAGE_BLOBS = 1000

/** A checkpoint of which all pages are there. */
export interface Checkpoint {
  readonly start: Cursor
  readonly end: Cursor
  readonly sizeBytes: number
}

export interface ArchiveState {
  /** The last entry in the archive, as the engine counts. */
  cursor: Versionstamp
  readonly incarnationsBefore: number
  /** The archive's stamp before the first entry behind `cursor`. */
  previous: Cursor
  /** Nothing was ever committed before `cursor`. */
  isRoot: boolean
  /** The newest log blobs, in order. */
  readonly tail: ArchiveBlob[]
  /** Whole checkpoints, in order. */
  checkpoints: readonly Checkpoint[]
  logBytesSinceCheckpoint: number
  /** The log behind the cursor was lost: only a checkpoint makes the archive whole again. */
  needsCheckpoint: boolean
}

/** Reads the state; `logStart` is the engine's. */
export async function loadArchiveState(
  index: ObjectIndexReader,
  logStart: Versionstamp,
): Promise<ArchiveState> {
  const consumers = new Map((await index.consumers()).map(({ name, cursor }) => [name, cursor]))
  const incarnationsBefore = consumers.get(ARCHIVER_INCARNATIONS)?.incarnation ?? 0
  const saved = consumers.get(ARCHIVER)
  const isLost = saved === undefined ? logStart.sequence > 0 : compareStamps(saved, logStart) < 0
  const cursor = saved === undefined || isLost ? logStart : saved
  const checkpoints = wholeCheckpoints(await checkpointPages(index))
  const { tail, bytesBehind, hasHole } = await loadTail(index, checkpoints.at(-1)?.start ?? null)
  const own: Cursor = {
    incarnation: cursor.incarnation + incarnationsBefore,
    sequence: cursor.sequence,
  }
  const isFirstHere = !tail.some(({ to }) => to.incarnation === own.incarnation)
  return {
    cursor,
    incarnationsBefore,
    tail,
    checkpoints,
    logBytesSinceCheckpoint: bytesBehind,
    previous: isFirstHere ? (consumers.get(ARCHIVER_FOLLOWS) ?? own) : own,
    isRoot: saved === undefined && cursor.sequence === 0,
    needsCheckpoint: isLost || hasHole,
  }
}

/** All pages of all checkpoints, in order. */
export async function checkpointPages(index: ObjectIndexReader): Promise<readonly ArchiveBlob[]> {
  const pages: ArchiveBlob[] = []
  for (;;) {
    const page = await index.archiveBlobs('checkpoint', pages.at(-1) ?? null, PAGE_BLOBS)
    pages.push(...page)
    if (page.length < PAGE_BLOBS) return pages
  }
}

/** Those that have every page up to a last one, which alone says where they end. */
export function wholeCheckpoints(pages: readonly ArchiveBlob[]): readonly Checkpoint[] {
  const groups = new Map<string, ArchiveBlob[]>()
  for (const page of pages) {
    const start = stampText(page.from)
    groups.set(start, [...(groups.get(start) ?? []), page])
  }
  const whole: Checkpoint[] = []
  for (const group of groups.values()) {
    const last = group.find(({ to }) => to.incarnation > 0)
    if (last === undefined || new Set(group.map(({ page }) => page)).size <= last.page) continue
    whole.push({
      start: last.from,
      end: last.to,
      sizeBytes: group.reduce((sum, { location }) => sum + location.dataSizeBytes, 0),
    })
  }
  return whole.toSorted((a, b) => compareStamps(a.start, b.start))
}

interface Tail {
  readonly tail: ArchiveBlob[]
  readonly bytesBehind: number
  readonly hasHole: boolean
}

/** The newest log blobs, and what there is behind the last checkpoint's start. */
async function loadTail(index: ObjectIndexReader, start: Cursor | null): Promise<Tail> {
  const tail: ArchiveBlob[] = []
  let bytesBehind = 0
  let reached = start
  let hasHole = false
  for (;;) {
    const page = await index.archiveBlobs('log', tail.at(-1) ?? null, PAGE_BLOBS)
    for (const blob of page) {
      if (start === null || compareStamps(blob.to, start) > 0) {
        bytesBehind += blob.location.dataSizeBytes
        hasHole ||= isBehindHole(blob, reached)
        reached = reached === null || compareStamps(blob.to, reached) > 0 ? blob.to : reached
      }
    }
    tail.push(...page)
    if (tail.length > 4 * TAIL_BLOBS_MAX) tail.splice(0, tail.length - TAIL_BLOBS_MAX)
    if (page.length < PAGE_BLOBS) return { tail, bytesBehind, hasHole }
  }
}

/** An incarnation begins where a rebuild ended, wherever that was; else entries are dense. */
function isBehindHole({ from }: ArchiveBlob, reached: Cursor | null): boolean {
  if (reached === null) return from.sequence > 1
  return from.incarnation === reached.incarnation && from.sequence > reached.sequence + 1
}
