// People who post: each looks at some site, signs what it would say, and hands it in; where no answer
// comes, the same again, at whatever site.

import { NetworkError } from '../../../src/base/network.ts'
import type { HttpAnswer, Network } from '../../../src/base/network.ts'
import type { Posting } from '../../../src/status/posting.ts'
import { draftRecord, newNonce } from '../../../src/status/records/draft.ts'
import { recordIdOf, seal } from '../../../src/status/records/envelope.ts'
import { INCIDENT_STATES, MAINTENANCE_STATES } from '../../../src/status/records/record.ts'
import type { Envelope, Statement } from '../../../src/status/records/record.ts'
import { StatusError } from '../../../src/status/status.ts'
import type { Level } from '../../../src/status/status.ts'
import { SimProcess } from '../../process.ts'
import type { SeededRandom } from '../../random.ts'
import type { ChaosPlane } from './plane.ts'
import { siteOrigin } from './stage.ts'
import type { Person } from './stage.ts'

const PAUSE_MS = [500, 15_000] as const
const TRIES_MAX = 5
const TIMEOUT_MS = 8000
const LOWERED: readonly Level[] = ['degraded', 'partial-outage', 'major-outage']
/** As many words as a post may have, now and then: pages of the exchange end somewhere. */
const LONG_TEXT = ' word'.repeat(700)

export class Poster {
  readonly #plane: ChaosPlane
  readonly #person: Person
  readonly #random: SeededRandom
  readonly #network: Network

  constructor(plane: ChaosPlane, person: Person) {
    const { web, world } = plane
    this.#plane = plane
    this.#person = person
    this.#random = world.random.fork(`person ${person.name}`)
    const process = new SimProcess(world, { name: person.name, clockRate: 1, diesAtCall: Infinity })
    this.#network = web.from({ name: person.name, process })
  }

  async run(untilMs: number): Promise<void> {
    const { clock } = this.#plane.world
    for (;;) {
      await clock.sleep(this.#random.spread(...PAUSE_MS))
      if (this.#plane.world.nowMs >= untilMs) return
      await this.#postOnce()
    }
  }

  async #postOnce(): Promise<void> {
    const site = this.#random.pick(this.#plane.sites).name
    const looked = await this.#ask('GET', site, '/-/posting')
    const posting = looked?.status === 200 ? readPosting(looked.body) : null
    if (posting === null) return
    const envelope = this.#sign(posting)
    if (envelope === null) return
    this.#plane.witness.noteHandedIn(envelope)
    await this.#handIn(envelope, site)
  }

  /** Null: what the site tells makes no post. */
  #sign(posting: Posting): Envelope | null {
    const isByOwnClock = this.#random.chance(0.3)
    const rightMs = Math.floor(this.#plane.world.clock.nowMs())
    const atMs = isByOwnClock ? rightMs : Math.max(0, posting.nowMs)
    const { pair } = this.#person
    try {
      const text = draftRecord({
        plane: posting.plane,
        statement: this.#statement(posting, atMs),
        order: posting.orderMax + 1,
        atMs,
        nonce: newNonce(this.#random),
        author: pair.id,
      })
      return seal('record', text, pair)
    } catch (error) {
      if (error instanceof StatusError) return null // what came was garbled on its way
      throw error
    }
  }

  async #handIn(envelope: Envelope, at: string): Promise<void> {
    const { clock } = this.#plane.world
    const body = Buffer.from(JSON.stringify(envelope))
    let site = at
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      const answer = await this.#ask('POST', site, '/-/post', body)
      const isFinal = answer !== null && answer.status < 500 && answer.status !== 429
      // Taken before is taken; it is on that site's disk.
      const said = answer === null ? '' : Buffer.from(answer.body).toString()
      const isTaken = answer?.status === 201 || said.includes('"code":"replayed"')
      if (isTaken) this.#plane.witness.acknowledged.add(recordIdOf(envelope.text))
      if (isFinal && said.length > 0 && (isTaken || !said.includes('bad-signature'))) return
      this.#plane.tally.note('post-retried')
      await clock.sleep(this.#random.spread(300, 6000))
      if (this.#random.chance(0.6)) site = this.#random.pick(this.#plane.sites).name
    }
  }

  /** Null: there was no answer. */
  async #ask(
    method: string,
    site: string,
    target: string,
    body: Uint8Array = new Uint8Array(),
  ): Promise<HttpAnswer | null> {
    const origin = siteOrigin(site)
    const bounds = { timeoutMs: TIMEOUT_MS, answerSizeBytesMax: 1_000_000 }
    try {
      return await this.#network.request({ origin, method, target, headers: [], body, ...bounds })
    } catch (error) {
      if (error instanceof NetworkError) return null
      throw error
    }
  }

  #statement(posting: Posting, atMs: number): Statement {
    const random = this.#random
    const { incidents, maintenances } = posting
    const component = random.pick(this.#plane.config.components).id
    const level = random.pick(LOWERED)
    const text = this.#text()
    const lot = random.fraction()
    if (lot < 0.35 && incidents.length > 0) {
      const state = random.pick(INCIDENT_STATES)
      const affected = random.chance(0.5) ? null : [{ component, level }]
      return { kind: 'incident-update', incident: random.pick(incidents).id, state, text, affected }
    }
    if (lot < 0.45 && maintenances.length > 0) {
      const state = random.pick(MAINTENANCE_STATES)
      const maintenance = random.pick(maintenances).id
      return { kind: 'maintenance-update', maintenance, state, text }
    }
    if (lot < 0.65) {
      const untilMs = atMs + Math.floor(random.spread(5000, 600_000))
      return random.pick<Statement>([
        { kind: 'override', component, level, over: null, reason: text, untilMs: null },
        {
          kind: 'override',
          component,
          level: 'degraded',
          over: 'major-outage',
          reason: text,
          untilMs,
        },
        {
          kind: 'override',
          component,
          level: 'operational',
          over: level,
          reason: text,
          untilMs,
        },
        { kind: 'override', component, level: null, over: null, reason: text, untilMs: null },
      ])
    }
    if (lot < 0.75) {
      const startMs = atMs + random.below(100_000)
      const endMs = startMs + 1 + random.below(1_000_000)
      const title = `Work ${text}`.slice(0, 60)
      return {
        kind: 'maintenance',
        title,
        text,
        components: [component],
        startMs,
        endMs,
        plan: null,
      }
    }
    const affected = random.chance(0.8) ? [{ component, level }] : []
    const title = `Trouble ${text}`.slice(0, 60)
    return { kind: 'incident', title, state: 'investigating', text, affected, region: null }
  }

  /** One of its kind, so that it is known again wherever it stands. */
  #text(): string {
    const mark = `post-${this.#random.below(1_000_000_000)}`
    const more = this.#random.pick(['', '', ' We *look*.', ' <script>x</script>', LONG_TEXT])
    return `${mark} of ${this.#person.name}.${more}`
  }
}

/** Null: it was garbled on its way. */
function readPosting(body: Uint8Array): Posting | null {
  try {
    const posting = JSON.parse(Buffer.from(body).toString()) as Posting
    const isWhole =
      Number.isSafeInteger(posting.orderMax) &&
      Number.isSafeInteger(posting.nowMs) &&
      [posting.incidents, posting.maintenances].every((each) => Array.isArray(each))
    return isWhole ? posting : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
