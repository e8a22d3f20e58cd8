// Placement makes room: it creates extents, leases them ahead of need, seals, compacts, parks and
// removes them, and says when a drive is too full to write. It keeps its state through
// object-index, which alone holds the engine. Source: DESIGN.md, Placement and storage.

import type { ExtentId, WriterId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import type { BlobHeader, BlobTrailer } from '../storage/storage.ts'

export interface Lease {
  readonly extentId: ExtentId
  readonly layout: 'packed' | 'direct'
  readonly capacityBytes: number
}

/** How much may still be written: all, all but PUT, or only DELETE, archiver and compaction. */
export type SpaceState = 'ok' | 'low' | 'critical'

export interface PlacementStatus {
  readonly space: SpaceState
  readonly freeBytes: number
  readonly totalBytes: number
  readonly extents: Readonly<Record<'open' | 'sealed' | 'parked', number>>
  /** Bytes in sealed extents that nothing references; what compaction can give back. */
  readonly reclaimableBytes: number
  readonly hasBallast: boolean
  /** Bytes of parked extents: they go once these are old enough, or early when space is short. */
  readonly parkedBytes: number
  /** Files that the index does not know; reported, never deleted or adopted. */
  readonly unknownExtents: readonly ExtentId[]
  /** Extents of the index without a file. */
  readonly missingExtents: readonly ExtentId[]
  /** Extents with a damaged blob; left as they are until an operator decides. */
  readonly quarantinedExtents: readonly ExtentId[]
  readonly compaction: LoopStatus
}

/** A background loop as operators see it. */
export interface LoopStatus {
  readonly isPaused: boolean
  readonly rateBytesPerSec: number
  /** Bytes that wait for the loop. */
  readonly lagBytes: number
  /** Null: nothing to do. */
  readonly leftMs: number | null
}

export interface Placement {
  /**
   * Makes an extent and leases it to one writer for all of its life. Durable on return.
   * @throws PlacementError `full`, `index-unavailable`
   * Invariant: an extent is leased once in its life.
   */
  lease(writerId: WriterId, layout: 'packed' | 'direct'): Promise<Lease>
  /** Ends a lease: no commit can name a blob of it any more that was not committed before. */
  seal(extentId: ExtentId): Promise<void>
  /** Seals all that a dead writer left open. */
  sealAllOf(writerId: WriterId): Promise<void>
  status(): Promise<PlacementStatus>
}

/**
 * Writes whole blobs into extents of a writer of its own: for what the writer process itself keeps
 * (the archive, compacted blobs). It takes a new extent when one is full, and is allowed to while
 * PUT is refused for want of space.
 */
export interface ExtentFiller extends AsyncDisposable {
  readonly writerId: WriterId
  /** Durable on return. Data of any length a blob can have, in order. @throws PlacementError */
  append(
    header: BlobHeader,
    data: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    trailer: BlobTrailer,
  ): Promise<Location>
  /** All that was appended so far is committed or given up: extents that are full are sealed. */
  settle(): Promise<void>
  /** A commit found a lease lost: what comes next goes into extents of new leases. */
  renew(): void
}

export type PlacementErrorCode =
  | 'full'
  | 'index-unavailable'
  | 'foreign-index' // it knows none of the drive's extents: lost and made anew, or another store's
  | 'io'

export class PlacementError extends Error {
  override readonly name = 'PlacementError'
  readonly code: PlacementErrorCode
  constructor(code: PlacementErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
