// The views that a site has: its own, which it signs and numbers, and those of others, which it checks.

import type { ComponentId, View } from '../status.ts'
import { StatusError } from '../status.ts'
import { checkView } from './check-record.ts'
import { readEnvelope, seal } from './envelope.ts'
import type { ExchangeOptions } from './exchange-options.ts'
import { raiseIncarnation, saveIncarnation } from './incarnation.ts'
import { formatView, parseView, SEQUENCE_MAX } from './parse-view.ts'
import { isNewer, ViewTable } from './view-table.ts'

/** A view before it is numbered. */
export type ViewDraft = Omit<View, 'site' | 'incarnation' | 'sequence'>

export class Views implements AsyncDisposable {
  readonly table: ViewTable
  readonly #options: ExchangeOptions
  readonly #components: ReadonlySet<ComponentId>
  #incarnation: number
  #sequence = 0
  /** The own one, and since when. */
  #own: { readonly draft: ViewDraft; readonly sinceMs: number } | null = null
  #saving: Promise<void> = Promise.resolve()

  static async open(options: ExchangeOptions): Promise<Views> {
    const { disk, events, incarnationFile, random } = options
    const { incarnation, findings } = await raiseIncarnation(disk, incarnationFile, random)
    for (const finding of findings) events.onFinding(finding, null)
    return new Views(options, incarnation)
  }

  private constructor(options: ExchangeOptions, incarnation: number) {
    this.table = new ViewTable(options.clock)
    this.#options = options
    this.#components = new Set(options.config.components.map(({ id }) => id))
    this.#incarnation = incarnation
  }

  /** Signs it as this site's newest. @throws StatusError `too-large` */
  set(draft: ViewDraft): View {
    this.#own = { draft, sinceMs: this.#options.clock.monotonicMs() }
    return this.#publish(this.#own)
  }

  /**
   * Takes a view that a peer gave, which was made before `sinceMs` (monotonic). True: it replaced one.
   * @throws StatusError as `checkView` does
   */
  take(value: unknown, sinceMs: number): boolean {
    const envelope = readEnvelope(value)
    const view = checkView(envelope, this.#options.authors)
    if (view.site === this.#options.site) return this.#outdo(view)
    return this.table.take(this.#known(view), envelope, sinceMs)
  }

  /** What the configuration does not have, nobody here can tell about. */
  #known(view: View): View {
    const isKnown = ({ component }: { component: ComponentId }): boolean =>
      this.#components.has(component)
    return {
      ...view,
      sightings: view.sightings.filter(isKnown),
      days: view.days.filter(isKnown),
    }
  }

  #publish({ draft, sinceMs }: { draft: ViewDraft; sinceMs: number }): View {
    const { site, pair } = this.#options
    this.#sequence += 1
    const numbers = { incarnation: this.#incarnation, sequence: this.#sequence }
    const text = formatView({ ...draft, site, ...numbers })
    const view = parseView(text) // as peers will: what it has to be, it is
    this.table.take(view, seal('view', text, pair), sinceMs)
    return view
  }

  /** A view of this site that this start did not make: its disk forgot. The next ones are newer. */
  #outdo(view: View): boolean {
    const own = { incarnation: this.#incarnation, sequence: this.#sequence }
    if (!isNewer(view, own)) return false
    const { disk, events, incarnationFile } = this.#options
    if (view.incarnation >= SEQUENCE_MAX) {
      throw new StatusError('bad-request', `the incarnation of site ${view.site} is used up`)
    }
    const incarnation = view.incarnation + 1
    this.#incarnation = incarnation
    this.#sequence = 0
    if (this.#own !== null) this.#publish(this.#own)
    this.#saving = this.#saving.then(async () => {
      const finding = await saveIncarnation(disk, incarnationFile, incarnation)
      if (finding !== null) events.onFinding(finding, null)
    })
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#saving
  }
}
