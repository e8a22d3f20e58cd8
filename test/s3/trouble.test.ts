// What a client is told when the store cannot serve: overload, an index that is away, damaged or
// full, a deadline, an end; and what the operator can ask meanwhile.

import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { duplexPair } from 'node:stream'
import { REQUESTS_PER_WORKER_MAX } from '../../src/base/limits.ts'
import { ObjectIndexError } from '../../src/object-index/object-index.ts'
import type { ObjectIndexErrorCode } from '../../src/object-index/object-index.ts'
import { attachRouter } from '../../src/router/router.ts'
import { isError, isStatus } from './answer.ts'
import type { S3Answer } from './answer.ts'
import { S3Server } from './server.ts'
import { Upload } from './upload.ts'

const server = await S3Server.open()
const { client, clock, trouble } = server
after(() => server[Symbol.asyncDispose]())

const BODY = 'x'.repeat(1000)

/** All calls of the index wait until `release`. */
function hold(): { release: () => void } {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  trouble.before = async () => await released
  return {
    release: () => {
      trouble.before = null
      release()
    },
  }
}

async function turn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn()
}

/** Lets seconds pass until it holds. */
async function passTimeUntil(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await clock.advance(1000)
    await turn()
  }
}

test('each failure of the index has its answer, and none looks like an absence', async () => {
  const bucket = await client.bucket('failing')
  await client.write(`${bucket}/k`, BODY)
  const upload = await Upload.create(client, `${bucket}/u`)
  const codes: Readonly<Record<ObjectIndexErrorCode, readonly [status: number, code: string]>> = {
    corrupt: [500, 'InternalError'],
    unavailable: [503, 'ServiceUnavailable'],
    unsure: [503, 'ServiceUnavailable'],
    full: [507, 'InsufficientStorage'],
    overloaded: [503, 'SlowDown'],
  }
  const requests: readonly (readonly [method: string, target: string])[] = [
    ['GET', bucket],
    ['GET', `${bucket}?list-type=2`],
    ['GET', `${bucket}?versions`],
    ['GET', `${bucket}?uploads`],
    ['GET', `${bucket}/k`],
    ['PUT', `${bucket}/k`],
    ['DELETE', `${bucket}/k`],
    ['GET', `${bucket}/k?tagging`],
    ['PUT', `${bucket}?acl`],
    ['DELETE', bucket],
    ['GET', `${bucket}/u?uploadId=${upload.id}`],
    ['PUT', `${bucket}/u?uploadId=${upload.id}&partNumber=1`],
  ]
  for (const [failure, [status, code]] of Object.entries(codes)) {
    for (const [method, target] of requests) {
      trouble.before = async () => {
        throw new ObjectIndexError(failure as ObjectIndexErrorCode, `planted: ${failure}`)
      }
      const answer = await client.send(method, target)
      isError(answer, status, code)
      assert.equal(answer.header('retry-after') !== null, status === 503)
      assert.equal((await client.headOf(`${bucket}/k`)).status, status)
    }
  }
  trouble.before = null
  assert.equal(await client.read(`${bucket}/k`), BODY)
})

test('a list that fails behind its bucket is an error, never a shorter page', async () => {
  const bucket = await client.bucket('pages')
  for (const key of ['a', 'b', 'c']) await client.write(`${bucket}/${key}`, '')
  trouble.before = async (method) => {
    if (method === 'list') throw new ObjectIndexError('corrupt', 'a record does not carry its sum')
  }
  isError(await client.get(`${bucket}?list-type=2`), 500, 'InternalError')
  trouble.before = null
  assert.deepEqual((await client.get(bucket)).all('Contents/Key'), ['a', 'b', 'c'])
})

test('a bucket whose deletion was cut off is still listed, once, and can be deleted', async () => {
  const bucket = await client.bucket('cut-off-b')
  await client.bucket('cut-off-c')
  await client.write(`${bucket}/k`, BODY)
  let calls = 0
  trouble.before = async (method) => {
    // The deletion fails, and so does all that would undo its mark.
    if (method === 'apply' || (method === 'bucket' && (calls += 1) > 1)) {
      throw new ObjectIndexError('unsure', 'no answer in time')
    }
  }
  isError(await client.delete(bucket), 503, 'ServiceUnavailable')
  trouble.before = null
  const names: string[] = []
  let token = ''
  do {
    const page = isStatus(await client.get(`/?prefix=cut-off-&max-buckets=1${token}`), 200)
    names.push(...page.all('Buckets/Bucket/Name'))
    const next = page.all('ContinuationToken')[0]
    token = next === undefined ? '' : `&continuation-token=${next}`
  } while (token !== '')
  assert.deepEqual(names, ['cut-off-b', 'cut-off-c'])
  assert.equal(await client.read(`${bucket}/k`), BODY)
  isError(await client.delete(bucket), 409, 'BucketNotEmpty')
  isStatus(await client.delete(`${bucket}/k`), 204)
  isStatus(await client.delete(bucket), 204)
})

test('a commit of which nobody knows is 503, and so is neither 200 nor 412', async () => {
  const bucket = await client.bucket('unsure')
  trouble.before = async (method) => {
    if (method === 'apply') throw new ObjectIndexError('unsure', 'no answer in time')
  }
  const headers = { 'if-none-match': '*' }
  isError(await client.put(`${bucket}/k`, BODY, headers), 503, 'ServiceUnavailable')
  trouble.before = null
  assert.ok([200, 412].includes((await client.put(`${bucket}/k`, BODY, headers)).status))
})

test('a request that waits for too long is answered 503, and the connection stays usable', async () => {
  const bucket = await client.bucket('deadline')
  await client.write(`${bucket}/k`, BODY)
  const { release } = hold()
  let answer: S3Answer | null = null
  const asked = client.get(`${bucket}/k`).then((given) => (answer = given))
  await until(() => server.router.inFlight === 1)
  await passTimeUntil(() => answer !== null)
  isError(await asked, 503, 'ServiceUnavailable')
  release()
  assert.equal(await client.read(`${bucket}/k`), BODY)
})

test('more requests at once than a worker takes are SlowDown, before anything is read', async () => {
  const bucket = await client.bucket('crowded')
  await client.write(`${bucket}/k`, BODY)
  // In memory: as many sockets would be more than some machines let a process have.
  const http: Server = createServer()
  attachRouter(http, server.router)
  const { release } = hold()
  const { head } = client.head('GET', `${bucket}/k`)
  const texts: string[] = []
  const ask = (): void => {
    const [ours, theirs] = duplexPair()
    http.emit('connection', theirs)
    ours.on('data', (bytes: Buffer) => texts.push(bytes.toString('latin1')))
    ours.write(head.replace(/\r\n$/, 'Connection: close\r\n\r\n'), 'latin1')
  }
  for (let count = 0; count < REQUESTS_PER_WORKER_MAX; count++) ask()
  await until(() => server.router.inFlight === REQUESTS_PER_WORKER_MAX)
  assert.equal(texts.length, 0)
  const shed = await client.put(`${bucket}/new`, BODY)
  isError(shed, 503, 'SlowDown')
  assert.equal(shed.header('retry-after'), '1')
  release()
  await until(() => server.router.inFlight === 0)
  await until(
    () =>
      texts.filter((text) => text.startsWith('HTTP/1.1 200 ')).length === REQUESTS_PER_WORKER_MAX,
  )
  isStatus(await client.put(`${bucket}/new`, BODY), 200)
})

test('health and metrics are beside S3, tell no object, and take no other method', async () => {
  const bucket = await client.bucket('observed')
  await client.write(`${bucket}/k`, BODY)
  const ask = async (path: string, method = 'GET') =>
    await client.send(method, `/-/${path}`, { as: 'anonymous' })
  assert.equal(isStatus(await ask('health/live'), 200).text, '{"status":"live"}\n')
  const ready = isStatus(await ask('health/ready'), 200)
  assert.deepEqual(JSON.parse(ready.text), {
    status: 'ready',
    index: 'serving',
    directory: 'serving',
    placement: 'serving',
  })
  const metrics = isStatus(await ask('metrics'), 200)
  assert.match(metrics.text, /^holdfast_requests_total\{operation="PutObject",status="200"\} \d+$/m)
  assert.match(metrics.text, /^holdfast_request_duration_seconds_bucket\{.*le="\+Inf".*\} \d+$/m)
  assert.ok(!metrics.text.includes('observed'))
  assert.equal((await ask('nothing')).status, 404)
  isError(await ask('metrics', 'PUT'), 405, 'MethodNotAllowed')
  isStatus(await ask('metrics', 'HEAD'), 200)
})

test('an index that does not serve shows in readiness, not in liveness', async () => {
  trouble.before = async () => {
    throw new ObjectIndexError('unavailable', 'planted')
  }
  const ready = await client.send('GET', '/-/health/ready', { as: 'anonymous' })
  isStatus(ready, 503)
  assert.equal((JSON.parse(ready.text) as { index: string }).index, 'ServiceUnavailable')
  isStatus(await client.send('GET', '/-/health/live', { as: 'anonymous' }), 200)
  trouble.before = null
})

test('a server that stops answers new requests 503 and ends those under way', async () => {
  await using other = await S3Server.open()
  const bucket = await other.client.bucket('stopping')
  await other.client.write(`${bucket}/k`, BODY)
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  other.trouble.before = async () => await released
  const underWay = other.client.get(`${bucket}/k`)
  await until(() => other.router.inFlight === 1)
  let isDrained = false
  const drained = other.router.drain().then(() => (isDrained = true))
  const refused = await other.client.get(`${bucket}/k`)
  isError(refused, 503, 'ServiceUnavailable')
  assert.equal(refused.header('connection'), 'close')
  assert.equal(isDrained, false)
  release()
  assert.equal(isStatus(await underWay, 200).text, BODY)
  await drained
})
