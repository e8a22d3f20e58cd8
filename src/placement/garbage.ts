// How much of a sealed extent is still referenced, and which extents are worth compacting. Sums say
// it cheaply but roughly (a blob with two references counts twice, headers do not count at all), so
// what looks worth it is counted exactly, and the count kept until the sums change.

import type { ExtentId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { BLOCK_SIZE_BYTES, DISK_PAGE_SIZE_BYTES } from '../base/limits.ts'
import type { ExtentUse, ObjectIndexReader } from '../object-index/object-index.ts'

const PAGE_REFERENCES = 1000
/** What a record takes beside header and data: a trailer, and a CRC for each block. Source: blob.md. */
const TRAILER_SIZE_BYTES = 68
const BLOCK_CHECKSUM_SIZE_BYTES = 4
const HEADER_SIZE_BYTES_MIN = 80
/** Below this share of its room an extent is a small one. */
const SMALL_SHARE = 1 / 8
/** So many small ones, left by processes that ended, are merged. */
const SMALL_COUNT_MAX = 16

export interface Candidate {
  readonly extentId: ExtentId
  readonly liveBytes: number
  readonly garbageBytes: number
}

/** Bytes of a blob's whole record, with what aligns the next one. */
export function recordSizeBytes(location: Location, layout: 'packed' | 'direct'): number {
  const { headerSizeBytes, dataSizeBytes } = location
  const blocks = Math.ceil(dataSizeBytes / BLOCK_SIZE_BYTES)
  const size =
    headerSizeBytes + dataSizeBytes + blocks * BLOCK_CHECKSUM_SIZE_BYTES + TRAILER_SIZE_BYTES
  return layout === 'packed' ? size : Math.ceil(size / DISK_PAGE_SIZE_BYTES) * DISK_PAGE_SIZE_BYTES
}

/** Bytes that an extent holds at most as garbage, by its sums, if no blob is referenced twice. */
export function roughGarbageBytes(use: ExtentUse): number {
  const recordSizeBytesMin = HEADER_SIZE_BYTES_MIN + TRAILER_SIZE_BYTES
  const live = use.referencedBytes + use.references * recordSizeBytesMin
  return Math.max(0, use.record.sizeBytes - live)
}

/** What of these extents is worth compacting, the cheapest gain first. Purely decided. */
export function planCompaction(
  uses: readonly ExtentUse[],
  liveBytesOf: (use: ExtentUse) => number | null,
  garbageShareMin: number,
): readonly Candidate[] {
  const candidates: Candidate[] = []
  const small: Candidate[] = []
  for (const use of uses) {
    const { record } = use
    const liveBytes = liveBytesOf(use)
    if (record.state !== 'sealed' || use.references === 0 || liveBytes === null) continue
    const garbageBytes = Math.max(0, record.sizeBytes - liveBytes)
    const candidate = { extentId: record.extentId, liveBytes, garbageBytes }
    if (garbageBytes >= record.sizeBytes * garbageShareMin) candidates.push(candidate)
    else if (record.sizeBytes < record.capacityBytes * SMALL_SHARE) small.push(candidate)
  }
  if (small.length >= SMALL_COUNT_MAX) candidates.push(...small)
  return candidates.toSorted((a, b) => gainOf(b) - gainOf(a))
}

/** Garbage given back for each byte that has to be moved. */
function gainOf({ liveBytes, garbageBytes }: Candidate): number {
  return garbageBytes / (liveBytes + 1)
}

/** Exact live bytes of extents, as far as they were counted. */
export class LiveBytes {
  readonly #index: Pick<ObjectIndexReader, 'references'>
  readonly #pause: () => Promise<void>
  readonly #counted: Map<ExtentId, { readonly sums: string; readonly bytes: number }> = new Map()

  /** `pause` lets others have their turn between pages: an extent may have 100,000 references. */
  constructor(
    index: Pick<ObjectIndexReader, 'references'>,
    pause: () => Promise<void> = async () => undefined,
  ) {
    this.#index = index
    this.#pause = pause
  }

  /** Null where it was not counted since the extent's sums changed. */
  of(use: ExtentUse): number | null {
    const counted = this.#counted.get(use.record.extentId)
    return counted?.sums === sumsOf(use) ? counted.bytes : null
  }

  /** Counts up to `countMax` sealed extents that have not been, most garbage first. */
  async count(uses: readonly ExtentUse[], countMax: number, signal: AbortSignal): Promise<void> {
    const known = new Set(uses.map(({ record }) => record.extentId))
    for (const extentId of this.#counted.keys()) {
      if (!known.has(extentId)) this.#counted.delete(extentId)
    }
    const due = uses
      .filter((use) => use.record.state === 'sealed' && use.references > 0 && this.of(use) === null)
      .toSorted((a, b) => roughGarbageBytes(b) - roughGarbageBytes(a))
    for (const use of due.slice(0, countMax)) {
      const bytes = await this.#countOne(use, signal)
      this.#counted.set(use.record.extentId, { sums: sumsOf(use), bytes })
    }
  }

  async #countOne(use: ExtentUse, signal: AbortSignal): Promise<number> {
    const { extentId, layout } = use.record
    let bytes = 0
    let offset = 0
    for (;;) {
      signal.throwIfAborted()
      const page = await this.#index.references(extentId, offset, PAGE_REFERENCES)
      for (const { location } of page) {
        if (location.offset < offset) continue
        bytes += recordSizeBytes(location, layout)
        offset = location.offset + 1
      }
      if (page.length < PAGE_REFERENCES) return bytes
      await this.#pause()
    }
  }
}

function sumsOf(use: ExtentUse): string {
  return `${use.references}:${use.referencedBytes}`
}
