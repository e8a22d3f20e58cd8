// A network between sites for tests, in memory and in simulated time. It loses, delays, duplicates and
// reorders, cuts sites from each other, plays old answers again, and changes what goes over it.

import type { Clock } from '../../base/clock.ts'
import { NetworkError } from '../../base/network.ts'
import type { HttpAnswer, HttpRequest, Network } from '../../base/network.ts'
import type { Random } from '../../base/random.ts'
import { StatusError } from '../status.ts'
import type { Exchange } from './exchange.ts'

export interface WireFaults {
  /** Shares of requests. */
  readonly lost: number
  readonly duplicated: number
  readonly replayed: number
  readonly changed: number
  readonly delayMsMax: number
}

export const CALM: WireFaults = { lost: 0, duplicated: 0, replayed: 0, changed: 0, delayMsMax: 20 }

type Handler = (query: URLSearchParams) => string

export class Wire {
  readonly #random: Random
  readonly #handlers = new Map<string, Handler>()
  readonly #cuts = new Set<string>()
  readonly #answers: HttpAnswer[] = []
  /** How often each thing happened. */
  readonly counts = { asked: 0, lost: 0, duplicated: 0, replayed: 0, changed: 0, cut: 0 }
  faults: WireFaults = CALM

  constructor(random: Random) {
    this.#random = random
  }

  serve(site: string, exchange: Pick<Exchange, 'answer'>): void {
    this.#handlers.set(site, (query) => exchange.answer(query))
  }

  stop(site: string): void {
    this.#handlers.delete(site)
  }

  cut(one: string, other: string): void {
    this.#cuts.add(pairOf(one, other))
  }

  healAll(): void {
    this.#cuts.clear()
  }

  /** As a site sees it, in the time of that site. */
  from(site: string, clock: Clock): Network {
    return { request: async (request, signal) => await this.#request(site, clock, request, signal) }
  }

  async #request(
    from: string,
    clock: Clock,
    request: HttpRequest,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    const to = new URL(request.origin).hostname
    this.counts.asked += 1
    const timeOut = async (): Promise<never> => {
      await clock.sleep(request.timeoutMs, signal)
      throw new NetworkError('timeout', `no answer of ${to}`)
    }
    if (this.#cuts.has(pairOf(from, to))) {
      this.counts.cut += 1
      return await timeOut()
    }
    if (this.#strikes('lost')) return await timeOut()
    await clock.sleep(this.#delayMs(), signal)
    const handler = this.#handlers.get(to)
    if (handler === undefined) throw new NetworkError('refused', `nobody listens at ${to}`)
    let answer = handle(handler, request)
    await clock.sleep(this.#delayMs(), signal)
    if (this.#strikes('duplicated')) answer = handle(handler, request)
    if (this.#strikes('lost')) return await timeOut()
    if (this.#cuts.has(pairOf(from, to))) return await timeOut()
    this.#answers.push(answer)
    const old = this.#answers[Math.floor(this.#random.fraction() * this.#answers.length)]
    if (old !== undefined && old !== answer && this.#strikes('replayed')) return old
    return this.#strikes('changed') ? this.#change(answer) : answer
  }

  #change(answer: HttpAnswer): HttpAnswer {
    const body = Buffer.from(answer.body)
    const at = Math.floor(this.#random.fraction() * body.length)
    body[at] = (body[at] ?? 0) ^ (1 << Math.floor(this.#random.fraction() * 8))
    return { ...answer, body }
  }

  #delayMs(): number {
    return this.#random.fraction() * this.faults.delayMsMax
  }

  #strikes(kind: 'lost' | 'duplicated' | 'replayed' | 'changed'): boolean {
    if (this.#random.fraction() >= this.faults[kind]) return false
    this.counts[kind] += 1
    return true
  }
}

function handle(handler: Handler, { target }: HttpRequest): HttpAnswer {
  const { pathname, searchParams } = new URL(target, 'http://site')
  if (pathname !== '/base/-/exchange') return answerOf(404, 'nothing is here')
  try {
    return answerOf(200, handler(searchParams))
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return answerOf(400, `${error.code}: ${error.message}`)
  }
}

function answerOf(status: number, body: string): HttpAnswer {
  return { status, headers: new Map(), body: Buffer.from(body) }
}

function pairOf(one: string, other: string): string {
  return [one, other].toSorted().join(' ')
}
