// Watches how full the drive is: looks every second, sooner when it fills, and at once when a write
// found no room; gives the ballast up and makes it anew. Nothing is written but the ballast.

import type { Clock } from '../base/clock.ts'
import { DiskError, type Disk, type DiskSpace } from '../base/disk.ts'
import type { Random } from '../base/random.ts'
import { ballastSizeBytes, giveUpBallast, hasBallast, makeBallast } from './ballast.ts'
import type { SpaceState } from './placement.ts'
import { decideSpace, reserveBytes, spaceFloors, type SpaceDecision } from './space.ts'

/** A write that found no room counts for this long, whatever the file system says is free. */
const FULL_HOLD_MS = 5000
const FAILED_LOOK_MS = 1000

export interface SpaceView extends DiskSpace {
  readonly state: SpaceState
  readonly isShort: boolean
  readonly hasBallast: boolean
}

export interface SpaceWatchParts {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly report: (message: string) => void
}

export class SpaceWatch {
  readonly #parts: SpaceWatchParts
  #view: SpaceView | null = null
  #fullUntilMs: number = -1
  #looking: Promise<SpaceDecision> | null = null

  constructor(parts: SpaceWatchParts) {
    this.#parts = parts
  }

  /** As it was seen last. */
  get isShort(): boolean {
    return this.#view?.isShort ?? false
  }

  /** Bytes that background work may write, as it was seen last; 0 before the first look. */
  get roomBytes(): number {
    const view = this.#view
    return view === null ? 0 : Math.max(0, view.freeBytes - reserveBytes(view.totalBytes))
  }

  /** What was seen last; looks where nothing was seen yet. @throws DiskError */
  async view(): Promise<SpaceView> {
    if (this.#view === null) await this.look()
    return this.#view ?? (await this.view())
  }

  /** A write found no room: the state is 'low' at least from now on, for a while. */
  noteFull(): void {
    this.#fullUntilMs = this.#parts.clock.monotonicMs() + FULL_HOLD_MS
    if (this.#view?.state === 'ok') this.#view = { ...this.#view, state: 'low', isShort: true }
    this.look().catch(() => undefined) // the watch's own next look reports what is wrong
  }

  /** Looks now; callers at once share a look. @throws DiskError */
  look(): Promise<SpaceDecision> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null
    })
    return this.#looking
  }

  /** Looks until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, report } = this.#parts
    while (!signal.aborted) {
      let pauseMs = FAILED_LOOK_MS
      try {
        pauseMs = (await this.look()).nextLookMs
      } catch (cause) {
        if (!(cause instanceof DiskError)) throw cause
        report(`drive: its free space cannot be read: ${cause.message}`)
      }
      await clock.sleep(pauseMs, signal)
    }
  }

  async #look(): Promise<SpaceDecision> {
    const { disk, clock } = this.#parts
    const space = await disk.space()
    const isThere = await hasBallast(disk)
    const look = {
      ...space,
      hasBallast: isThere,
      ballastSizeBytes: ballastSizeBytes(space.totalBytes),
    }
    const before = this.#view?.state ?? 'ok'
    const decided = decideSpace(look, before)
    const isFull = clock.monotonicMs() < this.#fullUntilMs
    const state: SpaceState = isFull && decided.state === 'ok' ? 'low' : decided.state
    // A quota or a lack of inodes looks like room: then a failed write alone says the truth.
    const ballast =
      isFull && isThere && space.freeBytes < spaceFloors(space.totalBytes).lowBytes
        ? 'give-up'
        : decided.ballast
    this.#view = { ...space, state, isShort: decided.isShort || isFull, hasBallast: isThere }
    this.#reportChange(before, state)
    await this.#applyBallast(ballast, look.ballastSizeBytes, isFull)
    return decided
  }

  async #applyBallast(
    ballast: SpaceDecision['ballast'],
    sizeBytes: number,
    isFull: boolean,
  ): Promise<void> {
    const { disk, random, report } = this.#parts
    if (ballast === 'keep' || this.#view === null) return
    if (ballast === 'give-up') {
      await giveUpBallast(disk)
      this.#view = { ...this.#view, hasBallast: false }
      report('drive: the ballast has been given up, so that DELETE goes on; free some space')
      return
    }
    if (isFull) return
    try {
      await makeBallast(disk, sizeBytes, random)
      this.#view = { ...this.#view, hasBallast: true }
      report('drive: the ballast stands again')
    } catch (cause) {
      if (!(cause instanceof DiskError) || cause.code !== 'full') throw cause
    }
  }

  #reportChange(before: SpaceState, state: SpaceState): void {
    if (before === state || this.#view === null) return
    const { freeBytes, totalBytes } = this.#view
    const share = ((100 * freeBytes) / Math.max(1, totalBytes)).toFixed(1)
    const meaning: Readonly<Record<SpaceState, string>> = {
      ok: 'everything is taken again',
      low: 'PUT is refused with 507',
      critical: 'only DELETE, the archive and compaction write',
    }
    this.#parts.report(`drive: ${share} % free, ${meaning[state]}`)
  }
}
