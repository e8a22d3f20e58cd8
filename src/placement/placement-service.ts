// Placement on one drive: leases and seals extents through the index, watches the drive's free
// space, and runs the background loops that give space back (compaction, parking, removal).

import type { Clock } from '../base/clock.ts'
import { DiskError, type Disk } from '../base/disk.ts'
import type { ExtentId, WriterId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
import type { ObjectIndex } from '../object-index/object-index.ts'
import type { Storage } from '../storage/storage.ts'
import { Background } from './background.ts'
import { Compactor } from './compaction.ts'
import { Filler } from './extent-filler.ts'
import { extentsOf, leaseExtent, sealExtent, sealOpen, soundExtentsOf } from './lease.ts'
import { Pace } from './pace.ts'
import { findHolder, findStrays, type Strays } from './parking.ts'
import {
  PlacementError,
  type ExtentFiller,
  type Lease,
  type Placement,
  type PlacementStatus,
} from './placement.ts'
import { Remover, type ReferenceScan } from './removal.ts'
import { SpaceWatch } from './space-watch.ts'
import { extentCapacityBytes } from './space.ts'

export type { ReferenceScan } from './removal.ts'

export interface PlacementOptions {
  /** What compaction reads and writes at most. 32 MiB/s by default. */
  readonly compactionRateBytesPerSec: number
  /** Share of an extent that must be garbage before it is compacted. 0.3 by default. */
  readonly garbageShareMin: number
  /** While it answers true background work waits, up to a point: requests go first. */
  readonly isBusy: () => boolean
  /** Awaited between pages of long reads, so that requests have their turn. */
  readonly pause: () => Promise<void>
  /**
   * False while nothing may be removed: while the cell's time is in doubt (DESIGN.md, Time), or the
   * archive is so far behind that a rebuild would still name what was parked a minute ago.
   */
  readonly mayExpire: () => boolean
  /** Told of what operators should know; one line each. */
  readonly report: (message: string) => void
  /** Whether `start` starts the loops, or `runOnce` alone does their work: for tests. */
  readonly background: 'loops' | 'on-demand'
}

export interface PlacementParts {
  readonly index: ObjectIndex
  readonly storage: Storage
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly driveId: string
  readonly findReferences: ReferenceScan
  readonly options?: Partial<PlacementOptions>
}

export interface StartReport extends Strays {
  readonly sealed: readonly ExtentId[]
}

export interface PlacementService extends Placement, AsyncDisposable {
  /**
   * Seals the open extents of all writers but the live ones, compares files with the index, and
   * starts the background loops; disposing ends them. Called once, before the first lease.
   * @throws PlacementError
   */
  start(liveWriters?: readonly WriterId[]): Promise<StartReport>
  /** A writer of this process, with an id of its own; closed with placement. */
  openFiller(): ExtentFiller
  /** A write failed for want of space: looks at the drive at once. */
  noteFull(): void
  /** Bytes that background work may write now; what DELETE and the log need is not among them. */
  roomBytes(): number
  /** Stops compaction until `resume`; parking, removal and the watch go on. */
  pause(): void
  resume(): void
  /** One turn of each background loop, for tests and for an operator in a hurry. */
  runOnce(signal: AbortSignal): Promise<void>
}

const MIB = 1024 * 1024
const DEFAULTS: PlacementOptions = {
  compactionRateBytesPerSec: 32 * MIB,
  garbageShareMin: 0.3,
  isBusy: () => false,
  pause: async () => undefined,
  mayExpire: () => true,
  report: () => undefined,
  background: 'loops',
}
/** Dead writers remembered, so that a lease asked for before the death is not given after it. */
const DEAD_WRITERS_MAX = 10_000

/** Opens placement; index, storage and disk stay the caller's to close. */
export function openPlacement(parts: PlacementParts): PlacementService {
  return new Service(parts)
}

class Service implements PlacementService {
  readonly #parts: PlacementParts
  readonly #space: SpaceWatch
  readonly #pace: Pace
  readonly #compactor: Compactor
  readonly #remover: Remover
  readonly #background: Background
  readonly #fillers: Map<WriterId, ExtentFiller> = new Map()
  readonly #dead: Set<WriterId> = new Set()
  readonly #leasing: Map<WriterId, Set<Promise<unknown>>> = new Map()
  #strays: Strays = { unknown: [], missing: [], damaged: [] }

  constructor(parts: PlacementParts) {
    this.#parts = parts
    const options = { ...DEFAULTS, ...parts.options }
    const { clock, disk, random } = parts
    const { report } = options
    this.#space = new SpaceWatch({ disk, clock, random, report })
    this.#pace = new Pace({
      clock,
      rateBytesPerSec: options.compactionRateBytesPerSec,
      isBusy: options.isBusy,
    })
    this.#compactor = new Compactor({
      ...parts,
      filler: this.openFiller(),
      pace: this.#pace,
      garbageShareMin: options.garbageShareMin,
      pause: options.pause,
      roomBytes: () => this.#space.roomBytes,
      report,
    })
    this.#remover = new Remover({ ...parts, report })
    this.#background = new Background({
      index: parts.index,
      clock,
      random,
      report,
      compactor: this.#compactor,
      remover: this.#remover,
      space: this.#space,
      mayExpire: options.mayExpire,
      isOwn: (writerId) => this.#fillers.has(writerId),
    })
  }

  async start(liveWriters: readonly WriterId[] = []): Promise<StartReport> {
    const { storage, index } = this.#parts
    const live = new Set(liveWriters)
    this.#strays = await findStrays(storage, await soundExtentsOf(index))
    await this.#requireOwnIndex()
    const sealed = await sealOpen(
      this.#parts,
      ({ record }) => !live.has(record.writerId) && !this.#fillers.has(record.writerId),
    )
    await this.#remover.start()
    this.#strays = await findStrays(storage, await soundExtentsOf(index))
    this.#reportStrays()
    await this.#view()
    if (this.#parts.options?.background !== 'on-demand') this.#background.start()
    return { ...this.#strays, sealed }
  }

  lease(writerId: WriterId, layout: Lease['layout']): Promise<Lease> {
    return this.#lease(writerId, layout)
  }

  async seal(extentId: ExtentId): Promise<void> {
    await sealExtent(this.#parts, extentId)
  }

  async sealAllOf(writerId: WriterId): Promise<void> {
    this.#dead.add(writerId)
    const [longest] = this.#dead
    if (this.#dead.size > DEAD_WRITERS_MAX && longest !== undefined) this.#dead.delete(longest)
    // A lease under way would be committed behind the list of what is to be sealed.
    await Promise.allSettled(this.#leasing.get(writerId) ?? new Set<Promise<unknown>>())
    await sealOpen(this.#parts, ({ record }) => record.writerId === writerId)
  }

  async status(): Promise<PlacementStatus> {
    const { state, freeBytes, totalBytes, hasBallast } = await this.#view()
    const uses = await extentsOf(this.#parts.index)
    const extents = { open: 0, sealed: 0, parked: 0 }
    let reclaimableBytes = 0
    let parkedBytes = 0
    for (const { record, referencedBytes } of uses) {
      extents[record.state] += 1
      if (record.state === 'parked') parkedBytes += record.sizeBytes
      if (record.state === 'sealed') {
        reclaimableBytes += Math.max(0, record.sizeBytes - referencedBytes)
      }
    }
    return {
      space: state,
      freeBytes,
      totalBytes,
      hasBallast,
      extents,
      reclaimableBytes,
      parkedBytes,
      unknownExtents: this.#strays.unknown,
      missingExtents: this.#strays.missing,
      quarantinedExtents: [
        ...this.#compactor.quarantined.keys(),
        ...this.#remover.kept,
        ...this.#strays.damaged,
      ],
      compaction: this.#compactor.status(),
    }
  }

  openFiller(): ExtentFiller {
    const filler = new Filler({
      storage: this.#parts.storage,
      random: this.#parts.random,
      lease: (writerId, layout) => this.#lease(writerId, layout),
      seal: (extentId) => this.seal(extentId),
      noteFull: () => this.noteFull(),
    })
    this.#fillers.set(filler.writerId, filler)
    return filler
  }

  noteFull(): void {
    this.#space.noteFull()
  }

  roomBytes(): number {
    return this.#space.roomBytes
  }

  pause(): void {
    this.#pace.pause()
  }

  resume(): void {
    this.#pace.resume()
  }

  runOnce(signal: AbortSignal): Promise<void> {
    return this.#background.runOnce(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#background.stop()
    for (const filler of this.#fillers.values()) await filler[Symbol.asyncDispose]()
  }

  async #lease(writerId: WriterId, layout: Lease['layout']): Promise<Lease> {
    const leasing = this.#leaseNow(writerId, layout)
    const all = this.#leasing.get(writerId) ?? new Set()
    this.#leasing.set(writerId, all.add(leasing))
    try {
      return await leasing
    } finally {
      all.delete(leasing)
      if (all.size === 0) this.#leasing.delete(writerId)
    }
  }

  async #leaseNow(writerId: WriterId, layout: Lease['layout']): Promise<Lease> {
    const { state, totalBytes, freeBytes } = await this.#view()
    if (this.#dead.has(writerId)) {
      throw new PlacementError(
        'index-unavailable',
        `writer ${writerId} was declared dead and gets no more extents; start another`,
      )
    }
    if (state !== 'ok' && !this.#fillers.has(writerId)) {
      throw new PlacementError(
        'full',
        `drive ${this.#parts.driveId}: ${freeBytes} of ${totalBytes} ` +
          'bytes are free; PUT is refused until deletions or more space bring it back',
      )
    }
    try {
      return await leaseExtent(this.#parts, {
        writerId,
        layout,
        capacityBytes: extentCapacityBytes(totalBytes, layout),
      })
    } catch (cause) {
      if (cause instanceof PlacementError && cause.code === 'full') this.noteFull()
      throw cause
    }
  }

  async #view(): ReturnType<SpaceWatch['view']> {
    try {
      return await this.#space.view()
    } catch (cause) {
      if (!(cause instanceof DiskError)) throw cause
      throw new PlacementError(
        'io',
        `the drive's free space cannot be read: ${cause.message}`,
        cause,
      )
    }
  }

  /**
   * An index that knows no extent while the drive has blobs is another store's, or a new one in the
   * place of one that was lost: nothing may be decided by it. An empty file alone is what a crash
   * within the first lease leaves.
   */
  async #requireOwnIndex(): Promise<void> {
    const { unknown, damaged } = this.#strays
    if (unknown.length === 0 || damaged.length > 0) return
    if ((await extentsOf(this.#parts.index)).length > 0) return
    const holder = await findHolder(this.#parts.storage, unknown)
    if (holder === null) return
    throw new PlacementError(
      'foreign-index',
      `the index knows no extent, but ${unknown.length} are on the drive, and ${holder} holds ` +
        'objects: the index was lost or is not of this store. Make it anew from the data with: ' +
        'holdfast rebuild DIR',
    )
  }

  #reportStrays(): void {
    const report = this.#parts.options?.report ?? DEFAULTS.report
    const { unknown, missing, damaged } = this.#strays
    for (const extentId of damaged.slice(0, 100)) {
      report(
        `extent ${extentId}: its record in the index is damaged; its objects are served, and it ` +
          'is neither sealed, compacted nor removed. Run verify',
      )
    }
    if (unknown.length > 0) {
      report(
        `${unknown.length} extent files are not in the index and are left alone: ` +
          unknown.slice(0, 5).join(', '),
      )
    }
    for (const extentId of missing.slice(0, 100)) {
      report(`extent ${extentId} is in the index, but its file is gone; run verify`)
    }
  }
}
