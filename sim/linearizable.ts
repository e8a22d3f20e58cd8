// Whether what clients saw of one key can be explained: each operation takes effect at one moment
// between its invocation and its answer, and answers what the model answers there. An operation of
// unknown outcome takes effect at any time until it is settled, or never.
//
// Wing & Gong's search (Testing and verifying concurrent objects, 1993) in Lowe's just-in-time form
// with memoisation (Testing for linearizability, 2017): events are walked in order; an operation is
// put in place only when an answer asks for it; what comes to the same state and the same open
// operations is tried once. Depth first, and what explains an answer with the least is tried first;
// what the rest of the history shows to lead nowhere is not tried (foresight.ts).

import { assert } from '../src/base/assert.ts'
import { Foresight, mayMake } from './foresight.ts'
import type { HistoryEvent } from './foresight.ts'
import { follow } from './models/key-model.ts'
import { NO_KEY, textOf } from './models/key-state.ts'
import type { KeyState, KeyStep, TimedStep } from './models/key-state.ts'

export type Verdict =
  | { readonly kind: 'linearizable' }
  /** Too many explanations to try them all: neither proven nor refuted. */
  | { readonly kind: 'undecided'; readonly explanations: number }
  | Refuted

export interface Refuted {
  readonly kind: 'refuted'
  /** No explanation of what came before allows this answer. */
  readonly step: TimedStep
  /** States that the key may have been in before. */
  readonly states: readonly KeyState[]
  /** The last moment before at which the key's state was sure and nothing was under way. */
  readonly from: { readonly at: number; readonly state: KeyState }
}

export interface CheckOptions {
  readonly start?: KeyState
  /** Explanations looked at in all before it is given up. */
  readonly explanationsMax?: number
  /** The same of the search for the very answer that nothing explains; 0: any step may be named. */
  readonly shownMax?: number
}

const EXPLANATIONS_MAX = 400_000
const SHOWN_MAX = 20_000

/** Judges the steps of one key, in any order. */
export function checkKey(steps: readonly TimedStep[], options: CheckOptions = {}): Verdict {
  const { shownMax = SHOWN_MAX } = options
  const verdict = search(steps, options, false)
  if (verdict.kind !== 'refuted' || shownMax === 0) return verdict
  // People are shown the very answer that nothing explains, and not what could not lead to it.
  const shown = search(steps, { ...options, explanationsMax: shownMax }, true)
  assert(shown.kind !== 'linearizable', 'foresight leaves out nothing that can be explained')
  return shown.kind === 'refuted' ? shown : verdict
}

function search(
  steps: readonly TimedStep[],
  { start = NO_KEY, explanationsMax = EXPLANATIONS_MAX }: CheckOptions,
  isBlind: boolean,
): Verdict {
  const doubts = doubtful(steps)
  // Unknown outcomes of which nobody saw a thing mostly never happened, and each doubles the work:
  // first it is tried with none of them, then with one, and with twice as many each time.
  let explanations = 0
  for (let doubtsMax = 0; ; doubtsMax = Math.max(doubtsMax + 1, doubtsMax * 2)) {
    const limits = { doubtsMax, explanationsMax: explanationsMax - explanations, isBlind }
    const search = new Search(steps, doubts, limits)
    const verdict = search.run(start)
    if (verdict.kind === 'linearizable') return verdict
    if (verdict.kind === 'refuted' && !search.isCut) return verdict
    explanations += search.explanations
    if (explanations >= explanationsMax) return { kind: 'undecided', explanations }
  }
}

/** Steps of unknown outcome that no answer shows to have been done. */
function doubtful(steps: readonly TimedStep[]): ReadonlySet<TimedStep> {
  const seen = new Set<string>()
  for (const { answer } of steps) {
    if (answer.kind === 'found') seen.add(answer.version?.tag ?? '')
    if (answer.kind === 'versions') for (const { tag } of answer.versions) seen.add(tag ?? '')
  }
  return new Set(steps.filter(({ answer, tag }) => answer.kind === 'unknown' && !seen.has(tag)))
}

/** Whether it leaves every state as it is. One that shows an id may make a state more certain. */
function isLook({ answer }: KeyStep): boolean {
  return answer.kind === 'found' || answer.kind === 'versions' || answer.kind === 'refused'
}

/** One way to explain all events so far. */
interface Explanation {
  readonly state: KeyState
  /** Operations under way that have not taken effect, by invocation. */
  readonly open: readonly TimedStep[]
  /** How many doubtful ones have. */
  readonly doubts: number
}

interface Limits {
  readonly doubtsMax: number
  readonly explanationsMax: number
  /** Goes on also where it could only fail later. */
  readonly isBlind: boolean
}

function eventsOf(steps: readonly TimedStep[]): readonly HistoryEvent[] {
  const begun = steps.map((step) => ({ at: step.invokedAt, step }))
  const ended = steps
    .map((step) => ({ at: step.answeredAt, step }))
    .filter(({ at }) => at < Number.POSITIVE_INFINITY)
  return [...begun, ...ended].toSorted((a, b) => a.at - b.at)
}

class Search {
  readonly #events: readonly HistoryEvent[]
  readonly #limits: Limits
  readonly #doubts: ReadonlySet<TimedStep>
  readonly #numbers: ReadonlyMap<TimedStep, number>
  readonly #texts = new WeakMap<KeyState, string>()
  readonly #asked = new Map<TimedStep, string>()
  readonly #foresight: Foresight | null
  /** For each event the explanations of all before it, as they were come to. */
  readonly #before: Map<string, Explanation>[]
  explanations = 0
  /** Whether any was left out for having too many doubtful steps. */
  isCut = false

  constructor(steps: readonly TimedStep[], doubts: ReadonlySet<TimedStep>, limits: Limits) {
    this.#limits = limits
    this.#doubts = doubts
    this.#numbers = new Map(steps.map((step, index) => [step, index]))
    this.#events = eventsOf(steps)
    this.#foresight = limits.isBlind ? null : new Foresight(this.#events, doubts)
    this.#before = Array.from({ length: this.#events.length + 1 }, () => new Map())
  }

  run(start: KeyState): Verdict {
    const first = { state: start, open: [], doubts: 0 }
    this.#isNew(0, first)
    const ways: Iterator<Explanation>[] = [this.#over(0, first)]
    for (;;) {
      const way = ways.at(-1)
      if (way === undefined) return this.#refuted(start)
      if (ways.length > this.#events.length) return { kind: 'linearizable' }
      const next = way.next()
      if (this.explanations > this.#limits.explanationsMax) {
        return { kind: 'undecided', explanations: this.explanations }
      }
      if (next.done === true) ways.pop()
      else if (this.#isNew(ways.length, next.value)) {
        ways.push(this.#over(ways.length, next.value))
      }
    }
  }

  /** Notes an explanation of all before the event; false where it was come to before. */
  #isNew(index: number, each: Explanation): boolean {
    const known = this.#before[index]
    const text = this.#textOf(each)
    const before = known?.get(text)
    // The same with fewer doubtful steps leaves more of them for later.
    if (known === undefined || (before !== undefined && before.doubts <= each.doubts)) return false
    if (index > 0 && !this.#mayReach(index, each)) return false
    known.set(text, each)
    return true
  }

  /** Everything was tried: the furthest event is the one that nothing explains. */
  #refuted(start: KeyState): Refuted {
    const failed = this.#before.findLastIndex((known) => known.size > 0)
    const sure = this.#before.findLastIndex(
      (known, index) =>
        index <= failed && known.size === 1 && [...known.values()][0]?.open.length === 0,
    )
    const [before] = this.#before[sure]?.values() ?? []
    const event = this.#events[failed]
    assert(event !== undefined, 'a history is refuted at one of its events')
    return {
      kind: 'refuted',
      step: event.step,
      states: [...(this.#before[failed]?.values() ?? [])].map(({ state }) => state),
      from: {
        at: this.#events[sure - 1]?.at ?? Number.NEGATIVE_INFINITY,
        state: before?.state ?? start,
      },
    }
  }

  /** All explanations that there are behind an event. */
  #over(index: number, each: Explanation): Iterator<Explanation> {
    const event = this.#events[index]
    if (event === undefined) return [each].values()
    const { at, step } = event
    if (at !== step.invokedAt) {
      return step.answer.kind === 'unknown'
        ? this.#settled(index, each, step)
        : this.#answered(index, each, step)
    }
    return [this.#settle({ ...each, open: [...each.open, step] })].values()
  }

  /** Of unknown outcome, and too late for it from now on: it never took effect, or has by now. */
  *#settled(index: number, from: Explanation, step: TimedStep): Generator<Explanation> {
    const open = from.open.filter((other) => other !== step)
    if (open.length < from.open.length) {
      this.explanations += 1
      yield { ...from, open }
    }
    yield* this.#answered(index, from, step)
  }

  /** All in which the step has taken effect by now, those by fewer steps first. */
  *#answered(index: number, from: Explanation, step: TimedStep): Generator<Explanation> {
    const seen = new Map<string, number>()
    // Grows while it is walked.
    const waiting = [from]
    for (const each of waiting) {
      const text = this.#textOf(each)
      const before = seen.get(text)
      if (before !== undefined && before <= each.doubts) continue
      seen.set(text, each.doubts)
      this.explanations += 1
      if (this.explanations > this.#limits.explanationsMax) return
      if (!each.open.includes(step)) yield each
      else waiting.push(...this.#moves(index, each))
    }
  }

  /** Each open step put in place now. */
  #moves(index: number, each: Explanation): readonly Explanation[] {
    const moves: Explanation[] = []
    for (const step of each.open) {
      if (each.open.some(({ id }) => id === step.behind)) continue
      const isDoubtful = this.#doubts.has(step)
      if (isDoubtful && this.#hasTwin(each, step)) continue
      const doubts = each.doubts + (isDoubtful ? 1 : 0)
      for (const state of follow(each.state, step)) {
        if (isDoubtful && state === each.state) continue // the same as never
        if (!this.#mayStand(index, each.state, state)) continue
        if (doubts > this.#limits.doubtsMax) {
          this.isCut = true
          continue
        }
        const open = each.open.filter((other) => other !== step)
        moves.push(this.#settle({ state, open, doubts }))
      }
    }
    return moves
  }

  /** Whether what is new in a state may be. */
  #mayStand(index: number, before: KeyState, { versions: [newest] }: KeyState): boolean {
    if (newest === undefined || this.#foresight === null) return true
    if (before.versions.some(({ maker }) => maker === newest.maker)) return true
    return this.#foresight.mayBeMade(newest, index)
  }

  /** Whether as many versions can still be made as must be. */
  #mayReach(index: number, { state, open, doubts }: Explanation): boolean {
    if (this.#foresight === null) return true
    const { doubtsMax } = this.#limits
    const sure = open.filter((step) => !this.#doubts.has(step) && mayMake(step)).length
    if (this.#foresight.mayReach(state, index, sure + doubtsMax - doubts)) return true
    if (doubtsMax < this.#doubts.size) this.isCut = true
    return false
  }

  /**
   * Of several that ask for the same, and of which nobody hears, one is as good as another; that
   * which can wait least is tried, so that the others are left for later.
   */
  #hasTwin({ open }: Explanation, step: TimedStep): boolean {
    const asked = this.#askedOf(step)
    return open
      .filter((other) => this.#doubts.has(other) && this.#askedOf(other) === asked)
      .some(
        (other) =>
          other.answeredAt < step.answeredAt ||
          (other.answeredAt === step.answeredAt && open.indexOf(other) < open.indexOf(step)),
      )
  }

  #askedOf(step: TimedStep): string {
    let asked = this.#asked.get(step)
    if (asked === undefined) {
      asked = JSON.stringify(step.call)
      this.#asked.set(step, asked)
    }
    return asked
  }

  /**
   * Puts in place what only looks and fits this state: whatever is explained without it is explained
   * with it. Of a write that changes nothing here that is not so: it may be what changes something
   * later.
   */
  #settle(each: Explanation): Explanation {
    const open = each.open.filter(
      (step) => !isLook(step) || follow(each.state, step)[0] !== each.state,
    )
    return open.length === each.open.length ? each : { ...each, open }
  }

  #textOf({ state, open }: Explanation): string {
    let text = this.#texts.get(state)
    if (text === undefined) {
      text = textOf(state)
      this.#texts.set(state, text)
    }
    return `${open.map((step) => this.#numbers.get(step)).join()}|${text}`
  }
}
