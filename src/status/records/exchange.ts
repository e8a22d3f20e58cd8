// How sites come to have the same: each pulls from every other what it lacks of records, and the newest
// views. There is no leader and no order of starts; what comes twice, late or by a third site is as good.

import { Closers } from '../../base/closers.ts'
import {
  STATUS_ANSWER_VIEWS_SIZE_BYTES_MAX,
  STATUS_EXCHANGE_PAGE_SIZE_BYTES_MAX,
  STATUS_QUESTIONS_PER_SEC_MAX,
} from '../../base/limits.ts'
import { RateLimiter } from '../../base/rate.ts'
import { StatusError } from '../status.ts'
import type { View } from '../status.ts'
import { formatAnswer, parseQuestion } from './exchange-message.ts'
import type { ExchangeOptions } from './exchange-options.ts'
import { PeerLink } from './peer-link.ts'
import type { PeerState } from './peer-link.ts'
import type { AgedView } from './view-table.ts'
import { Views } from './views.ts'
import type { ViewDraft } from './views.ts'

export interface Exchange extends AsyncDisposable {
  /**
   * The body of the answer to a peer's `GET /-/exchange?…`; of type EXCHANGE_TYPE.
   * @throws StatusError as `parseQuestion` does, `too-many`
   */
  answer(query: URLSearchParams): string
  /** What this site sees from now on; signed, numbered, and given to who asks. */
  setView(view: ViewDraft): View
  /** The newest of each site that has one, this one's too; of any age. */
  views(): AgedView[]
  /** In the order of the configuration, without this site. */
  peers(): PeerState[]
}

/** Content type of an answer. */
export const EXCHANGE_TYPE = 'application/x-ndjson'

/** Begins to pull at once, and goes on until closed. */
export async function openExchange(options: ExchangeOptions): Promise<Exchange> {
  const views = await Views.open(options)
  const exchange = new SiteExchange(options, views)
  exchange.start()
  return exchange
}

class SiteExchange implements Exchange {
  readonly #options: ExchangeOptions
  readonly #views: Views
  readonly #links: readonly PeerLink[]
  readonly #rates = new Map<string, RateLimiter>()
  readonly #closers = new Closers()

  constructor(options: ExchangeOptions, views: Views) {
    this.#options = options
    this.#views = views
    const peers = options.config.sites.filter(({ name }) => name !== options.site)
    this.#links = peers.map((peer) => new PeerLink(peer, options, views))
  }

  start(): void {
    this.#closers.use(this.#views)
    for (const link of this.#links) {
      link.start()
      this.#closers.use(link)
    }
  }

  answer(query: URLSearchParams): string {
    const { site, authors, log, pair } = this.#options
    const { asker, question } = parseQuestion(query, site, authors)
    if (!this.#rateOf(asker.name).tryTake(1)) {
      throw new StatusError('too-many', `site ${asker.name} asks too often; wait a little`)
    }
    const { incarnation } = log
    const isSame = question.incarnation === incarnation && question.after <= log.records.length
    const from = isSame ? question.after : 0
    const { envelopes, next, isEnd } = log.after(from, STATUS_EXCHANGE_PAGE_SIZE_BYTES_MAX)
    const views = this.#views.table.newerThan(question.views, {
      first: site,
      sizeBytesMax: STATUS_ANSWER_VIEWS_SIZE_BYTES_MAX,
    })
    const { nonce } = question
    return formatAnswer({ nonce, incarnation, from, next, isEnd, records: envelopes, views }, pair)
  }

  setView(view: ViewDraft): View {
    return this.#views.set(view)
  }

  views(): AgedView[] {
    return this.#views.table.views()
  }

  peers(): PeerState[] {
    return this.#links.map((link) => link.state())
  }

  /** By a name of the configuration, so there are not many. */
  #rateOf(name: string): RateLimiter {
    const known = this.#rates.get(name)
    if (known !== undefined) return known
    const burstUnits = STATUS_QUESTIONS_PER_SEC_MAX
    const { clock } = this.#options
    const limiter = new RateLimiter({ clock, unitsPerSec: burstUnits, burstUnits })
    this.#rates.set(name, limiter)
    return limiter
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closers[Symbol.asyncDispose]()
  }
}
