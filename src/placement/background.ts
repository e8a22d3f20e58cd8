// The background loops of placement: one watches space, one parks and removes, one compacts. A turn
// that fails is reported once and tried again later; nothing here is on a request's path.

import type { Clock } from '../base/clock.ts'
import { manyWaiters } from '../base/signal.ts'
import { DiskError } from '../base/disk.ts'
import type { WriterId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
import { ObjectIndexError, type ExtentUse, type ObjectIndex } from '../object-index/object-index.ts'
import { StorageError } from '../storage/storage.ts'
import type { Compactor } from './compaction.ts'
import { extentsOf, sealExtent } from './lease.ts'
import { parkEmpty } from './parking.ts'
import { PlacementError } from './placement.ts'
import type { Remover } from './removal.ts'
import type { SpaceWatch } from './space-watch.ts'

export interface BackgroundParts {
  readonly index: ObjectIndex
  readonly clock: Clock
  readonly random: Random
  readonly compactor: Compactor
  readonly remover: Remover
  readonly space: SpaceWatch
  readonly mayExpire: () => boolean
  /** Whether an extent's writer is one of this process: its extents are not sealed under it. */
  readonly isOwn: (writerId: WriterId) => boolean
  readonly report: (message: string) => void
}

/** Pause between turns; shorter while space is short. */
const PERIOD_MS = 5000
const SHORT_PERIOD_MS = 1000
/** While space is short, open extents are sealed at this age, so that compaction gets at them. */
const OPEN_MS_MAX = 10_000

export class Background {
  readonly #parts: BackgroundParts
  readonly #ending: AbortController = manyWaiters()
  readonly #openSinceMs: Map<string, number> = new Map()
  #loops: readonly Promise<void>[] = []
  #lastFailure = ''

  constructor(parts: BackgroundParts) {
    this.#parts = parts
  }

  start(): void {
    const { signal } = this.#ending
    this.#loops = [
      this.#parts.space.run(signal).catch((cause: unknown) => this.#ended(cause)),
      this.#loop((end) => this.#reclaimTurn(end)),
      this.#loop((end) => this.#compactTurn(end)),
    ]
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    await Promise.all(this.#loops)
  }

  /** One turn of each. */
  async runOnce(signal: AbortSignal): Promise<void> {
    await this.#parts.space.look()
    await this.#compactTurn(signal)
    await this.#reclaimTurn(signal)
  }

  async #loop(turn: (signal: AbortSignal) => Promise<boolean>): Promise<void> {
    const { signal } = this.#ending
    try {
      while (!signal.aborted) {
        const isMore = await this.#tried(turn, signal)
        const pauseMs = this.#parts.space.isShort ? SHORT_PERIOD_MS : PERIOD_MS
        if (!isMore) await this.#parts.clock.sleep(pauseMs, signal)
      }
    } catch (cause) {
      this.#ended(cause)
    }
  }

  /** Operating errors end the turn, not the loop. */
  async #tried(
    turn: (signal: AbortSignal) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      const isMore = await turn(signal)
      this.#lastFailure = ''
      return isMore
    } catch (cause) {
      if (!isOperating(cause)) throw cause
      if (cause.message !== this.#lastFailure) this.#parts.report(`placement: ${cause.message}`)
      this.#lastFailure = cause.message
      return false
    }
  }

  async #compactTurn(signal: AbortSignal): Promise<boolean> {
    return await this.#parts.compactor.turn(await extentsOf(this.#parts.index), signal)
  }

  async #reclaimTurn(signal: AbortSignal): Promise<boolean> {
    const { index, random, remover, space, mayExpire } = this.#parts
    const { isShort, state } = await space.view()
    let uses = await extentsOf(index)
    if (state !== 'ok' && (await this.#sealLingering(uses)) > 0) uses = await extentsOf(index)
    if ((await parkEmpty({ index, random }, uses)) > 0) uses = await extentsOf(index)
    if (!mayExpire()) return false
    await remover.turn(uses, isShort, signal)
    return false
  }

  /**
   * While PUT is refused, what writers hold open is sealed, so that its garbage can be given back.
   * A write under way finds its lease lost and is answered like every PUT then.
   */
  async #sealLingering(uses: readonly ExtentUse[]): Promise<number> {
    const { index, random, clock, isOwn } = this.#parts
    const open = uses.filter(({ record }) => record.state === 'open' && !isOwn(record.writerId))
    const nowMs = clock.monotonicMs()
    const ids = new Set<string>(open.map(({ record }) => record.extentId))
    for (const id of this.#openSinceMs.keys()) if (!ids.has(id)) this.#openSinceMs.delete(id)
    let count = 0
    for (const { record } of open) {
      const sinceMs = this.#openSinceMs.get(record.extentId) ?? nowMs
      this.#openSinceMs.set(record.extentId, sinceMs)
      if (nowMs - sinceMs < OPEN_MS_MAX) continue
      await sealExtent({ index, random }, record.extentId)
      count += 1
    }
    return count
  }

  /** A loop ends by being stopped; any other end is a defect, and is not kept quiet. */
  #ended(cause: unknown): void {
    if (this.#ending.signal.aborted) return
    if (isOperating(cause)) {
      this.#parts.report(`placement: a background loop ended: ${cause.message}`)
      return
    }
    throw cause
  }
}

function isOperating(cause: unknown): cause is Error {
  return (
    cause instanceof PlacementError ||
    cause instanceof ObjectIndexError ||
    cause instanceof StorageError ||
    cause instanceof DiskError
  )
}
