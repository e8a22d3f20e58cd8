// What a replay compares: each answer with the recorded one, byte for byte. A commit and a page are
// asked for again by their recorded side: a decision answers what it came to, a visitor what it said.

import { isDeepStrictEqual } from 'node:util'
import { keyText } from '../src/engine/engine.ts'
import type {
  Commit,
  Committed,
  Decision,
  Engine,
  Overlay,
  RangeRead,
} from '../src/engine/engine.ts'
import type { CommitCall, HeadSeen, RangeCall, Seen } from './engine-calls.ts'

/** What is counted as compared. */
export const COMPARED = [
  'openings',
  'commits',
  'refusals',
  'lost commits',
  'reads of decisions',
  'reads',
  'keys',
  'pages',
  'entries',
  'log pages',
  'log entries',
  'fates',
  'trims',
  'epochs',
  'depositions',
] as const
export type ComparedKind = (typeof COMPARED)[number]
export type Compared = Readonly<Record<ComparedKind, number>>

const SHOWN_TEXT_MAX = 200

export function nothingCompared(): Record<ComparedKind, number> {
  return Object.fromEntries(COMPARED.map((kind) => [kind, 0])) as Record<ComparedKind, number>
}

/** Counts what was compared, and keeps what differed. */
export class Comparison {
  readonly counts: Record<ComparedKind, number> = nothingCompared()
  readonly differences: string[] = []
  /** The call that is asked now, for people. */
  now = ''

  count(kind: ComparedKind, count = 1): void {
    this.counts[kind] += count
  }

  same(what: string, answered: unknown, recorded: unknown): void {
    if (isDeepStrictEqual(answered, recorded)) return
    this.differ(what, `it answers ${show(answered)}, recorded is ${show(recorded)}`)
  }

  sameHead(engine: Engine, { epoch, versionstamp, logStart, clockAlarm }: HeadSeen): void {
    const status = engine.status()
    this.same('epoch', status.epoch, epoch)
    this.same('versionstamp', status.versionstamp, versionstamp)
    this.same('start of the log', status.logStart, logStart)
    this.same('clock alarm', status.clockAlarm, clockAlarm)
  }

  differ(what: string, how: string): void {
    this.differences.push(`${this.now}: ${what}: ${how}`)
  }
}

/** What a recorded decision threw, thrown again. */
class DecisionThrew extends Error {
  override readonly name = 'DecisionThrew'
}

/** How a commit is asked for again. */
export type AgainMode =
  | 'made'
  /** It was lost: it reads what it read, and is refused. */
  | 'refused'
  /** It was lost behind another of its batch, on which its reads may rest: it reads nothing. */
  | 'refused-unread'

/** A commit that decides as the recorded one did, if it is shown the same. */
export class AgainCommit implements Commit<string> {
  readonly id: CommitCall['id']
  readonly reads: CommitCall['reads']
  readonly #call: CommitCall
  readonly #mode: AgainMode
  readonly #comparison: Comparison
  /** Made anew, a decision is given another overlay. */
  #overlay: Overlay | null = null
  #stepCount = 0

  constructor(call: CommitCall, mode: AgainMode, comparison: Comparison) {
    this.id = call.id
    this.reads = call.reads
    this.#call = call
    this.#mode = mode
    this.#comparison = comparison
  }

  readonly decide = (overlay: Overlay): Decision<string> => {
    const result = this.id
    if (this.#mode === 'refused-unread') return { kind: 'refuse', result }
    if (overlay !== this.#overlay) this.#stepCount = 0
    this.#overlay = overlay
    const step = this.#call.steps[this.#stepCount++]
    if (step === undefined) {
      this.#comparison.differ(`commit ${this.id}`, 'it is asked to decide once more')
      return { kind: 'refuse', result }
    }
    this.#same('time', overlay.nowMs, this.#call.nowMs)
    this.#same('stamp', overlay.versionstamp, this.#call.versionstamp)
    for (const seen of step.seen) this.#look(overlay, seen)
    const { decided } = step
    if (decided.kind === 'more') return decided
    if (this.#mode === 'refused') return { kind: 'refuse', result }
    if (decided.kind === 'throw') throw new DecisionThrew('as it did when it was recorded')
    return { ...decided, result }
  }

  /** What the engine answered: a result, or what it threw. */
  settled(answer: unknown): void {
    const { steps, applied } = this.#call
    const what = `commit ${this.id}`
    const isMade = this.#mode === 'made'
    if (this.#mode !== 'refused-unread') this.#same('decisions', this.#stepCount, steps.length)
    if (isMade && applied === null && steps.at(-1)?.decided.kind !== 'refuse') {
      return this.#comparison.same(what, answer instanceof Error, true)
    }
    const committed: Committed<string> = { result: this.id, versionstamp: isMade ? applied : null }
    this.#comparison.same(what, answer, committed)
  }

  #look(overlay: Overlay, seen: Seen): void {
    this.#comparison.count('reads of decisions')
    switch (seen.kind) {
      case 'get':
        return this.#same(`get ${keyText(seen.key)}`, overlay.get(seen.key), seen.value)
      case 'first':
        return this.#same('first', overlay.first(seen.range), seen.entry)
      case 'last':
        return this.#same('last', overlay.last(seen.range), seen.entry)
      case 'sum':
        return this.#same(`sum ${keyText(seen.key)}`, overlay.sum(seen.key), seen.sums)
    }
  }

  #same(what: string, answered: unknown, recorded: unknown): void {
    this.#comparison.same(`commit ${this.id}: ${what}`, answered, recorded)
  }
}

/** A page whose visitor says what the recorded one said, as long as it is shown the same. */
export class AgainPage implements RangeRead {
  readonly range: RangeRead['range']
  readonly limit: number
  readonly reverse: boolean
  readonly #call: RangeCall
  readonly #comparison: Comparison
  #visitCount = 0

  constructor(call: RangeCall, comparison: Comparison) {
    this.range = call.range
    this.limit = call.limit
    this.reverse = call.reverse
    this.#call = call
    this.#comparison = comparison
  }

  readonly visit: RangeRead['visit'] = (key, value) => {
    const visit = this.#call.visits[this.#visitCount++]
    if (visit === undefined) {
      this.#comparison.differ(this.#text, `it goes on with ${show(key)}`)
      return 'stop'
    }
    const before = this.#comparison.differences.length
    this.#comparison.count('entries')
    this.#comparison.same(`${this.#text}: a key`, Buffer.from(key), visit.key)
    this.#comparison.same(`${this.#text}: ${show(key)}`, Buffer.from(value), visit.value)
    return this.#comparison.differences.length > before ? 'stop' : visit.answer
  }

  finish(isWhole: boolean | undefined): void {
    this.#comparison.count('pages')
    this.#comparison.same(`${this.#text}: entries`, this.#visitCount, this.#call.visits.length)
    this.#comparison.same(`${this.#text}: its end`, isWhole, this.#call.isWhole)
  }

  get #text(): string {
    const { range, limit, reverse } = this
    return `${reverse ? 'reverse ' : ''}page of ${limit} from ${show(range.start)}`
  }
}

function show(value: unknown): string {
  if (value instanceof Error) return value.stack ?? value.message
  if (value instanceof Uint8Array) return JSON.stringify(keyText(value).slice(0, SHOWN_TEXT_MAX))
  const text = JSON.stringify(value, shownValue)
  return (text ?? 'undefined').slice(0, SHOWN_TEXT_MAX)
}

/** Bytes as a text, one character each; JSON makes objects of them before it asks. */
function shownValue(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  const isBytes = typeof value === 'object' && value !== null && 'data' in value
  return isBytes && Array.isArray(value.data) ? keyText(Buffer.from(value.data)) : value
}
