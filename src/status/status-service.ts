// A site of the status plane: probes, judges, exchanges, posts what machines post, and tells. Wires the
// parts; each of them knows nothing of the others. One turn a second makes of all that came what is
// told from then on.

import { Closers } from '../base/closers.ts'
import { STATUS_RENDER_MS_MAX, STATUS_TURN_MS, STATUS_VIEW_MS_MAX } from '../base/limits.ts'
import type { HttpAnswer } from '../base/network.ts'
import { manyWaiters } from '../base/signal.ts'
import type { OperateState } from './console/operate-page.ts'
import { openProbeLog } from './console/probe-log.ts'
import type { ProbeLog } from './console/probe-log.ts'
import { combineViews } from './health/combine.ts'
import { Renderer } from './output/render.ts'
import { postingOf } from './posting.ts'
import { Footing } from './probes/footing.ts'
import { openProber } from './probes/prober.ts'
import { foldRecords } from './records/fold.ts'
import type { Stories } from './records/fold.ts'
import type { Envelope, KnownRecord, RecordId } from './records/record.ts'
import { PostRates, takePost } from './records/take-post.ts'
import { RefusalLog } from './refusal-log.ts'
import { isOtherSight, Sight } from './sight.ts'
import { openMembers } from './site-members.ts'
import type { SiteMembers, SiteParts } from './site-members.ts'
import { SiteRoutes } from './site-routes.ts'
import { snapshotOf } from './site-snapshot.ts'
import type { Snapshot } from './snapshot.ts'
import { StatusError, worse } from './status.ts'
import type { Sighting, SiteRequest, StatusSite } from './status.ts'

/**
 * Opens what the site has on its disk and begins to probe, to exchange and to tell; the first pages are
 * ready when it resolves. Needs no peer, and no store. @throws StatusError `bad-config`, `damaged`
 */
export async function openStatusSite(parts: SiteParts): Promise<StatusSite> {
  checkKey(parts)
  const closers = new Closers()
  try {
    const site = await Site.open(parts, closers)
    return site
  } catch (error) {
    await closers[Symbol.asyncDispose]()
    throw error
  }
}

/** Else its peers would not hear it, and nobody could tell why. */
function checkKey({ config, pair, site }: SiteParts): void {
  const own = config.sites.find(({ name }) => name === site)
  if (own?.key.id === pair.id) return
  const names = config.sites.map(({ name }) => name).join(', ')
  if (own === undefined) {
    throw new StatusError('bad-config', `the configuration has no site "${site}": it has ${names}`)
  }
  const other = config.sites.find(({ key }) => key.id === pair.id)?.name
  const whose = other === undefined ? 'of no site there' : `of site ${other}`
  throw new StatusError(
    'bad-config',
    `the directory's key is not that of site ${site} in the configuration, but ${whose}; its ` +
      `public key is ${pair.publicRaw}`,
  )
}

class Site implements StatusSite {
  readonly name: string
  readonly #parts: SiteParts
  readonly #closers: Closers
  readonly #footing: Footing
  readonly #sight: Sight
  readonly #probes: ProbeLog
  readonly #rates: PostRates
  readonly #renderer: Pick<Renderer, 'render'>
  readonly #routes: SiteRoutes
  readonly #abort = manyWaiters()
  #opened: SiteMembers | null = null
  #snapshot: Snapshot | null = null
  /** Null: records came since. */
  #stories: Stories | null = null
  #told: { readonly sightings: readonly Sighting[]; readonly atMs: number } | null = null
  #renderedMs = -Infinity

  static async open(parts: SiteParts, closers: Closers): Promise<Site> {
    const site = new Site(parts, closers)
    await site.#start()
    return site
  }

  private constructor(parts: SiteParts, closers: Closers) {
    const { clock, config, log, site } = parts
    this.name = site
    this.#parts = parts
    this.#closers = closers
    this.#footing = new Footing({ hasAnchors: config.timing.anchors.length > 0 })
    this.#sight = new Sight(config)
    this.#renderer = parts.renderer ?? new Renderer()
    this.#probes = openProbeLog(config.components)
    this.#rates = new PostRates(clock)
    const refusals = new RefusalLog(clock, log)
    this.#routes = new SiteRoutes({
      posting: () => this.#posting(),
      post: async (envelope) => await this.#post(envelope),
      exchange: (query) => this.#open().exchange.answer(query),
      console: (request) => this.#open().console(request),
      onRefused: (request, error) => refusals.note(request, error),
    })
  }

  answer(request: SiteRequest): HttpAnswer | Promise<HttpAnswer> {
    return this.#routes.answer(request)
  }

  async #start(): Promise<void> {
    const { clock } = this.#parts
    const opened = await openMembers(this.#parts, this.#closers, {
      probes: this.#probes,
      operateState: () => this.#operateState(),
      onRecords: () => (this.#stories = null),
      onPosted: (record) => this.#posted(record),
      onHeard: (beganMs) => this.#footing.noteAnswer(beganMs, clock.monotonicMs()),
      onFinding: (error, peer) => this.#find(error, peer),
    })
    this.#opened = opened
    for (const finding of opened.log.findings) this.#find(finding, null)
    this.#turn()
    this.#probe()
    const running = this.#run()
    this.#closers.defer(async () => {
      this.#abort.abort(new StatusError('unavailable', 'the site is closing'))
      await running
    })
  }

  #probe(): void {
    const { clock, config, log, network, random, site } = this.#parts
    this.#closers.use(
      openProber({
        config,
        site,
        network,
        clock,
        random,
        footing: this.#footing,
        onResult: (result) => {
          this.#sight.take(result)
          this.#probes.take(result)
          const { component, failure } = result
          if (failure !== null)
            log.info({ component, ...failure, raw: undefined }, 'a probe failed')
        },
        onReport: (components, report) => {
          this.#sight.takeReport(components, report, clock.monotonicMs())
        },
        onUnsure: (component, failure) => {
          this.#probes.takeUnsure(component, failure, clock.nowMs())
          log.warn({ component, ...failure, raw: undefined }, 'a probe could not be made')
        },
      }),
    )
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts
    const { signal } = this.#abort
    while (!signal.aborted) {
      await clock.sleep(STATUS_TURN_MS, signal).catch(() => null)
      if (!signal.aborted) this.#turn()
    }
  }

  /** Makes of all that came what is told. */
  #turn(): void {
    const { clock, config, site } = this.#parts
    const { days, exchange, log, machine, publisher, webhooks } = this.#open()
    const nowMs = clock.monotonicMs()
    const wallMs = Math.max(0, Math.round(clock.nowMs()))
    this.#see(nowMs, wallMs)
    this.#stories ??= foldRecords(log.records)
    const views = exchange.views()
    const { overrides } = this.#stories
    const health = combineViews({ components: config.components, views, overrides, nowMs: wallMs })
    days.tick(nowMs, wallMs, health)
    const last = this.#snapshot
    const snapshot = snapshotOf(
      {
        config,
        site,
        nowMs: wallMs,
        footing: this.#footing.isBlind(nowMs) ? 'blind' : 'sure',
        health,
        stories: this.#stories,
        uptimes: days.uptimes(views, nowMs, wallMs),
        peers: exchange.peers(),
        views,
      },
      last,
    )
    this.#snapshot = snapshot
    const { sites } = snapshot
    machine.turn({ health, stories: this.#stories, sites, nowMs, wallMs })
    webhooks.look(snapshot)
    this.#logLevels(last, snapshot)
    const isNews = last === null || last.changedAtMs !== snapshot.changedAtMs
    if (!isNews && nowMs - this.#renderedMs < STATUS_RENDER_MS_MAX) return
    const files = this.#renderer.render(snapshot)
    this.#renderedMs = nowMs
    this.#routes.setFiles(files)
    publisher.offer(files)
  }

  /** What the page tells from now on; each failed probe is on the page for who operates. */
  #logLevels(last: Snapshot | null, { footing, health }: Snapshot): void {
    const { log } = this.#parts
    if (last !== null && last.footing !== footing) log.warn({ footing }, `this site is ${footing}`)
    for (const [index, { component, level, why }] of health.entries()) {
      const before = last?.health[index]?.level ?? 'unknown'
      if (before === level) continue
      const tell = worse(before, level) === level ? 'warn' : 'info'
      log[tell]({ component: component.id, level, before }, `${component.id} is ${level}: ${why}`)
    }
  }

  /** Looks, and lets peers know: at once where it is news, else every few seconds. */
  #see(nowMs: number, wallMs: number): void {
    const { days, exchange } = this.#open()
    const sightings = this.#sight.look({ nowMs, wallMs, ground: this.#footing })
    const told = this.#told
    const isDue = told === null || nowMs - told.atMs >= STATUS_VIEW_MS_MAX
    if (!isDue && !isOtherSight(told.sightings, sightings)) return
    this.#told = { sightings, atMs: nowMs }
    const footing = this.#footing.isBlind(nowMs) ? 'blind' : 'sure'
    try {
      exchange.setView({ madeAtMs: wallMs, footing, sightings, days: days.counts() })
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      this.#find(error, null) // peers take this site for silent; its own page goes on
    }
  }

  #operateState(): OperateState {
    const { exchange, log, webhooks } = this.#open()
    const { findings, incarnation, orderMax, records } = log
    return {
      snapshot: this.#snapshot,
      peers: exchange.peers(),
      webhooks: webhooks.states(),
      log: { recordCount: records.length, orderMax, incarnation, findings },
    }
  }

  #posting(): ReturnType<typeof postingOf> {
    const { clock } = this.#parts
    if (this.#snapshot === null) throw new StatusError('unavailable', 'the site is starting')
    const { log } = this.#open()
    // With what came since the last turn: who signs by this order was told of all up to it.
    this.#stories ??= foldRecords(log.records)
    const { incidents, maintenances } = this.#stories
    const snapshot = { ...this.#snapshot, incidents, maintenances }
    return postingOf(snapshot, log.orderMax, Math.round(clock.nowMs()))
  }

  async #post(envelope: Envelope): Promise<RecordId> {
    const { clock, config } = this.#parts
    const { authors, log } = this.#open()
    const taken = await takePost(envelope, { config, authors, log, clock, rates: this.#rates })
    this.#posted(taken)
    return taken.id
  }

  #posted({ author, id, record }: KnownRecord): void {
    this.#stories = null
    const { kind } = record.statement
    this.#parts.log.info({ id, author: author.name, kind }, 'a post was taken')
  }

  #find({ code, message }: StatusError, peer: string | null): void {
    this.#parts.log.warn({ code, ...(peer === null ? {} : { peer }) }, message)
  }

  #open(): SiteMembers {
    if (this.#opened !== null) return this.#opened
    throw new StatusError('unavailable', 'the site is starting')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closers[Symbol.asyncDispose]()
  }
}
