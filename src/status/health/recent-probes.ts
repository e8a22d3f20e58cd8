// The last probes of a component: what is counted, how long they took, and whether what failed was one
// unbroken run. Bounded; what is older lives on in the weights alone.

import { PROBES_JUDGED_MAX } from '../../base/limits.ts'
import type { FailureKind, ProbeFailure, ProbeResult } from '../status.ts'

/** Successes whose median is told: three slow ones of them are no accident. */
const MEDIAN_PROBES = 5
/** Successes in a row, and one, that part a failure from the ones before. */
const TROUBLE_GAP = 10
/** An unbroken run of failures up to this is a burst: a restart, a fail-over; two time-outs are. */
const BURST_MS_MAX = 30_000

/** What failures are called; of `status` the answer's status and code say more. */
const FAILURE_WORDS: Readonly<Record<FailureKind, string>> = {
  unresolved: 'the name was not resolved',
  refused: 'connection refused',
  unreachable: 'no way there',
  reset: 'connection cut',
  timeout: 'no answer in time',
  tls: 'TLS failed',
  malformed: 'the answer was not S3',
  status: 'an error',
  'wrong-data': 'wrong data',
}

export class RecentProbes {
  #probes: readonly ProbeResult[] = []
  /** Undefined: not counted since the last one was added; it is asked for every second. */
  #medianMs: number | null | undefined = undefined

  /** In the order in which they ended. */
  add(result: ProbeResult): void {
    this.#medianMs = undefined
    this.#probes = [...this.#probes, result].slice(-PROBES_JUDGED_MAX)
  }

  get last(): ProbeResult | null {
    return this.#probes.at(-1) ?? null
  }

  /** Whether the last one failed, and none did for a while before it: a trouble may begin. */
  get isFirstFailure(): boolean {
    const failed = this.#probes.slice(-TROUBLE_GAP).filter(({ failure }) => failure !== null)
    return failed.length === 1 && this.last?.failure !== null
  }

  /** Since, and with, the first failure at or after `sinceMs` (monotonic); all, where there is none. */
  counts(sinceMs: number): { readonly probeCount: number; readonly failedCount: number } {
    const first = this.#probes.findIndex((each) => each.failure !== null && each.beganMs >= sinceMs)
    const judged = first < 0 ? this.#probes : this.#probes.slice(first)
    const failedCount = judged.filter(({ failure }) => failure !== null).length
    return { probeCount: judged.length, failedCount }
  }

  /** Wall clock of that first failure; null: none. */
  firstFailureAtMs(sinceMs: number): number | null {
    const first = this.#probes.find((each) => each.failure !== null && each.beganMs >= sinceMs)
    return first?.atMs ?? null
  }

  /** The failures at the end, without a success behind them; oldest first. */
  get run(): readonly ProbeResult[] {
    const lastSuccess = this.#probes.findLastIndex(({ failure }) => failure === null)
    return this.#probes.slice(lastSuccess + 1)
  }

  /** Whether the end is failures that got no answer over HTTP, every one. */
  get isSilent(): boolean {
    return this.run.length > 0 && this.run.every(({ failure }) => isSilent(failure))
  }

  /** Whether there were failures at or after `sinceMs` (monotonic), and none of them got an answer. */
  areSilentSince(sinceMs: number): boolean {
    const failed = this.#probes.filter((each) => each.failure !== null && each.beganMs >= sinceMs)
    return failed.length > 0 && failed.every(({ failure }) => isSilent(failure))
  }

  /** Whether all failures that are remembered were one short run of several, and a success ended it. */
  get isBurstOver(): boolean {
    const failed = this.#probes.flatMap(({ failure }, index) => (failure === null ? [] : [index]))
    const first = failed[0]
    const last = failed.at(-1)
    if (first === undefined || last === undefined || first === last) return false
    const isOneRun = last - first + 1 === failed.length && last < this.#probes.length - 1
    return isOneRun && spanMs(this.#probes.slice(first, last + 1)) <= BURST_MS_MAX
  }

  /**
   * Of the last successes that needed no retry: the others measure a client's pauses, and one lost
   * host must not look like a slow store. Where every one needed retries, of those. Null: too few.
   */
  get medianMs(): number | null {
    if (this.#medianMs === undefined) this.#medianMs = this.#median()
    return this.#medianMs
  }

  #median(): number | null {
    const plain = this.#probes.filter(isPlain)
    const successes = this.#probes.filter(({ failure }) => failure === null)
    const timed = (plain.length === 0 ? successes : plain).slice(-MEDIAN_PROBES)
    if (timed.length < MEDIAN_PROBES) return null
    const judged = timed.map(({ durationMs }) => durationMs)
    const sorted = judged.sort((one, other) => one - other)
    return sorted[Math.floor((sorted.length - 1) / 2)] ?? null
  }

  /** What the last failure is called: `503 ServiceUnavailable`, `connection refused`. */
  get failureWords(): string {
    const failure = this.#probes.findLast((each) => each.failure !== null)?.failure
    if (failure === undefined || failure === null) return 'no failure'
    const { code, kind, status } = failure
    if (kind !== 'status') return FAILURE_WORDS[kind]
    return [status, code].filter((part) => part !== null).join(' ') || FAILURE_WORDS.status
  }
}

/** From the begin of the first to the end of the last. */
export function spanMs(probes: readonly ProbeResult[]): number {
  const first = probes[0]
  const last = probes.at(-1)
  return first === undefined || last === undefined ? 0 : endMs(last) - first.beganMs
}

export function endMs({ beganMs, durationMs }: ProbeResult): number {
  return beganMs + durationMs
}

function isPlain({ failure, retryCount }: ProbeResult): boolean {
  return failure === null && retryCount === 0
}

/** A failure without any answer over HTTP: it may be this site's own network. */
export function isSilent(failure: ProbeFailure | null): boolean {
  return failure !== null && failure.status === null && failure.kind !== 'wrong-data'
}
