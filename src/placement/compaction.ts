// Compaction: moves what is still referenced out of sealed extents that are mostly garbage, so that
// these can be parked. It loses no bytes: a blob stays where it is until a commit names its copy,
// and an extent with a damaged blob is left alone.

import type { ExtentId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import type { ExtentUse } from '../object-index/object-index.ts'
import { LiveBytes, planCompaction, recordSizeBytes, type Candidate } from './garbage.ts'
import { indexFailure } from './lease.ts'
import { moveBlob, type MoveParts } from './move-blob.ts'
import type { Pace } from './pace.ts'
import { parkExtent } from './parking.ts'
import type { LoopStatus } from './placement.ts'

/** Blobs moved at once: small ones share writes and commits. */
const WINDOW = 32
const PAGE_REFERENCES = 512
/** Extents counted exactly in a turn. */
const COUNTS_A_TURN = 4

export interface CompactionParts extends MoveParts {
  readonly pace: Pace
  readonly garbageShareMin: number
  /** Bytes that may be written now: what compaction moves must not take the room of DELETE. */
  readonly roomBytes: () => number
  readonly report: (message: string) => void
  /** Lets others have their turn. */
  readonly pause: () => Promise<void>
}

export class Compactor {
  readonly #parts: CompactionParts
  readonly #live: LiveBytes
  /** Extents that an operator must look at; and why. */
  readonly quarantined: Map<ExtentId, string> = new Map()
  #lagBytes = 0

  constructor(parts: CompactionParts) {
    this.#parts = parts
    this.#live = new LiveBytes(parts.index, parts.pause)
  }

  status(): LoopStatus {
    const { pace } = this.#parts
    const lagBytes = this.#lagBytes
    return {
      isPaused: pace.isPaused,
      rateBytesPerSec: pace.rateBytesPerSec,
      lagBytes,
      leftMs: lagBytes === 0 ? null : (lagBytes / pace.rateBytesPerSec) * 1000,
    }
  }

  /** Compacts the extent that is worth it most and fits; answers whether to go on at once. */
  async turn(uses: readonly ExtentUse[], signal: AbortSignal): Promise<boolean> {
    const eligible = uses.filter(({ record }) => !this.quarantined.has(record.extentId))
    await this.#live.count(eligible, COUNTS_A_TURN, signal)
    const candidates = planCompaction(
      eligible,
      (use) => this.#live.of(use),
      this.#parts.garbageShareMin,
    )
    this.#lagBytes = candidates.reduce((sum, { liveBytes }) => sum + liveBytes, 0)
    const roomBytes = this.#parts.roomBytes()
    const first = candidates.find(({ liveBytes }) => liveBytes <= roomBytes)
    return first === undefined ? false : await this.#compact(first, signal)
  }

  /** False where room ran out meanwhile. */
  async #compact(candidate: Candidate, signal: AbortSignal): Promise<boolean> {
    const { index, random, filler } = this.#parts
    const { extentId } = candidate
    const layout = (await this.#extent(extentId))?.record.layout ?? 'packed'
    let offset = 0
    for (;;) {
      signal.throwIfAborted()
      const locations = await this.#locations(extentId, offset)
      const last = locations.at(-1)
      if (last === undefined) break
      const { damage, isOutOfRoom } = await this.#moveAll(locations, layout, signal)
      await filler.settle()
      if (damage !== null) {
        this.quarantined.set(extentId, damage)
        this.#parts.report(`extent ${extentId}: ${damage}; it is left as it is, run verify`)
        return true
      }
      if (isOutOfRoom) return false
      offset = last.offset + 1
    }
    this.#lagBytes = Math.max(0, this.#lagBytes - candidate.liveBytes)
    const use = await this.#extent(extentId)
    if (use?.references === 0) await parkExtent({ index, random }, extentId)
    return true
  }

  /** Moves blobs, several at once; what is damaged is answered after the others have been tried. */
  async #moveAll(
    locations: readonly Location[],
    layout: 'packed' | 'direct',
    signal: AbortSignal,
  ): Promise<{ readonly damage: string | null; readonly isOutOfRoom: boolean }> {
    const queue = [...locations]
    const failures: unknown[] = []
    let damage: string | null = null
    let isOutOfRoom = false
    const move = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const sizeBytes = recordSizeBytes(next, layout)
        await this.#parts.pace.take(sizeBytes, signal)
        if (sizeBytes > this.#parts.roomBytes()) {
          isOutOfRoom = true
          queue.length = 0
          return
        }
        const outcome = await moveBlob(this.#parts, next, signal)
        if (outcome.kind === 'damaged')
          damage = `the blob at ${next.offset} is damaged: ${outcome.message}`
      }
    }
    const movers = Array.from({ length: Math.min(WINDOW, queue.length) }, () =>
      move().catch((cause: unknown) => {
        failures.push(cause)
        queue.length = 0
      }),
    )
    await Promise.all(movers)
    if (failures.length > 0) throw failures[0]
    return { damage, isOutOfRoom }
  }

  /** Blobs of an extent from `offset` on, each once. */
  async #locations(extentId: ExtentId, offset: number): Promise<readonly Location[]> {
    try {
      const page = await this.#parts.index.references(extentId, offset, PAGE_REFERENCES)
      const byOffset = new Map(page.map(({ location }) => [location.offset, location]))
      return [...byOffset.values()]
    } catch (cause) {
      throw indexFailure(cause)
    }
  }

  async #extent(extentId: ExtentId): Promise<ExtentUse | null> {
    try {
      return await this.#parts.index.extent(extentId)
    } catch (cause) {
      throw indexFailure(cause)
    }
  }
}
