// Signing in by header and by query, through HTTP. S3.md 8 to 11 and 15; the arithmetic alone is
// tested beside src/s3/sign.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import type { S3Answer } from './answer.ts'
import { lines, sha256Hex, targetOf } from './client.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

const SECOND_MS = 1000
const MINUTE_MS = 60_000

/** Sends a signed request whose head was changed on the way. */
async function sendChanged(
  method: string,
  target: string,
  change: (head: string) => string,
): Promise<S3Answer> {
  const { head } = client.head(method, target)
  return await client.exchange(method, Buffer.from(change(head), 'latin1'))
}

test('S3.md 8: a key is signed as sent, whatever it holds', async () => {
  const bucket = await client.bucket('odd-paths')
  for (const path of ['a//b', './..', 'a%2Fb', 'a+b', '%C3%A9', 'a~b', "it's(1)*!", 'a:b@c=d,e']) {
    await client.write(`${bucket}/${path}`, path)
    assert.equal(await client.read(`${bucket}/${path}`), path)
  }
})

test('S3.md 8: query names and values are encoded again, ?acl is acl=, doubles stay', async () => {
  const bucket = await client.bucket('odd-queries')
  for (const query of ['acl', 'acl=', 'prefix=%7e+%2B/&delimiter=%2f', 'prefix=b&prefix=a']) {
    isStatus(await client.get(`${bucket}?${query}`), 200)
  }
  const changed = await sendChanged('GET', `${bucket}?prefix=a&prefix=b`, (head) =>
    head.replace('prefix=a&prefix=b', 'prefix=a'),
  )
  isError(changed, 403, 'SignatureDoesNotMatch')
})

test('S3.md 9: header values are trimmed and joined, and every x-amz- header must be signed', async () => {
  const bucket = await client.bucket('headers')
  const target = `${bucket}/k`
  const headers = ['x-amz-meta-a', 'one   two', 'X-Amz-Meta-B', '"x    y"', 'x-amz-meta-c', '']
  isStatus(await client.send('PUT', target, { headers, body: 'x' }), 200)
  const twice = ['x-amz-meta-d', 'first', 'x-amz-meta-d', 'second']
  isStatus(await client.send('PUT', `${bucket}/d`, { headers: twice, body: 'x' }), 200)
  assert.equal((await client.headOf(`${bucket}/d`)).header('x-amz-meta-d'), 'first, second')

  const added = await sendChanged('GET', target, (head) =>
    head.replace(/\r\n$/, 'x-amz-meta-late: 1\r\n\r\n'),
  )
  isError(added, 403, 'AccessDenied', {
    Message: 'There were headers present in the request which were not signed',
    HeadersNotSigned: 'x-amz-meta-late',
  })
  const unsignedHost = await sendChanged('GET', target, (head) =>
    head.replace('SignedHeaders=host;', 'SignedHeaders='),
  )
  isError(unsignedHost, 403, 'AccessDenied', { HeadersNotSigned: 'host' })
})

test('S3.md 10: Authorization may have spaces or none after its commas', async () => {
  const bucket = await client.bucket('commas')
  isStatus(await sendChanged('GET', bucket, (head) => head.replaceAll(', S', ',S')), 200)
  isStatus(await sendChanged('GET', bucket, (head) => head.replaceAll(', S', ',   S')), 200)
})

test('S3.md 10: what is broken has its code; a wrong region names the right one', async () => {
  const bucket = await client.bucket('broken')
  const changes: readonly (readonly [from: RegExp, to: string, status: number, code: string])[] = [
    [/Signature=[0-9a-f]+/, 'Signature=', 400, 'AuthorizationHeaderMalformed'],
    [/, Signature=.*/, '', 400, 'AuthorizationHeaderMalformed'],
    [/Credential=\S+/, 'Credential=x,', 400, 'AuthorizationHeaderMalformed'],
    [/aws4_request/, 'aws5_request', 400, 'AuthorizationHeaderMalformed'],
    [/Credential=AKROOT/, 'Credential=AKNOBODY', 403, 'InvalidAccessKeyId'],
    [/Signature=[0-9a-f]{4}/, 'Signature=0000', 403, 'SignatureDoesNotMatch'],
    [/AWS4-HMAC-SHA256 /, 'AWS4-ECDSA-P256-SHA256 ', 501, 'NotImplemented'],
    [/AWS4-HMAC-SHA256 .*/, 'AWS AKROOT:c2lnbmF0dXJl', 400, 'InvalidRequest'],
    [/AWS4-HMAC-SHA256 .*/, 'Bearer of-no-signature', 400, 'InvalidArgument'],
  ]
  for (const [from, to, status, code] of changes) {
    isError(await sendChanged('GET', bucket, (head) => head.replace(from, to)), status, code)
  }
  const elsewhere = await client.send('GET', bucket, { region: 'eu-west-1' })
  isError(elsewhere, 400, 'AuthorizationHeaderMalformed', { Region: 'us-east-1' })
})

test('S3.md 10: a mismatch shows what was signed here, and its bytes', async () => {
  const bucket = await client.bucket('mismatch')
  const answer = await sendChanged('GET', bucket, (head) =>
    head.replace('GET ', 'HEAD ').replace('HEAD ', 'DELETE '),
  )
  isError(answer, 403, 'SignatureDoesNotMatch', { AWSAccessKeyId: 'AKROOT' })
  const canonical = answer.one('CanonicalRequest') ?? ''
  assert.ok(canonical.startsWith(`DELETE\n${bucket}\n\nhost:${client.host}\n`), canonical)
  const bytes = (answer.one('CanonicalRequestBytes') ?? '').replaceAll(' ', '')
  assert.equal(Buffer.from(bytes, 'hex').toString(), canonical)
  assert.ok((answer.one('StringToSign') ?? '').endsWith(sha256Hex(canonical)))
  isStatus(await client.headOf(bucket), 200) // and nothing was deleted
})

test('S3.md 10: a request without credentials is denied, not asked to sign in', async () => {
  const bucket = await client.bucket('anonymous')
  await client.write(`${bucket}/k`, 'x')
  const requests = [
    'GET /',
    `GET ${bucket}`,
    `GET ${bucket}/k`,
    `PUT ${bucket}/n`,
    `DELETE ${bucket}/k`,
  ]
  for (const line of [
    ...requests,
    `POST ${bucket}?delete`,
    'PUT /anonymous-2',
    `PUT ${bucket}?acl`,
  ]) {
    const [method = '', target = ''] = line.split(' ')
    const answer = await client.send(method, target, { as: 'anonymous', body: '' })
    isError(answer, 403, 'AccessDenied')
    assert.equal(answer.header('www-authenticate'), null)
  }
  assert.equal((await client.send('HEAD', `${bucket}/k`, { as: 'anonymous' })).status, 403)
  assert.equal(await client.read(`${bucket}/k`), 'x')
})

test('S3.md 11: more than 15 minutes off, either way, is RequestTimeTooSkewed', async () => {
  const bucket = await client.bucket('skewed')
  for (const skewMs of [15 * MINUTE_MS, -15 * MINUTE_MS, 0]) {
    isStatus(await client.send('GET', bucket, { skewMs }), 200)
  }
  for (const skewMs of [15 * MINUTE_MS + SECOND_MS, -15 * MINUTE_MS - SECOND_MS]) {
    isError(await client.send('GET', bucket, { skewMs }), 403, 'RequestTimeTooSkewed')
  }
})

test('S3.md 11: x-amz-date wins over Date, and the day of the scope must be its day', async () => {
  const bucket = await client.bucket('dates')
  const old = { date: 'Tue, 15 Nov 1994 08:12:31 GMT' }
  isStatus(await client.get(bucket, old), 200)
  const moved = await sendChanged('GET', bucket, (head) =>
    head.replace(/AKROOT\/(\d{8})/, (_, day: string) => `AKROOT/${Number(day) - 1}`),
  )
  isError(moved, 403, 'SignatureDoesNotMatch')
})

test('S3.md 12: x-amz-content-sha256 is required of a request signed by header', async () => {
  const bucket = await client.bucket('hashless')
  const answer = await sendChanged('GET', bucket, (head) =>
    head.replace(/x-amz-content-sha256: .*\r\n/, '').replace(';x-amz-content-sha256', ''),
  )
  isError(answer, 400, 'InvalidRequest')
})

test('S3.md 15: a presigned URL reads and writes until it expires', async () => {
  const bucket = await client.bucket('presigned')
  const as = 'anonymous'
  isStatus(
    await client.send('PUT', client.presign('PUT', `${bucket}/k`, 60), { as, body: 'x' }),
    200,
  )
  const url = client.presign('GET', `${bucket}/k`, 604_800)
  assert.equal((await client.send('GET', url, { as })).text, 'x')
  isError(await client.send('PUT', url, { as, body: 'y' }), 403, 'SignatureDoesNotMatch')
  const short = client.presign('GET', `${bucket}/k`, 10)
  await server.clock.advance(10 * SECOND_MS)
  isStatus(await client.send('GET', short, { as }), 200)
  await server.clock.advance(SECOND_MS)
  const late = await client.send('GET', short, { as })
  isError(late, 403, 'AccessDenied', { Message: 'Request has expired', 'X-Amz-Expires': '10' })
  isStatus(await client.send('GET', url, { as }), 200)
})

test('S3.md 15: X-Amz-Expires is 1 to 604800, and a URL of the future is not valid yet', async () => {
  const bucket = await client.bucket('expires')
  const get = async (expires: number, skewMs = 0) =>
    await client.send('GET', client.presign('GET', bucket, expires, { skewMs }), {
      as: 'anonymous',
    })
  for (const expires of [0, -1, 604_801]) {
    isError(await get(expires), 400, 'AuthorizationQueryParametersError')
  }
  isStatus(await get(1), 200)
  isStatus(await get(60, 15 * MINUTE_MS), 200)
  isError(await get(60, 16 * MINUTE_MS), 403, 'AccessDenied')
})

test('S3.md 15: a URL without one of its parameters, or with them broken, says so', async () => {
  const bucket = await client.bucket('parameters')
  const url = client.presign('GET', bucket)
  for (const name of ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature']) {
    const target = url.replace(new RegExp(`X-Amz-${name}=[^&]*&?`), '').replace(/&$/, '')
    const answer = await client.send('GET', target, { as: 'anonymous' })
    isError(answer, 400, 'AuthorizationQueryParametersError')
  }
  for (const [from, to] of [
    [/Expires=60/, 'Expires=a'],
    [/Date=[^&]*/, 'Date=today'],
    [/Signature=.*/, 'Signature=0'],
    [/us-east-1/, 'us-east-2'],
    [/HMAC-SHA256/, 'HMAC-SHA1'],
  ] as const) {
    const answer = await client.send('GET', url.replace(from, to), { as: 'anonymous' })
    isError(answer, 400, 'AuthorizationQueryParametersError')
  }
  const old = `${bucket}?AWSAccessKeyId=AKROOT&Expires=99999999999&Signature=x`
  isError(await client.send('GET', old, { as: 'anonymous' }), 400, 'InvalidRequest')
})

test('S3.md 15: all of the query but the signature is signed, and credentials stand once', async () => {
  const bucket = await client.bucket('signed-query')
  await client.write(`${bucket}/k`, 'x')
  const url = client.presign('GET', `${bucket}/k?response-content-type=text%2Fx&versionId=null`)
  const answer = isStatus(await client.send('GET', url, { as: 'anonymous' }), 200)
  assert.equal(answer.header('content-type'), 'text/x')
  for (const changed of [url.replace('text%2Fx', 'text%2Fy'), `${url}&response-expires=1`]) {
    isError(await client.send('GET', changed, { as: 'anonymous' }), 403, 'SignatureDoesNotMatch')
  }
  isError(await client.send('GET', client.presign('GET', `${bucket}/k`)), 400, 'InvalidArgument')
})

test('S3.md 15: a session token is in the signature, and none was ever given out here', async () => {
  const bucket = await client.bucket('tokens')
  const url = client.presign('GET', `${bucket}?X-Amz-Security-Token=abc`)
  isError(await client.send('GET', url, { as: 'anonymous' }), 400, 'InvalidToken')
  isError(await client.get(bucket, { 'x-amz-security-token': 'abc' }), 400, 'InvalidToken')
})

test('S3.md 15: response- overrides need a signed request, and replace what is stored', async () => {
  const bucket = await client.bucket('overrides')
  const stored = { 'content-type': 'text/plain', 'cache-control': 'no-store', expires: 'never' }
  await client.write(`${bucket}/k`, 'x', { ...stored, 'content-language': 'de' })
  const query =
    'response-content-type=a%2Fb&response-cache-control=c&response-expires=e' +
    '&response-content-disposition=d&response-content-encoding=f'
  for (const method of ['GET', 'HEAD']) {
    const answer = isStatus(await client.send(method, `${bucket}/k?${query}`), 200)
    const names = ['type', 'disposition', 'encoding', 'language'].map((name) => `content-${name}`)
    const values = [...names, 'cache-control', 'expires'].map((name) => answer.header(name))
    assert.deepEqual(values, ['a/b', 'd', 'f', 'de', 'c', 'e'])
  }
  const split = await client.get(`${bucket}/k?response-content-type=a%0D%0Ax-evil:1`)
  isError(split, 400, 'InvalidArgument')
  const anonymous = await client.send('GET', `${bucket}/k?${query}`, { as: 'anonymous' })
  isError(anonymous, 400, 'InvalidRequest')
})

test('S3.md 15: headers that a presigner moved into the query count as headers', async () => {
  const bucket = await client.bucket('hoisted')
  const url = client.presign('PUT', `${bucket}/k?x-amz-meta-a=b%20c&X-Amz-Storage-Class=GLACIER`)
  isStatus(await client.send('PUT', url, { as: 'anonymous', body: 'x' }), 200)
  const answer = await client.headOf(`${bucket}/k`)
  assert.equal(answer.header('x-amz-meta-a'), 'b c')
  assert.equal(answer.header('x-amz-storage-class'), 'GLACIER')
  const lock = client.presign('PUT', `${bucket}/l?x-amz-object-lock-mode=GOVERNANCE`)
  isError(await client.send('PUT', lock, { as: 'anonymous', body: 'x' }), 501, 'NotImplemented')
})

test('S3.md 15: the payload of a URL is unsigned, unless its hash is signed', async () => {
  const bucket = await client.bucket('url-payloads')
  const putHashed = async (body: string, hash: string) => {
    const headers = { 'x-amz-content-sha256': hash }
    const url = client.presign('PUT', `${bucket}/k`, 60, { headers })
    return await client.send('PUT', url, { as: 'anonymous', body, headers })
  }
  const putInQuery = async (body: string, hash: string) =>
    await client.send('PUT', client.presign('PUT', `${bucket}/k?X-Amz-Content-Sha256=${hash}`), {
      as: 'anonymous',
      body,
    })
  for (const put of [putHashed, putInQuery]) {
    isStatus(await put('right', sha256Hex('right')), 200)
    isError(await put('wrong', sha256Hex('right')), 400, 'XAmzContentSHA256Mismatch')
    assert.equal(await client.read(`${bucket}/k`), 'right')
  }
})

test('a key that is removed signs in no longer', async () => {
  const other = await server.account('leaver')
  isStatus(await other.get('/'), 200)
  await server.directory.apply({ kind: 'remove-key', accessKeyId: 'AKLEAVER' })
  isError(await other.get('/'), 403, 'InvalidAccessKeyId', { AWSAccessKeyId: 'AKLEAVER' })
})

test('S3.md 9: a header that is sent twice is signed as both, and not as either', async () => {
  const bucket = await client.bucket('doubled')
  const answer = await sendChanged('PUT', targetOf(bucket, 'k'), (head) =>
    head.replace(/\r\n$/, `${lines(['x-amz-date', '20200101T000000Z'])}\r\n`),
  )
  assert.equal(answer.status, 403)
})
