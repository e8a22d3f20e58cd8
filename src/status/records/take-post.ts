// Where a person's signed post is handed in: it is new, signed just now, in knowledge of what it answers,
// about what there is, and on the disk before the answer.

import { unreachable } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import {
  STATUS_ORDER_AHEAD_MAX,
  STATUS_ORDER_BEHIND_MAX,
  STATUS_POST_AGE_MS_MAX,
  STATUS_POSTS_PER_MINUTE_MAX,
} from '../../base/limits.ts'
import { RateLimiter } from '../../base/rate.ts'
import type { StatusConfig } from '../config.ts'
import { StatusError } from '../status.ts'
import type { ComponentId } from '../status.ts'
import type { Authors } from './authors.ts'
import { checkRecord } from './check-record.ts'
import type { RecordLog } from './record-log.ts'
import type { Envelope, KeyId, KnownRecord, RecordId, Statement } from './record.ts'

export interface PostDesk {
  readonly config: Pick<StatusConfig, 'components'>
  readonly authors: Authors
  readonly log: RecordLog
  readonly clock: Clock
  readonly rates: PostRates
}

/** How often each key may post; of keys of the configuration alone, so there are not many. */
export class PostRates {
  readonly #clock: Clock
  readonly #byKey = new Map<KeyId, RateLimiter>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  tryTake(key: KeyId): boolean {
    const limiter = this.#byKey.get(key) ?? this.#open(key)
    return limiter.tryTake(1)
  }

  #open(key: KeyId): RateLimiter {
    const burstUnits = STATUS_POSTS_PER_MINUTE_MAX
    const limiter = new RateLimiter({
      clock: this.#clock,
      unitsPerSec: burstUnits / 60,
      burstUnits,
    })
    this.#byKey.set(key, limiter)
    return limiter
  }
}

/**
 * Takes a person's post; it is durable here, and will be everywhere, when this resolves. Behind it the
 * post is the last word on what it is about, as far as this site knows.
 * @throws StatusError as `checkRecord` does, `replayed`, `stale`, `too-many`, `unknown-component`,
 * `unknown-incident`, `full`, `unavailable`
 */
export async function takePost(envelope: Envelope, desk: PostDesk): Promise<KnownRecord> {
  const post = checkRecord(envelope, desk.authors)
  checkAuthor(post, desk)
  if (desk.log.has(post.id)) throw replayed(post)
  if (!desk.rates.tryTake(post.author.key)) {
    const message = `${post.author.name} may post ${STATUS_POSTS_PER_MINUTE_MAX} times a minute`
    throw new StatusError('too-many', `${message}; wait a little`)
  }
  checkTime(post, desk)
  checkSubject(post, desk)
  checkOrder(post, desk)
  const [taken] = desk.log.hasRoom(post) ? await desk.log.append([post]) : [null]
  if (taken === undefined) throw replayed(post) // the same came twice at once
  if (taken === null) {
    const message = `the site keeps no more records of ${post.author.name}; post with another key`
    throw new StatusError('too-many', message)
  }
  return taken
}

function replayed({ id, author }: KnownRecord): StatusError {
  return new StatusError('replayed', `this post of ${author.name} was taken before: ${id}`)
}

function checkAuthor({ author }: KnownRecord, { authors }: PostDesk): void {
  if (author.kind !== 'person') {
    const message = `${author.name} is a site: what it says comes by the exchange, not as a post`
    throw new StatusError('not-allowed', message)
  }
  const state = authors.find(author.key)?.state
  if (state !== 'active') {
    throw new StatusError('unknown-key', `the key of ${author.name} is ${state}; use another`)
  }
}

function checkTime({ record }: KnownRecord, { clock }: PostDesk): void {
  const nowMs = clock.nowMs()
  if (Math.abs(nowMs - record.atMs) <= STATUS_POST_AGE_MS_MAX) return
  const signed = new Date(record.atMs).toISOString()
  const minutes = STATUS_POST_AGE_MS_MAX / 60_000
  const message = `the post was signed at ${signed}, and this site's clock says ${sayTime(nowMs)}`
  throw new StatusError('stale', `${message}: at most ${minutes} minutes apart. Sign it anew`)
}

/** A clock may be anywhere. */
function sayTime(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString()
}

/** What it is about, the site knows. */
function checkSubject({ record }: KnownRecord, { config, log }: PostDesk): void {
  const { statement } = record
  const known = new Set(config.components.map(({ id }) => id))
  const unknown = componentsOf(statement).find((component) => !known.has(component))
  if (unknown !== undefined) {
    throw new StatusError('unknown-component', `the configuration has no component ${unknown}`)
  }
  const opener = openerOf(statement)
  if (opener === null) return
  if (log.get(opener.id)?.record.statement.kind !== opener.kind) {
    const message = `this site knows no ${opener.kind} ${opener.id}, or not yet`
    throw new StatusError('unknown-incident', message)
  }
}

function checkOrder({ record }: KnownRecord, { log }: PostDesk): void {
  const { order } = record
  const subject = subjectOf(record.statement)
  if (subject !== null) {
    const answered = log.records.find(
      (known) => known.record.order >= order && isAbout(known, subject),
    )
    if (answered !== undefined) {
      const message = `${answered.author.name} posted on the same behind what you saw`
      throw new StatusError('stale', `${message}. Look again, and sign it anew`)
    }
  }
  if (order > log.orderMax + STATUS_ORDER_AHEAD_MAX) {
    const message = `the post's order ${order} is too far ahead of this site's ${log.orderMax}`
    throw new StatusError('stale', `${message}. Take the order that a site tells`)
  }
  if (order < log.orderMax - STATUS_ORDER_BEHIND_MAX) {
    const message = `the post's order ${order} is far behind this site's ${log.orderMax}`
    throw new StatusError('stale', `${message}. Look again, and sign it anew`)
  }
}

function isAbout(known: KnownRecord, subject: string): boolean {
  return known.id === subject || subjectOf(known.record.statement) === subject
}

/** What later ones of are the last word on: an incident, a maintenance, a component. */
function subjectOf(statement: Statement): RecordId | ComponentId | null {
  return statement.kind === 'override' ? statement.component : (openerOf(statement)?.id ?? null)
}

function openerOf(
  statement: Statement,
): { readonly id: RecordId; readonly kind: Statement['kind'] } | null {
  switch (statement.kind) {
    case 'incident-update':
      return { id: statement.incident, kind: 'incident' }
    case 'maintenance-update':
      return { id: statement.maintenance, kind: 'maintenance' }
    case 'incident':
    case 'maintenance':
    case 'override':
      return null
    default:
      return unreachable(statement)
  }
}

function componentsOf(statement: Statement): readonly ComponentId[] {
  switch (statement.kind) {
    case 'incident':
    case 'incident-update':
      return (statement.affected ?? []).map(({ component }) => component)
    case 'override':
      return [statement.component]
    case 'maintenance':
      return statement.components
    case 'maintenance-update':
      return []
    default:
      return unreachable(statement)
  }
}
