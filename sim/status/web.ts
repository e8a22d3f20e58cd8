// The simulated network between sites and all that they ask: servers by their origins, latency with
// a heavy tail, ordinary losses, and rules by which a fault changes what becomes of a request.

import { assert } from '../../src/base/assert.ts'
import { NetworkError } from '../../src/base/network.ts'
import type { HttpAnswer, HttpRequest, Network, NetworkErrorCode } from '../../src/base/network.ts'
import { detectOperation } from '../../src/s3/detect.ts'
import { RequestHeaders } from '../../src/s3/request-headers.ts'
import { parseTarget } from '../../src/s3/request-target.ts'
import { S3Error } from '../../src/s3/s3-error.ts'
import type { S3Operation } from '../../src/s3/s3-operation.ts'
import { answerOf } from '../../src/status/probes/cell-model.ts'
import type { SimProcess } from '../process.ts'
import type { SeededRandom } from '../random.ts'
import type { World } from '../world.ts'

/** Whoever answers at an origin. Null: nobody listens now. */
export type Server = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer> | null

/** A request on its way. */
export interface Ask {
  /** Name of the site that asks. */
  readonly from: string
  readonly origin: string
  readonly request: HttpRequest
  /** Null: not of S3. */
  readonly operation: S3Operation | null
}

/** What becomes of a request in place of its answer, or with it. */
export type Happening =
  /** It does not arrive; the client learns of that soon. */
  | { readonly kind: 'failed'; readonly code: NetworkErrorCode }
  /** It does not arrive, or its answer does not; nothing ever comes. */
  | { readonly kind: 'silent'; readonly isDone: boolean }
  /** It is done, and the connection cut before its answer. */
  | { readonly kind: 'answer-cut' }
  | { readonly kind: 'late'; readonly delayMs: number }
  /** Answered by this, and nothing is done. */
  | { readonly kind: 'answered'; readonly answer: HttpAnswer }
  | { readonly kind: 'changed'; readonly change: (answer: HttpAnswer) => HttpAnswer }

export type Rule = (ask: Ask) => Happening | null

/** Shares of requests to which ordinary things happen. */
export interface Weather {
  readonly lost: number
  readonly cut: number
  /** Answered 503 SlowDown, or 500. */
  readonly busy: number
  /** Answers that take a second, or several. */
  readonly late: number
}

const FAIR: Weather = { lost: 0, cut: 0, busy: 0, late: 0 }
/** One request of a hundred and fifty has to be sent again; one of a hundred is late. */
export const ORDINARY: Weather = { lost: 0.002, cut: 0.002, busy: 0.003, late: 0.01 }

const LATENCY_MS = [4, 120] as const
const WORK_MS = [1, 60] as const
const LATE_MS = [300, 4500] as const

/** Who asks: requests of a process that died come to nothing. */
export interface Client {
  readonly name: string
  readonly process: SimProcess
}

export class Web {
  readonly world: World
  weather: Weather = FAIR
  requestCount = 0
  readonly #random: SeededRandom
  readonly #servers = new Map<string, Server>()
  readonly #latencies = new Map<string, number>()
  readonly #rules = new Set<Rule>()

  constructor(world: World) {
    this.world = world
    this.#random = world.random.fork('web')
  }

  serve(origin: string, server: Server): void {
    this.#servers.set(origin, server)
  }

  /** The first rule that answers counts. Answers what takes it away. */
  addRule(rule: Rule): () => void {
    this.#rules.add(rule)
    return () => void this.#rules.delete(rule)
  }

  /** The network as one process has it. */
  from(client: Client): Network {
    return {
      request: async (request, signal) => {
        signal?.throwIfAborted()
        return await this.#ask(client, request, signal)
      },
    }
  }

  async #ask(client: Client, request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer> {
    this.requestCount += 1
    const { process } = client
    const { origin, timeoutMs } = request
    return await new Promise<HttpAnswer>((resolve, reject) => {
      let isOver = false
      const end = (act: () => void): void => {
        if (isOver) return
        isOver = true
        timer.cancel()
        signal?.removeEventListener('abort', onAbort)
        act()
      }
      const onAbort = (): void => end(() => reject(signal?.reason))
      const later = (delayMs: number, what: string, act: () => void): void => {
        this.world.schedule(process, delayMs, what, () => {
          if (!isOver) act()
        })
      }
      const journey: Journey = {
        later,
        answer: (answer) => end(() => resolve(answer)),
        fail: (code) => end(() => reject(new NetworkError(code, `${code} at ${origin}`))),
      }
      const timer = this.world.schedule(process, timeoutMs, 'time-out', () =>
        journey.fail('timeout'),
      )
      signal?.addEventListener('abort', onAbort)
      const wayMs = this.#latencyMs(client.name, origin)
      later(wayMs, 'request', () => this.#arrive({ client, request, wayMs }, journey))
    })
  }

  #arrive({ client, request, wayMs }: OnTheWay, journey: Journey): void {
    const happening = this.#happening(client.name, request)
    if (happening?.kind === 'failed') return journey.fail(happening.code)
    if (happening?.kind === 'silent' && !happening.isDone) return
    if (happening?.kind === 'answered') return this.#back(wayMs, happening.answer, journey)
    const server = this.#servers.get(request.origin)
    const answer = server?.(request) ?? null
    if (answer === null) return journey.fail('refused')
    const delayMs = happening?.kind === 'late' ? happening.delayMs : 0
    const come = (came: HttpAnswer): void => {
      if (happening?.kind === 'silent') return
      if (happening?.kind === 'answer-cut') return journey.fail('reset')
      const seen = happening?.kind === 'changed' ? happening.change(came) : came
      this.#back(wayMs + delayMs, seen, journey)
    }
    if (!(answer instanceof Promise)) return come(answer)
    void answer.then((came) => come(came))
  }

  #back(delayMs: number, answer: HttpAnswer, { answer: give, later }: Journey): void {
    later(delayMs + this.#random.spread(...WORK_MS), 'answer', () => give(answer))
  }

  #happening(from: string, request: HttpRequest): Happening | null {
    const ask = new AskOf(from, request)
    for (const rule of this.#rules) {
      const happening = rule(ask)
      if (happening !== null) return happening
    }
    return this.#ordinary()
  }

  #ordinary(): Happening | null {
    const { busy, cut, late, lost } = this.weather
    let lot = this.#random.fraction()
    const isIn = (share: number): boolean => (lot -= share) < 0
    const half = this.#random.fraction() < 0.5
    if (isIn(lost)) return { kind: 'silent', isDone: half }
    if (isIn(cut)) return half ? { kind: 'answer-cut' } : { kind: 'failed', code: 'reset' }
    if (isIn(busy)) {
      const answer = half ? refusal(503, 'SlowDown') : refusal(500, 'InternalError')
      return { kind: 'answered', answer }
    }
    return isIn(late) ? { kind: 'late', delayMs: this.#random.spread(...LATE_MS) } : null
  }

  /** One way between a site and an origin. */
  #latencyMs(from: string, origin: string): number {
    const name = `${from} ${origin}`
    const known = this.#latencies.get(name)
    const baseMs = known ?? this.#random.spread(...LATENCY_MS) / 2
    if (known === undefined) this.#latencies.set(name, baseMs)
    return baseMs * (1 + 0.3 * this.#random.fraction())
  }
}

interface Journey {
  later(delayMs: number, what: string, act: () => void): void
  answer(answer: HttpAnswer): void
  fail(code: NetworkErrorCode): void
}

interface OnTheWay {
  readonly client: Client
  readonly request: HttpRequest
  readonly wayMs: number
}

/** Which operation it is, is found out where a rule asks. */
class AskOf implements Ask {
  readonly from: string
  readonly request: HttpRequest
  #operation: S3Operation | null | undefined

  constructor(from: string, request: HttpRequest) {
    this.from = from
    this.request = request
  }

  get origin(): string {
    return this.request.origin
  }

  get operation(): S3Operation | null {
    this.#operation ??= operationOf(this.request)
    return this.#operation
  }
}

function operationOf({ headers, method, target }: HttpRequest): S3Operation | null {
  try {
    return detectOperation(method, parseTarget(target, null, []), new RequestHeaders(headers))
  } catch (error) {
    assert(error instanceof S3Error, 'a target is of S3, or it is refused')
    return null
  }
}

/** An answer as S3 refuses. */
export function refusal(status: number, code: string): HttpAnswer {
  const body = `<Error><Code>${code}</Code></Error>`
  return answerOf(status, body, ['x-amz-request-id', 'simulated'])
}
