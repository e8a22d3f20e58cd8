import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  STATUS_CHALLENGE_MS_MAX,
  STATUS_SESSION_MS_MAX,
  STATUS_SESSIONS_PER_KEY_MAX,
} from '../../base/limits.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { openSystemRandom } from '../../platform/random.ts'
import type { PersonConfig } from '../config.ts'
import { Authors } from '../records/authors.ts'
import { seal } from '../records/envelope.ts'
import type { Purpose } from '../records/envelope.ts'
import { makeKeyPair } from '../records/keys.ts'
import type { KeyPair } from '../records/keys.ts'
import { StatusError } from '../status.ts'
import type { StatusErrorCode } from '../status.ts'
import { noCookie, sessionCookie, tokenOf } from './session-cookie.ts'
import { sessionText, SignIn } from './sign-in.ts'

const random = openSystemRandom()

interface World {
  readonly clock: ManualClock
  readonly signIn: SignIn
  readonly anna: KeyPair
  readonly bob: KeyPair
  readonly retired: KeyPair
  readonly siteKey: KeyPair
  enter(pair: KeyPair, former?: string | null): string
}

function open(site = 'a'): World {
  const clock = new ManualClock(1_800_000_000_000)
  const [anna, bob, retired, siteKey] = [0, 1, 2, 3].map(() => makeKeyPair(random))
  assert.ok(anna !== undefined && bob !== undefined)
  assert.ok(retired !== undefined && siteKey !== undefined)
  const person = (name: string, pair: KeyPair, state: PersonConfig['state']): PersonConfig => {
    return { name, key: { id: pair.id, raw: pair.publicRaw }, state }
  }
  const authors = new Authors({
    formerSites: [],
    plane: 'test',
    sites: [{ name: 'a', url: 'http://a', key: { id: siteKey.id, raw: siteKey.publicRaw } }],
    people: [
      person('Anna', anna, 'active'),
      person('Bob', bob, 'active'),
      person('Rita', retired, 'retired'),
    ],
  })
  const signIn = new SignIn({ site, authors, clock, random })
  const enter = (pair: KeyPair, former: string | null = null): string =>
    signIn.signIn(seal('session', sessionText(site, signIn.challenge()), pair), former).token
  return { clock, signIn, anna, bob, retired, siteKey, enter }
}

function refused(code: StatusErrorCode, act: () => unknown): void {
  assert.throws(act, (error) => error instanceof StatusError && error.code === code)
}

test('a signed challenge gives a session, for eight hours', async () => {
  const { clock, signIn, anna, enter } = open()
  const token = enter(anna)
  assert.equal(signIn.find(token)?.author.name, 'Anna')
  assert.equal(signIn.find(`${token.slice(0, -1)}_`), null)
  clock.setWall(0) // a clock that is set changes nothing
  await clock.advance(STATUS_SESSION_MS_MAX - 1)
  assert.equal(signIn.find(token)?.author.name, 'Anna')
  await clock.advance(1)
  assert.equal(signIn.find(token), null)
})

test('a challenge is good once, for two minutes, and of this very process alone', async () => {
  const { clock, signIn, anna } = open()
  const envelope = seal('session', sessionText('a', signIn.challenge()), anna)
  signIn.signIn(envelope, null)
  refused('replayed', () => signIn.signIn(envelope, null))
  const late = seal('session', sessionText('a', signIn.challenge()), anna)
  await clock.advance(STATUS_CHALLENGE_MS_MAX + 1)
  refused('stale', () => signIn.signIn(late, null))
  refused('stale', () => signIn.signIn(envelope, null)) // forgotten as used, and too old by then
  const own = signIn.challenge()
  const longer = `${Number(own.split('.')[0]) + 1_000_000}${own.slice(own.indexOf('.'))}`
  refused('stale', () => signIn.signIn(seal('session', sessionText('a', longer), anna), null))
  const foreign = open().signIn.challenge()
  refused('stale', () => signIn.signIn(seal('session', sessionText('a', foreign), anna), null))
  refused('stale', () => signIn.signIn(seal('session', sessionText('a', ''), anna), null))
})

test('what was signed for one site is no sign-in at another', () => {
  const { signIn, anna } = open('a')
  const text = sessionText('b', signIn.challenge())
  refused('not-allowed', () => signIn.signIn(seal('session', text, anna), null))
})

test('only an active person signs in, and only by a signature made for that', () => {
  const { signIn, anna, bob, retired, siteKey } = open()
  const sign = (pair: KeyPair, purpose: Purpose = 'session'): (() => unknown) => {
    const envelope = seal(purpose, sessionText('a', signIn.challenge()), pair)
    return () => signIn.signIn(envelope, null)
  }
  refused('unknown-key', sign(retired))
  refused('unknown-key', sign(makeKeyPair(random)))
  refused('not-allowed', sign(siteKey))
  refused('bad-signature', sign(anna, 'record'))
  const envelope = seal('session', sessionText('a', signIn.challenge()), anna)
  refused('bad-signature', () => signIn.signIn({ ...envelope, key: bob.id }, null))
  const other = sessionText('a', signIn.challenge())
  refused('bad-signature', () => signIn.signIn({ ...envelope, text: other }, null))
  refused('bad-request', () => signIn.signIn(seal('session', '{"version":1}', anna), null))
  refused('bad-request', () => signIn.signIn(seal('session', 'x', anna), null))
  assert.ok(signIn.signIn(envelope, null).token !== '', 'what was refused used nothing up')
})

test('sessions of one key are bounded, and nobody drives out another', () => {
  const { signIn, anna, bob, enter } = open()
  const bobs = enter(bob)
  const tokens = Array.from({ length: STATUS_SESSIONS_PER_KEY_MAX + 3 }, () => enter(anna))
  const alive = tokens.map((token) => signIn.find(token) !== null)
  assert.deepEqual(
    alive,
    tokens.map((_, index) => index >= 3),
  )
  assert.notEqual(signIn.find(bobs), null)
})

test('a browser that signs in again has one session, and one that signs out has none', () => {
  const { signIn, anna, enter } = open()
  const first = enter(anna)
  const second = enter(anna, first)
  assert.equal(signIn.find(first), null)
  assert.notEqual(signIn.find(second), null)
  signIn.signOut(second)
  assert.equal(signIn.find(second), null)
})

test('the cookie is for this site alone, out of reach of scripts, and secure but over plain HTTP', () => {
  const { enter, anna } = open()
  const token = enter(anna)
  const from = (origin: string): Map<string, string> => new Map([['origin', origin]])
  const cookie = sessionCookie(token, { headers: from('https://b.example.com') })
  const rest = '; Max-Age=28800; Path=/; HttpOnly; SameSite=Strict'
  assert.equal(cookie, `holdfast-status=${token}${rest}; Secure`)
  assert.equal(
    sessionCookie(token, { headers: new Map() }),
    `holdfast-status=${token}${rest}; Secure`,
  )
  assert.equal(
    sessionCookie(token, { headers: from('http://localhost:8080') }),
    `holdfast-status=${token}${rest}`,
  )
  assert.match(noCookie({ headers: new Map() }), /^holdfast-status=; Max-Age=0;/)
  const bring = (text: string): string | null => tokenOf({ headers: new Map([['cookie', text]]) })
  assert.equal(bring(`a=b; holdfast-status=${token}; c`), token)
  assert.equal(bring(`holdfast-status=${token}x`), null)
  assert.equal(bring(`x-holdfast-status=${token}`), null)
  assert.equal(bring(''), null)
})
