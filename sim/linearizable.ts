// Whether what clients saw of one key can be explained: each operation takes effect at one moment
// between its invocation and its answer, and answers what the model answers there. An operation of
// unknown outcome takes effect at any time later, or never.
//
// Wing & Gong's search (Testing and verifying concurrent objects, 1993) in Lowe's just-in-time form
// with memoisation (Testing for linearizability, 2017): events are walked in order with the set of
// all explanations so far; an operation is put in place only when its answer asks for it, and
// explanations that come to the same state and the same open operations are one.

import { follow } from './models/key-model.ts'
import { NO_KEY, textOf } from './models/key-state.ts'
import type { KeyState, KeyStep } from './models/key-state.ts'

/** A step and when it was under way, by the history's one count. */
export interface TimedStep extends KeyStep {
  readonly invokedAt: number
  /** Of an unknown outcome: no matter. */
  readonly answeredAt: number
}

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
}

const EXPLANATIONS_MAX = 60_000

/** Judges the steps of one key, in any order. */
export function checkKey(steps: readonly TimedStep[], options: CheckOptions = {}): Verdict {
  const start = options.start ?? NO_KEY
  const explanationsMax = options.explanationsMax ?? EXPLANATIONS_MAX
  const doubts = new Set(doubtful(steps))
  // Unknown outcomes of which nobody saw a thing mostly never happened, and each doubles the work:
  // explanations that need few of them are tried first.
  let explanations = 0
  for (let doubtsMax = 0; ; doubtsMax += 1) {
    const search = new Search(steps, { doubts, doubtsMax, explanationsMax, start })
    const verdict = search.run()
    explanations += search.explanations
    if (verdict.kind === 'linearizable') return verdict
    if (verdict.kind === 'refuted' && !search.isCut) return verdict
    if (explanations > explanationsMax) return { kind: 'undecided', explanations }
  }
}

/** Steps of unknown outcome that no answer shows to have been done. */
function doubtful(steps: readonly TimedStep[]): readonly TimedStep[] {
  const seen = new Set<string>()
  for (const { answer } of steps) {
    if (answer.kind === 'found') seen.add(answer.version?.tag ?? '')
    if (answer.kind === 'versions') for (const { tag } of answer.versions) seen.add(tag ?? '')
  }
  return steps.filter(({ answer, tag }) => answer.kind === 'unknown' && !seen.has(tag))
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
  readonly doubts: number
}

interface SearchOptions {
  readonly doubts: ReadonlySet<TimedStep>
  readonly doubtsMax: number
  readonly explanationsMax: number
  readonly start: KeyState
}

class Search {
  readonly #events: readonly { readonly at: number; readonly step: TimedStep }[]
  readonly #options: SearchOptions
  readonly #texts = new WeakMap<KeyState, string>()
  readonly #numbers: ReadonlyMap<TimedStep, number>
  explanations = 0
  /** Whether one was left out that would need more doubtful steps. */
  isCut = false

  constructor(steps: readonly TimedStep[], options: SearchOptions) {
    this.#options = options
    this.#numbers = new Map(steps.map((step, index) => [step, index]))
    this.#events = steps
      .flatMap((step) => [
        { at: step.invokedAt, step },
        ...(step.answer.kind === 'unknown' ? [] : [{ at: step.answeredAt, step }]),
      ])
      .toSorted((a, b) => a.at - b.at)
  }

  run(): Verdict {
    const { start, explanationsMax } = this.#options
    let now: readonly Explanation[] = [{ state: start, open: [], doubts: 0 }]
    let from = { at: Number.NEGATIVE_INFINITY, state: start }
    for (const { at, step } of this.#events) {
      const next =
        at === step.invokedAt
          ? now.map((each) => this.#settle({ ...each, open: [...each.open, step] }))
          : this.#answered(now, step)
      if (this.explanations > explanationsMax) {
        return { kind: 'undecided', explanations: this.explanations }
      }
      if (next.length === 0) {
        return { kind: 'refuted', step, states: now.map(({ state }) => state), from }
      }
      now = next
      const [only] = now
      if (only !== undefined && now.length === 1 && only.open.length === 0) {
        from = { at, state: only.state }
      }
    }
    return { kind: 'linearizable' }
  }

  /** All explanations in which the step has taken effect by now. */
  #answered(now: readonly Explanation[], step: TimedStep): readonly Explanation[] {
    const found = new Map<string, Explanation>()
    const seen = new Map<string, number>()
    const waiting = [...now]
    for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
      const text = this.#textOf(each)
      // The same by fewer doubtful steps leaves more of them for later.
      const before = seen.get(text)
      if (before !== undefined && before <= each.doubts) continue
      seen.set(text, each.doubts)
      this.explanations += 1
      if (this.explanations > this.#options.explanationsMax) return []
      if (!each.open.includes(step)) found.set(text, each)
      else waiting.push(...this.#moves(each))
    }
    return [...found.values()]
  }

  /** Each open step put in place now. */
  #moves(each: Explanation): readonly Explanation[] {
    const moves: Explanation[] = []
    for (const step of each.open) {
      if (each.open.some(({ id }) => id === step.behind)) continue
      const isDoubtful = this.#options.doubts.has(step)
      for (const state of follow(each.state, step)) {
        if (isDoubtful && state === each.state) continue // the same as never
        if (isDoubtful && each.doubts === this.#options.doubtsMax) {
          this.isCut = true
          continue
        }
        const open = each.open.filter((other) => other !== step)
        const doubts = each.doubts + (isDoubtful ? 1 : 0)
        moves.push(this.#settle({ state, open, doubts }))
      }
    }
    return moves
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
