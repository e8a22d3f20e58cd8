// Somebody who reaches every site and wants a word on the page: forges, plays old posts again, sends what
// is too large or no post at all. None of it may be taken.

import type { HttpAnswer } from '../../../src/base/network.ts'
import { seal } from '../../../src/status/records/envelope.ts'
import { EXCHANGE_PATH } from '../../../src/status/records/exchange-options.ts'
import type { Envelope } from '../../../src/status/records/record.ts'
import type { SeededRandom } from '../../random.ts'
import { forge, FORGERY_NAMES, signed } from './forgeries.ts'
import type { Moment } from './forgeries.ts'
import type { HappeningName } from './happenings.ts'
import type { ChaosPlane } from './plane.ts'
import type { WholeSite } from './site.ts'
import { FORGED } from './witness.ts'

const PAUSE_MS = [200, 6000] as const

type Attack = (site: WholeSite) => Promise<void>

export class Attacker {
  readonly #plane: ChaosPlane
  readonly #random: SeededRandom
  readonly #attacks: readonly Attack[]

  constructor(plane: ChaosPlane) {
    this.#plane = plane
    this.#random = plane.world.random.fork('attacker')
    const forgeries = FORGERY_NAMES.map((name): Attack => async (site) => {
      const moment = this.#momentAt(site)
      await this.#post(name, site, forge(name, { moment, plane, random: this.#random }))
    })
    this.#attacks = [
      ...forgeries,
      async (site) => await this.#postAsRetired(site),
      async (site) => await this.#replay(site),
      async (site) => await this.#replay(site),
      async (site) => await this.#postTooMuch(site),
      async (site) => await this.#postMalformed(site),
      async (site) => await this.#postNonsense(site),
      async (site) => await this.#ask(site),
    ]
  }

  async run(untilMs: number): Promise<void> {
    const { clock } = this.#plane.world
    while (this.#plane.world.nowMs < untilMs) {
      await clock.sleep(this.#random.spread(...PAUSE_MS))
      const site = this.#random.pick(this.#plane.sites)
      if (site.isUp && !site.isPaused) void this.#random.pick(this.#attacks)(site)
    }
  }

  /** What the site would take from somebody else. */
  #momentAt(site: WholeSite): Moment {
    const { nowMs, orderMax } = JSON.parse(site.peek('/-/posting')) as Moment
    return { orderMax, nowMs: Math.max(0, nowMs), old: this.#plane.witness.oldPost(this.#random) }
  }

  async #post(name: HappeningName, site: WholeSite, envelope: Envelope): Promise<void> {
    await this.#send(name, site, JSON.stringify(envelope))
  }

  /** Straight to the site: nothing on the way spoils it. */
  async #send(name: HappeningName, site: WholeSite, body: string | Uint8Array): Promise<void> {
    const bytes = Buffer.from(body)
    const request = { method: 'POST', target: '/-/post', headers: new Map(), body: bytes }
    const answer = site.answer(request)
    if (answer === null) return
    this.#plane.tally.note(name)
    this.#judge(name, site, await answer)
  }

  #judge(name: HappeningName, site: WholeSite, { body, status }: HttpAnswer): void {
    if (status >= 400 && status < 500) return // a failure of the disk would come behind all checks
    const said = Buffer.from(body).toString().slice(0, 200)
    this.#plane.witness.find(`${site.name} answers ${name} with ${status}: ${said}`)
  }

  async #postAsRetired(site: WholeSite): Promise<void> {
    const parts = { ...this.#momentAt(site), plane: this.#plane, random: this.#random }
    await this.#post('forged-retired', site, signed(parts, this.#plane.retired))
  }

  /** A site that does not have it may take it: somebody did say it. Once. */
  async #replay(site: WholeSite): Promise<void> {
    const old = this.#plane.witness.oldPost(this.#random)
    if (old === null) return
    this.#plane.tally.note('post-replayed')
    const body = Buffer.from(JSON.stringify(old))
    const times = this.#random.pick([1, 1, 2])
    for (let index = 0; index < times; index += 1) {
      void site.answer({ method: 'POST', target: '/-/post', headers: new Map(), body })
    }
    await Promise.resolve()
  }

  async #postTooMuch(site: WholeSite): Promise<void> {
    const long = FORGED.repeat(12_000)
    const { rawPair } = this.#random.pick(this.#plane.people)
    const body = JSON.stringify(seal('record', `"${long}"`, rawPair))
    await this.#send('post-oversize', site, body)
  }

  async #postMalformed(site: WholeSite): Promise<void> {
    const random = this.#random
    const body = random.pick([
      () => random.bytes(random.below(400)),
      () => '',
      () => '[]',
      () => 'null',
      () => '{"key":1,"text":2,"signature":3}',
      () => `{"__proto__":{"text":"${FORGED}"}}`,
      () => '['.repeat(5000),
      () => JSON.stringify({ ...signed(this.#partsAt(site), this.#plane.stranger), more: 1 }),
    ])()
    await this.#send('post-malformed', site, body)
  }

  /** Signed by a key that may post, and not one that a post may be. */
  async #postNonsense(site: WholeSite): Promise<void> {
    const { nowMs, orderMax } = this.#momentAt(site)
    const { rawPair: pair } = this.#random.pick(this.#plane.people)
    const component = 'eu/nowhere/put'
    const statement = this.#random.pick<object>([
      { kind: 'incident', title: FORGED },
      {
        kind: 'override',
        component,
        level: 'degraded',
        over: null,
        reason: FORGED,
        untilMs: null,
      },
      { kind: 'incident-update', incident: 'f'.repeat(64), state: 'resolved', text: FORGED },
      { kind: FORGED },
      { kind: 'constructor', text: FORGED },
    ])
    const nonce = Buffer.from(this.#random.bytes(16)).toString('hex')
    const order = this.#random.pick([orderMax + 1, 0, -1, 1e300, orderMax + 1e7])
    const atMs = this.#random.pick([nowMs, nowMs, nowMs + 1e9, -1])
    const { plane } = this.#plane.config
    const record = { version: 1, plane, author: pair.id, atMs, order, nonce, statement }
    await this.#post('post-nonsense', site, seal('record', JSON.stringify(record), pair))
  }

  /** A question that no site asked. */
  async #ask(site: WholeSite): Promise<void> {
    const text = JSON.stringify({ version: 1, to: site.name, nonce: '0'.repeat(32), after: 0 })
    const random = this.#random
    const query = random.pick([
      () => '',
      () => 'q=',
      () => `q=${Buffer.from(random.bytes(300)).toString('base64url')}`,
      () => questionOf(seal('question', text, this.#plane.stranger)),
      () => questionOf(seal('question', text, random.pick(this.#plane.people).pair)),
      () => `q=${'A'.repeat(100_000)}`,
    ])()
    const target = `${EXCHANGE_PATH}?${query}`
    const request = { method: 'GET', target, headers: new Map(), body: new Uint8Array() }
    const answer = site.answer(request)
    if (answer === null) return
    this.#plane.tally.note('exchange-garbage')
    this.#judge('exchange-garbage', site, await answer)
  }

  #partsAt(site: WholeSite): Parameters<typeof signed>[0] {
    return { ...this.#momentAt(site), plane: this.#plane, random: this.#random }
  }
}

function questionOf(envelope: Envelope): string {
  return `q=${Buffer.from(JSON.stringify(envelope)).toString('base64url')}`
}
