// Virtual time: a queue of events, ordered by time and then by a seeded tie-break. One event fires;
// all promises that can go on do so; then the next. The trace is a running hash of every event.

import { assert } from '../src/base/assert.ts'
import type { Clock, Timer } from '../src/base/clock.ts'
import { EventQueue } from './event-queue.ts'
import type { QueuedEvent } from './event-queue.ts'
import { RunningHash, SeededRandom } from './random.ts'

/** Whoever events belong to: a process, or null for the world outside of all. */
export interface EventOwner {
  readonly name: string
  readonly state: 'alive' | 'paused' | 'dead'
  /** Keeps an event that comes due while it is paused. */
  hold(event: WorldEvent): void
  /** An event, or a promise that nobody awaited, threw. */
  onDefect(error: unknown): void
}

export interface WorldEvent extends QueuedEvent {
  readonly owner: EventOwner | null
  readonly what: string
  readonly fire: () => void
  /** Called in place of `fire` once the owner is dead. */
  readonly orphan: (() => void) | undefined
}

/** What a run may take, before it is called a hang. */
export interface WorldLimits {
  readonly eventsMax: number
}

/** The run cannot go on: too many events, or none that could end it. */
export class WorldStuck extends Error {
  override readonly name = 'WorldStuck'
}

/** 2026-01-05, a Monday: an arbitrary day. */
const START_MS = 1_767_600_000_000

export class World {
  readonly seed: string
  readonly random: SeededRandom
  /** Outside of all processes: it never jumps, and nobody dies at a call to it. */
  readonly clock: Clock
  /** Defects of what belongs to no process. */
  readonly defects: unknown[] = []
  /** Of the machine's wall clock against virtual time. */
  wallOffsetMs: number = START_MS
  eventCount = 0
  /** What happened lately, for a failing run; kept only where asked for. */
  onTrace: ((line: string) => void) | null = null
  /** Called when an event has fired and all promises that could go on have done so. */
  onTurnEnd: (() => void) | null = null
  readonly #queue: EventQueue<WorldEvent> = new EventQueue()
  readonly #ties: SeededRandom
  readonly #trace = new RunningHash()
  #nowMs = 0
  #current: EventOwner | null = null

  constructor(seed: string) {
    this.seed = seed
    this.random = new SeededRandom(seed)
    this.#ties = this.random.fork('ties')
    this.clock = openWorldClock(this)
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** 16 hex digits over all that happened so far. */
  get traceHash(): string {
    return this.#trace.text()
  }

  /** Notes something that happened, into the trace. */
  note(who: string, what: string): void {
    this.#trace.addNumber(this.#nowMs)
    this.#trace.add(who)
    this.#trace.add(what)
    this.onTrace?.(`${this.#nowMs.toFixed(3)} ${who}: ${what}`)
  }

  /** Fires `fire` as `owner`, `delayMs` from now and never in the current turn. */
  schedule(
    owner: EventOwner | null,
    delayMs: number,
    what: string,
    fire: () => void,
    orphan?: () => void,
  ): Timer {
    assert(delayMs >= 0 && Number.isFinite(delayMs), 'a delay is a number of milliseconds')
    const atMs = this.#nowMs + delayMs
    const event = { atMs, tie: this.#ties.word(), isDone: false, owner, what, fire, orphan }
    this.#queue.push(event)
    return { cancel: () => this.#queue.cancel(event) }
  }

  /** Puts events that were held back into the queue, in their order, from now on. */
  release(events: readonly WorldEvent[]): void {
    for (const [index, event] of events.entries()) {
      if (event.isDone) continue
      event.atMs = this.#nowMs + index * 0.001
      this.#queue.push(event)
    }
  }

  /** Runs until `done` settles; answers what it gives. @throws WorldStuck */
  async run<T>(done: Promise<T>, limits: WorldLimits): Promise<T> {
    const ended: { outcome: { readonly value: T } | { readonly error: unknown } | null } = {
      outcome: null,
    }
    done.then(
      (value) => (ended.outcome = { value }),
      (error: unknown) => (ended.outcome = { error }),
    )
    const onRejection = (error: unknown): void => this.#defect(error)
    // While it runs, whatever nobody awaits is the run's own: the process around it hears nothing.
    const others = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', onRejection)
    try {
      await settle()
      const before = this.eventCount
      while (ended.outcome === null) {
        const event = this.#queue.pop()
        if (event === null) throw new WorldStuck('nothing is left to happen, and the run goes on')
        if (this.eventCount - before > limits.eventsMax) {
          throw new WorldStuck(`after ${limits.eventsMax} events the run goes on`)
        }
        this.#fire(event)
        await settle()
        this.#current = null
        this.onTurnEnd?.()
      }
    } finally {
      process.off('unhandledRejection', onRejection)
      for (const other of others) process.on('unhandledRejection', other)
    }
    const { outcome } = ended
    if (outcome === null) throw new WorldStuck('the run ended without its end')
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  #fire(event: WorldEvent): void {
    this.#nowMs = Math.max(this.#nowMs, event.atMs)
    const { owner } = event
    const state = owner?.state ?? 'alive'
    if (state === 'paused') return owner?.hold(event)
    event.isDone = true
    const act = state === 'dead' ? event.orphan : event.fire
    if (act === undefined) return
    this.eventCount++
    this.note(owner?.name ?? 'world', event.what)
    this.#current = state === 'dead' ? null : owner
    try {
      act()
    } catch (error) {
      this.#defect(error)
    }
  }

  #defect(error: unknown): void {
    if (this.#current === null) this.defects.push(error)
    else this.#current.onDefect(error)
  }
}

/** Resolves when no promise can go on any more without an event. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}

function openWorldClock(world: World): Clock {
  return {
    nowMs: () => world.wallOffsetMs + world.nowMs,
    monotonicMs: () => world.nowMs,
    uptimeMs: () => world.nowMs,
    after: (delayMs, fire) => world.schedule(null, Math.max(0, delayMs), 'timer', fire),
    sleep: (delayMs, signal) =>
      sleepWith(signal, (fire) => world.schedule(null, Math.max(0, delayMs), 'sleep', fire)),
  }
}

/** A sleep over a timer; aborted, it rejects with the signal's reason. */
export function sleepWith(
  signal: AbortSignal | undefined,
  start: (fire: () => void) => Timer,
): Promise<void> {
  if (signal?.aborted === true) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = start(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
