// A client of the region: asks a worker that serves, as a load balancer would choose one, and notes
// what it was told. What it was not told is unknown.

import { AssertionError } from '../src/base/assert.ts'
import { GatewayError } from '../src/gateway/gateway.ts'
import type { GatewayErrorCode } from '../src/gateway/gateway.ts'
import { ObjectIndexError } from '../src/object-index/object-index.ts'
import type { WorkerCell } from '../src/cell/embedded.ts'
import { BodyBroken, SourceGone } from './bodies.ts'
import type { Faults } from './faults.ts'
import type { Asked, History, OperationKind, Operations, Outcome } from './history.ts'
import type { SimProcess } from './process.ts'
import type { SeededRandom } from './random.ts'
import type { Act, Client } from './region.ts'
import type { UnderWay } from './under-way.ts'
import type { World } from './world.ts'

/** Between a client and a worker. */
const DELAY_MS = [0.05, 3] as const
/** When a client gives up. */
const PATIENCE_MS = 30_000
/** When a client that goes away goes. */
const GONE_MS = [0.1, 200] as const
/** How long a client looks for somebody who serves. */
const SEARCH_STEP_MS = 20

/** A worker that serves, or did: nobody tells its clients at once that it does not any more. */
export interface ServingWorker {
  readonly process: SimProcess
  readonly cell: WorkerCell
}

export interface ClientParts {
  readonly world: World
  readonly faults: Faults
  readonly history: History
  readonly underWay: UnderWay
  /** Those that serve now. */
  readonly serving: () => readonly ServingWorker[]
  /** A programmer's error in a worker or an `act`. */
  readonly onDefect: (error: unknown, where: string) => void
}

export function openSimClient(parts: ClientParts, id: number): Client {
  return new SimClient(parts, id)
}

class SimClient implements Client {
  readonly id: number
  readonly #parts: ClientParts
  readonly #random: SeededRandom

  constructor(parts: ClientParts, id: number) {
    this.id = id
    this.#parts = parts
    this.#random = parts.world.random.fork(`client ${id}`)
  }

  async perform<K extends OperationKind>(
    kind: K,
    asked: Asked<K>,
    act: Act<Operations[K]['ok']>,
  ): Promise<Outcome<Operations[K]['ok']>> {
    const { faults } = this.#parts
    const outcome = await this.#perform(kind, asked, act)
    const isAskedAgain = outcome.kind === 'unknown' && faults.strikes('client-retry')
    return isAskedAgain ? await this.#perform(kind, asked, act) : outcome
  }

  async #perform<K extends OperationKind>(
    kind: K,
    asked: Asked<K>,
    act: Act<Operations[K]['ok']>,
  ): Promise<Outcome<Operations[K]['ok']>> {
    const { history, underWay, world } = this.#parts
    const worker = await this.#findWorker()
    const { name } = worker.process
    const recorded = history.invoke({ client: this.id, worker: name }, kind, asked)
    const what = `${kind} ${recorded.index}`
    const ended = (): void => underWay.whenSettled(() => history.settle(recorded))
    const outcome = await this.#ask(worker, what, noteEnd(worker.process, act, ended))
    history.answer(recorded, outcome)
    const told = outcome.kind === 'refused' ? outcome.code : outcome.kind
    world.note(`client ${this.id}`, `${what}: ${told}`)
    return outcome
  }

  async #findWorker(): Promise<ServingWorker> {
    for (;;) {
      const found = this.#parts.serving()
      if (found.length > 0) return this.#random.pick(found)
      await this.#parts.world.clock.sleep(SEARCH_STEP_MS)
    }
  }

  /** One request: the first of its answer, its worker's death and its client's end counts. */
  #ask<T>({ process, cell }: ServingWorker, what: string, act: Act<T>): Promise<Outcome<T>> {
    const { world, faults } = this.#parts
    const gone = new AbortController()
    return new Promise((resolve) => {
      const end = (delayMs: number, outcome: Outcome<T>): void => {
        world.schedule(null, delayMs, `answer ${what}`, () => {
          deadline.cancel()
          leaving?.cancel()
          resolve(outcome)
        })
      }
      const leave = (why: string): void => {
        process.schedule(this.#delayMs(), 'client gone', () => gone.abort(new ClientGone(why)))
        end(0, { kind: 'unknown', why })
      }
      const deadline = world.clock.after(PATIENCE_MS, () => leave('no answer in time'))
      const leaving = faults.strikes('client-gone')
        ? world.clock.after(this.#random.spread(...GONE_MS), () => leave('the client went away'))
        : null
      const reset = (): void => end(this.#delayMs(), { kind: 'unknown', why: 'connection reset' })
      if (process.isDead) return reset()
      process.onDeath(reset)
      const answer = (outcome: Outcome<T>): void => {
        if (process.step()) end(this.#delayMs(), outcome)
      }
      process.schedule(this.#delayMs(), what, () => {
        const context = { clock: process.clock, random: process.random, signal: gone.signal }
        act(cell, context).then(
          (result) => answer({ kind: 'ok', result }),
          (error: unknown) => {
            const outcome = this.#outcomeOf<T>(error, what)
            if (outcome !== null) answer(outcome)
          },
        )
      })
    })
  }

  #delayMs(): number {
    return this.#random.spread(...DELAY_MS)
  }

  /** What an error tells the client; null: it was a defect, and the worker is no more. */
  #outcomeOf<T>(error: unknown, what: string): Outcome<T> | null {
    // The gateway promises that nothing is made of a body that ends early.
    if (error instanceof BodyBroken) return { kind: 'refused', code: 'incomplete-body' }
    if (error instanceof SourceGone) return { kind: 'refused', code: 'source-gone' }
    if (error instanceof GatewayError) return ofGateway(error)
    if (error instanceof ObjectIndexError) {
      if (error.code === 'corrupt') return { kind: 'refused', code: 'damaged' }
      if (error.code === 'full') return { kind: 'refused', code: 'storage-full' }
      return { kind: 'unknown', why: error.code }
    }
    if (isDefect(error)) {
      this.#parts.onDefect(error, what)
      return null
    }
    const isError = error instanceof Error
    return { kind: 'unknown', why: isError ? `${error.name}: ${error.message}` : String(error) }
  }
}

/** The act, with a note of when it ends: by itself, or with its process, whichever is first. */
function noteEnd<T>(process: SimProcess, act: Act<T>, ended: () => void): Act<T> {
  let isEnded = false
  const end = (): void => {
    if (!isEnded) ended()
    isEnded = true
  }
  process.onDeath(end)
  return (cell, context) => {
    const result = act(cell, context)
    result.then(end, end)
    return result
  }
}

class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

/** Those that leave open what was done. */
const OPEN_CODES: ReadonlySet<GatewayErrorCode> = new Set(['unavailable', 'slow-down'])

function ofGateway<T>({ code, message }: GatewayError): Outcome<T> {
  return OPEN_CODES.has(code)
    ? { kind: 'unknown', why: `${code}: ${message}` }
    : { kind: 'refused', code }
}

/** A programmer's error, by its class. */
export function isDefect(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof AssertionError) return true
  return (
    error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
  )
}
