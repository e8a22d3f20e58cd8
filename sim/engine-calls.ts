// What was asked of an engine, and what it answered, as plain values: made by engine-recording.ts,
// asked again of another driver by engine-replay.ts.

import type { CommitId } from '../src/base/id.ts'
import type {
  Entry,
  KeyRange,
  LogEntry,
  Mutation,
  Reads,
  Versionstamp,
} from '../src/engine/engine.ts'
import type { EngineErrorCode } from '../src/engine/engine-error.ts'

/** What an engine's clock showed. */
export interface ClockReading {
  readonly nowMs: number
  readonly uptimeMs: number
}

/** What is to be seen of an engine's head. */
export interface HeadSeen {
  readonly epoch: number
  readonly versionstamp: Versionstamp
  readonly logStart: Versionstamp
  readonly clockAlarm: string | null
}

/** What a decision asked of its overlay, and was told. */
export type Seen =
  | { readonly kind: 'get'; readonly key: Buffer; readonly value: Buffer | null }
  | { readonly kind: 'first'; readonly range: KeyRange; readonly entry: Entry | null }
  | { readonly kind: 'last'; readonly range: KeyRange; readonly entry: Entry | null }
  | { readonly kind: 'sum'; readonly key: Buffer; readonly sums: readonly bigint[] }

export type Decided =
  | { readonly kind: 'apply'; readonly mutations: readonly Mutation[] }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'more'; readonly reads: Reads }
  | { readonly kind: 'throw' }

/** One call of a commit's `decide`. */
export interface DecideStep {
  readonly seen: readonly Seen[]
  readonly decided: Decided
}

export interface CommitCall {
  readonly id: CommitId
  readonly reads: Reads
  /** What the overlay said of itself. */
  readonly nowMs: number
  readonly versionstamp: Versionstamp
  readonly steps: readonly DecideStep[]
  /** Its stamp in the log; null: it was refused, or threw, or all its batch was lost. */
  readonly applied: Versionstamp | null
}

/** One page of a range: each entry, with what its visitor answered. */
export interface RangeCall {
  readonly range: KeyRange
  readonly limit: number
  readonly reverse: boolean
  readonly visits: readonly {
    readonly key: Buffer
    readonly value: Buffer
    readonly answer: 'next' | 'stop' | Buffer
  }[]
  readonly isWhole: boolean
}

/** `opening` counts the engines and readers that were opened, from 0. */
export type EngineCall =
  | {
      readonly kind: 'open'
      readonly opening: number
      readonly clock: ClockReading
      readonly head: HeadSeen
    }
  | { readonly kind: 'open-reader'; readonly opening: number }
  /** Nothing more is asked of it: its process is dead, or closed it. */
  | { readonly kind: 'close'; readonly opening: number }
  | {
      /** Stands where it became visible; one of which nothing did, where it was decided. */
      readonly kind: 'batch'
      readonly opening: number
      readonly clock: ClockReading
      readonly commits: readonly CommitCall[]
      /** `lost`: nothing of it is there, though it was decided. `none`: all of it was refused. */
      readonly outcome: 'applied' | 'lost' | 'none'
      readonly head: HeadSeen
    }
  | {
      readonly kind: 'epoch' | 'trim' | 'confirm'
      readonly opening: number
      readonly head: HeadSeen
      /** Whether its engine was told that it is done. */
      readonly isHeard: boolean
    }
  | {
      readonly kind: 'read'
      readonly opening: number
      readonly keys: readonly Buffer[]
      readonly values: readonly (Buffer | null)[]
      readonly ranges: readonly RangeCall[]
    }
  | {
      readonly kind: 'log'
      readonly opening: number
      readonly after: Versionstamp
      readonly limit: number
      readonly answer: readonly LogEntry[] | EngineErrorCode
    }
  | {
      readonly kind: 'fate'
      readonly opening: number
      readonly id: CommitId
      readonly answer: Versionstamp | 'never'
      /** Its stamp, where it is so old that nobody has to know it any more. */
      readonly forgotten: Versionstamp | null
    }
  /** Another holder, who is not seen otherwise, raises the epoch to this. */
  | { readonly kind: 'steal'; readonly epoch: number }
  /** The engine found that it was deposed. */
  | { readonly kind: 'deposed'; readonly opening: number; readonly clock: ClockReading }
