// Which checkpoint and which pieces of the log bring the index back: decided from what a scan
// found, purely. Pieces may overlap (a write that was repeated, small ones that were merged), and
// an index that was rebuilt before goes on in another incarnation, from where that rebuild ended.

import { compareStamps, stampText } from '../engine/engine.ts'
import type { Location } from '../base/location.ts'
import type { BlobId } from '../base/id.ts'
import type { CheckpointHead, LogHead } from './archive-format.ts'
import type { Cursor } from './object-index.ts'

export interface FoundLog {
  readonly blobId: BlobId
  readonly location: Location
  readonly head: LogHead
  /** How often it was merged. */
  readonly level: number
}
export interface FoundPage {
  readonly blobId: BlobId
  readonly location: Location
  readonly head: CheckpointHead
}

/** A checkpoint of which every page was found. */
export interface WholeCheckpoint {
  readonly start: Cursor
  readonly end: Cursor
  readonly pages: readonly FoundPage[]
}

/** Checkpoints with all their pages, the newest first. */
export function wholeCheckpointsIn(pages: readonly FoundPage[]): readonly WholeCheckpoint[] {
  const groups = new Map<string, Map<number, FoundPage>>()
  for (const page of pages) {
    const { checkpointId } = page.head
    const group = groups.get(checkpointId) ?? new Map<number, FoundPage>()
    groups.set(checkpointId, group.set(page.head.page, page))
  }
  const whole: WholeCheckpoint[] = []
  for (const group of groups.values()) {
    const ordered = [...group.values()].toSorted((a, b) => a.head.page - b.head.page)
    const last = ordered.at(-1)?.head
    if (last === undefined || last.end === null || ordered.length !== last.page + 1) continue
    whole.push({ start: last.start, end: last.end, pages: ordered })
  }
  return whole.toSorted((a, b) => compareStamps(b.start, a.start))
}

/** The archived log, as one line of entries through all incarnations that count. */
export class LogChain {
  readonly #logs: Set<FoundLog>
  /** Where an incarnation ends because a rebuild went on from there in another. */
  #ends: Map<number, { readonly sequence: number; readonly next: number }> = new Map()

  constructor(logs: readonly FoundLog[]) {
    this.#logs = new Set(logs)
    this.#link()
  }

  /** Takes out a piece that cannot be read. */
  drop(log: FoundLog): void {
    this.#logs.delete(log)
    this.#link()
  }

  /** The stamp before the first entry of all; null where the log does not go back that far. */
  root(): Cursor | null {
    for (const { head } of this.#logs) if (head.isRoot) return head.previous
    return null
  }

  /** The piece that reaches furthest from `at` on, and the last of its entries that counts. */
  next(at: Cursor): { readonly log: FoundLog; readonly upTo: Cursor } | null {
    const end = this.#ends.get(at.incarnation)
    const isAtEnd = end !== undefined && at.sequence >= end.sequence
    let best: FoundLog | null = null
    for (const log of this.#logs) {
      const { previous, first, last } = log.head
      const goesOn = isAtEnd
        ? first.incarnation === end.next && compareStamps(previous, at) === 0
        : first.incarnation === at.incarnation &&
          first.sequence <= at.sequence + 1 &&
          last.sequence > at.sequence
      if (goesOn && (best === null || last.sequence > best.head.last.sequence)) best = log
    }
    if (best === null) return null
    const { last } = best.head
    // The piece's own incarnation may end within it, also where it is the first of that.
    const cut = this.#ends.get(last.incarnation)
    const isCut = cut !== undefined && last.sequence > cut.sequence
    return { log: best, upTo: isCut ? { ...last, sequence: cut.sequence } : last }
  }

  /** The last entry that can be reached from `at`. */
  reach(at: Cursor): Cursor {
    let reached = at
    for (let step = this.next(at); step !== null; step = this.next(reached)) reached = step.upTo
    return reached
  }

  /** Why nothing goes on behind `at` though there is more; null where there is no more. */
  gapBehind(at: Cursor): string | null {
    const end = this.#ends.get(at.incarnation)
    let nearest: Cursor | null = null
    for (const {
      head: { first, last },
    } of this.#logs) {
      const counts =
        first.incarnation === at.incarnation
          ? end === undefined || first.sequence <= end.sequence
          : this.#isInLine(first.incarnation)
      if (!counts || compareStamps(last, at) <= 0) continue
      if (nearest === null || compareStamps(first, nearest) < 0) nearest = first
    }
    return nearest === null
      ? null
      : `the log's entries behind ${stampText(at)} are missing; the next there are begin at ` +
          stampText(nearest)
  }

  #isInLine(incarnation: number): boolean {
    return [...this.#ends.values()].some(({ next }) => next === incarnation)
  }

  /** From the newest incarnation back: each says which entry of which other it follows. */
  #link(): void {
    this.#ends = new Map()
    const starts = new Map<number, Cursor>()
    for (const {
      head: { first, previous },
    } of this.#logs) {
      if (previous.incarnation !== first.incarnation) starts.set(first.incarnation, previous)
    }
    let newest = 0
    for (const { head } of this.#logs) newest = Math.max(newest, head.first.incarnation)
    for (let at = newest, start = starts.get(at); start !== undefined; start = starts.get(at)) {
      this.#ends.set(start.incarnation, { sequence: start.sequence, next: at })
      at = start.incarnation
    }
  }
}

export interface RebuildPlan {
  readonly checkpoint: WholeCheckpoint | null
  /** The entry behind which the replay begins. */
  readonly start: Cursor
}

/**
 * The newest checkpoint that the log makes whole, else the log from its beginning; null where there
 * is neither.
 */
export function planRebuild(
  checkpoints: readonly WholeCheckpoint[],
  chain: LogChain,
): RebuildPlan | null {
  for (const checkpoint of checkpoints) {
    const reached = chain.reach(checkpoint.start)
    if (compareStamps(reached, checkpoint.end) >= 0) {
      return { checkpoint, start: checkpoint.start }
    }
  }
  const root = chain.root()
  return root === null ? null : { checkpoint: null, start: root }
}
