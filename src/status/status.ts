// The status plane's contract: the words that its parts share, and what a site is to who runs it.
// Plain values throughout: records and views go between sites as JSON.

import type { HttpAnswer } from '../base/network.ts'

/** What a probe tries, as a client of S3 would. */
export const OPERATIONS = ['get', 'list', 'put', 'delete', 'multipart', 'sign-in'] as const
export type Operation = (typeof OPERATIONS)[number]

/**
 * `REGION/CELL/OPERATION` for an operation of a cell, `REGION/SERVICE` for a service that depends on
 * the region. Names are of `a-z`, `0-9` and `-`, 1 to 32 of them.
 */
export type ComponentId = string & { readonly _brand: 'ComponentId' }

/** The one thing whose health is told. */
export type Component =
  | {
      readonly id: ComponentId
      readonly kind: 'operation'
      readonly region: string
      readonly cell: string
      readonly operation: Operation
    }
  | {
      readonly id: ComponentId
      readonly kind: 'service'
      readonly region: string
      readonly service: string
      /** As people call it. */
      readonly title: string
    }

/** From well to ill; `unknown` is between what is well and what is known to be ill: never green. */
export const LEVELS = [
  'operational',
  'unknown',
  'recovering',
  'degraded',
  'partial-outage',
  'major-outage',
] as const
export type Level = (typeof LEVELS)[number]

/** The worse of two. */
export function worse(one: Level, other: Level): Level {
  return LEVELS.indexOf(one) < LEVELS.indexOf(other) ? other : one
}

/** Whether the second is worse, and not the same. */
export function isWorse(one: Level, other: Level): boolean {
  return LEVELS.indexOf(one) < LEVELS.indexOf(other)
}

/** Known not to be as it should: `degraded` or worse. */
export function isIll(level: Level): boolean {
  return !isWorse(level, 'degraded')
}

/** Why a probe failed. */
export type FailureKind =
  | 'unresolved'
  | 'refused'
  | 'unreachable'
  | 'reset'
  | 'timeout'
  | 'tls'
  | 'malformed' // not HTTP, not S3's XML, too large
  | 'status' // S3 answered an error; `code` says which
  | 'wrong-data' // answered, and not with what was stored

export interface ProbeFailure {
  readonly kind: FailureKind
  /** Null: there was no answer. */
  readonly status: number | null
  /** S3's error code. */
  readonly code: string | null
  readonly requestId: string | null
  /** One sentence: what was asked, what was expected, what came. */
  readonly message: string
  /** The beginning of the answer as it came, as text; at most RAW_ANSWER_CHARS_MAX. */
  readonly raw: string
}

/** One probe: an operation with the retries that an ordinary client makes. */
export interface ProbeResult {
  readonly component: ComponentId
  /** Wall clock of the site, for people. */
  readonly atMs: number
  /** Monotonic clock of the site when it began, for judging. */
  readonly beganMs: number
  /**
   * Of one that succeeded, the operation itself, retries included and without what had to be there
   * before it; of one that failed, from `beganMs` to its end.
   */
  readonly durationMs: number
  /** Requests that were sent again. */
  readonly retryCount: number
  /** Null: it succeeded, and what came back was what had been stored. */
  readonly failure: ProbeFailure | null
}

/** How far a recovery is, as the subsystem itself says. */
export interface Recovery {
  /** 0 to 1; null where it is not known. */
  readonly doneShare: number | null
  readonly leftMs: number | null
}

/** What one site thinks of one component, from its own probes and what the cell says of itself. */
export interface Sighting {
  readonly component: ComponentId
  /** `unknown`: not probed for too long, or not yet. */
  readonly level: Level
  /** Wall clock of the site. */
  readonly sinceMs: number
  /** A few words: `3 of 3 failed: 503 ServiceUnavailable`, `median 4.2 s`. Never empty. */
  readonly why: string
  /** Of the probes in the window that is judged. */
  readonly probeCount: number
  readonly failedCount: number
  /**
   * Whether all failures since the last success, or of a trouble that is not over yet, came without an
   * answer: it may be this site's own network.
   */
  readonly isSilent: boolean
  readonly medianMs: number | null
  readonly recovery: Recovery | null
}

/** Seconds that a site watched a component on a day, by the level that the page told. */
export interface DayCount {
  readonly component: ComponentId
  /** Days since 1970-01-01 UTC. */
  readonly day: number
  /** Whole seconds a level; only ever grow. `unknown` counts as not watched. */
  readonly seconds: Readonly<Record<Level, number>>
}

/**
 * All that a site sees now: signed by it, replaced by its next one. A later view has the higher
 * (incarnation, sequence); the incarnation is raised at each start.
 */
export interface View {
  readonly site: string
  readonly incarnation: number
  readonly sequence: number
  readonly madeAtMs: number
  /** `blind`: it has no sign that its own network works, so what fails says nothing of the store. */
  readonly footing: 'sure' | 'blind'
  readonly sightings: readonly Sighting[]
  readonly days: readonly DayCount[]
}

/** What the page tells of a component: a pure function of views, records and time. */
export interface Health {
  readonly component: Component
  readonly level: Level
  readonly sinceMs: number | null
  readonly why: string
  readonly recovery: Recovery | null
  /** What each site sees that has something to say. */
  readonly seenBy: readonly { readonly site: string; readonly level: Level; readonly why: string }[]
  /** Set by a person; shown with its reason. */
  readonly override: {
    readonly level: Level
    /** What machines see. */
    readonly seen: Level
    readonly reason: string
    readonly author: string
    readonly atMs: number
    readonly kind: 'lowered' | 'raised'
  } | null
}

/** What machines see, whatever a person said. */
export function seenLevel({ level, override }: Pick<Health, 'level' | 'override'>): Level {
  return override?.seen ?? level
}

/** As it should be, by what machines see and people say. */
export function isWell(health: Pick<Health, 'level' | 'override'>): boolean {
  return health.level === 'operational' && seenLevel(health) === 'operational'
}

/** Told better than machines see it: by a person's word alone. */
export function isByWord(health: Pick<Health, 'level' | 'override'>): boolean {
  return isWorse(health.level, seenLevel(health))
}

export type StatusErrorCode =
  | 'bad-request' // not what the interface takes
  | 'bad-signature' // forged, damaged, or signed by another key than it names
  | 'unknown-key' // a key that the configuration does not have, or has retired
  | 'not-allowed' // the key may not do this
  | 'replayed' // was taken before
  | 'stale' // signed too long ago, ahead of the clock, or behind what the site knows
  | 'too-large'
  | 'too-many' // more than one key may post in a minute, or than a site keeps
  | 'unknown-component'
  | 'unknown-incident'
  | 'not-found'
  | 'bad-config'
  | 'damaged' // the site's own files
  | 'full'
  | 'unavailable'

/** An operating error of the status plane; its message is for people. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly code: StatusErrorCode
  constructor(code: StatusErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** A request to a site's listener. */
export interface SiteRequest {
  readonly method: string
  /** Path and query as they came. */
  readonly target: string
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  /** Read whole by the listener, at most STATUS_REQUEST_BODY_SIZE_BYTES_MAX. */
  readonly body: Uint8Array
}

/** A site that runs: it probes, exchanges, tells. Made by `openStatusSite`. */
export interface StatusSite extends AsyncDisposable {
  readonly name: string
  /**
   * Answers a request; never throws for what a client sends. What crowds ask for (pages, JSON, feeds)
   * is ready made, and is answered in the same turn: then it is no promise.
   */
  answer(request: SiteRequest): HttpAnswer | Promise<HttpAnswer>
}
