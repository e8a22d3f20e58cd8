// Placement makes room: it creates extents, leases them ahead of need, seals, compacts, parks and
// removes them, and says when a drive is too full to write. It keeps its state through
// object-index, which alone holds the engine. Source: DESIGN.md, Placement and storage.

import type { ExtentId, WriterId } from '../base/id.ts'

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

export type PlacementErrorCode = 'full' | 'index-unavailable' | 'io'

export class PlacementError extends Error {
  override readonly name = 'PlacementError'
  readonly code: PlacementErrorCode
  constructor(code: PlacementErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
