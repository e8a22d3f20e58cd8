import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../base/manual-clock.ts'
import type { HttpAnswer } from '../../base/network.ts'
import { openSystemRandom } from '../../platform/random.ts'
import { crisisSnapshot, sampleConfig } from '../output/sample-snapshot.ts'
import { Authors } from '../records/authors.ts'
import { seal } from '../records/envelope.ts'
import { makeKeyPair } from '../records/keys.ts'
import type { KeyPair } from '../records/keys.ts'
import type { RecordId } from '../records/record.ts'
import { StatusError } from '../status.ts'
import type { ComponentId, ProbeResult } from '../status.ts'
import { consoleRoutes } from './console-routes.ts'
import type { ConsoleRoutes } from './console-routes.ts'
import type { OperateState } from './operate-page.ts'
import { openProbeLog } from './probe-log.ts'
import type { ProbeLog } from './probe-log.ts'
import { sessionText } from './sign-in.ts'

const random = openSystemRandom()
const GET = 'region-0/cell-0/get' as ComponentId
const PUT = 'region-0/cell-1/put' as ComponentId
const NOW_MS = Date.UTC(2026, 10, 26, 12, 27, 40)

class Ground {
  readonly anna: KeyPair = makeKeyPair(random)
  readonly clock = new ManualClock(NOW_MS)
  readonly probes: ProbeLog
  readonly routes: ConsoleRoutes
  #cookie: string | null = null

  constructor() {
    const key = { id: this.anna.id, raw: this.anna.publicRaw }
    const config = {
      ...sampleConfig(),
      people: [{ name: 'Anna <i>', key, state: 'active' as const }],
    }
    this.probes = openProbeLog(config.components)
    const authors = new Authors({ ...config, sites: [] })
    const { clock, probes } = this
    const state = (): OperateState => stateOf()
    this.routes = consoleRoutes({ config, site: 'iad', authors, clock, random, probes, state })
  }

  ask(method: string, target: string, body = '', headers: [string, string][] = []): HttpAnswer {
    const all = this.#cookie === null ? headers : [...headers, ['cookie', this.#cookie] as const]
    const request = { method, target, headers: new Map(all), body: Buffer.from(body) }
    const answer = this.routes(request)
    assert.ok(answer !== null, `${method} ${target} is the console's`)
    return answer
  }

  signIn(): HttpAnswer {
    const { challenge } = JSON.parse(textOf(this.ask('GET', '/-/sign-in'))) as { challenge: string }
    const envelope = seal('session', sessionText('iad', challenge), this.anna)
    const answer = this.ask('POST', '/-/sign-in', JSON.stringify(envelope))
    this.#cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? null
    return answer
  }
}

function stateOf(): OperateState {
  const record = 'ab'.repeat(32) as RecordId
  return {
    snapshot: crisisSnapshot(),
    peers: [
      {
        name: 'ams',
        isReached: false,
        heardAtMs: null,
        viewAgeMs: null,
        error: 'refused: <nobody>',
      },
      { name: 'sin', isReached: true, heardAtMs: NOW_MS - 3000, viewAgeMs: 3000, error: null },
    ],
    webhooks: [
      {
        receiver: 'https://hook.example.com',
        deliveredCount: 3,
        deliveredAtMs: NOW_MS - 60_000,
        pending: [{ record, sinceMs: NOW_MS - 1000, tryCount: 2, error: 'HTTP status 500' }],
        givenUpCount: 1,
        givenUp: [{ record, atMs: NOW_MS, error: 'HTTP status 410' }],
      },
    ],
    log: {
      recordCount: 12,
      orderMax: 15,
      incarnation: 'c0ffee',
      findings: [new StatusError('damaged', 'records/000001.log: 1 line')],
    },
  }
}

function failed(component: ComponentId, requestId: string, atMs: number): ProbeResult {
  return {
    component,
    atMs,
    beganMs: 0,
    durationMs: 431.4,
    retryCount: 2,
    failure: {
      kind: 'status',
      status: 503,
      code: 'ServiceUnavailable',
      requestId,
      message: 'GET of probes/x: answered 503 <b>',
      raw: `HTTP 503\n\n<Error><RequestId>${requestId}</RequestId></Error>`,
    },
  }
}

function textOf({ body }: HttpAnswer): string {
  return Buffer.from(body).toString()
}

test('the page of failed probes is for who signed in alone', () => {
  const ground = new Ground()
  ground.probes.take(failed(GET, 'REQ-1', NOW_MS))
  const before = ground.ask('GET', '/operate')
  assert.equal(before.status, 403)
  assert.ok(!textOf(before).includes('REQ-1'))
  assert.match(textOf(before), /href="\/console\?next=operate"/)
  const entered = ground.signIn()
  assert.equal(entered.status, 201)
  assert.deepEqual(JSON.parse(textOf(entered)), { name: 'Anna <i>', key: ground.anna.id })
  assert.match(entered.headers.get('set-cookie') ?? '', /; HttpOnly; SameSite=Strict; Secure$/)
  const page = ground.ask('GET', '/operate')
  assert.equal(page.status, 200)
  assert.ok(textOf(page).includes('REQ-1'))
  assert.match(textOf(page), /Signed in as Anna &lt;i&gt;/)
  assert.equal(page.headers.get('cache-control'), 'no-store')
  const again = JSON.parse(textOf(ground.ask('GET', '/-/sign-in'))) as { session: unknown }
  assert.deepEqual(again.session, { name: 'Anna <i>', key: ground.anna.id })
  const left = ground.ask('POST', '/-/sign-out')
  assert.match(left.headers.get('set-cookie') ?? '', /Max-Age=0/)
  assert.equal(ground.ask('GET', '/operate').status, 403)
})

test('it tells which probe failed how, and how the site stands with others', () => {
  const ground = new Ground()
  ground.signIn()
  ground.probes.take(failed(GET, 'REQ-OLD', NOW_MS - 5000))
  ground.probes.take(failed(GET, 'REQ-NEW', NOW_MS - 1000))
  ground.probes.take(failed(PUT, 'REQ-PUT', NOW_MS - 2000))
  const all = textOf(ground.ask('GET', '/operate'))
  for (const expected of [
    'REQ-NEW',
    'REQ-PUT',
    'answered 503 &lt;b&gt;',
    '&lt;RequestId&gt;REQ-NEW',
    'ServiceUnavailable',
    '431 ms, 2 requests',
    'not reached',
    'refused: &lt;nobody&gt;',
    'https://hook.example.com',
    'HTTP status 500',
    'HTTP status 410',
    'damaged: records/000001.log: 1 line',
  ]) {
    assert.ok(all.includes(expected), expected)
  }
  assert.ok(!all.includes('REQ-OLD'), 'of all together the last of each')
  const one = textOf(ground.ask('GET', `/operate?component=${encodeURIComponent(GET)}`))
  assert.ok(one.includes('REQ-OLD') && one.includes('REQ-NEW') && !one.includes('REQ-PUT'))
  const cell = textOf(ground.ask('GET', '/operate?component=region-0/cell-1/'))
  assert.ok(cell.includes('REQ-PUT') && !cell.includes('REQ-NEW'))
  assert.throws(
    () => ground.ask('GET', '/operate?component=%3Cscript%3E'),
    (error) => error instanceof StatusError && error.code === 'unknown-component',
  )
})

test('a browser runs nothing but this site files, and shows the page in nobody frame', () => {
  const ground = new Ground()
  const page = ground.ask('GET', '/console')
  const policy = page.headers.get('content-security-policy') ?? ''
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /script-src 'self'(;|$)/)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.ok(!policy.includes('unsafe'))
  const text = textOf(page)
  assert.ok(!/\son[a-z]+=|\sstyle=|<style/.test(text), 'no inline script or style')
  assert.deepEqual(
    [...text.matchAll(/<script[^>]*>/g)].map(([tag]) => tag),
    ['<script type="module" src="/console/console.page.js">'],
  )
  for (const [, path] of text.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)) {
    assert.equal(ground.ask('GET', path ?? '').status, 200, path)
  }
  for (const secret of ['SECRET-OF-THE-PROBES', 'SECRET-OF-THE-HOOK']) {
    assert.ok(!text.includes(secret))
  }
})

test('scripts import each other by paths that are served', () => {
  const ground = new Ground()
  const seen = new Set<string>()
  const follow = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    const answer = ground.ask('GET', path)
    assert.match(answer.headers.get('content-type') ?? '', /^text\/javascript/)
    for (const [, next] of textOf(answer).matchAll(/from '\.\/([^']+)'/g)) {
      follow(`/console/${next ?? ''}`)
    }
  }
  follow('/console/console.page.js')
  assert.equal(seen.size, 7)
})

test('every id on the page is there once, and every label and description has its field', () => {
  const text = textOf(new Ground().ask('GET', '/console'))
  const ids = [...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
  assert.equal(new Set(ids).size, ids.length)
  const named = [...text.matchAll(/\s(?:for|aria-describedby|aria-labelledby)="([^"]+)"/g)]
  assert.ok(named.length > 20)
  for (const [, id] of named) assert.ok(ids.includes(id), id)
})

test('what is not the console is left to others; a method that is not answered is said', () => {
  const ground = new Ground()
  const request = { method: 'GET', headers: new Map<string, string>(), body: Buffer.from('') }
  for (const target of ['/', '/-/post', '/console/none.js', '/consoles']) {
    assert.equal(ground.routes({ ...request, target }), null, target)
  }
  const answer = ground.ask('DELETE', '/-/sign-in')
  assert.equal(answer.status, 405)
  assert.equal(answer.headers.get('allow'), 'GET, HEAD, POST')
  assert.equal(ground.ask('POST', '/console').status, 405)
  assert.equal(ground.ask('GET', '/-/sign-out').status, 405)
})
