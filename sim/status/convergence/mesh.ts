// What happens to requests on their way: cuts between sites, and messages lost, late, doubled, out of order,
// played again and changed. It keeps what it has seen, as whoever sits on the way could.

import type { HttpAnswer, HttpRequest } from '../../../src/base/network.ts'
import { EXCHANGE_PATH } from '../../../src/status/records/exchange-options.ts'
import type { SiteRequest } from '../../../src/status/status.ts'
import type { SeededRandom } from '../../random.ts'
import type { World } from '../../world.ts'
import type { Ask, Happening } from '../web.ts'
import { flipBit, garble } from './garble.ts'
import type { HappeningName, Tally } from './happenings.ts'
import { lyingAnswer } from './liar.ts'
import { siteOrigin } from './stage.ts'
import type { Stage, StageSite } from './stage.ts'

/** Shares of requests. */
interface Rates {
  readonly lost: number
  readonly cut: number
  readonly late: number
  readonly duplicated: number
  readonly reordered: number
  readonly replayed: number
  readonly altered: number
  readonly lies: number
}

const CALM: Rates = {
  lost: 0,
  cut: 0,
  late: 0,
  duplicated: 0,
  reordered: 0,
  replayed: 0,
  altered: 0,
  lies: 0,
}
const ROUGH: Rates = {
  lost: 0.06,
  cut: 0.04,
  late: 0.08,
  duplicated: 0.06,
  reordered: 0.06,
  replayed: 0.06,
  altered: 0.06,
  lies: 0.03,
}
const LATE_MS = [300, 15_000] as const
const REORDERED_MS = [500, 60_000] as const
const KEPT_MAX = 60

export class Mesh {
  readonly #plane: Stage
  readonly #world: World
  readonly #tally: Tally
  readonly #random: SeededRandom
  /** `FROM TO` of sites. */
  readonly #cuts = new Set<string>()
  readonly #halfCuts = new Set<string>()
  readonly #alone = new Map<string, number>()
  readonly #answers: HttpAnswer[] = []
  #rates: Rates = CALM

  constructor(plane: Stage) {
    this.#plane = plane
    this.#world = plane.world
    this.#tally = plane.tally
    this.#random = plane.world.random.fork('mesh')
    plane.web.addRule((ask) => this.#happening(ask))
  }

  /** Each rate is drawn anew for a run, and some are off. */
  begin(): void {
    const draw = (rate: number): number =>
      this.#random.chance(0.2) ? 0 : rate * this.#random.spread(0.3, 3)
    this.#rates = {
      lost: draw(ROUGH.lost),
      cut: draw(ROUGH.cut),
      late: draw(ROUGH.late),
      duplicated: draw(ROUGH.duplicated),
      reordered: draw(ROUGH.reordered),
      replayed: draw(ROUGH.replayed),
      altered: draw(ROUGH.altered),
      lies: draw(ROUGH.lies),
    }
  }

  end(): void {
    this.#rates = CALM
    for (const cuts of [this.#cuts, this.#halfCuts, this.#alone]) cuts.clear()
  }

  /** Answers what heals it. */
  cut(kind: 'partition' | 'half-partition', one: string, other: string): () => void {
    const cuts = kind === 'partition' ? this.#cuts : this.#halfCuts
    const names =
      kind === 'partition' ? [`${one} ${other}`, `${other} ${one}`] : [`${one} ${other}`]
    for (const name of names) cuts.add(name)
    return () => {
      for (const name of names) cuts.delete(name)
    }
  }

  /** Answers what heals it; one that is cut off already stays so until that ends. */
  isolate(site: string): () => void {
    if (this.#alone.has(site)) return () => undefined
    this.#alone.set(site, this.#world.nowMs)
    return () => void this.#alone.delete(site)
  }

  /** For how long a site has heard nothing of anybody; 0: it is not cut off. */
  aloneMs(site: string): number {
    return this.#world.nowMs - (this.#alone.get(site) ?? this.#world.nowMs)
  }

  /** Opens a site to the network. */
  serve(site: StageSite): void {
    this.#plane.web.serve(siteOrigin(site.name), (request) => this.#arrive(site, request))
  }

  #arrive(site: StageSite, asked: HttpRequest): Promise<HttpAnswer> | HttpAnswer | null {
    let request = asked
    if (this.#strikes('altered', 'request-altered')) {
      const { body, target } = asked
      const isPost = asked.method === 'POST'
      request = isPost
        ? { ...asked, body: flipBit(body, this.#random) }
        : { ...asked, target: garbleTarget(target, this.#random) }
    }
    const deliver = (): Promise<HttpAnswer> | null => {
      const answer = site.answer(siteRequest(request))
      if (answer !== null && asked.target.startsWith(EXCHANGE_PATH)) void this.#keep(answer)
      return answer
    }
    if (this.#strikes('duplicated')) void deliver()
    if (this.#strikes('reordered')) {
      const delayMs = this.#random.spread(...REORDERED_MS)
      this.#world.schedule(null, delayMs, 'copy', () => void deliver())
      if (this.#random.chance(0.5)) return new Promise(() => undefined)
    }
    return deliver()
  }

  async #keep(answer: Promise<HttpAnswer>): Promise<void> {
    this.#answers.push(await answer)
    if (this.#answers.length > KEPT_MAX) {
      this.#answers.splice(this.#random.below(this.#answers.length), 1)
    }
  }

  #happening({ from, origin, request }: Ask): Happening | null {
    const to = origin.slice('https://'.length).split('.')[0] ?? ''
    if (this.#alone.has(from) || this.#alone.has(to)) {
      this.#tally.note('isolation')
      return { kind: 'silent', isDone: false }
    }
    if (this.#cuts.has(`${from} ${to}`)) {
      this.#tally.note('partition')
      return { kind: 'silent', isDone: false }
    }
    if (this.#halfCuts.has(`${from} ${to}`)) {
      this.#tally.note('half-partition')
      return { kind: 'silent', isDone: true }
    }
    return this.#ordinary() ?? (to.startsWith('site-') ? this.#hostile(request) : null)
  }

  #ordinary(): Happening | null {
    if (this.#strikes('lost')) return { kind: 'silent', isDone: this.#random.chance(0.5) }
    if (this.#strikes('cut', 'answer-cut')) return { kind: 'answer-cut' }
    if (!this.#strikes('late')) return null
    return { kind: 'late', delayMs: this.#random.spread(...LATE_MS) }
  }

  #hostile({ method, target }: HttpRequest): Happening | null {
    const isExchange = target.startsWith(EXCHANGE_PATH)
    if (isExchange && this.#answers.length > 0 && this.#strikes('replayed', 'answer-replayed')) {
      return { kind: 'answered', answer: this.#random.pick(this.#answers) }
    }
    if (isExchange && this.#strikes('lies', 'peer-lies')) {
      return { kind: 'answered', answer: lyingAnswer(this.#plane, target, this.#random) }
    }
    if (method !== 'GET' || !this.#strikes('altered', 'answer-altered')) return null
    return {
      kind: 'changed',
      change: (answer) => ({ ...answer, body: garble(answer.body, this.#random) }),
    }
  }

  #strikes(rate: keyof Rates, name: HappeningName = rate as HappeningName): boolean {
    if (!this.#random.chance(this.#rates[rate])) return false
    this.#tally.note(name)
    return true
  }
}

function siteRequest({ body, headers, method, target }: HttpRequest): SiteRequest {
  const named = new Map<string, string>()
  for (let index = 0; index < headers.length; index += 2) {
    named.set((headers[index] ?? '').toLowerCase(), headers[index + 1] ?? '')
  }
  return { method, target, headers: named, body }
}

/** Another letter somewhere behind the path. */
function garbleTarget(target: string, random: SeededRandom): string {
  const cut = target.indexOf('?') + 1
  if (cut === 0) return target
  const at = cut + random.below(target.length - cut)
  return `${target.slice(0, at)}x${target.slice(at + 1)}`
}
