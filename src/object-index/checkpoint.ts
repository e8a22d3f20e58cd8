// A checkpoint: all records of the engine in key order, page by page, each page of a snapshot of its
// own; the log since its start makes them whole. Sums are added to, so a page of them says exactly
// which entries are in it. Source: DESIGN.md, The index, archiver.

import { newId, type BlobId, type CommitId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
import { encodeSums, type Engine, type KeyRange } from '../engine/engine.ts'
import type { Location } from '../base/location.ts'
import type { ExtentFiller } from '../placement/placement.ts'
import type { BlobTrailer } from '../storage/storage.ts'
import {
  NOTHING,
  encodeArchiveHead,
  PageWriter,
  toArchive,
  type CheckpointHead,
} from './archive-format.ts'
import { SPACE } from './keys.ts'
import type { ArchiveBlob, Cursor } from './object-index.ts'
import { VisitorGuard, readEngine } from './reading.ts'

/** About what a page holds; one page at a time is in memory. */
export const PAGE_SIZE_BYTES: number = 4 * 1024 * 1024
const READ_ENTRIES = 2000
/** Sums read in one commit, which is refused and so writes nothing. */
const SUMS_A_COMMIT = 200
const LAST_KEY: Buffer = Buffer.alloc(1979, 0xff)
/** First bytes of all keys whose records are added to. */
const SUM_START: Buffer = Buffer.of(SPACE.bucketSum)
const SUM_END: Buffer = Buffer.of(SPACE.extentSum + 1)
/** Plain, exact, plain: the three stretches of the key space. */
const STRETCHES: readonly (KeyRange & { readonly isSums: boolean })[] = [
  { start: Buffer.of(0), end: SUM_START, isSums: false },
  { start: SUM_START, end: SUM_END, isSums: true },
  { start: SUM_END, end: LAST_KEY, isSums: false },
]

export interface CheckpointParts {
  readonly engine: Engine
  readonly filler: ExtentFiller
  readonly random: Random
  readonly incarnationsBefore: number
  /** The archive's stamp up to which every commit was seen before the first page is read. */
  readonly start: Cursor
  /** Brings the archived log up to an entry; awaited before the last page is written. */
  readonly archiveTo: (end: Cursor) => Promise<void>
  /** Names a page in the index. */
  readonly commit: (blob: ArchiveBlob) => Promise<void>
}

/** One checkpoint under way. */
export class CheckpointJob {
  readonly #parts: CheckpointParts
  readonly #checkpointId: string
  readonly #page: PageWriter = new PageWriter()
  #stretch = 0
  #next: Buffer = Buffer.of(0)
  #pageNumber = 0
  /** Bytes of all pages so far. */
  sizeBytes = 0

  constructor(parts: CheckpointParts) {
    this.#parts = parts
    this.#checkpointId = newId<BlobId>(parts.random)
  }

  /** Share of the key space passed, by its first byte: roughly. */
  get share(): number {
    return Math.min(1, ((this.#next[0] ?? 0) * 256 + (this.#next[1] ?? 0)) / 65_536)
  }

  /** Writes the next page; answers its bytes, and whether it was the last. */
  async step(): Promise<{ readonly isDone: boolean; readonly bytes: number }> {
    let exactAt: Cursor | null = null
    while (this.#stretch < STRETCHES.length) {
      const stretch = STRETCHES[this.#stretch]
      if (stretch === undefined) break
      if (stretch.isSums) exactAt = await this.#readSums()
      const isWhole = stretch.isSums ? exactAt === null : await this.#readRecords(stretch)
      if (isWhole) {
        this.#stretch += 1
        this.#next = Buffer.from(STRETCHES[this.#stretch]?.start ?? LAST_KEY)
      }
      // A page is of one kind; each commit of sums has a stamp and so a page of its own.
      if (
        exactAt !== null ||
        this.#page.sizeBytes >= PAGE_SIZE_BYTES ||
        (isWhole && this.#page.count > 0)
      )
        break
    }
    const isDone = this.#stretch >= STRETCHES.length && exactAt === null
    let end: Cursor | null = null
    if (isDone) {
      end = await this.#now()
      await this.#parts.archiveTo(end)
    }
    return { isDone, bytes: await this.#writePage(exactAt, end) }
  }

  async #writePage(exactAt: Cursor | null, end: Cursor | null): Promise<number> {
    const { start, filler, random, commit } = this.#parts
    const { body, count } = this.#page.take()
    const sizeBytes = body.length
    const page = this.#pageNumber
    const head: CheckpointHead = {
      kind: 'checkpoint',
      checkpointId: this.#checkpointId,
      start,
      page,
      recordCount: count,
      exactAt,
      end,
    }
    const blobId = newId<BlobId>(random)
    const location: Location = await filler.append(
      {
        blobId,
        bodyOffset: 0,
        owner: { kind: 'archive-checkpoint', ...start, page },
        dataSizeBytes: sizeBytes,
        metadata: encodeArchiveHead(head),
      },
      [body],
      NO_TRAILER,
    )
    await commit({ blobId, kind: 'checkpoint', location, from: start, to: end ?? NOTHING, page })
    this.#pageNumber += 1
    this.sizeBytes += sizeBytes
    return sizeBytes
  }

  /** Reads records into the page; true where the stretch's end was reached. */
  async #readRecords({ end }: KeyRange): Promise<boolean> {
    const guard = new VisitorGuard()
    let last: Buffer | null = null
    let count = 0
    const { isWhole } = await readEngine(this.#parts.engine, {
      ranges: [
        {
          range: { start: this.#next, end },
          limit: READ_ENTRIES,
          visit: guard.wrap((key, value) => {
            this.#page.add(key, value)
            count += 1
            const isLast = count === READ_ENTRIES || this.#page.sizeBytes >= PAGE_SIZE_BYTES
            if (isLast) last = Buffer.from(key)
            return isLast ? 'stop' : 'next'
          }),
        },
      ],
    })
    guard.rethrow()
    if (last !== null) this.#next = behind(last)
    return last === null && isWhole[0] === true
  }

  /** Reads the next sums exactly, with the stamp they are of; null where none are left. */
  async #readSums(): Promise<Cursor | null> {
    const { engine, random } = this.#parts
    const keys: Buffer[] = []
    await readEngine(engine, {
      ranges: [
        {
          range: { start: this.#next, end: SUM_END },
          limit: SUMS_A_COMMIT,
          visit: (key) => {
            keys.push(Buffer.from(key))
            return 'next'
          },
        },
      ],
    })
    const last = keys.at(-1)
    if (last === undefined) return null
    const { result } = await engine.commit({
      id: newId<CommitId>(random),
      reads: { keys },
      decide: (overlay) => ({
        kind: 'refuse',
        result: {
          upTo: { ...overlay.versionstamp, sequence: overlay.versionstamp.sequence - 1 },
          values: keys.map((key) => (overlay.get(key) === null ? null : overlay.sum(key))),
        },
      }),
    })
    for (const [index, key] of keys.entries()) {
      const sums = result.values[index] ?? null
      if (sums !== null) this.#page.add(key, encodeSums(sums))
    }
    this.#next = behind(last)
    return toArchive(result.upTo, this.#parts.incarnationsBefore)
  }

  /** The last entry that any page can hold: what was decided before this commit, which does nothing. */
  async #now(): Promise<Cursor> {
    const { engine, random, incarnationsBefore } = this.#parts
    const { result } = await engine.commit({
      id: newId<CommitId>(random),
      reads: {},
      decide: ({ versionstamp }) => ({ kind: 'refuse', result: versionstamp }),
    })
    return toArchive({ ...result, sequence: result.sequence - 1 }, incarnationsBefore)
  }
}

/** Archive blobs need none: their entries and records carry checksums of their own. */
export const NO_TRAILER: BlobTrailer = {
  md5: new Uint8Array(0),
  checksumAlgorithm: 0,
  checksum: new Uint8Array(0),
}

/** The key that comes next. */
function behind(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0)])
}
