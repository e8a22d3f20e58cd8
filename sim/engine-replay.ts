// Asks another driver of the engine what a run asked of the memory driver, in the same order, and
// compares every answer. A batch that was there is made, whatever its client heard of it; one that
// was lost is asked for and not made. Where processes died, engines are closed and opened anew.

import { isDeepStrictEqual } from 'node:util'
import { assert } from '../src/base/assert.ts'
import type { Clock, Timer } from '../src/base/clock.ts'
import { newId } from '../src/base/id.ts'
import { EngineError } from '../src/engine/engine.ts'
import type { Commit, Engine, EngineReader, Versionstamp } from '../src/engine/engine.ts'
import type { ClockReading, CommitCall, EngineCall } from './engine-calls.ts'
import { AgainCommit, AgainPage, Comparison } from './engine-comparison.ts'
import type { AgainMode, Compared } from './engine-comparison.ts'
import { SeededRandom } from './random.ts'

/** A fresh store of the driver, of which engines and readers are opened, several at once. */
export interface ReplayTarget {
  openEngine(clock: Clock): Promise<Engine>
  openReader(): Promise<EngineReader & AsyncDisposable>
}

export interface Replayed {
  readonly compared: Compared
  /** None: it answered as the memory driver did. The first few: one leads to others. */
  readonly differences: readonly string[]
}

const DIFFERENCES_MAX = 5

export async function replay(
  calls: readonly EngineCall[],
  target: ReplayTarget,
): Promise<Replayed> {
  const comparison = new Comparison()
  const again = new Replay(target, comparison)
  try {
    for (const [index, call] of calls.entries()) {
      if (comparison.differences.length >= DIFFERENCES_MAX) break
      const by = call.kind === 'steal' ? '' : ` by ${call.opening}`
      comparison.now = `call ${index}, ${call.kind}${by}`
      await again.ask(call)
    }
  } catch (error) {
    comparison.differ('it failed', error instanceof Error ? `${error.stack}` : String(error))
  } finally {
    await again.closeAll()
  }
  return {
    compared: comparison.counts,
    differences: comparison.differences.slice(0, DIFFERENCES_MAX),
  }
}

type Called<Kind extends EngineCall['kind']> = Extract<EngineCall, { readonly kind: Kind }>

/** An engine of the target, with a clock that shows what the recorded one's did. */
interface OpenEngine {
  readonly engine: Engine
  readonly clock: ShownClock
}

class Replay {
  readonly #target: ReplayTarget
  readonly #comparison: Comparison
  readonly #engines = new Map<number, OpenEngine>()
  readonly #readers = new Map<number, EngineReader & AsyncDisposable>()
  readonly #ids = new SeededRandom('ids of the replay')
  #reading: ClockReading = { nowMs: 0, uptimeMs: 0 }

  constructor(target: ReplayTarget, comparison: Comparison) {
    this.#target = target
    this.#comparison = comparison
  }

  async ask(call: EngineCall): Promise<void> {
    switch (call.kind) {
      case 'open':
        return await this.#open(call)
      case 'open-reader':
        this.#readers.set(call.opening, await this.#target.openReader())
        return this.#comparison.count('openings')
      case 'close':
        return await this.#close(call.opening)
      case 'batch':
        return await this.#batch(call)
      case 'epoch':
      case 'trim':
      case 'confirm':
        return await this.#changeHead(call)
      case 'read':
        return await this.#read(call)
      case 'log':
        return await this.#log(call)
      case 'fate':
        return await this.#fate(call)
      case 'steal':
        return await this.#byAnother(async (engine) => await this.#takeEpoch(engine, call.epoch))
      case 'deposed':
        return await this.#deposed(call)
    }
  }

  async closeAll(): Promise<void> {
    for (const opening of [...this.#engines.keys(), ...this.#readers.keys()]) {
      await this.#close(opening)
    }
  }

  async #open({ opening, clock: reading, head }: Called<'open'>): Promise<void> {
    const clock = new ShownClock(reading)
    this.#reading = reading
    const engine = await this.#target.openEngine(clock)
    this.#engines.set(opening, { engine, clock })
    this.#comparison.count('openings')
    this.#comparison.sameHead(engine, head)
  }

  async #close(opening: number): Promise<void> {
    await this.#engines.get(opening)?.engine[Symbol.asyncDispose]()
    await this.#readers.get(opening)?.[Symbol.asyncDispose]()
    this.#engines.delete(opening)
    this.#readers.delete(opening)
  }

  /** All of it comes in one turn, and is one batch again. */
  async #batch({ opening, clock, commits, outcome, head }: Called<'batch'>): Promise<void> {
    const engine = this.#turned(opening, clock)
    const firstMade = commits.findIndex(makesChanges)
    const modeOf = (index: number): AgainMode => {
      if (outcome !== 'lost') return 'made'
      return index > firstMade ? 'refused-unread' : 'refused'
    }
    const again = commits.map((call, at) => new AgainCommit(call, modeOf(at), this.#comparison))
    const answers = await Promise.all(again.map(async (commit) => await answerOf(engine, commit)))
    for (const [at, commit] of again.entries()) commit.settled(answers[at])
    const appliedCount = commits.filter(({ applied }) => applied !== null).length
    this.#comparison.count('commits', appliedCount)
    this.#comparison.count(
      outcome === 'lost' ? 'lost commits' : 'refusals',
      commits.length - appliedCount,
    )
    if (outcome === 'applied') this.#comparison.sameHead(engine, head)
  }

  async #changeHead({ kind, opening, head, isHeard }: Called<'epoch' | 'trim' | 'confirm'>) {
    const change = async (engine: Engine): Promise<void> => {
      if (kind === 'epoch') await this.#takeEpoch(engine, head.epoch)
      else if (kind === 'confirm') await engine.confirmClock()
      else await this.#trim(engine, head.logStart)
    }
    // One that was not told of it goes on as if it were not done.
    if (!isHeard) return await this.#byAnother(change)
    const engine = this.#turned(opening, this.#reading)
    await change(engine)
    this.#comparison.sameHead(engine, head)
  }

  async #trim(engine: Engine, to: Versionstamp): Promise<void> {
    await engine.trim(to)
    this.#comparison.count('trims')
    this.#comparison.same('start of the log', engine.status().logStart, to)
  }

  async #takeEpoch(engine: Engine, epoch: number): Promise<void> {
    this.#comparison.count('epochs')
    this.#comparison.same('epoch taken', await engine.takeEpoch(), epoch)
  }

  /** Has an engine act which is none of the recorded ones. */
  async #byAnother(act: (engine: Engine) => Promise<void>): Promise<void> {
    await using engine = await this.#target.openEngine(new ShownClock(this.#reading))
    await act(engine)
  }

  async #deposed({ opening, clock }: Called<'deposed'>): Promise<void> {
    const engine = this.#turned(opening, clock)
    const answer = await answerOf(engine, {
      id: newId(this.#ids),
      reads: {},
      decide: () => ({ kind: 'refuse', result: 'it may still decide' }),
    })
    this.#comparison.count('depositions')
    const code = answer instanceof EngineError ? answer.code : answer
    this.#comparison.same('a commit behind the end of its epoch', code, 'deposed')
  }

  async #read({ opening, keys, values, ranges }: Called<'read'>): Promise<void> {
    const reader = this.#readers.get(opening) ?? this.#engine(opening).engine
    const pages = ranges.map((range) => new AgainPage(range, this.#comparison))
    const result = await reader.read({ keys, ranges: pages })
    this.#comparison.count('reads')
    this.#comparison.count('keys', keys.length)
    this.#comparison.same('values', result.values, values)
    for (const [at, page] of pages.entries()) page.finish(result.isWhole[at])
  }

  async #log({ opening, after, limit, answer }: Called<'log'>): Promise<void> {
    const page = await this.#engine(opening)
      .engine.log(after, limit)
      .catch((error: unknown) => (error instanceof EngineError ? error.code : error))
    this.#comparison.count('log pages')
    this.#comparison.count('log entries', typeof answer === 'string' ? 0 : answer.length)
    this.#comparison.same('the log', page, answer)
  }

  async #fate({ opening, id, answer, forgotten }: Called<'fate'>): Promise<void> {
    const fate = await this.#engine(opening).engine.fate(id)
    this.#comparison.count('fates')
    // An old one may be known or not.
    if (forgotten !== null && isDeepStrictEqual(fate, forgotten)) return
    this.#comparison.same(`fate of ${id}`, fate, answer)
  }

  #engine(opening: number): OpenEngine {
    const open = this.#engines.get(opening)
    assert(
      open !== undefined,
      'what an engine is asked is recorded between its opening and its end',
    )
    return open
  }

  #turned(opening: number, reading: ClockReading): Engine {
    const { engine, clock } = this.#engine(opening)
    this.#reading = reading
    clock.reading = reading
    return engine
  }
}

/** Time stands at what was recorded. */
class ShownClock implements Clock {
  reading: ClockReading

  constructor(reading: ClockReading) {
    this.reading = reading
  }

  nowMs(): number {
    return this.reading.nowMs
  }

  monotonicMs(): number {
    return this.reading.uptimeMs
  }

  uptimeMs(): number {
    return this.reading.uptimeMs
  }

  after(): Timer {
    assert(false, 'an engine has no timers')
  }

  async sleep(): Promise<void> {
    assert(false, 'an engine does not sleep')
  }
}

function makesChanges({ steps }: CommitCall): boolean {
  return steps.at(-1)?.decided.kind === 'apply'
}

/** What it answers or throws. */
async function answerOf(engine: Engine, commit: Commit<string>): Promise<unknown> {
  try {
    return await engine.commit(commit)
  } catch (error) {
    return error
  }
}
