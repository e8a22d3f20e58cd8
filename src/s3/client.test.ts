// The client of S3: what it signs and how it tries again, against a network of the test's making.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../base/manual-clock.ts'
import { NetworkError } from '../base/network.ts'
import type { HttpAnswer, HttpRequest, NetworkErrorCode } from '../base/network.ts'
import { S3ClientError } from './client-error.ts'
import { ClientMemory } from './client-memory.ts'
import { S3Client } from './client.ts'
import { RequestHeaders } from './request-headers.ts'
import { parseTarget } from './request-target.ts'
import { parseAuth } from './sign/parse-auth.ts'
import { SigningKeys } from './sign/signing-key.ts'
import { verifySignature } from './sign/verify.ts'

type Reply = HttpAnswer | NetworkErrorCode

const START_MS = Date.UTC(2024, 0, 2)

function reply(status: number, body = '', headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: new Map(Object.entries(headers)), body: Buffer.from(body) }
}

function errorReply(status: number, code: string): Reply {
  return reply(status, `<Error><Code>${code}</Code><RequestId>from-body</RequestId></Error>`)
}

/** A client, the replies that it will get in order (the last one for all that follows), and what it sent. */
function clientOf(
  replies: readonly Reply[],
  more: { deadlineMs?: number; endpoints?: string[] } = {},
) {
  const clock = new ManualClock(START_MS)
  const sent: HttpRequest[] = []
  const memory = new ClientMemory()
  const client = new S3Client({
    network: {
      request: async (request) => {
        sent.push(request)
        const next = replies[Math.min(sent.length, replies.length) - 1]
        assert.ok(next !== undefined)
        if (next === 'timeout') await clock.sleep(request.timeoutMs)
        if (typeof next === 'string') throw new NetworkError(next, 'as the test says')
        return next
      },
    },
    clock,
    random: { bytes: (count) => new Uint8Array(count), fraction: () => 0.5 },
    endpoints: more.endpoints ?? ['http://one:9000'],
    region: 'eu-1',
    accessKeyId: 'key',
    secret: 'secret',
    memory,
    triesMax: 3,
    tryMs: 5000,
    deadlineMs: more.deadlineMs ?? 12_000,
  })
  return { client, clock, memory, sent }
}

/** Lets time pass until it has come to an end. */
async function finished<T>(clock: ManualClock, running: Promise<T>): Promise<T> {
  const over = new AbortController()
  running.then(
    () => over.abort(),
    () => over.abort(),
  )
  for (let count = 0; count < 2000 && !over.signal.aborted; count += 1) await clock.advance(50)
  return await running
}

async function failureOf(clock: ManualClock, running: Promise<unknown>): Promise<S3ClientError> {
  const error: unknown = await finished(clock, running).then(
    () => assert.fail('it succeeded'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof S3ClientError, String(error))
  return error
}

test('every request is signed so that the store takes it, whatever the key', async () => {
  const { client, sent } = clientOf([reply(200, '', { etag: '"abc"' })])
  const key = "a b/ü+~*'()/%2F//.."
  assert.equal(await client.putObject('bucket', key, Buffer.from('body')), 'abc')
  const [request] = sent
  assert.ok(request !== undefined)
  const target = parseTarget(request.target, null, [])
  assert.deepEqual([target.bucket, target.key], ['bucket', key])
  const signed = { method: 'PUT', target, headers: new RequestHeaders(request.headers) }
  const auth = parseAuth(signed, { region: 'eu-1', nowMs: START_MS })
  assert.ok(auth.kind === 'header')
  verifySignature(auth, signed, 'secret', new SigningKeys())
  assert.throws(() => verifySignature(auth, signed, 'other', new SigningKeys()))
  assert.equal(client.retryCount, 0)
})

test('what may be gone at the next try is tried again, at another endpoint', async () => {
  const endpoints = ['http://one', 'http://two', 'http://three']
  for (const first of [
    errorReply(503, 'SlowDown'),
    errorReply(500, 'InternalError'),
    'reset',
  ] as const) {
    const { client, clock, sent } = clientOf([first, first, reply(200, 'body')], { endpoints })
    const body = await finished(clock, client.getObject('b', 'k', 10))
    assert.equal(Buffer.from(body).toString(), 'body')
    assert.equal(client.retryCount, 2)
    assert.equal(new Set(sent.map(({ origin }) => origin)).size, 3)
  }
})

test('three tries are the most, and the error has all that is known of the last', async () => {
  const { client, clock, sent } = clientOf([errorReply(503, 'SlowDown')])
  const error = await failureOf(clock, client.deleteObject('b', 'k'))
  assert.equal(sent.length, 3)
  assert.deepEqual([error.code, error.isSilent], ['status', false])
  const { raw, requestId, s3Code, status } = error.answer
  assert.deepEqual([status, s3Code, requestId], [503, 'SlowDown', 'from-body'])
  assert.match(raw, /^HTTP 503\n[^]*<Code>SlowDown/)
  assert.match(error.message, /DELETE of b\/k: answered 503 SlowDown/)
})

test('what will not change is not tried again', async () => {
  for (const answer of [
    errorReply(403, 'AccessDenied'),
    errorReply(404, 'NoSuchKey'),
    reply(301),
  ]) {
    const { client, clock, sent } = clientOf([answer])
    await failureOf(clock, client.getObject('b', 'k', 10))
    assert.equal(sent.length, 1)
  }
})

test('no call outlives its deadline, and one that comes too late asks nothing', async () => {
  const { client, clock, sent } = clientOf(['timeout'], { deadlineMs: 7000 })
  const error = await failureOf(clock, client.getObject('b', 'k', 10))
  assert.deepEqual([error.code, error.isSilent, error.answer.status], ['timeout', true, null])
  assert.ok(clock.monotonicMs() <= 7050, `${clock.monotonicMs()} ms`)
  assert.equal(sent[0]?.timeoutMs, 5000)
  assert.ok((sent[1]?.timeoutMs ?? 0) < 2000)
  const count = sent.length
  await failureOf(clock, client.getObject('b', 'k', 10))
  assert.equal(sent.length, count)
})

test('an endpoint that was silent is asked last for a while', async () => {
  const endpoints = ['http://one', 'http://two']
  const { client, clock, sent } = clientOf(['refused', reply(200, 'x')], { endpoints })
  for (let count = 0; count < 5; count += 1) await finished(clock, client.getObject('b', 'k', 10))
  assert.deepEqual(
    sent.map(({ origin }) => origin === sent[0]?.origin),
    [true, false, false, false, false, false],
  )
})

test('with a wall clock that is off the difference is learnt from the answer', async () => {
  const date = new Date(START_MS + 3_600_000).toUTCString()
  const skewed = errorReply(403, 'RequestTimeTooSkewed') as HttpAnswer
  const first = { ...skewed, headers: new Map([['date', date]]) }
  const { client, clock, memory, sent } = clientOf([first, reply(200, 'x')])
  await finished(clock, client.getObject('b', 'k', 10))
  assert.equal(memory.clockOffsetMs, 3_600_000)
  const index = sent[1]?.headers.indexOf('x-amz-date') ?? 0
  assert.match(sent[1]?.headers[index + 1] ?? '', /^20240102T0100/)
})

test("an answer that is not S3's is malformed, and an error within a 200 is an error", async () => {
  const page = reply(200, '<html>Welcome</html>')
  const { client, clock } = clientOf([page])
  assert.equal((await failureOf(clock, client.listBuckets())).code, 'malformed')
  assert.equal((await failureOf(clock, client.createMultipartUpload('b', 'k'))).code, 'malformed')
  const withoutEtag = await failureOf(clock, client.putObject('b', 'k', Buffer.from('')))
  assert.equal(withoutEtag.code, 'malformed')
  assert.equal(withoutEtag.isSilent, false)
  const late = clientOf([
    reply(200, '<?xml version="1.0"?>\n<Error><Code>InternalError</Code></Error>'),
  ])
  const place = { bucket: 'b', key: 'k', uploadId: 'u' }
  const error = await failureOf(late.clock, late.client.completeMultipartUpload(place, ['e']))
  assert.deepEqual([error.code, error.answer.s3Code], ['status', 'InternalError'])
  assert.equal(late.sent.length, 3)
})

test('a page that something in between answers to a DELETE is no deletion', async () => {
  const { client, clock } = clientOf([reply(200, '<html>Welcome!</html>'), reply(200), reply(204)])
  const failure = await failureOf(clock, client.deleteObject('b', 'k'))
  assert.equal(failure.code, 'malformed')
  assert.equal(failure.answer.status, 200)
  await finished(clock, client.deleteObject('b', 'k'))
  await finished(clock, client.deleteObject('b', 'k'))
})

test("a missing object or bucket is an answer, and so is a bucket of one's own", async () => {
  const missing = clientOf([reply(404)])
  assert.equal(await missing.client.headObject('b', 'k'), null)
  assert.equal(await missing.client.headBucket('b'), false)
  await clientOf([errorReply(409, 'BucketAlreadyOwnedByYou')]).client.createBucket('b')
  const taken = clientOf([errorReply(409, 'BucketAlreadyExists')])
  await failureOf(taken.clock, taken.client.createBucket('b'))
})
