// Tells receivers of every post that is new to this site: at least once, signed, under an id that all sites
// give the same post, so that who hears it from two sites or twice drops the double. What was posted
// before the first start, or more than a day ago, is not news.

import type { Clock, Timer } from '../../base/clock.ts'
import { DiskError } from '../../base/disk.ts'
import type { Disk } from '../../base/disk.ts'
import { WEBHOOK_AGE_MS_MAX, WEBHOOK_RETRY_MS, WEBHOOK_SAVE_MS } from '../../base/limits.ts'
import type { Network } from '../../base/network.ts'
import type { Random } from '../../base/random.ts'
import type { WebhookConfig } from '../config.ts'
import { Markdown } from '../output/markdown.ts'
import { statuspageWebhook } from '../output/statuspage.ts'
import type { RecordLog } from '../records/record-log.ts'
import type { KnownRecord, RecordId } from '../records/record.ts'
import type { Snapshot } from '../snapshot.ts'
import { StatusError } from '../status.ts'
import { Receiver, receiverKeyOf } from './receiver.ts'
import { toldPost } from './told-post.ts'
import type { Webhooks, WebhookState } from './webhooks.ts'
import { decodeWebhooks, encodeWebhooks } from './webhooks-file.ts'
import type { SavedWebhooks } from './webhooks-file.ts'

export interface WebhooksOptions {
  readonly config: { readonly webhooks: readonly WebhookConfig[] }
  readonly disk: Disk
  /** Of the disk: what was told and what waits. */
  readonly file: string
  readonly log: Pick<RecordLog, 'records'>
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  /** What was damaged or could not be kept. */
  readonly onFinding: (error: StatusError) => void
}

/** Reads what waits, and begins to deliver with the first `look`. Without a receiver it does nothing. */
export async function openWebhooks(options: WebhooksOptions): Promise<Webhooks> {
  const saved = options.config.webhooks.length === 0 ? null : await load(options)
  const webhooks = new SiteWebhooks(options, saved ?? firstStart(options))
  await webhooks.keepStart()
  return webhooks
}

/** Null: there is nothing. */
async function load({ disk, file, onFinding }: WebhooksOptions): Promise<SavedWebhooks | null> {
  try {
    return decodeWebhooks(await disk.readFile(file))
  } catch (error) {
    if (!(error instanceof DiskError || error instanceof StatusError)) throw error
    const isFirst = error instanceof DiskError && error.code === 'not-found'
    if (!isFirst) {
      const message = `${file} is not readable (${error.message}): posts that waited are not delivered`
      onFinding(new StatusError('damaged', message, error))
    }
    return null
  }
}

function firstStart({ clock, log }: WebhooksOptions): SavedWebhooks {
  const startedAtMs = Math.max(0, Math.round(clock.nowMs()))
  const last = log.records.at(-1)?.id ?? null
  return { startedAtMs, position: log.records.length, last, receivers: [] }
}

class SiteWebhooks implements Webhooks {
  readonly #options: WebhooksOptions
  readonly #receivers: readonly Receiver[]
  readonly #markdown = new Markdown()
  #startedAtMs: number
  /** Of the log: what was looked at. */
  #position: number
  #snapshot: Snapshot | null = null
  #bodies = new Map<RecordId, Uint8Array | null>()
  #isChanged = false
  #isStopping = false
  /** Set while a write is due or under way. */
  #timer: Timer | null = null
  #saving: Promise<boolean> = Promise.resolve(true)

  constructor(options: WebhooksOptions, saved: SavedWebhooks) {
    const { clock, config, network, random } = options
    this.#options = options
    // A clock that was far ahead at the first start must not silence all that is posted since.
    this.#startedAtMs = Math.min(saved.startedAtMs, Math.max(0, Math.round(clock.nowMs())))
    this.#position = this.#find(saved)
    const byKey = new Map(saved.receivers.map(({ key, pending }) => [key, pending]))
    this.#receivers = config.webhooks.map((webhook) => {
      const parts = {
        config: webhook,
        network,
        clock,
        random,
        bodyOf: (record: RecordId) => this.#bodyOf(record),
        onChange: () => this.#change(),
      }
      return new Receiver(parts, byKey.get(receiverKeyOf(webhook.url)) ?? [])
    })
  }

  /** That this was the first start, the next one is to know. */
  async keepStart(): Promise<void> {
    if (this.#receivers.length > 0 && !(await this.#save())) this.#change()
  }

  look(snapshot: Snapshot): void {
    if (this.#receivers.length === 0) return
    const isFirst = this.#snapshot === null
    this.#snapshot = snapshot
    this.#bodies = new Map()
    if (isFirst) for (const receiver of this.#receivers) receiver.start()
    const { records } = this.#options.log
    const fresh = records.slice(this.#position)
    for (const record of fresh.filter((each) => this.#isNews(each))) {
      for (const receiver of this.#receivers) receiver.add(record.id)
    }
    this.#position = records.length
    if (fresh.length > 0) this.#change()
  }

  states(): WebhookState[] {
    return this.#receivers.map((receiver) => receiver.state())
  }

  /** Where the log goes on. A log that lost records on its disk is longer or shorter than it was. */
  #find({ last, position }: SavedWebhooks): number {
    const { records } = this.#options.log
    if (last === null && position === 0) return 0
    if (records[position - 1]?.id === last) return position
    const index = records.findLastIndex(({ id }) => id === last)
    if (index >= 0) return index + 1
    const message =
      'the record log lost the last post that was told: none before this start is told'
    this.#options.onFinding(new StatusError('damaged', message))
    return records.length
  }

  #isNews({ record }: KnownRecord): boolean {
    const { kind } = record.statement
    if (kind === 'override') return false // a level of a component, and no story
    const nowMs = this.#options.clock.nowMs()
    // The clock was ahead at the first start: that must not silence what is posted since.
    if (nowMs < this.#startedAtMs) this.#startedAtMs = 0
    return record.atMs >= this.#startedAtMs && nowMs - record.atMs < WEBHOOK_AGE_MS_MAX
  }

  /** The same for all receivers; made once a snapshot. */
  #bodyOf(record: RecordId): Uint8Array | null {
    const known = this.#bodies.get(record)
    if (known !== undefined || this.#snapshot === null) return known ?? null
    const told = toldPost(this.#snapshot, record)
    const body =
      told === null ? null : Buffer.from(statuspageWebhook(this.#snapshot, told, this.#markdown))
    this.#bodies.set(record, body)
    return body
  }

  /** What changed is on the disk soon; what changes meanwhile goes with it. */
  #change(): void {
    this.#isChanged = true
    this.#saveIn(WEBHOOK_SAVE_MS)
  }

  #saveIn(delayMs: number): void {
    if (this.#isStopping) return
    this.#timer ??= this.#options.clock.after(delayMs, () => {
      this.#saving = this.#save().then((isSaved) => {
        this.#timer = null
        if (this.#isChanged) this.#saveIn(isSaved ? WEBHOOK_SAVE_MS : WEBHOOK_RETRY_MS)
        return isSaved
      })
    })
  }

  async #save(): Promise<boolean> {
    const { disk, file, log, onFinding } = this.#options
    this.#isChanged = false
    const saved = {
      startedAtMs: this.#startedAtMs,
      position: this.#position,
      last: log.records[this.#position - 1]?.id ?? null,
      receivers: this.#receivers.map((receiver) => receiver.saved()),
    }
    try {
      await disk.replaceFile(file, encodeWebhooks(saved))
      return true
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#isChanged = true
      onFinding(
        new StatusError('unavailable', `${file} cannot be written: ${error.message}`, error),
      )
      return false
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#receivers.map(async (each) => await each[Symbol.asyncDispose]()))
    this.#isStopping = true
    this.#timer?.cancel()
    await this.#saving
    if (this.#isChanged) await this.#save()
  }
}
