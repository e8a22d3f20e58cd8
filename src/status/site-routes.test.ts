import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { HttpAnswer } from '../base/network.ts'
import { renderAll } from './output/render.ts'
import { crisisSnapshot } from './output/sample-snapshot.ts'
import { postingOf } from './posting.ts'
import type { Envelope, RecordId } from './records/record.ts'
import { SiteRoutes } from './site-routes.ts'
import type { SiteDesks } from './site-routes.ts'
import { StatusError } from './status.ts'
import type { SiteRequest } from './status.ts'

const SNAPSHOT = crisisSnapshot()
const ENVELOPE: Envelope = {
  key: 'a'.repeat(32) as Envelope['key'],
  text: '{}',
  signature: `${'A'.repeat(86)}==`,
}

function requestOf(method: string, target: string, more: Partial<SiteRequest> = {}): SiteRequest {
  return { method, target, headers: new Map(), body: new Uint8Array(0), ...more }
}

function routesWith(desks: Partial<SiteDesks> = {}): { routes: SiteRoutes; refused: string[] } {
  const refused: string[] = []
  const routes = new SiteRoutes({
    posting: () => postingOf(SNAPSHOT, 7, 1234),
    post: async () => await Promise.resolve('f'.repeat(64) as RecordId),
    exchange: (query) => `exchange ${query.get('after') ?? ''}`,
    console: () => null,
    onRefused: (_request, { code }) => refused.push(code),
    ...desks,
  })
  routes.setFiles(renderAll(SNAPSHOT))
  return { routes, refused }
}

/** Answered in the same turn. */
function now(answer: HttpAnswer | Promise<HttpAnswer>): HttpAnswer {
  assert.ok(!(answer instanceof Promise), 'the answer is there at once')
  return answer
}

function jsonOf({ body }: HttpAnswer): Record<string, unknown> {
  return JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>
}

test('ready files are answered at once, the same object to all who ask for the same form', () => {
  const { routes } = routesWith()
  for (const path of ['/', '/history', '/history.atom', '/api/v2/summary.json', '/metrics']) {
    const plain = now(routes.answer(requestOf('GET', path)))
    assert.equal(plain.status, 200, path)
    assert.equal(now(routes.answer(requestOf('GET', `${path}?x=1`))), plain, 'a query is let be')
    const headers = new Map([['accept-encoding', 'br, gzip']])
    const zipped = now(routes.answer(requestOf('GET', path, { headers })))
    assert.equal(zipped.headers.get('content-encoding'), 'gzip')
    assert.deepEqual(gunzipSync(zipped.body), Buffer.from(plain.body))
    assert.match(plain.headers.get('cache-control') ?? '', /max-age=\d+/)
    assert.equal(plain.headers.get('x-content-type-options'), 'nosniff')
  }
})

test('who does not take gzip does not get it', () => {
  const { routes } = routesWith()
  for (const codings of ['identity', 'gzip;q=0', 'br, gzip; q=0.0', 'xgzipx']) {
    const headers = new Map([['accept-encoding', codings]])
    const { headers: given } = now(routes.answer(requestOf('GET', '/', { headers })))
    assert.equal(given.get('content-encoding'), undefined, codings)
  }
  const headers = new Map([['accept-encoding', 'gzip;q=0.5']])
  const { headers: given } = now(routes.answer(requestOf('GET', '/', { headers })))
  assert.equal(given.get('content-encoding'), 'gzip')
})

test('a reader that has the page already is told so', () => {
  const { routes } = routesWith()
  const etag = now(routes.answer(requestOf('GET', '/'))).headers.get('etag') ?? ''
  for (const known of [etag, `"other", ${etag}`, '*']) {
    const headers = new Map([['if-none-match', known]])
    const answer = now(routes.answer(requestOf('GET', '/', { headers })))
    assert.equal(answer.status, 304)
    assert.equal(answer.body.length, 0)
    assert.equal(answer.headers.get('etag'), etag)
  }
  const headers = new Map([['if-none-match', '"other"']])
  assert.equal(now(routes.answer(requestOf('GET', '/', { headers }))).status, 200)
})

test('pages carry a policy, documents may be read from anywhere', () => {
  const { routes } = routesWith()
  const page = now(routes.answer(requestOf('GET', '/'))).headers
  assert.match(
    page.get('content-security-policy') ?? '',
    /default-src 'none'.*frame-ancestors 'none'/,
  )
  assert.equal(page.get('access-control-allow-origin'), undefined)
  const json = now(routes.answer(requestOf('GET', '/api/v2/status.json'))).headers
  assert.equal(json.get('access-control-allow-origin'), '*')
})

test('another method, and what is not there, are refused in JSON', () => {
  const { routes, refused } = routesWith()
  const posted = now(routes.answer(requestOf('POST', '/')))
  assert.equal(posted.status, 405)
  assert.equal(posted.headers.get('allow'), 'GET, HEAD')
  assert.equal(now(routes.answer(requestOf('GET', '/-/post'))).headers.get('allow'), 'POST')
  const missing = now(routes.answer(requestOf('GET', '/nothing/../here')))
  assert.equal(missing.status, 404)
  assert.match(JSON.stringify(jsonOf(missing)), /nothing at \/nothing\/\.\.\/here/)
  assert.deepEqual(refused, ['not-found'])
})

test('what may be posted to, the schema, and health are told', () => {
  const { routes } = routesWith()
  const posting = jsonOf(now(routes.answer(requestOf('GET', '/-/posting'))))
  assert.equal(posting['orderMax'], 7)
  assert.equal(posting['nowMs'], 1234)
  assert.equal((posting['components'] as unknown[]).length, SNAPSHOT.health.length)
  const schema = jsonOf(now(routes.answer(requestOf('GET', '/schema/config.json'))))
  assert.equal(schema['$schema'], 'https://json-schema.org/draft/2020-12/schema')
  assert.equal(now(routes.answer(requestOf('GET', '/-/health/ready'))).status, 200)
  const exchange = now(routes.answer(requestOf('GET', '/-/exchange?after=3')))
  assert.equal(Buffer.from(exchange.body).toString(), 'exchange 3')
  assert.equal(exchange.headers.get('cache-control'), 'no-store')
})

test('a post is taken, or refused with its reason, and that is logged', async () => {
  const body = Buffer.from(JSON.stringify(ENVELOPE))
  const { routes } = routesWith()
  const taken = await routes.answer(requestOf('POST', '/-/post', { body }))
  assert.equal(taken.status, 201)
  assert.equal(jsonOf(taken)['id'], 'f'.repeat(64))
  const refusing = routesWith({
    post: async () => await Promise.reject(new StatusError('stale', 'too old')),
  })
  const stale = await refusing.routes.answer(requestOf('POST', '/-/post', { body }))
  assert.equal(stale.status, 409)
  assert.deepEqual(jsonOf(stale), { error: { code: 'stale', message: 'too old' } })
  const broken = requestOf('POST', '/-/post', { body: Buffer.from('{"key":') })
  assert.equal((await refusing.routes.answer(broken)).status, 400)
  assert.deepEqual(refusing.refused, ['stale', 'bad-request'])
})

test('a defect is not taken for a refusal', async () => {
  const { routes } = routesWith({
    posting: () => {
      throw new RangeError('a defect')
    },
    post: async () => await Promise.reject(new RangeError('a defect')),
  })
  assert.throws(() => routes.answer(requestOf('GET', '/-/posting')), RangeError)
  const body = Buffer.from(JSON.stringify(ENVELOPE))
  await assert.rejects(async () => await routes.answer(requestOf('POST', '/-/post', { body })))
})
