// Removal: the bytes of parked extents go after a day, or early where space is short, and only
// after a second scan, by other code, has found that no record names them. The commit that removes
// an extent proves once more that no reference is left; its file goes after that.

import type { ExtentId } from '../base/id.ts'
import { PARKED_MS, PARKED_MS_MIN } from '../base/limits.ts'
import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import {
  ObjectIndexError,
  type ExtentRecord,
  type ExtentUse,
} from '../object-index/object-index.ts'
import { readAside, readIds, writeIds, type Aside } from './aside.ts'
import { applied, indexFailure, storageFailure, type LeaseParts } from './lease.ts'
import { PlacementError } from './placement.ts'

/**
 * Which of these extents any record of the index names, found without the reverse records: the
 * second scan before bytes go. In a cell: `findReferences` of object-index/rebuild-references.ts.
 */
export type ReferenceScan = (
  extentIds: ReadonlySet<ExtentId>,
  signal: AbortSignal,
) => Promise<ReadonlySet<ExtentId>>

export interface RemovalParts extends LeaseParts {
  readonly disk: Disk
  readonly clock: Clock
  readonly findReferences: ReferenceScan
  readonly report: (message: string) => void
}

/** What is being removed, so that a crash between commit and file leaves no stranger behind. */
export const REMOVING_FILE = 'removing'
/** Extents removed early in one turn, so that space is looked at again between. */
const EARLY_EXTENTS_MAX = 16
const BATCH_EXTENTS_MAX = 1000

/** Parked extents whose bytes may go now, oldest first. Decides only. */
export function planRemoval(
  parked: readonly ExtentRecord[],
  now: {
    readonly cellMs: number
    readonly isShort: boolean
    readonly seenForMs: (extentId: ExtentId) => number
  },
): readonly ExtentId[] {
  const oldest = parked
    .filter(({ state, extentId }) => state === 'parked' && now.seenForMs(extentId) >= PARKED_MS_MIN)
    .toSorted((a, b) => a.changedAtMs - b.changedAtMs)
  const due = oldest.filter(({ changedAtMs }) => now.cellMs - changedAtMs >= PARKED_MS)
  const early = now.isShort ? oldest.slice(0, Math.max(EARLY_EXTENTS_MAX, due.length)) : due
  return early
    .filter(({ changedAtMs }) => now.cellMs - changedAtMs >= PARKED_MS_MIN)
    .slice(0, BATCH_EXTENTS_MAX)
    .map(({ extentId }) => extentId)
}

export class Remover {
  readonly #parts: RemovalParts
  /** Extents that the second scan found referenced, though no reverse record said so. */
  readonly contradicted: Set<ExtentId> = new Set()
  readonly #parkedSinceMs: Map<ExtentId, number> = new Map()
  #aside: Aside = { kind: 'listed', extentIds: new Set() }
  /** Whether the list on the drive may name extents whose removal is not ended. */
  #isListed = false

  constructor(parts: RemovalParts) {
    this.#parts = parts
  }

  /** Extents whose bytes stay, whatever their age, until an operator decides. */
  get kept(): readonly ExtentId[] {
    const aside = this.#aside.kind === 'listed' ? this.#aside.extentIds : []
    return [...new Set([...aside, ...this.contradicted])]
  }

  /** Reads what is kept aside and ends removals that a crash interrupted. Called once, at start. */
  async start(): Promise<void> {
    const { disk, report } = this.#parts
    this.#aside = await readAside(disk)
    if (this.#aside.kind === 'damaged') {
      report(
        'the list of extents kept aside is damaged: no bytes are removed. Look at what the last ' +
          'rebuild was unsure of, then remove the file `aside` and start again',
      )
    } else if (this.#aside.extentIds.size > 0) {
      report(
        `${this.#aside.extentIds.size} extents are kept aside: a rebuild was unsure of blobs in ` +
          'them. When none is missed any more, remove the file `aside` and start again',
      )
    }
    await this.#finishInterrupted()
  }

  /** Removes what is due; answers how many extents went. */
  async turn(uses: readonly ExtentUse[], isShort: boolean, signal: AbortSignal): Promise<number> {
    const { clock } = this.#parts
    if (this.#aside.kind === 'damaged') return 0
    if (this.#isListed) await this.#finishInterrupted()
    const parked = uses.map(({ record }) => record).filter(({ state }) => state === 'parked')
    this.#noteParked(parked)
    const kept = new Set(this.kept)
    const eligible = parked.filter(({ extentId }) => !kept.has(extentId))
    const [any] = eligible
    if (any === undefined) return 0
    const nowMs = clock.monotonicMs()
    const due = planRemoval(eligible, {
      cellMs: await this.#cellTimeMs(any.extentId),
      isShort,
      seenForMs: (extentId) => nowMs - (this.#parkedSinceMs.get(extentId) ?? nowMs),
    })
    return due.length === 0 ? 0 : this.#remove(due, signal)
  }

  /** Ends removals that a crash or an error interrupted behind their commit. */
  async #finishInterrupted(): Promise<void> {
    const { disk } = this.#parts
    // A damaged list is an empty one: then the files are reported as unknown.
    const listed = (await readIds(disk, REMOVING_FILE)) ?? []
    if (listed.length > 0) {
      const files = await this.#files()
      for (const extentId of listed) {
        // With a record the commit was not made: the extent is parked and its turn comes again.
        if (files.has(extentId) && !(await this.#hasRecord(extentId))) {
          await this.#removeFile(extentId)
        }
      }
      await writeIds(disk, REMOVING_FILE, [])
    }
    this.#isListed = false
  }

  async #files(): Promise<ReadonlySet<ExtentId>> {
    try {
      return new Set(await this.#parts.storage.extents())
    } catch (cause) {
      throw storageFailure(cause, "the drive's extents cannot be listed")
    }
  }

  async #hasRecord(extentId: ExtentId): Promise<boolean> {
    try {
      return (await this.#parts.index.extent(extentId)) !== null
    } catch (cause) {
      if (cause instanceof ObjectIndexError && cause.code === 'corrupt') return true // not known
      throw indexFailure(cause)
    }
  }

  async #remove(due: readonly ExtentId[], signal: AbortSignal): Promise<number> {
    const { findReferences, disk, index, random, report } = this.#parts
    const referenced = await findReferences(new Set(due), signal)
    for (const extentId of referenced) {
      this.contradicted.add(extentId)
      report(
        `extent ${extentId}: parked without a reference, but a record names it; its bytes ` +
          'are kept. Run verify, then restore what it names',
      )
    }
    const free = due.filter((extentId) => !referenced.has(extentId))
    if (free.length === 0) return 0
    await this.#announce(free)
    let count = 0
    for (const extentId of free) {
      signal.throwIfAborted()
      const outcome = await applied(index, { kind: 'remove-extent', extentId }, random)
      if (outcome.kind === 'refused') continue
      await this.#removeFile(extentId)
      this.#parkedSinceMs.delete(extentId)
      count += 1
    }
    await writeIds(disk, REMOVING_FILE, [])
    this.#isListed = false
    return count
  }

  /** A drive without room for the list is no reason to keep it full: then a crash leaves a file. */
  async #announce(extentIds: readonly ExtentId[]): Promise<void> {
    this.#isListed = true
    try {
      await writeIds(this.#parts.disk, REMOVING_FILE, extentIds)
    } catch (cause) {
      if (!(cause instanceof PlacementError) || cause.code !== 'full') throw cause
    }
  }

  async #removeFile(extentId: ExtentId): Promise<void> {
    try {
      await this.#parts.storage.removeExtent(extentId)
    } catch (cause) {
      throw storageFailure(cause, `extent ${extentId} cannot be removed`)
    }
  }

  /** Cell time, as a commit that changes nothing answers it: parking what is parked already. */
  async #cellTimeMs(parkedExtentId: ExtentId): Promise<number> {
    const { index, random } = this.#parts
    const outcome = await applied(index, { kind: 'park-extent', extentId: parkedExtentId }, random)
    return outcome.kind === 'done' ? outcome.lastModifiedMs : 0
  }

  /** A wall clock that jumps must not make a parked extent old: this process saw it parked, too. */
  #noteParked(parked: readonly ExtentRecord[]): void {
    const nowMs = this.#parts.clock.monotonicMs()
    const ids = new Set(parked.map(({ extentId }) => extentId))
    for (const extentId of this.#parkedSinceMs.keys()) {
      if (!ids.has(extentId)) this.#parkedSinceMs.delete(extentId)
    }
    for (const extentId of ids) {
      if (!this.#parkedSinceMs.has(extentId)) this.#parkedSinceMs.set(extentId, nowMs)
    }
  }
}
