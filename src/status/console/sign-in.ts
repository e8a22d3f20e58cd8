// Sign-in by a signed challenge: whoever has an active person's key of the configuration gets a session of
// this site, and needs nothing else that works. Challenges are not kept: each carries this process's
// seal, so that a crowd that asks for some costs nothing and drives nobody out. Sessions are in memory
// alone; a start ends them all, and a browser that has its key signs in again by itself.

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { digestHex } from '../../base/digest.ts'
import {
  STATUS_CHALLENGE_MS_MAX,
  STATUS_CHALLENGES_USED_MAX,
  STATUS_REQUEST_BODY_SIZE_BYTES_MAX,
  STATUS_SESSION_MS_MAX,
  STATUS_SESSIONS_PER_KEY_MAX,
} from '../../base/limits.ts'
import type { Random } from '../../base/random.ts'
import type { Authors } from '../records/authors.ts'
import { signerOf } from '../records/check-record.ts'
import { parseJson } from '../records/envelope.ts'
import type { Author, Envelope } from '../records/record.ts'
import { Fields } from '../records/strict.ts'
import { StatusError } from '../status.ts'

export interface SignInOptions {
  /** This site's name: what is signed names it, and is worth nothing at another. */
  readonly site: string
  readonly authors: Authors
  readonly clock: Clock
  readonly random: Random
}

export interface Session {
  readonly author: Author
  /** Monotonic. */
  readonly endsMs: number
}

const TOKEN_SIZE_BYTES = 32
const CHALLENGE_PATTERN = /^(\d{1,15})\.([0-9a-f]{32})\.([0-9a-f]{64})$/

/** What a person signs for the purpose `session`. */
export function sessionText(site: string, challenge: string): string {
  return JSON.stringify({ version: 1, site, challenge })
}

export class SignIn {
  readonly #options: SignInOptions
  /** Of this process: a challenge of before a start is none. */
  readonly #secret: Uint8Array
  /** Nonces that were signed, and when their challenges end. */
  readonly #used = new Map<string, number>()
  /** By the hash of the token, so that looking one up tells nothing by its time; oldest first. */
  readonly #sessions = new Map<string, Session>()

  constructor(options: SignInOptions) {
    this.#options = options
    this.#secret = options.random.bytes(TOKEN_SIZE_BYTES)
  }

  /** A fresh one, good for STATUS_CHALLENGE_MS_MAX and for one sign-in. */
  challenge(): string {
    const { clock, random } = this.#options
    const endsMs = Math.ceil(clock.monotonicMs()) + STATUS_CHALLENGE_MS_MAX
    const nonce = Buffer.from(random.bytes(16)).toString('hex')
    return `${endsMs}.${nonce}.${this.#seal(endsMs, nonce)}`
  }

  /**
   * The token of a new session, which replaces `former`, the session that the same browser still has.
   * @throws StatusError `bad-request`, `too-large`, `unknown-key`, `bad-signature`, `not-allowed`, `stale`,
   * `replayed`, `too-many`
   */
  signIn(envelope: Envelope, former: string | null): { token: string; session: Session } {
    const nowMs = this.#options.clock.monotonicMs()
    this.#forgetEnded(nowMs)
    const challenge = this.#challengeOf(envelope.text)
    const { endsMs, nonce } = this.#readChallenge(challenge, nowMs)
    const author = this.#signer(envelope)
    if (this.#used.size >= STATUS_CHALLENGES_USED_MAX) {
      throw new StatusError('too-many', 'too many sign-ins at once; try again in two minutes')
    }
    this.#used.set(nonce, endsMs)
    if (former !== null) this.signOut(former)
    this.#makeRoom(author)
    const token = Buffer.from(this.#options.random.bytes(TOKEN_SIZE_BYTES)).toString('base64url')
    const session = { author, endsMs: nowMs + STATUS_SESSION_MS_MAX }
    this.#sessions.set(digestHex('sha256', token), session)
    return { token, session }
  }

  /** Null: there is none, or it has ended. */
  find(token: string): Session | null {
    const session = this.#sessions.get(digestHex('sha256', token)) ?? null
    return session !== null && session.endsMs > this.#options.clock.monotonicMs() ? session : null
  }

  signOut(token: string): void {
    this.#sessions.delete(digestHex('sha256', token))
  }

  #challengeOf(text: string): string {
    const fields = new Fields(
      parseJson(text, STATUS_REQUEST_BODY_SIZE_BYTES_MAX, 'sign-in'),
      'sign-in',
    )
    if (fields.take('version') !== 1) {
      throw new StatusError('bad-request', 'sign-in.version must be 1, the only one there is')
    }
    const site = fields.string('site')
    const challenge = fields.string('challenge')
    fields.end()
    if (site !== this.#options.site) {
      const message = `this is site ${this.#options.site}; what was signed is a sign-in at another`
      throw new StatusError('not-allowed', message)
    }
    return challenge
  }

  /** One of ours, in time, not used before. */
  #readChallenge(challenge: string, nowMs: number): { endsMs: number; nonce: string } {
    const [, digits, nonce = '', seal = ''] = CHALLENGE_PATTERN.exec(challenge) ?? []
    const endsMs = Number(digits)
    if (digits === undefined || !isEqual(seal, this.#seal(endsMs, nonce))) {
      const message = 'the challenge is not of this site since its last start; ask for another'
      throw new StatusError('stale', message)
    }
    if (endsMs <= nowMs) {
      throw new StatusError('stale', 'the challenge was signed too late; ask for another')
    }
    if (this.#used.has(nonce)) {
      throw new StatusError('replayed', 'the challenge was used before; ask for another')
    }
    return { endsMs, nonce }
  }

  #signer(envelope: Envelope): Author {
    const { authors } = this.#options
    const max = STATUS_REQUEST_BODY_SIZE_BYTES_MAX
    const { author } = signerOf('session', envelope, authors, max)
    if (author.kind !== 'person') {
      throw new StatusError('not-allowed', `${author.name} is a site; people sign in`)
    }
    return author
  }

  #seal(endsMs: number, nonce: string): string {
    const text = `${this.#options.site} ${endsMs} ${nonce}`
    return createHmac('sha256', this.#secret).update(text).digest('hex')
  }

  #forgetEnded(nowMs: number): void {
    for (const [nonce, endsMs] of this.#used) if (endsMs <= nowMs) this.#used.delete(nonce)
    for (const [token, { endsMs }] of this.#sessions) {
      if (endsMs <= nowMs) this.#sessions.delete(token)
    }
  }

  #makeRoom({ key }: Author): void {
    const own = [...this.#sessions].filter(([, { author }]) => author.key === key)
    const surplus = own.slice(0, Math.max(0, own.length + 1 - STATUS_SESSIONS_PER_KEY_MAX))
    for (const [token] of surplus) this.#sessions.delete(token)
  }
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
