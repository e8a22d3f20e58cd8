// Copies the change log into blobs and merges small ones: each turn writes what the engine's log
// holds behind the cursor as one blob, names it in one commit with the cursor, and trims the log.
// What the archiver itself commits is copied along with the rest, but is no reason for a turn.

import { newId, type BlobId, type CommitId } from '../base/id.ts'
import { ARCHIVE_BATCH_SIZE_BYTES_MAX } from '../base/limits.ts'
import type { Location } from '../base/location.ts'
import type { Random } from '../base/random.ts'
import { decodeLogEntry, type Engine, type LogEntry, type Versionstamp } from '../engine/engine.ts'
import type { ExtentFiller } from '../placement/placement.ts'
import type { Storage } from '../storage/storage.ts'
import {
  decodeArchiveHead,
  encodeArchiveHead,
  encodeEntries,
  isNext,
  NOTHING,
  toArchive,
  type LogHead,
} from './archive-format.ts'
import { ARCHIVER, TAIL_BLOBS_MAX, type ArchiveState } from './archive-state.ts'
import { NO_TRAILER } from './checkpoint.ts'
import { consumerKey } from './keys.ts'
import { ObjectIndexError, type ArchiveBlob, type ObjectIndex } from './object-index.ts'
import { indexError } from './reading.ts'

export interface LogArchiverParts {
  readonly engine: Engine
  readonly index: ObjectIndex
  readonly filler: ExtentFiller
  readonly storage: Storage
  readonly random: Random
}

/** A turn goes on at once when it copied this much: there is more. */
const BATCH_SIZE_BYTES: number = ARCHIVE_BATCH_SIZE_BYTES_MAX / 2
const READ_ENTRIES = 10_000
/** So few entries, all the archiver's own, wait for the next foreign one. */
const OWN_ENTRIES_MAX = 8
/** So many blobs of one level become one of the next: a month has thousands, not millions. */
const MERGE_BLOBS = 32
const LEVELS_MAX = 3
const OWN_KEY: Buffer = consumerKey(ARCHIVER)
const COMMIT_TRIES = 3

export interface LogTurn {
  /** Bytes of entries that were archived; 0: nothing but own entries was there. */
  readonly bytes: number
  readonly isMore: boolean
}

export class LogArchiver {
  readonly #parts: LogArchiverParts
  readonly #state: ArchiveState
  /** The last entry looked at: the cursor, or own entries behind it. */
  scannedTo: Versionstamp

  constructor(parts: LogArchiverParts, state: ArchiveState) {
    this.#parts = parts
    this.#state = state
    this.scannedTo = state.cursor
  }

  /** Copies one batch. With `isForced` own entries are copied too. */
  async turn({ isForced }: { readonly isForced: boolean }): Promise<LogTurn> {
    const { entries, bytes, isMore } = await this.#readLog()
    const last = entries.at(-1)
    if (last === undefined) return { bytes: 0, isMore: false }
    if (!isForced && entries.length <= OWN_ENTRIES_MAX && entries.every(isOwn)) {
      this.scannedTo = last.versionstamp
      return { bytes: 0, isMore: false }
    }
    await this.#archive(entries, last)
    this.scannedTo = last.versionstamp
    this.#state.logBytesSinceCheckpoint += bytes
    await this.#merge()
    await this.#parts.filler.settle()
    await this.#trim(last.versionstamp)
    return { bytes, isMore }
  }

  async #readLog(): Promise<{ entries: LogEntry[]; bytes: number; isMore: boolean }> {
    const entries: LogEntry[] = []
    let bytes = 0
    let after = this.#state.cursor
    while (bytes < BATCH_SIZE_BYTES) {
      const page = await this.#readPage(after)
      for (const entry of page) {
        if (bytes + entry.bytes.length + 4 > ARCHIVE_BATCH_SIZE_BYTES_MAX) {
          return { entries, bytes, isMore: true }
        }
        bytes += entry.bytes.length + 4
        entries.push(entry)
        after = entry.versionstamp
      }
      if (page.length === 0) return { entries, bytes, isMore: false }
    }
    return { entries, bytes, isMore: true }
  }

  async #readPage(after: Versionstamp): Promise<readonly LogEntry[]> {
    try {
      return await this.#parts.engine.log(after, READ_ENTRIES)
    } catch (cause) {
      throw indexError(cause)
    }
  }

  async #archive(entries: readonly LogEntry[], last: LogEntry): Promise<void> {
    const state = this.#state
    const { incarnationsBefore } = state
    const first = entries[0] ?? last
    const head: LogHead = {
      kind: 'log',
      previous: state.previous,
      isRoot: state.isRoot,
      first: toArchive(first.versionstamp, incarnationsBefore),
      last: toArchive(last.versionstamp, incarnationsBefore),
      entryCount: entries.length,
      lastTimeMs: decodeLogEntry(last.bytes).cellTimeMs,
    }
    const body = encodeEntries(entries.map(({ bytes }) => bytes))
    await this.#write(head, 0, [body], { cursor: last.versionstamp, dropped: [] })
    state.cursor = last.versionstamp
    state.previous = head.last
    state.isRoot = false
  }

  /** Writes a log blob and names it. A lease that was lost meanwhile costs another write. */
  async #write(
    head: LogHead,
    level: number,
    body: readonly Uint8Array[],
    commit: {
      readonly cursor: Versionstamp
      readonly dropped: readonly ArchiveBlob[]
    },
  ): Promise<void> {
    const { filler, random, index } = this.#parts
    const dataSizeBytes = body.reduce((sum, piece) => sum + piece.length, 0)
    for (let tries = 1; ; tries += 1) {
      const blobId = newId<BlobId>(random)
      const location = await filler.append(
        {
          blobId,
          bodyOffset: 0,
          dataSizeBytes,
          owner: { kind: 'archive-log', ...head.first, page: level },
          metadata: encodeArchiveHead(head),
        },
        body,
        NO_TRAILER,
      )
      const blob: ArchiveBlob = {
        blobId,
        kind: 'log',
        location,
        from: head.first,
        to: head.last,
        page: level,
      }
      const outcome = await index.apply(
        {
          kind: 'archive',
          consumer: ARCHIVER,
          added: [blob],
          ...commit,
          writerId: filler.writerId,
        },
        newId<CommitId>(random),
      )
      if (outcome.kind !== 'refused') {
        this.#replaceTail(commit.dropped, blob)
        return
      }
      filler.renew()
      if (tries === COMMIT_TRIES) {
        throw new ObjectIndexError(
          'unavailable',
          `archive: a log blob was refused ${tries} times: ${outcome.refusal}`,
        )
      }
    }
  }

  #replaceTail(dropped: readonly ArchiveBlob[], added: ArchiveBlob): void {
    const { tail } = this.#state
    tail.splice(tail.length - dropped.length, dropped.length, added)
    if (tail.length > TAIL_BLOBS_MAX) tail.splice(0, tail.length - TAIL_BLOBS_MAX)
  }

  /** Merges the newest blobs of a level once there are enough of them. */
  async #merge(): Promise<void> {
    for (let level = 0; level < LEVELS_MAX; level += 1) {
      const run = this.#state.tail.slice(-MERGE_BLOBS)
      const sizeBytes = run.reduce((sum, { location }) => sum + location.dataSizeBytes, 0)
      const isDue =
        run.length === MERGE_BLOBS &&
        run.every(({ page }) => page === level) &&
        isOneLine(run) &&
        sizeBytes <= ARCHIVE_BATCH_SIZE_BYTES_MAX
      if (isDue) await this.#mergeRun(run, level + 1)
    }
  }

  async #mergeRun(run: readonly ArchiveBlob[], level: number): Promise<void> {
    const { storage } = this.#parts
    // Compaction may have moved them since they were written.
    const fresh = await this.#freshBlobs(run)
    if (fresh === null) return
    const body: Uint8Array[] = []
    const heads: LogHead[] = []
    for (const { location } of fresh) {
      const head = decodeArchiveHead((await storage.describe(location)).header.metadata)
      if (head.kind !== 'log') return
      heads.push(head)
      body.push(await readBody(storage, location))
    }
    const first = heads[0]
    const last = heads.at(-1)
    if (first === undefined || last === undefined) return
    const head: LogHead = {
      ...first,
      last: last.last,
      lastTimeMs: last.lastTimeMs,
      entryCount: heads.reduce((sum, { entryCount }) => sum + entryCount, 0),
    }
    await this.#write(head, level, body, { cursor: this.#state.cursor, dropped: fresh })
  }

  async #freshBlobs(run: readonly ArchiveBlob[]): Promise<readonly ArchiveBlob[] | null> {
    const first = run[0]
    if (first === undefined) return null
    const before = { ...first, page: 0, blobId: '0'.repeat(32) as BlobId }
    const found = await this.#parts.index.archiveBlobs('log', before, 2 * run.length)
    const byId = new Map(found.map((blob) => [blob.blobId, blob]))
    const fresh = run.map(({ blobId }) => byId.get(blobId)).filter((blob) => blob !== undefined)
    return fresh.length === run.length ? fresh : null
  }

  async #trim(to: Versionstamp): Promise<void> {
    try {
      await this.#parts.engine.trim(to)
    } catch (cause) {
      throw indexError(cause)
    }
  }
}

/** Entries of two incarnations, or with a hole, are no one blob: it would be read as damaged. */
function isOneLine(run: readonly ArchiveBlob[]): boolean {
  return run.slice(1).every(({ from }, index) => isNext(run[index]?.to ?? NOTHING, from))
}

/** Whether an entry is a commit of the archiver. */
function isOwn(entry: LogEntry): boolean {
  return decodeLogEntry(entry.bytes).mutations.some(
    ({ kind, key }) => kind === 'set' && OWN_KEY.equals(key),
  )
}

/** An archive blob's body, whole and verified. */
export async function readBody(storage: Storage, location: Location): Promise<Buffer> {
  const body = Buffer.allocUnsafe(location.dataSizeBytes)
  let at = 0
  for await (const piece of storage.read(location, { start: 0, end: location.dataSizeBytes })) {
    body.set(piece, at)
    at += piece.length
  }
  return body
}
