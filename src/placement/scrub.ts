// The scrubber: reads every blob that the index references, at a bounded or the full rate, and
// reports damage by name. It changes nothing and needs no keys.

import type { Clock } from '../base/clock.ts'
import type { BucketId, ExtentId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { Progress, RateLimiter } from '../base/rate.ts'
import type { ObjectIndexReader, Reference } from '../object-index/object-index.ts'
import { StorageError, type BlobOwner, type Storage } from '../storage/storage.ts'

export interface ScrubDamage {
  readonly extentId: ExtentId
  readonly offset: number
  /** Whose bytes these are: `bucket photos, key "a.jpg", version 3`; one entry for each referrer. */
  readonly referrers: readonly string[]
  readonly message: string
}

export interface ScrubProgress {
  readonly extentsDone: number
  readonly extentsTotal: number
  readonly blobsDone: number
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly rateBytesPerSec: number
  /** Null: not known yet. */
  readonly leftMs: number | null
}

export interface ScrubReport {
  readonly extents: number
  readonly blobs: number
  readonly bytes: number
  readonly durationMs: number
  /** The first `damageMax` of them. */
  readonly damage: readonly ScrubDamage[]
  readonly damageCount: number
}

export interface ScrubOptions {
  /** Null: as fast as the drive gives. */
  readonly rateBytesPerSec: number | null
  readonly onProgress?: (progress: ScrubProgress) => void
  readonly signal?: AbortSignal
  /** Damage listed at most; more is counted. 1,000 by default. */
  readonly damageMax?: number
}

export interface Scrubber {
  /** One walk over all extents. Rejects with the signal's reason when aborted. */
  scrub(options: ScrubOptions): Promise<ScrubReport>
  /** Walks again and again at a bounded rate until aborted; each damage is reported once a walk. */
  run(
    options: {
      readonly rateBytesPerSec: number
      readonly pauseMs: number
      readonly report: (damage: ScrubDamage) => void
    },
    signal: AbortSignal,
  ): Promise<void>
}

/** An extent to walk. */
export interface ScrubExtent {
  readonly record: { readonly extentId: ExtentId }
  readonly references: number
  readonly referencedBytes: number
}

export interface ScrubParts {
  /** One that leaves out records that are damaged lets the walk reach what lies behind them. */
  readonly index: Pick<ObjectIndexReader, 'bucket' | 'references'> & {
    extents(): Promise<readonly ScrubExtent[]>
  }
  readonly storage: Storage
  readonly clock: Clock
}

/** Blobs read at once: enough to keep a drive busy. */
const WINDOW = 4
const PAGE_REFERENCES = 500
const DAMAGE_MAX = 1000
const PROGRESS_MS = 250

export function openScrubber(parts: ScrubParts): Scrubber {
  return {
    scrub: async (options) => await new Walk(parts, options, () => undefined).run(),
    run: async ({ rateBytesPerSec, pauseMs, report }, signal) => {
      while (!signal.aborted) {
        await new Walk(parts, { rateBytesPerSec, signal, damageMax: 0 }, report).run()
        await parts.clock.sleep(pauseMs, signal)
      }
    },
  }
}

/** One walk. */
class Walk {
  readonly #parts: ScrubParts
  readonly #options: ScrubOptions
  readonly #report: (damage: ScrubDamage) => void
  readonly #limiter: RateLimiter | null
  readonly #progress: Progress
  readonly #bucketNames: Map<BucketId, string> = new Map()
  readonly #damage: ScrubDamage[] = []
  readonly #startedAtMs: number
  #damageCount = 0
  #extentsDone = 0
  #extentsTotal = 0
  #blobs = 0
  #notedAtMs: number = Number.NEGATIVE_INFINITY

  constructor(parts: ScrubParts, options: ScrubOptions, report: (damage: ScrubDamage) => void) {
    const { clock } = parts
    const { rateBytesPerSec } = options
    this.#parts = parts
    this.#options = options
    this.#report = report
    this.#limiter =
      rateBytesPerSec === null
        ? null
        : new RateLimiter({ clock, unitsPerSec: rateBytesPerSec, burstUnits: rateBytesPerSec / 4 })
    this.#progress = new Progress(clock, 0)
    this.#startedAtMs = clock.monotonicMs()
  }

  async run(): Promise<ScrubReport> {
    const { index, clock } = this.#parts
    const uses = (await index.extents()).filter(({ references }) => references > 0)
    this.#extentsTotal = uses.length
    this.#progress.setTotal(uses.reduce((sum, { referencedBytes }) => sum + referencedBytes, 0))
    for (const use of uses) {
      await this.#extent(use)
      this.#extentsDone += 1
      this.#note('now')
    }
    return {
      extents: uses.length,
      blobs: this.#blobs,
      bytes: this.#progress.report().doneUnits,
      durationMs: clock.monotonicMs() - this.#startedAtMs,
      damage: this.#damage,
      damageCount: this.#damageCount,
    }
  }

  async #extent({ record: { extentId } }: ScrubExtent): Promise<void> {
    let offset = 0
    for (;;) {
      const page = await this.#parts.index.references(extentId, offset, PAGE_REFERENCES)
      const last = page.at(-1)
      if (last === undefined) return
      const queue = [...new Map(page.map(({ location }) => [location.offset, location])).values()]
      const work = async (): Promise<void> => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          await this.#blob(next)
        }
      }
      await Promise.all(Array.from({ length: WINDOW }, work))
      if (page.length < PAGE_REFERENCES) return
      offset = last.location.offset + 1
    }
  }

  async #blob(location: Location): Promise<void> {
    this.#options.signal?.throwIfAborted()
    await this.#limiter?.take(location.dataSizeBytes, this.#options.signal)
    const message = await this.#verify(location)
    this.#blobs += 1
    this.#progress.add(location.dataSizeBytes)
    this.#note('soon')
    if (message === null) return
    // It may have been deleted or moved while it was read: then nobody misses it.
    const { extentId, offset } = location
    const references = (
      await this.#parts.index.references(extentId, offset, PAGE_REFERENCES)
    ).filter((reference) => reference.location.offset === offset)
    if (references.length === 0) return
    const owner = await this.#ownerOf(location)
    const referrers = await Promise.all(
      references.map((reference) => this.#describe(reference, owner)),
    )
    const damage: ScrubDamage = { extentId, offset, referrers, message }
    this.#damageCount += 1
    if (this.#damage.length < (this.#options.damageMax ?? DAMAGE_MAX)) this.#damage.push(damage)
    this.#report(damage)
  }

  /** What is wrong with a blob; null where nothing is. */
  async #verify(location: Location): Promise<string | null> {
    try {
      return (await this.#parts.storage.verify(location))?.message ?? null
    } catch (cause) {
      if (cause instanceof StorageError && cause.code !== 'closed') return cause.message
      throw cause
    }
  }

  /** What the blob's header says, if that can still be read: it names a part's key. */
  async #ownerOf(location: Location): Promise<BlobOwner | null> {
    try {
      return (await this.#parts.storage.describe(location)).header.owner
    } catch (cause) {
      if (cause instanceof StorageError) return null
      throw cause
    }
  }

  async #describe({ referrer }: Reference, owner: BlobOwner | null): Promise<string> {
    switch (referrer.kind) {
      case 'version':
        return (
          `bucket ${await this.#bucketName(referrer.bucketId)}, ` +
          `key ${JSON.stringify(referrer.key)}, version ${referrer.order}`
        )
      case 'part': {
        const part = `part ${referrer.partNumber} of upload ${referrer.uploadId}`
        if (owner?.kind !== 'part') return part
        return (
          `bucket ${await this.#bucketName(owner.bucketId)}, key ${JSON.stringify(owner.key)}, ` +
          part
        )
      }
      case 'archive':
        return `archive blob ${referrer.blobId} of the change log or a checkpoint`
    }
  }

  async #bucketName(bucketId: BucketId): Promise<string> {
    const known = this.#bucketNames.get(bucketId)
    if (known !== undefined) return known
    const name = (await this.#parts.index.bucket(bucketId))?.name ?? bucketId
    this.#bucketNames.set(bucketId, name)
    return name
  }

  #note(when: 'now' | 'soon'): void {
    const nowMs = this.#parts.clock.monotonicMs()
    if (when === 'soon' && nowMs - this.#notedAtMs < PROGRESS_MS) return
    this.#notedAtMs = nowMs
    const { doneUnits, totalUnits, unitsPerSec, leftMs } = this.#progress.report()
    this.#options.onProgress?.({
      extentsDone: this.#extentsDone,
      extentsTotal: this.#extentsTotal,
      blobsDone: this.#blobs,
      bytesDone: doneUnits,
      bytesTotal: totalUnits,
      rateBytesPerSec: unitsPerSec ?? 0,
      leftMs,
    })
  }
}
