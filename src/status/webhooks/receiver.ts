// One receiver of webhooks: its posts wait for it alone, and go out one after another. What it does not
// take is tried again with growing pauses, while others behind it go on, and is given up in the end.

import { assert } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import { digestHex } from '../../base/digest.ts'
import {
  WEBHOOK_AGE_MS_MAX,
  WEBHOOK_ANSWER_SIZE_BYTES_MAX,
  WEBHOOK_GIVEN_UP_SHOWN_MAX,
  WEBHOOK_PENDING_MAX,
  WEBHOOK_RETRY_MS,
  WEBHOOK_RETRY_MS_MAX,
  WEBHOOK_TIMEOUT_MS,
  WEBHOOK_UNTOLD_MS_MAX,
} from '../../base/limits.ts'
import { NetworkError } from '../../base/network.ts'
import type { Network } from '../../base/network.ts'
import type { Random } from '../../base/random.ts'
import { backoffMs } from '../../base/retry.ts'
import { manyWaiters } from '../../base/signal.ts'
import type { WebhookConfig } from '../config.ts'
import { withAddress } from '../hidden-address.ts'
import type { RecordId } from '../records/record.ts'
import { StatusError } from '../status.ts'
import { signedHeaders } from './signature.ts'
import type { GivenUpPost, WebhookState } from './webhooks.ts'
import type { SavedReceiver } from './webhooks-file.ts'

export interface ReceiverParts {
  readonly config: WebhookConfig
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  /** The body that tells of a post; null: nothing tells of it, or not yet. */
  readonly bodyOf: (record: RecordId) => Uint8Array | null
  /** What waits is not what it was. */
  readonly onChange: () => void
}

interface Waiting {
  readonly record: RecordId
  /** Wall clock when this site had it first. */
  readonly sinceMs: number
  /** The same by the monotonic clock, before its zero where it waited before the start. */
  readonly sinceMonotonicMs: number
  readonly tryCount: number
  /** Monotonic. */
  readonly dueMs: number
  readonly error: string | null
}

/** What a receiver is called on the disk: its URL may hold a secret. */
export function receiverKeyOf(url: string): string {
  return digestHex('sha256', url).slice(0, 32)
}

export class Receiver implements AsyncDisposable {
  readonly #parts: ReceiverParts
  readonly #waiting = new Map<RecordId, Waiting>()
  readonly #givenUp: GivenUpPost[] = []
  readonly #stop = manyWaiters()
  /** Ends the pause that the loop is in. */
  #wake = new AbortController()
  #deliveredCount = 0
  #deliveredAtMs: number | null = null
  #givenUpCount = 0
  #loop: Promise<void> = Promise.resolve()

  constructor(parts: ReceiverParts, pending: SavedReceiver['pending']) {
    this.#parts = parts
    const { clock } = parts
    const [nowMs, monotonicMs] = [clock.nowMs(), clock.monotonicMs()]
    for (const { record, sinceMs } of pending) {
      const sinceMonotonicMs = monotonicMs - Math.max(0, nowMs - sinceMs)
      this.#put({ record, sinceMs, sinceMonotonicMs, tryCount: 0, dueMs: monotonicMs, error: null })
    }
  }

  start(): void {
    this.#loop = this.#run()
  }

  add(record: RecordId): void {
    const { clock } = this.#parts
    const [oldest] = this.#waiting.values()
    if (oldest !== undefined && this.#waiting.size >= WEBHOOK_PENDING_MAX) {
      this.#giveUp(oldest, `${WEBHOOK_PENDING_MAX} others wait behind it`)
    }
    const sinceMs = Math.max(0, Math.round(clock.nowMs()))
    const nowMs = clock.monotonicMs()
    this.#put({ record, sinceMs, sinceMonotonicMs: nowMs, tryCount: 0, dueMs: nowMs, error: null })
    this.#wake.abort()
  }

  saved(): SavedReceiver {
    const pending = [...this.#waiting.values()].map(({ record, sinceMs }) => ({ record, sinceMs }))
    return { key: receiverKeyOf(this.#parts.config.url), pending }
  }

  state(): WebhookState {
    return {
      receiver: new URL(this.#parts.config.url).origin,
      deliveredCount: this.#deliveredCount,
      deliveredAtMs: this.#deliveredAtMs,
      pending: [...this.#waiting.values()].map(({ record, sinceMs, tryCount, error }) => {
        return { record, sinceMs, tryCount, error }
      }),
      givenUpCount: this.#givenUpCount,
      givenUp: [...this.#givenUp],
    }
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts
    const { signal } = this.#stop
    while (!signal.aborted) {
      this.#giveUpOld()
      const [next] = [...this.#waiting.values()].toSorted((a, b) => a.dueMs - b.dueMs)
      const pauseMs = next === undefined ? WEBHOOK_RETRY_MS_MAX : next.dueMs - clock.monotonicMs()
      if (next === undefined || pauseMs > 0) {
        this.#wake = new AbortController()
        // A whole millisecond at least: a smaller one may be lost in the sum, and the loop would not end.
        await clock.sleep(Math.max(1, pauseMs), this.#wake.signal).catch(() => null)
      } else await this.#try(next)
    }
  }

  async #try(post: Waiting): Promise<void> {
    const body = this.#parts.bodyOf(post.record)
    if (body === null) return this.#putOff(post)
    const failure = await this.#deliver(post, body)
    if (failure === null) {
      this.#deliveredCount += 1
      this.#deliveredAtMs = this.#parts.clock.nowMs()
      this.#remove(post.record)
    } else if (this.#waiting.has(post.record)) this.#fail(post, failure)
  }

  /** No story tells of it: not yet, or it has no place in one. */
  #putOff(post: Waiting): void {
    const nowMs = this.#parts.clock.monotonicMs()
    if (nowMs - post.sinceMonotonicMs >= WEBHOOK_UNTOLD_MS_MAX) this.#remove(post.record)
    else this.#put({ ...post, dueMs: nowMs + WEBHOOK_RETRY_MS })
  }

  #fail(post: Waiting, { error, isFinal, pauseMsMin }: Failure): void {
    if (isFinal) return this.#giveUp(post, error)
    const { clock, random } = this.#parts
    const bound = backoffMs(post.tryCount, WEBHOOK_RETRY_MS, WEBHOOK_RETRY_MS_MAX)
    const pauseMs = Math.max(pauseMsMin, bound * (0.5 + 0.5 * random.fraction()))
    const dueMs = clock.monotonicMs() + pauseMs
    this.#put({ ...post, tryCount: post.tryCount + 1, dueMs, error })
  }

  /** Null: it was taken. */
  async #deliver(post: Waiting, body: Uint8Array): Promise<Failure | null> {
    const { clock, config, network } = this.#parts
    const { origin, pathname, search } = new URL(config.url)
    const delivery = { id: `msg_${post.record}`, atMs: clock.nowMs(), body }
    try {
      const { headers, status } = await network.request(
        {
          origin,
          method: 'POST',
          target: `${pathname}${search}`,
          headers: [
            'content-type',
            'application/json',
            'user-agent',
            'Holdfast-Status',
            ...signedHeaders(delivery, config.secret),
          ],
          body,
          timeoutMs: WEBHOOK_TIMEOUT_MS,
          answerSizeBytesMax: WEBHOOK_ANSWER_SIZE_BYTES_MAX,
        },
        this.#stop.signal,
      )
      if (status >= 200 && status < 300) return null
      return {
        error: `HTTP status ${status}`,
        isFinal: status === 410,
        pauseMsMin: pauseOf(headers),
      }
    } catch (error) {
      if (this.#stop.signal.aborted)
        return { error: 'the site stopped', isFinal: false, pauseMsMin: 0 }
      const told = withAddress(error, `${origin}${pathname}${search}`, origin)
      if (!(told instanceof NetworkError)) throw told
      return { error: `${told.code}: ${told.message}`, isFinal: false, pauseMsMin: 0 }
    }
  }

  #giveUpOld(): void {
    const nowMs = this.#parts.clock.monotonicMs()
    for (const post of this.#waiting.values()) {
      if (nowMs - post.sinceMonotonicMs < WEBHOOK_AGE_MS_MAX) continue
      this.#giveUp(post, post.error ?? 'it was too old before it could be delivered')
    }
  }

  #giveUp({ record }: Waiting, error: string): void {
    this.#givenUpCount += 1
    this.#givenUp.unshift({ record, atMs: this.#parts.clock.nowMs(), error })
    this.#givenUp.splice(WEBHOOK_GIVEN_UP_SHOWN_MAX)
    this.#remove(record)
  }

  /** A post that waits already keeps its place. */
  #put(post: Waiting): void {
    this.#waiting.set(post.record, post)
    assert(this.#waiting.size <= WEBHOOK_PENDING_MAX, 'what waits is bounded')
  }

  #remove(record: RecordId): void {
    this.#waiting.delete(record)
    this.#parts.onChange()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new StatusError('unavailable', 'the webhooks were ended'))
    this.#wake.abort()
    await this.#loop
  }
}

interface Failure {
  readonly error: string
  /** The receiver is gone for good, as it says (410). */
  readonly isFinal: boolean
  readonly pauseMsMin: number
}

/** Retry-After in seconds, within our own bound. */
function pauseOf(headers: ReadonlyMap<string, string>): number {
  const text = headers.get('retry-after') ?? ''
  return /^\d{1,6}$/.test(text) ? Math.min(Number(text) * 1000, WEBHOOK_RETRY_MS_MAX) : 0
}
