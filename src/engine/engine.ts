// The engine: a transactional, ordered key-value store with one committer, a dense change log and
// an epoch. Object-index, directory and ledger stand on it; it never crosses a process. Keys are
// order-preserving bytes, 1 to 1,978 of them. Source: DESIGN.md, The engine.

import type { CommitId } from '../base/id.ts'
import type { Mutation, Versionstamp } from './mutation.ts'

export { EngineError } from './engine-error.ts'
export { keyText } from './key-text.ts'
export { decodeLogEntry } from './log-entry.ts'
export type { DecodedLogEntry } from './log-entry.ts'
export { SUM_FIELDS } from './mutation.ts'
export type { Mutation, Versionstamp } from './mutation.ts'
export { compareStamps, stampText } from './stamp.ts'
export { addSums, decodeSums, encodeSums } from './sum-record.ts'

/** Keys in [start, end), ascending, or descending from `end` when `reverse`. */
export interface KeyRange {
  readonly start: Uint8Array
  readonly end: Uint8Array
}

export interface Entry {
  readonly key: Buffer
  readonly value: Buffer
}

/**
 * A page of a range, handed entry by entry to `visit`, in memory that is reused as soon as it
 * returns (no copy has been made): keep copies only. The visitor goes on with 'next', ends the
 * page with 'stop', or answers a key to seek to, behind the current one in the direction of the
 * page: the page goes on with that key itself or the next behind it. All of it is one snapshot. A
 * visitor doesn't read from the engine; what it throws ends the read, which rejects with it.
 */
export interface RangeRead {
  readonly range: KeyRange
  /** Entries visited at most, 1 to 10,000; a page that ends by it is no sign of the range's end. */
  readonly limit: number
  readonly reverse?: boolean
  readonly visit: (key: Buffer, value: Buffer) => 'next' | 'stop' | Uint8Array
}

/** All of it is read from one snapshot, which sees every commit acknowledged before the call. */
export interface ReadRequest {
  readonly keys?: readonly Uint8Array[]
  readonly ranges?: readonly RangeRead[]
}

export interface ReadResult {
  /** For each of `keys` its value, the caller's to keep, or null. */
  readonly values: readonly (Buffer | null)[]
  /** For each of `ranges`: true where its end was reached, false where `limit` or 'stop' ended it. */
  readonly isWhole: readonly boolean[]
}

/**
 * What `decide` sees: the named reads, over all earlier commits of the same batch. A decision that
 * asks for more is called again with the same overlay object; one that is made anew, with another.
 * Asking for a key or range that the reads do not name is a programmer's error.
 */
export interface Overlay {
  get(key: Uint8Array): Buffer | null
  /** First entry of a range over the overlay; null where none is. */
  first(range: KeyRange): Entry | null
  /** Last entry of a range over the overlay; null where none is. */
  last(range: KeyRange): Entry | null
  /** SUM_FIELDS numbers; all zero where there is no record. Its key is one of `keys`. */
  sum(key: Uint8Array): readonly bigint[]
  /** Cell time of this batch: milliseconds, never going back. */
  readonly nowMs: number
  /** The stamp this commit gets if it applies. */
  readonly versionstamp: Versionstamp
}

export interface Reads {
  readonly keys?: readonly Uint8Array[]
  readonly firsts?: readonly KeyRange[]
  readonly lasts?: readonly KeyRange[]
}

export type Decision<T> =
  | { readonly kind: 'apply'; readonly mutations: readonly Mutation[]; readonly result: T }
  | { readonly kind: 'refuse'; readonly result: T }
  /** Asks, once, for more of the same overlay; `decide` is then called again. */
  | { readonly kind: 'more'; readonly reads: Reads }

export interface Commit<T> {
  /** Chosen by who asks; kept for `fate`. Committing one id twice is a programmer's error. */
  readonly id: CommitId
  readonly reads: Reads
  /** Pure: the same overlay gives the same decision. It may be called again. */
  readonly decide: (overlay: Overlay) => Decision<T>
}

export interface Committed<T> {
  readonly result: T
  /** Null for a refusal. */
  readonly versionstamp: Versionstamp | null
}

/** A change log entry: all mutations of one commit, encoded (docs/formats/change-log.md). */
export interface LogEntry {
  readonly versionstamp: Versionstamp
  readonly bytes: Buffer
}

export interface EngineStatus {
  readonly epoch: number
  readonly versionstamp: Versionstamp
  /** The log holds all entries behind this stamp: the last trimmed one. */
  readonly logStart: Versionstamp
  readonly commits: number
  readonly batches: number
  readonly queueLength: number
  /** Why the wall clock is not trusted, or null: see `confirmClock`. Source: DESIGN.md, Time. */
  readonly clockAlarm: string | null
}

export interface Engine extends AsyncDisposable {
  /** Keys first, then each range in turn. No snapshot outlives 1 s. @throws EngineError */
  read(request: ReadRequest): Promise<ReadResult>
  /**
   * Decides and commits in order of arrival, grouped; resolves when all it rests on is durable,
   * also for a refusal. At most 1,000 mutations and 1 MiB a commit.
   * @throws EngineError
   */
  commit<T>(commit: Commit<T>): Promise<Committed<T>>
  /**
   * Entries behind `after`, in order, at most `limit`, and no more than a few MiB of them: fewer is
   * no sign of the log's end, none is. @throws EngineError `corrupt` on a gap, as behind a trim
   */
  log(after: Versionstamp, limit: number): Promise<LogEntry[]>
  /** Drops log entries up to and with `to`. */
  trim(to: Versionstamp): Promise<void>
  /** What became of a commit of the last 15 minutes: its stamp, or 'never'. */
  fate(id: CommitId): Promise<Versionstamp | 'never'>
  /**
   * Raises the epoch in one commit and answers it; the former holder is deposed. An engine that has
   * not taken one commits under the epoch that it found when it was opened.
   */
  takeEpoch(): Promise<number>
  /** Ends a clock alarm, in one commit. While there is one, nothing may be expired or unlocked. */
  confirmClock(): Promise<void>
  status(): EngineStatus
}

/** What a process that only reads has of an engine: its reads see what another one committed. */
export type EngineReader = Pick<Engine, 'read'>
