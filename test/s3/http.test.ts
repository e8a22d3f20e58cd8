// What every answer has, and what HTTP asks of bodies and connections. S3.md 17 to 21.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import type { S3Answer } from './answer.ts'
import { targetOf } from './client.ts'
import type { Wire } from './wire.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open()
const { client, clock } = server
after(() => server[Symbol.asyncDispose]())

const MIB = 1024 * 1024
const EXPECT = { expect: '100-continue' }

async function turn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Lets seconds pass until `done` is true. */
async function passTimeUntil(done: () => boolean): Promise<void> {
  while (!done()) {
    await clock.advance(1000)
    await turn()
  }
}

/** Opens a connection and writes the head of a PUT that has a body of `sizeBytes` to come. */
async function begin(
  target: string,
  sizeBytes: number,
  headers: Record<string, string> = {},
): Promise<Wire> {
  const sending = { headers, length: String(sizeBytes), payloadHash: 'UNSIGNED-PAYLOAD' }
  const wire = await client.wire()
  await wire.write(client.head('PUT', target, sending).head)
  return wire
}

test('S3.md 17: a client that waits for 100 gets it once it is let in', async () => {
  const bucket = await client.bucket('waiting')
  const wire = await begin(`${bucket}/k`, 4, EXPECT)
  assert.equal((await wire.next('PUT')).status, 100)
  await wire.write('body')
  isStatus(await wire.answer('PUT'), 200)
  await wire.write(client.head('GET', `${bucket}/k`).head)
  assert.equal((await wire.answer('GET')).text, 'body')
  wire.destroy()
})

test('S3.md 17: one that is refused gets its final answer at once, and no 100', async () => {
  const bucket = await client.bucket('refused')
  await client.write(`${bucket}/k`, 'old')
  const other = await server.account('stranger')
  const refusals: readonly (readonly [head: string, status: number, code: string])[] = [
    [client.head('PUT', '/nowhere/k', { headers: EXPECT, length: '4' }).head, 404, 'NoSuchBucket'],
    [other.head('PUT', `${bucket}/k`, { headers: EXPECT, length: '4' }).head, 403, 'AccessDenied'],
    [
      client
        .head('PUT', `${bucket}/k`, { headers: EXPECT, length: '4' })
        .head.replace(/Signature=..../, 'Signature=0000'),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      client.head('PUT', `${bucket}/k`, { headers: EXPECT, length: '5368709121' }).head,
      400,
      'EntityTooLarge',
    ],
    [
      client.head('PUT', `${bucket}?policy`, { headers: EXPECT, length: '4' }).head,
      501,
      'NotImplemented',
    ],
  ]
  for (const [head, status, code] of refusals) {
    const wire = await client.wire()
    await wire.write(head)
    const answer = await wire.next('PUT')
    isError(answer, status, code)
    // Whether the body comes all the same cannot be known, so the connection ends.
    assert.equal(answer.header('connection'), 'close')
    assert.equal((await wire.rest()).length, 0)
    wire.destroy()
  }
  assert.equal(await client.read(`${bucket}/k`), 'old')
})

test('S3.md 17: a condition of a write that fails is known only in its commit', async () => {
  const bucket = await client.bucket('conditional')
  await client.write(`${bucket}/k`, 'old')
  const wire = await begin(`${bucket}/k`, 4, { ...EXPECT, 'if-none-match': '*' })
  assert.equal((await wire.next('PUT')).status, 100)
  await wire.write('body')
  isError(await wire.answer('PUT'), 412, 'PreconditionFailed')
  wire.destroy()
})

test('S3.md 17: another expectation is none of ours, and changes nothing', async () => {
  const bucket = await client.bucket('expectations')
  const wire = await begin(`${bucket}/k`, 4, { expect: 'a miracle' })
  await wire.write('body')
  const answer = await wire.answer('PUT')
  assert.ok(answer.status === 200 || answer.status === 417, `${answer.status}`)
  wire.destroy()
})

test('S3.md 17: a refused body that came all the same leaves the connection usable', async () => {
  const bucket = await client.bucket('drained')
  const wire = await client.wire()
  const { head } = client.head('PUT', '/nowhere/k', {
    length: '100000',
    payloadHash: 'UNSIGNED-PAYLOAD',
  })
  await wire.write(head + 'x'.repeat(100_000))
  isError(await wire.answer('PUT'), 404, 'NoSuchBucket')
  await wire.write(client.head('GET', bucket).head)
  isStatus(await wire.answer('GET'), 200)
  wire.destroy()
})

test('S3.md 17: of a long refused body the client sees the answer, then the end', async () => {
  const wire = await client.wire()
  const size = 8 * MIB
  const { head } = client.head('PUT', '/nowhere/k', {
    length: String(size),
    payloadHash: 'UNSIGNED-PAYLOAD',
  })
  const [answer] = await Promise.all([
    wire.answer('PUT'),
    wire.write(Buffer.concat([Buffer.from(head, 'latin1'), Buffer.alloc(size)])),
  ])
  isError(answer, 404, 'NoSuchBucket')
  assert.equal(answer.header('connection'), 'close')
  assert.equal((await wire.rest()).length, 0)
  wire.destroy()
})

test('S3.md 18: a PUT without a length and without a stream is 411', async () => {
  const bucket = await client.bucket('lengthless')
  const answer = await client.send('PUT', `${bucket}/k`, { length: null })
  isError(answer, 411, 'MissingContentLength')
  const part = await client.send('POST', `${bucket}/k?uploads`, { length: null })
  isStatus(part, 200) // an operation without a body needs none
})

test('S3.md 18: a length that is negative, empty or no number is 400', async () => {
  const bucket = await client.bucket('lengths')
  for (const length of ['-1', '', 'one', '1.5', '0x10', '1, 2', '99999999999999999999']) {
    const wire = await client.wire()
    await wire.write(
      client.head('PUT', `${bucket}/k`, { length, payloadHash: 'UNSIGNED-PAYLOAD' }).head,
    )
    assert.equal((await wire.answer('PUT')).status, 400, JSON.stringify(length))
    wire.destroy()
  }
  isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
})

test('S3.md 18: an HTTP-chunked body that is no aws-chunked one is 501', async () => {
  const bucket = await client.bucket('http-chunked')
  const headers = { 'transfer-encoding': 'chunked' }
  const { head } = client.head('PUT', `${bucket}/k`, {
    headers,
    length: null,
    payloadHash: 'UNSIGNED-PAYLOAD',
  })
  const answer = await client.exchange('PUT', Buffer.from(`${head}4\r\nbody\r\n0\r\n\r\n`))
  isError(answer, 501, 'NotImplemented', { Header: 'Transfer-Encoding' })
  isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
})

test('S3.md 18: a client that goes away half-way stores nothing', async () => {
  const bucket = await client.bucket('half')
  for (const size of [1000, 8 * MIB]) {
    const target = `${bucket}/of-${size}`
    await client.write(target, 'old')
    const wire = await begin(target, size)
    await wire.write(Buffer.alloc(size / 2))
    wire.destroy()
    await passTimeUntil(() => server.router.inFlight === 0)
    assert.equal(await client.read(target), 'old')
  }
})

test('S3.md 18: one that stops sending is told so, and stores nothing', async () => {
  const bucket = await client.bucket('silent')
  for (const size of [1000, MIB]) {
    const wire = await begin(`${bucket}/k`, size)
    await wire.write(Buffer.alloc(size / 2))
    let answer: S3Answer | null = null
    const answered = wire.answer('PUT').then((given) => (answer = given))
    await passTimeUntil(() => answer !== null)
    isError(await answered, 400, 'RequestTimeout')
    wire.destroy()
    isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
  }
})

test('S3.md 18: a client that does not read is cut off, and can see that it has not all', async () => {
  const bucket = await client.bucket('unread')
  const size = 48 * MIB
  await client.write(`${bucket}/k`, Buffer.alloc(size))
  const wire = await client.wire()
  await wire.write(client.head('GET', `${bucket}/k`).head)
  await wire.start(1)
  await passTimeUntil(() => server.router.inFlight === 0)
  assert.ok((await wire.rest()).length < size - 1)
  wire.destroy()
})

test('S3.md 18: over 5 GiB in one PUT is EntityTooLarge', async () => {
  const bucket = await client.bucket('too-large')
  const answer = await client.send('PUT', `${bucket}/k`, { length: '5368709121' })
  isError(answer, 400, 'EntityTooLarge', {
    ProposedSize: '5368709121',
    MaxSizeAllowed: '5368709120',
  })
})

test('S3.md 19: HEAD has no body, be it an error or not', async () => {
  const bucket = await client.bucket('bodiless')
  await client.write(`${bucket}/k`, 'body')
  const wire = await client.wire()
  const heads: readonly (readonly [target: string, status: number])[] = [
    [`${bucket}/k`, 200],
    [`${bucket}/none`, 404],
    ['/nowhere', 404],
    [`${bucket}/k?versionId=none`, 400],
    [`${bucket}/k?acl`, 405],
    [bucket, 200],
  ]
  for (const [target, status] of heads) {
    // On one connection: a body would be taken for the next answer.
    await wire.write(client.head('HEAD', target).head)
    isStatus(await wire.answer('HEAD'), status)
  }
  wire.destroy()
})

test('S3.md 19: 304 has ETag and Last-Modified and no body; 204 has neither body nor length', async () => {
  const bucket = await client.bucket('bodiless-2')
  const etag = (await client.write(`${bucket}/k`, 'body')).header('etag') ?? ''
  for (const method of ['GET', 'HEAD']) {
    const answer = await client.send(method, `${bucket}/k`, { headers: { 'if-none-match': etag } })
    isStatus(answer, 304)
    assert.equal(answer.header('etag'), etag)
    assert.ok(answer.header('last-modified')?.endsWith(' GMT'))
    assert.equal(answer.header('content-length'), null)
  }
  const deleted = isStatus(await client.delete(`${bucket}/k`), 204)
  assert.equal(deleted.header('content-length'), null)
  assert.equal(deleted.header('transfer-encoding'), null)
  isStatus(await client.get(bucket), 200) // on the same connection
})

test('S3.md 20: every answer has both ids, Date and Server; no two have the same id', async () => {
  const bucket = await client.bucket('answers')
  await client.write(`${bucket}/k`, 'body')
  const answers = [
    await client.get(`${bucket}/k`),
    await client.headOf(`${bucket}/k`),
    await client.get(`${bucket}/none`),
    await client.headOf(`${bucket}/none`),
    await client.get(`${bucket}/k`, { 'if-none-match': '*' }),
    await client.get(`${bucket}/k`, { range: 'bytes=9-' }),
    await client.get('/'),
    await client.get(`${bucket}?policy`),
    await client.send('PATCH', `${bucket}/k`),
    await client.delete(`${bucket}/k`),
    await client.send('GET', '/%', { as: 'anonymous' }),
  ]
  const wire = await client.wire()
  await wire.write('this is no HTTP\r\n\r\n')
  answers.push(await wire.answer('GET'))
  wire.destroy()
  const statuses = answers.map(({ status }) => status)
  assert.deepEqual(statuses, [200, 200, 404, 404, 304, 416, 200, 501, 405, 204, 400, 400])
  const ids = answers.map((answer) => answer.header('x-amz-request-id') ?? '')
  assert.equal(new Set(ids).size, answers.length)
  for (const [index, answer] of answers.entries()) {
    assert.match(ids[index] ?? '', /^[0-9A-F]{16}$/)
    assert.ok((answer.header('x-amz-id-2') ?? '').length > 0)
    assert.equal(answer.header('date'), new Date(clock.nowMs()).toUTCString())
    assert.equal(answer.header('server'), 'Holdfast')
  }
})

test('S3.md 20: errors have no namespace, everything else has', async () => {
  const bucket = await client.bucket('namespaces')
  await client.write(`${bucket}/k`, 'body')
  const error = await client.get(`${bucket}/none`)
  isError(error, 404, 'NoSuchKey', { Key: 'none' })
  assert.ok(!error.text.includes('xmlns'))
  const queries = ['', '?list-type=2', '?versions', '?uploads', '?location', '?versioning', '?acl']
  const targets = [...queries.map((query) => bucket + query), '/', `${bucket}/k?tagging`]
  for (const target of [...targets, `${bucket}/k?acl`]) {
    const answer = isStatus(await client.get(target), 200)
    const isNamed =
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<\w+ xmlns="http:\/\/s3.amazonaws.com\/doc\/2006-03-01\/"/
    assert.match(answer.text, isNamed)
    assert.equal(answer.header('content-type'), 'application/xml')
  }
})

test('S3.md 20: errors have the fields of their code', async () => {
  const bucket = await client.bucket('fields')
  await client.write(`${bucket}/k`, 'body')
  const no = '0'.repeat(32)
  isError(await client.get('/nowhere'), 404, 'NoSuchBucket', { BucketName: 'nowhere' })
  isError(await client.delete(`${bucket}/k?uploadId=${no}`), 404, 'NoSuchUpload', { UploadId: no })
  const match = await client.get(`${bucket}/k`, { 'if-match': '"x"' })
  isError(match, 412, 'PreconditionFailed', { Condition: 'If-Match' })
  const range = await client.get(`${bucket}/k`, { range: 'bytes=9-' })
  isError(range, 416, 'InvalidRange', { RangeRequested: 'bytes=9-', ActualObjectSize: '4' })
  const count = await client.get(`${bucket}?max-keys=x`)
  isError(count, 400, 'InvalidArgument', { ArgumentName: 'max-keys', ArgumentValue: 'x' })
  const post = await client.send('POST', `${bucket}/k`)
  isError(post, 405, 'MethodNotAllowed', { Method: 'POST', ResourceType: 'OBJECT' })
  const header = await client.put(`${bucket}/k`, 'x', { 'x-amz-object-lock-mode': 'GOVERNANCE' })
  isError(header, 501, 'NotImplemented', { Header: 'x-amz-object-lock-mode' })
  // What XML cannot carry is replaced, so that the code can be read.
  const odd = await client.get(targetOf(bucket, '<&>"\'\u0001\r'))
  isError(odd, 404, 'NoSuchKey', { Key: '<&>"\'\ufffd\r' })
})

test('S3.md 21: dates go out in RFC 1123 and ISO 8601, and come in in four forms', async () => {
  const bucket = await client.bucket('dates')
  await clock.advance(1000 - (clock.nowMs() % 1000) + 789)
  const now = new Date(clock.nowMs())
  await client.write(`${bucket}/k`, 'body')
  const modified = (await client.headOf(`${bucket}/k`)).header('last-modified') ?? ''
  assert.equal(modified, now.toUTCString())
  const listed = (await client.get(bucket)).one('Contents/LastModified')
  assert.match(listed ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.equal(Math.floor(Date.parse(listed ?? '') / 1000), Math.floor(now.getTime() / 1000))
  await clock.advance(60_000)
  const iso = new Date(modified).toISOString()
  const [, day = '', month = '', year = '', time = ''] =
    /^\w+, (\d+) (\w+) (\d+) (\S+)/.exec(modified) ?? []
  const weekday = new Date(modified).toLocaleDateString('en-GB', {
    weekday: 'long',
    timeZone: 'UTC',
  })
  const forms = [modified, `${weekday}, ${day}-${month}-${year.slice(2)} ${time} GMT`]
  const asctime = `${weekday.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`
  for (const form of [...forms, asctime, iso, iso.replace('.000', '')]) {
    // The stored time has milliseconds behind it: whole seconds are compared.
    const unchanged = await client.get(`${bucket}/k`, { 'if-modified-since': form })
    assert.equal(unchanged.status, 304, form)
    isStatus(await client.get(`${bucket}/k`, { 'if-unmodified-since': form }), 200)
  }
})

test('S3.md 22: a method that a resource does not have is 405, with those it has', async () => {
  const bucket = await client.bucket('methods')
  const cases: readonly (readonly [method: string, target: string, allow: RegExp])[] = [
    ['PATCH', `${bucket}/k`, /GET.*PUT|PUT.*GET/],
    ['POST', `${bucket}?acl`, /GET/],
    ['DELETE', `${bucket}?versions`, /^GET$/],
    ['PUT', `${bucket}?location`, /^GET$/],
    ['PUT', '/', /^GET$/],
    ['GET', `${bucket}?delete`, /^POST$/],
  ]
  for (const [method, target, allow] of cases) {
    const answer = await client.send(method, target)
    isError(answer, 405, 'MethodNotAllowed', { Method: method })
    assert.match(answer.header('allow') ?? '', allow)
  }
})

test('requests sent without waiting are carried out in their order on the connection', async () => {
  const bucket = await client.bucket('pipelined')
  const wire = await client.wire()
  const put = (body: string, headers = {}): string =>
    client.head('PUT', `${bucket}/k`, { body, headers }).head + body
  const get = client.head('GET', `${bucket}/k`).head
  await wire.write(put('a') + get + put('b') + put('c', EXPECT) + get + put('d') + get)
  const wanted = [200, 'a', 200, 100, 200, 'c', 200, 'd']
  for (const each of wanted) {
    const answer = await wire.next('GET')
    assert.equal(typeof each === 'number' ? answer.status : answer.text, each)
  }
  wire.destroy()
})

test('a body that should not be there is refused or thrown away, never the next request', async () => {
  const bucket = await client.bucket('smuggled')
  await client.write(`${bucket}/k`, 'body')
  const wire = await client.wire()
  const inner = `DELETE ${bucket}/k HTTP/1.1\r\nhost: x\r\n\r\n`
  const { head } = client.head('GET', `${bucket}/k`, {
    length: String(inner.length),
    payloadHash: 'UNSIGNED-PAYLOAD',
  })
  await wire.write(head + inner)
  assert.equal((await wire.answer('GET')).text, 'body')
  await wire.write(client.head('GET', `${bucket}/k`).head)
  assert.equal((await wire.answer('GET')).text, 'body')
  wire.destroy()
})
