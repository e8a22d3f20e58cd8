// A simulated process: whatever its code does to the world goes through here, as its events. Dead,
// none of its calls ever comes back; paused, what comes due waits; both may begin at any call.

import { assert } from '../src/base/assert.ts'
import type { Clock } from '../src/base/clock.ts'
import type { SeededRandom } from './random.ts'
import { sleepWith } from './world.ts'
import type { EventOwner, World, WorldEvent } from './world.ts'

export interface ProcessOptions {
  readonly name: string
  /** Its clock runs so much faster than the world's; 1 for most. */
  readonly clockRate: number
  /** The call at which it dies by itself; Infinity for most. */
  readonly diesAtCall: number
}

/** How a process ended. */
export type Death =
  | { readonly kind: 'killed'; readonly why: string }
  /** Something in it threw that nobody caught. */
  | { readonly kind: 'threw'; readonly error: unknown }

export class SimProcess implements EventOwner {
  readonly world: World
  readonly name: string
  readonly random: SeededRandom
  readonly clock: Clock
  readonly startedAtMs: number
  readonly #options: ProcessOptions
  readonly #deaths: ((death: Death) => void)[] = []
  #death: Death | null = null
  #state: 'alive' | 'paused' | 'dead' = 'alive'
  #held: WorldEvent[] = []
  #calls = 0

  constructor(world: World, options: ProcessOptions) {
    this.world = world
    this.name = options.name
    this.#options = options
    this.random = world.random.fork(`process ${options.name}`)
    this.startedAtMs = world.nowMs
    this.clock = openProcessClock(this, options.clockRate)
  }

  get state(): 'alive' | 'paused' | 'dead' {
    return this.#state
  }

  get isDead(): boolean {
    return this.#state === 'dead'
  }

  /** Calls `died` once, at its death; at once where it is dead. */
  onDeath(died: (death: Death) => void): void {
    if (this.#death === null) this.#deaths.push(died)
    else died(this.#death) // it died within the very call that led here
  }

  /** Ends it between two instructions of its own, or within one of its calls. */
  die(death: Death): void {
    if (this.#state === 'dead') return
    const wasPaused = this.#state === 'paused'
    this.#state = 'dead'
    this.#death = death
    this.world.note(this.name, `dies (${death.kind === 'killed' ? death.why : 'threw'})`)
    if (wasPaused) this.world.release(this.#held)
    this.#held = []
    for (const died of this.#deaths.splice(0)) died(death)
  }

  /** Stops all of it, for a while, as SIGSTOP or a frozen machine would. */
  pause(forMs: number): void {
    if (this.#state !== 'alive') return
    this.#state = 'paused'
    this.world.note(this.name, 'pauses')
    this.world.schedule(null, forMs, `resume ${this.name}`, () => this.resume())
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'alive'
    this.world.release(this.#held.splice(0))
  }

  hold(event: WorldEvent): void {
    this.#held.push(event)
  }

  onDefect(error: unknown): void {
    this.die({ kind: 'threw', error })
  }

  /** A call to the world. False where the process is dead by now: nothing may be done for it. */
  step(): boolean {
    if (this.#state === 'dead') return false
    this.#calls++
    if (this.#calls < this.#options.diesAtCall) return true
    this.die({ kind: 'killed', why: 'at a call' })
    return false
  }

  /** Fires as this process; `orphan` in its place once it is dead. */
  schedule(delayMs: number, what: string, fire: () => void, orphan?: () => void): void {
    this.world.schedule(this, delayMs, what, fire, orphan)
  }

  /** A call that takes time; never resolves once the process is dead. */
  wait(delayMs: number, what: string): Promise<void> {
    return new Promise((resolve) => {
      if (this.step()) this.schedule(delayMs, what, resolve)
    })
  }
}

/** What never comes back: the rest of a dead process's call. */
export function never<T>(): Promise<T> {
  return new Promise(() => undefined)
}

/** Time as one process measures it; all of a machine share its wall clock. */
function openProcessClock(process: SimProcess, rate: number): Clock {
  assert(rate > 0, 'time goes on')
  const { world } = process
  const start = (delayMs: number, what: string, fire: () => void) =>
    process.step()
      ? world.schedule(process, Math.max(0, delayMs) / rate, what, fire)
      : { cancel: () => undefined }
  return {
    nowMs: () => Math.floor(world.wallOffsetMs + world.nowMs),
    monotonicMs: () => (world.nowMs - process.startedAtMs) * rate,
    uptimeMs: () => world.nowMs,
    after: (delayMs, fire) => start(delayMs, 'timer', fire),
    sleep: (delayMs, signal) => sleepWith(signal, (fire) => start(delayMs, 'sleep', fire)),
  }
}
