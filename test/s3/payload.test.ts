// What a body is and what vouches for it, through HTTP. S3.md 12 to 14.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import { chunkedRequest, putChunked, SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER } from './chunked.ts'
import type { ChunkedSending } from './chunked.ts'
import { sha256Hex } from './client.ts'
import { S3Server } from './server.ts'
import { ALGORITHMS, sumHeader, sumOf } from './sums.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

const CHUNKS = ['a'.repeat(70_000), 'b'.repeat(8192), 'c']
const BODY = CHUNKS.join('')
const CRC32 = 'x-amz-checksum-crc32'
const FORMS = [UNSIGNED_TRAILER, SIGNED, SIGNED_TRAILER] as const

/** A sending of this form that is right; those with a trailer have one. */
async function right(form: (typeof FORMS)[number], chunks = CHUNKS): Promise<ChunkedSending> {
  const sum = await sumOf('CRC32', Buffer.from(chunks.join(''), 'latin1'))
  return form === SIGNED ? { form, chunks } : { form, chunks, trailer: [CRC32, sum] }
}

async function isRefused(
  target: string,
  sending: ChunkedSending,
  status: number,
  code: string,
): Promise<void> {
  isError(await putChunked(client, target, sending), status, code)
  isError(await client.get(target), 404, 'NoSuchKey')
}

test('S3.md 12: the hash of the body, or UNSIGNED-PAYLOAD, or a known stream', async () => {
  const bucket = await client.bucket('hashes')
  const put = async (payloadHash: string, body = 'body') =>
    await client.send('PUT', `${bucket}/k`, { body, payloadHash })
  isStatus(await put(sha256Hex('body')), 200)
  isStatus(await put('UNSIGNED-PAYLOAD'), 200)
  isError(await put(sha256Hex('other')), 400, 'XAmzContentSHA256Mismatch')
  for (const hash of ['', 'abc', 'g'.repeat(64), 'unsigned-payload', 'STREAMING-NEW-FORM']) {
    isError(await put(hash), 400, 'InvalidArgument')
  }
  for (const tail of ['', '-TRAILER']) {
    isError(await put(`STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD${tail}`), 501, 'NotImplemented')
  }
  assert.equal(await client.read(`${bucket}/k`), 'body')
})

test('S3.md 12: a long body whose hash is wrong leaves nothing behind', async () => {
  const bucket = await client.bucket('long-hashes')
  const body = Buffer.alloc(600_000, 'x')
  const payloadHash = sha256Hex('other')
  const answer = await client.send('PUT', `${bucket}/k`, { body, payloadHash })
  isError(answer, 400, 'XAmzContentSHA256Mismatch')
  isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
  isStatus(await client.send('PUT', `${bucket}/k`, { body, payloadHash: sha256Hex(body) }), 200)
})

for (const form of FORMS) {
  test(`S3.md 12: ${form} stores the decoded bytes`, async () => {
    const bucket = await client.bucket(`form-${FORMS.indexOf(form)}`)
    isStatus(await putChunked(client, `${bucket}/k`, await right(form)), 200)
    const answer = await client.get(`${bucket}/k`)
    assert.equal(answer.text, BODY)
    assert.equal(answer.header('content-length'), String(BODY.length))
    assert.equal(answer.header('content-encoding'), null)
    isStatus(await putChunked(client, `${bucket}/empty`, await right(form, [])), 200)
    assert.equal(await client.read(`${bucket}/empty`), '')
    const onHttpChunks = { ...(await right(form)), isHttpChunked: true }
    isStatus(await putChunked(client, `${bucket}/h`, onHttpChunks), 200)
    assert.equal(await client.read(`${bucket}/h`), BODY)
  })

  test(`S3.md 13: ${form}: chunks end anywhere in what TCP brings`, async () => {
    const bucket = await client.bucket(`cuts-${FORMS.indexOf(form)}`)
    const bytes = chunkedRequest(client, `${bucket}/k`, await right(form, ['ab', 'cde', 'f']))
    const bodyStart = bytes.indexOf('\r\n\r\n') + 4
    const wire = await client.wire()
    await wire.write(bytes.subarray(0, bodyStart))
    for (let at = bodyStart; at < bytes.length; at++) await wire.write(bytes.subarray(at, at + 1))
    isStatus(await wire.answer('PUT'), 200)
    wire.destroy()
    assert.equal(await client.read(`${bucket}/k`), 'abcdef')
  })

  test(`S3.md 13: ${form}: what breaks its framing is refused, and nothing is stored`, async () => {
    const bucket = await client.bucket(`broken-${FORMS.indexOf(form)}`)
    const sending = await right(form)
    const cases: readonly (readonly [change: (body: string) => string, code: string])[] = [
      [(body) => body.replace('11170', '11171'), 'InvalidRequest'],
      [(body) => body.replace('11170', '1116f'), 'InvalidRequest'],
      [(body) => body.replace('11170', 'zz'), 'InvalidRequest'],
      [(body) => `${'0'.repeat(600)}${body}`, 'InvalidRequest'],
      [(body) => body.replace(/^([^\r]*)\r/, `$1;x=${'y'.repeat(600)}\r`), 'InvalidRequest'],
      [(body) => `${body}more`, 'InvalidRequest'],
      [(body) => body.slice(0, 50_000), 'IncompleteBody'],
      [(body) => body.slice(0, -2), 'IncompleteBody'],
      [() => '', 'IncompleteBody'],
      [() => BODY, 'InvalidRequest'],
    ]
    for (const [index, [change, code]] of cases.entries()) {
      const answer = await putChunked(client, `${bucket}/k`, { ...sending, change })
      const isSignature = answer.code === 'SignatureDoesNotMatch' && form !== UNSIGNED_TRAILER
      if (!isSignature) isError(answer, 400, code, {})
      assert.equal((await client.get(`${bucket}/k`)).status, 404, `case ${index}`)
    }
  })

  test(`S3.md 13: ${form}: the sum of the chunks must be the decoded length`, async () => {
    const bucket = await client.bucket(`sums-${FORMS.indexOf(form)}`)
    const sending = await right(form)
    const target = `${bucket}/k`
    for (const decodedLength of [BODY.length - 1, BODY.length + 1, 0]) {
      const wrong = { ...sending, decodedLength: String(decodedLength) }
      await isRefused(target, wrong, 400, 'IncompleteBody')
    }
    await isRefused(target, { ...sending, decodedLength: null }, 411, 'MissingContentLength')
    await isRefused(target, { ...sending, decodedLength: '-1' }, 400, 'InvalidArgument')
    await isRefused(target, { ...sending, decodedLength: '5368709121' }, 400, 'EntityTooLarge')
  })
}

test('S3.md 12: signed chunks: each signature is over the one before', async () => {
  const bucket = await client.bucket('chained')
  const target = `${bucket}/k`
  const changes: readonly ((body: string) => string)[] = [
    (body) => body.replace('aaaa', 'aaab'),
    (body) => body.replace(/signature=./, 'signature=g'),
    (body) => body.replaceAll(/;chunk-signature=[0-9a-f]+/g, ''),
    // The last chunk's signature, which covers no data.
    (body) => body.replace(/(\n0;chunk-signature=)..../, '$10000'),
  ]
  for (const form of [SIGNED, SIGNED_TRAILER] as const) {
    for (const change of changes) {
      const answer = await putChunked(client, target, { ...(await right(form)), change })
      assert.ok(answer.status === 403 || answer.status === 400, answer.text)
      isError(await client.get(target), 404, 'NoSuchKey')
    }
    const first = { ...(await right(form)), change: changes[0] ?? String }
    await isRefused(target, first, 403, 'SignatureDoesNotMatch')
  }
})

test('S3.md 12: the trailer of a signed stream is signed', async () => {
  const bucket = await client.bucket('signed-trailers')
  const sending = await right(SIGNED_TRAILER)
  const forged = (body: string): string => body.replace(/(trailer-signature:)..../, '$10000')
  await isRefused(`${bucket}/k`, { ...sending, change: forged }, 403, 'SignatureDoesNotMatch')
  const unsigned = (body: string): string => body.replace(/x-amz-trailer-signature:.*\r\n/, '')
  await isRefused(`${bucket}/k`, { ...sending, change: unsigned }, 400, 'MalformedTrailerError')
})

test('S3.md 12: a stream of signed chunks needs a signature in the header', async () => {
  const bucket = await client.bucket('presigned-streams')
  const url = client.presign('PUT', `${bucket}/k?X-Amz-Content-Sha256=${SIGNED}`)
  const headers = { 'x-amz-decoded-content-length': '1' }
  const answer = await client.send('PUT', url, { as: 'anonymous', body: 'x', headers })
  assert.ok(answer.status === 400 || answer.status === 403, answer.text)
  isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
})

test('S3.md 13: aws-chunked is no encoding of the object; the others stay', async () => {
  const bucket = await client.bucket('encodings')
  const sending = await right(UNSIGNED_TRAILER)
  const encodings = [
    ['aws-chunked', null],
    ['gzip,aws-chunked', 'gzip'],
    ['aws-chunked, gzip', 'gzip'],
    ['br , aws-chunked,gzip', 'br, gzip'],
    ['', null],
  ] as const
  for (const [sent, kept] of encodings) {
    const headers = { 'content-encoding': sent }
    isStatus(await putChunked(client, `${bucket}/k`, { ...sending, headers }), 200)
    const answer = await client.get(`${bucket}/k`)
    assert.equal(answer.header('content-encoding'), kept)
    assert.equal(answer.text, BODY)
  }
})

for (const algorithm of ALGORITHMS) {
  test(`S3.md 14: a trailer of ${algorithm} is checked, kept and given back`, async () => {
    const bucket = await client.bucket(`trailer-${algorithm.toLowerCase()}`)
    const header = sumHeader(algorithm)
    const value = await sumOf(algorithm, BODY)
    for (const form of [UNSIGNED_TRAILER, SIGNED_TRAILER] as const) {
      const trailer = [header, value] as const
      const put = await putChunked(client, `${bucket}/k`, { form, chunks: CHUNKS, trailer })
      assert.equal(isStatus(put, 200).header(header), value)
      const wrong = [header, await sumOf(algorithm, 'another')] as const
      const sending = { form, chunks: CHUNKS, trailer: wrong }
      await isRefused(`${bucket}/wrong`, sending, 400, 'BadDigest')
      const short = { form, chunks: ['x'], trailer: wrong }
      await isRefused(`${bucket}/wrong`, short, 400, 'BadDigest')
    }
    const head = await client.headOf(`${bucket}/k`, { 'x-amz-checksum-mode': 'ENABLED' })
    assert.equal(head.header(header), value)
  })
}

test('S3.md 14: the trailer that was named must come, and no other', async () => {
  const bucket = await client.bucket('named-trailers')
  const target = `${bucket}/k`
  const sending = await right(UNSIGNED_TRAILER)
  const code = 'MalformedTrailerError'
  const missing = (body: string): string => body.replace(/x-amz-checksum.*\r\n/, '')
  await isRefused(target, { ...sending, change: missing }, 400, code)
  const another = (body: string): string => body.replace('crc32:', 'crc32c:')
  await isRefused(target, { ...sending, change: another }, 400, code)
  const twice = (body: string): string => body.replace(/(x-amz-checksum.*\r\n)/, '$1$1')
  await isRefused(target, { ...sending, change: twice }, 400, code)
  const unnamed = { ...sending, headers: { 'x-amz-trailer': '' } }
  await isRefused(target, unnamed, 400, code)
  const noLine = (body: string): string => body.replace(/x-amz-checksum.*\r\n/, 'nothing\r\n')
  await isRefused(target, { ...sending, change: noLine }, 400, code)
})

test('S3.md 14 and decision 5: a trailer that is not its algorithm’s base64 is BadDigest', async () => {
  const bucket = await client.bucket('odd-trailers')
  for (const value of ['', '!', 'AAAA', 'AAAAAAAA', 'AAAAAA==AAAA', 'AAAAAB==']) {
    const trailer = [CRC32, value] as const
    const sending = { form: UNSIGNED_TRAILER, chunks: CHUNKS, trailer } as const
    await isRefused(`${bucket}/k`, sending, 400, 'BadDigest')
  }
})

test('S3.md 14: a trailer that is no checksum, or for a body that has none, is refused', async () => {
  const bucket = await client.bucket('no-trailers')
  const trailer = ['x-amz-meta-a', 'b'] as const
  const sending = { form: UNSIGNED_TRAILER, chunks: CHUNKS, trailer } as const
  await isRefused(`${bucket}/k`, sending, 400, 'InvalidRequest')
  const plain = await client.put(`${bucket}/k`, 'x', { 'x-amz-trailer': CRC32 })
  isError(plain, 400, 'InvalidRequest')
  const two = {
    ...(await right(UNSIGNED_TRAILER)),
    headers: { [CRC32]: await sumOf('CRC32', BODY) },
  }
  await isRefused(`${bucket}/k`, two, 400, 'InvalidRequest')
})

test('a stream may be the body of settings too', async () => {
  const bucket = await client.bucket('streamed-settings')
  const xml = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  for (const form of FORMS) {
    isStatus(await putChunked(client, `${bucket}?versioning`, await right(form, [xml])), 200)
  }
  assert.equal((await client.get(`${bucket}?versioning`)).one('Status'), 'Enabled')
})
