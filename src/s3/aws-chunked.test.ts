// aws-chunked bodies: the examples that AWS publishes, boundaries anywhere, and broken framing.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { ChunkedDecoder, type Trailer } from './aws-chunked.ts'
import { parsePayload, type StreamPayload } from './payload.ts'
import { RequestHeaders } from './request-headers.ts'
import { S3Error } from './s3-error.ts'
import { deriveSigningKey } from './sign/signing-key.ts'
import { hmacHex, type StreamSeed } from './sign/verify.ts'

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const SCOPE = '20130524/us-east-1/s3/aws4_request'
const EMPTY = createHash('sha256').digest('hex')

function seedOf(signature: string): StreamSeed {
  const signingKey = deriveSigningKey(SECRET, SCOPE)
  return { signingKey, amzDate: '20130524T000000Z', scope: SCOPE, signature }
}

interface Decoded {
  readonly body: string
  readonly trailer: Trailer | null
}

function decode(
  body: string,
  payload: Partial<StreamPayload>,
  options: { readonly seed?: StreamSeed; readonly cuts?: readonly number[] } = {},
): Decoded | string {
  const kind = payload.kind ?? 'stream-unsigned-trailer'
  const bytes = Buffer.from(body, 'latin1')
  const slices: Uint8Array[] = []
  try {
    const decoder = new ChunkedDecoder({
      payload: { decodedSizeBytes: 0, trailer: null, ...payload, kind },
      seed: options.seed ?? null,
      onData: (slice) => slices.push(slice),
    })
    let start = 0
    for (const cut of [...(options.cuts ?? []), bytes.length]) {
      decoder.push(bytes.subarray(start, cut))
      start = cut
    }
    const trailer = decoder.finish()
    for (const slice of slices) assert.equal(slice.buffer, bytes.buffer, 'data is not copied')
    return { body: Buffer.concat(slices).toString('latin1'), trailer }
  } catch (error) {
    if (error instanceof S3Error) return error.code
    throw error
  }
}

const A64K = 'a'.repeat(65_536)
const A1K = 'a'.repeat(1024)
const SIGNED_BODY =
  `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${A64K}\r\n` +
  `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n${A1K}\r\n` +
  '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n'
const SIGNED = { kind: 'stream-signed', decodedSizeBytes: 66_560 } as const
const SIGNED_SEED = seedOf('4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9')

const TRAILER_BODY =
  `10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n${A64K}\r\n` +
  `400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n${A1K}\r\n` +
  '0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n' +
  'x-amz-checksum-crc32c:sOO8/Q==\r\n' +
  'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n'
const TRAILED = {
  kind: 'stream-signed-trailer',
  decodedSizeBytes: 66_560,
  trailer: 'x-amz-checksum-crc32c',
} as const
const TRAILER_SEED = seedOf('106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e')

test('the published example of a signed stream verifies', () => {
  const decoded = decode(SIGNED_BODY, SIGNED, { seed: SIGNED_SEED })
  assert.deepEqual(decoded, { body: A64K + A1K, trailer: null })
})

test('the published example of a signed stream with a trailer verifies', () => {
  const decoded = decode(TRAILER_BODY, TRAILED, { seed: TRAILER_SEED })
  const trailer = { name: 'x-amz-checksum-crc32c', value: 'sOO8/Q==' }
  assert.deepEqual(decoded, { body: A64K + A1K, trailer })
})

test('S3.md 12: any change of a signed stream is a signature that does not match', () => {
  const change = (from: string, to: string): unknown =>
    decode(SIGNED_BODY.replace(from, to), SIGNED, { seed: SIGNED_SEED })
  assert.equal(change('\naaaa', '\naaab'), 'SignatureDoesNotMatch')
  assert.equal(change('ad80', 'ad81'), 'SignatureDoesNotMatch')
  assert.equal(change('b6c6', 'b6c7'), 'SignatureDoesNotMatch')
  assert.equal(change(';chunk-signature=ad80', ';x=ad80'), 'InvalidRequest')
  const trailed = (from: string, to: string): unknown =>
    decode(TRAILER_BODY.replace(from, to), TRAILED, { seed: TRAILER_SEED })
  assert.equal(trailed('sOO8', 'sOO9'), 'SignatureDoesNotMatch')
  assert.equal(trailed('d81f', 'd81e'), 'SignatureDoesNotMatch')
  assert.equal(trailed('x-amz-trailer-signature:', 'x-other:'), 'MalformedTrailerError')
  const behind = TRAILER_BODY.replace(/\r\n$/, 'x-amz-checksum-sha1:a\r\n\r\n')
  assert.equal(decode(behind, TRAILED, { seed: TRAILER_SEED }), 'MalformedTrailerError')
})

function frame(chunks: readonly string[], trailer: string): string {
  const frames = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
  return `${frames.join('')}0\r\n${trailer}\r\n`
}

const CRC = { name: 'x-amz-checksum-crc32', value: 'AAAAAA==' }
const CRC_LINE = 'x-amz-checksum-crc32:AAAAAA==\r\n'

test('S3.md 13: chunk boundaries and reads may fall anywhere', () => {
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
  const chunk = fc.string({ unit: byte, minLength: 1, maxLength: 40 })
  const cuts = fc.array(fc.nat(400), { maxLength: 30 })
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 8 }), cuts, (chunks, anywhere) => {
      const body = frame(chunks, CRC_LINE)
      const inside = anywhere.filter((cut) => cut < body.length).sort((a, b) => a - b)
      const whole = chunks.join('')
      const payload = { decodedSizeBytes: whole.length, trailer: CRC.name }
      assert.deepEqual(decode(body, payload, { cuts: inside }), { body: whole, trailer: CRC })
    }),
  )
})

test('S3.md 13: a signed stream may be cut anywhere too', () => {
  const chunks = ['abc', 'defgh', '']
  let before = SIGNED_SEED.signature
  let body = ''
  for (const chunk of chunks) {
    const digest = createHash('sha256').update(chunk).digest('hex')
    const text = `AWS4-HMAC-SHA256-PAYLOAD\n20130524T000000Z\n${SCOPE}\n${before}\n${EMPTY}\n${digest}`
    before = hmacHex(SIGNED_SEED.signingKey, text)
    body += `${chunk.length};chunk-signature=${before}\r\n${chunk}${chunk === '' ? '' : '\r\n'}`
  }
  body += '\r\n'
  const payload = { kind: 'stream-signed', decodedSizeBytes: 8 } as const
  for (let cut = 0; cut <= body.length; cut++) {
    const decoded = decode(body, payload, { seed: SIGNED_SEED, cuts: [cut] })
    assert.deepEqual(decoded, { body: 'abcdefgh', trailer: null })
  }
})

test('S3.md 13: short bodies, data after the end and sums that differ are errors', () => {
  const good = frame(['abcd'], '')
  assert.deepEqual(decode(good, { decodedSizeBytes: 4 }), { body: 'abcd', trailer: null })
  for (let length = 0; length < good.length; length++) {
    assert.equal(decode(good.slice(0, length), { decodedSizeBytes: 4 }), 'IncompleteBody')
  }
  assert.equal(decode(good, { decodedSizeBytes: 5 }), 'IncompleteBody')
  assert.equal(decode(good, { decodedSizeBytes: 3 }), 'IncompleteBody')
  assert.equal(decode(`${good}x`, { decodedSizeBytes: 4 }), 'InvalidRequest')
  assert.equal(decode('4\r\nabcde\r\n0\r\n\r\n', { decodedSizeBytes: 4 }), 'InvalidRequest')
  assert.equal(decode('-4\r\nabcd\r\n', { decodedSizeBytes: 4 }), 'InvalidRequest')
  assert.equal(decode('\r\n', { decodedSizeBytes: 4 }), 'InvalidRequest')
  assert.equal(decode(`4;${'x'.repeat(600)}`, { decodedSizeBytes: 4 }), 'InvalidRequest')
})

test('S3.md 14: the announced trailer must come, and no other', () => {
  const payload = { decodedSizeBytes: 1, trailer: CRC.name }
  const withLines = (lines: string): unknown => decode(frame(['a'], lines), payload)
  assert.deepEqual(withLines(CRC_LINE), { body: 'a', trailer: CRC })
  assert.deepEqual(withLines('X-Amz-Checksum-CRC32 : AAAAAA==\r\n'), { body: 'a', trailer: CRC })
  assert.equal(withLines(''), 'MalformedTrailerError')
  assert.equal(withLines('x-amz-checksum-sha1:a\r\n'), 'MalformedTrailerError')
  assert.equal(withLines(CRC_LINE + CRC_LINE), 'MalformedTrailerError')
  assert.equal(withLines('nonsense\r\n'), 'MalformedTrailerError')
  assert.equal(withLines('x-amz-trailer-signature:0\r\n'), 'MalformedTrailerError')
  assert.equal(decode(frame(['a'], CRC_LINE), { decodedSizeBytes: 1 }), 'MalformedTrailerError')
  assert.equal(withLines(`x:${'y'.repeat(2000)}\r\n`), 'InvalidRequest')
})

function payloadOf(
  value: string | null,
  more: readonly string[] = [],
  kind: 'header' | 'query' = 'header',
): unknown {
  const first = value === null ? [] : ['x-amz-content-sha256', value]
  try {
    return parsePayload(new RequestHeaders([...first, ...more]), kind)
  } catch (error) {
    if (error instanceof S3Error) return error.code
    throw error
  }
}

test('S3.md 12: only the known values of x-amz-content-sha256 are taken', () => {
  const length = ['x-amz-decoded-content-length', '5']
  assert.deepEqual(payloadOf(null), { kind: 'unsigned' })
  assert.deepEqual(payloadOf('UNSIGNED-PAYLOAD'), { kind: 'unsigned' })
  assert.deepEqual(payloadOf(EMPTY), { kind: 'single', sha256: Buffer.from(EMPTY, 'hex') })
  assert.equal(payloadOf('xyz'), 'InvalidArgument')
  assert.equal(payloadOf('STREAMING-SOMETHING-ELSE', length), 'InvalidArgument')
  assert.equal(payloadOf('STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', length), 'NotImplemented')
  assert.equal(payloadOf('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', length, 'query'), 'InvalidRequest')
  assert.deepEqual(
    payloadOf('STREAMING-UNSIGNED-PAYLOAD-TRAILER', [
      ...length,
      'x-amz-trailer',
      'X-Amz-Checksum-SHA1',
    ]),
    { kind: 'stream-unsigned-trailer', decodedSizeBytes: 5, trailer: 'x-amz-checksum-sha1' },
  )
})

test('S3.md 13: a stream needs its decoded length, and a trailer that is a checksum', () => {
  const name = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  const length = 'x-amz-decoded-content-length'
  assert.equal(payloadOf(name), 'MissingContentLength')
  assert.equal(payloadOf(name, [length, '-1']), 'InvalidArgument')
  assert.equal(payloadOf(name, [length, '1', 'x-amz-trailer', 'x-amz-meta-a']), 'InvalidRequest')
})

test('S3.md 13: a chunk ends with CR LF, so that a size that is off by one is found', () => {
  const payload = { decodedSizeBytes: 4 }
  assert.deepEqual(decode('4\r\nabc\n\r\n0\r\n\r\n', payload), { body: 'abc\n', trailer: null })
  assert.equal(decode('4\r\nabc\r\n0\r\n\r\n', payload), 'InvalidRequest')
  assert.equal(decode('4\r\nabcd\n0\r\n\r\n', payload), 'InvalidRequest')
})
