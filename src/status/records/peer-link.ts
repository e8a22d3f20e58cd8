// One peer, as this site sees it: asked every few seconds for what this site lacks, page by page, with
// longer pauses while it does not answer.

import type { Clock } from '../../base/clock.ts'
import {
  STATUS_ANSWER_SIZE_BYTES_MAX,
  STATUS_EXCHANGE_AGAIN_MS,
  STATUS_EXCHANGE_DELAY_MS_MAX,
  STATUS_EXCHANGE_TIMEOUT_MS,
  STATUS_PAGE_PAUSE_MS,
  STATUS_PAGES_PER_PULL_MAX,
} from '../../base/limits.ts'
import { NetworkError } from '../../base/network.ts'
import { backoffMs } from '../../base/retry.ts'
import type { SiteConfig } from '../config.ts'
import { StatusError } from '../status.ts'
import type { StatusErrorCode } from '../status.ts'
import { checkRecord } from './check-record.ts'
import { newNonce } from './draft.ts'
import { readEnvelope, recordIdOf } from './envelope.ts'
import { formatQuestion, parseAnswer } from './exchange-message.ts'
import type { Answer } from './exchange-message.ts'
import { EXCHANGE_PATH } from './exchange-options.ts'
import type { ExchangeOptions } from './exchange-options.ts'
import type { KnownRecord } from './record.ts'
import type { Views } from './views.ts'

export interface PeerState {
  readonly name: string
  /** The last exchange with it worked. */
  readonly isReached: boolean
  /** When something of it last came, by any way, by this site's clock; null: never since its start. */
  readonly heardAtMs: number | null
  /** Of its newest view; null: there is none. */
  readonly viewAgeMs: number | null
  /** Why the last exchange did not work. */
  readonly error: string | null
}

export class PeerLink implements AsyncDisposable {
  readonly #peer: SiteConfig
  readonly #options: ExchangeOptions
  readonly #views: Views
  readonly #clock: Clock
  readonly #closing = new AbortController()
  #loop: Promise<void> = Promise.resolve()
  /** Of the peer's log, and the position behind what came of it. */
  #incarnation: string | null = null
  #after = 0
  #isReached = false
  #error: string | null = null
  /** What was told last of how the exchange goes; null: nothing yet. */
  #told: 'reached' | StatusErrorCode | null = null
  /** Monotonic. */
  #answeredMs: number | null = null

  constructor(peer: SiteConfig, options: ExchangeOptions, views: Views) {
    this.#peer = peer
    this.#options = options
    this.#views = views
    this.#clock = options.clock
  }

  start(): void {
    this.#loop = this.#run(this.#closing.signal)
  }

  state(): PeerState {
    const { name } = this.#peer
    const viewAgeMs = this.#views.table.ageMs(name)
    const answeredAgeMs =
      this.#answeredMs === null ? Infinity : this.#clock.monotonicMs() - this.#answeredMs
    const ageMs = Math.min(answeredAgeMs, viewAgeMs ?? Infinity)
    const heardAtMs = ageMs === Infinity ? null : Math.round(this.#clock.nowMs() - ageMs)
    return { name, isReached: this.#isReached, heardAtMs, viewAgeMs, error: this.#error }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { config, random } = this.#options
    const intervalMs = config.timing.exchangeIntervalSec * 1000
    const againMs = Math.min(intervalMs, STATUS_EXCHANGE_AGAIN_MS)
    const delayMsMax = Math.max(intervalMs, STATUS_EXCHANGE_DELAY_MS_MAX)
    let failureCount = 0
    let pauseMs = random.fraction() * Math.min(intervalMs, 1000)
    while (await this.#pause(pauseMs, signal)) {
      const error = await this.#tryPull(signal)
      if (signal.aborted) return
      failureCount = error === null ? 0 : failureCount + 1
      const boundMs = error === null ? intervalMs : backoffMs(failureCount - 1, againMs, delayMsMax)
      pauseMs = boundMs * (0.75 + 0.5 * random.fraction())
    }
  }

  /** False: it is closing. */
  async #pause(pauseMs: number, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#clock.sleep(pauseMs, signal)
      return true
    } catch (error) {
      if (signal.aborted) return false
      throw error
    }
  }

  /** Null: all that the peer has is here. */
  async #tryPull(signal: AbortSignal): Promise<StatusError | NetworkError | null> {
    try {
      await this.#pull(signal)
      this.#note(null)
      return null
    } catch (error) {
      if (error instanceof StatusError || error instanceof NetworkError) {
        this.#note(error)
        return error
      }
      if (signal.aborted) return null
      throw error
    }
  }

  #note(error: StatusError | NetworkError | null): void {
    const { events } = this.#options
    const message = error === null ? null : withoutQuestion(error.message)
    const isReached = error === null
    const isChanged = isReached !== this.#isReached || message !== this.#error
    this.#isReached = isReached
    this.#error = message
    if (isChanged) events.onViews()
    this.#tell(error, message ?? '')
  }

  /** Once a state, not each try: the ways in which one does not answer are one state. */
  #tell(error: StatusError | NetworkError | null, message: string): void {
    const { events } = this.#options
    const { name } = this.#peer
    const code = error instanceof StatusError ? error.code : 'unavailable'
    const state = error === null ? 'reached' : code
    if (state === this.#told) return
    this.#told = state
    if (error === null) {
      events.onReached(name)
      return
    }
    const says = error instanceof StatusError ? message : `site ${name} does not answer: ${message}`
    events.onFinding(new StatusError(code, says, error), name)
  }

  async #pull(signal: AbortSignal): Promise<void> {
    for (let page = 0; page < STATUS_PAGES_PER_PULL_MAX; page += 1) {
      // Requests come in between; and the peer does not have to refuse.
      if (page > 0) await this.#clock.sleep(STATUS_PAGE_PAUSE_MS, signal)
      const beganMs = this.#clock.monotonicMs()
      const answer = await this.#ask(signal)
      this.#answeredMs = this.#clock.monotonicMs()
      this.#options.events.onHeard(beganMs)
      this.#takeViews(answer, beganMs)
      await this.#takeRecords(answer)
      if (answer.isEnd) return
    }
  }

  async #ask(signal: AbortSignal): Promise<Answer> {
    const { authors, network, pair, random } = this.#options
    const { key, name, url } = this.#peer
    const nonce = newNonce(random)
    const asked = { incarnation: this.#incarnation, after: this.#after }
    const views = this.#views.table.positions()
    const query = formatQuestion({ to: name, nonce, ...asked, views }, pair)
    const { origin, pathname } = new URL(url)
    const answer = await network.request(
      {
        origin,
        method: 'GET',
        target: `${pathname.replace(/\/+$/, '')}${EXCHANGE_PATH}?${query}`,
        headers: [],
        body: new Uint8Array(),
        timeoutMs: STATUS_EXCHANGE_TIMEOUT_MS,
        answerSizeBytesMax: STATUS_ANSWER_SIZE_BYTES_MAX,
      },
      signal,
    )
    if (answer.status !== 200) {
      const body = Buffer.from(answer.body.subarray(0, 200)).toString()
      throw new StatusError('unavailable', `site ${name} answered ${answer.status}: ${body}`)
    }
    const parsed = parseAnswer(answer.body, { key: key.id, nonce, authors })
    const isSame = parsed.incarnation === asked.incarnation
    if (parsed.from !== (isSame ? asked.after : 0)) {
      const message = `site ${name} answered from another place than it was asked for`
      throw new StatusError('bad-request', message)
    }
    return parsed
  }

  #takeViews({ views }: Answer, beganMs: number): void {
    const { events } = this.#options
    const refusals: StatusError[] = []
    let isChanged = false
    for (const { envelope, ageMs } of views) {
      // When the question was asked, not when the answer came: rather too old than too young.
      const taken = this.#tryTake(() => this.#views.take(envelope, beganMs - ageMs), refusals)
      isChanged ||= taken === true
    }
    this.#tellRefusals(refusals, 'views')
    if (isChanged) events.onViews()
  }

  async #takeRecords({ incarnation, next, records }: Answer): Promise<void> {
    const { authors, events, log } = this.#options
    const refusals: StatusError[] = []
    const checked: KnownRecord[] = []
    for (const value of records) {
      const record = this.#tryTake(() => {
        const envelope = readEnvelope(value)
        // What is known was checked; an envelope of the same text has nothing to add.
        return log.has(recordIdOf(envelope.text)) ? null : checkRecord(envelope, authors)
      }, refusals)
      if (record !== null) checked.push(record)
    }
    const full = checked.find((record) => !log.hasRoom(record))
    if (full !== undefined) {
      const message = `there is no room for more records of ${full.author.name}`
      refusals.push(new StatusError('too-many', message))
    }
    const taken = await log.append(checked)
    // Behind what is durable here; after a failure the same is asked for again.
    this.#incarnation = incarnation
    this.#after = next
    this.#tellRefusals(refusals, 'records')
    if (taken.length > 0) events.onRecords(taken)
  }

  #tryTake<T>(take: () => T, refusals: StatusError[]): T | null {
    try {
      return take()
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      refusals.push(error)
      return null
    }
  }

  /** One word a page, however many there were. */
  #tellRefusals(refusals: readonly StatusError[], what: string): void {
    const [first] = refusals
    if (first === undefined) return
    const { name } = this.#peer
    const message = `site ${name} gave ${refusals.length} ${what} that are not taken; the first`
    const finding = new StatusError(first.code, `${message}: ${first.message}`, first)
    this.#options.events.onFinding(finding, name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#loop
  }
}

/** A question is long, signed, and another each time: nothing that an operator could read. */
function withoutQuestion(message: string): string {
  return message.replaceAll(/\?q=[\w-]*/g, '')
}
