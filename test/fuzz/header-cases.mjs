// Headers that are huge, many, doubled or broken, on requests signed and unsigned.

import { freshKey, rawMessage, signedCase, signedRequest } from './message.mjs'

/** A request that HTTP itself forbids, or that no server need take: a close is fair. */
const BROKEN = { mayClose: true, mustRefuse: true, isHalfClosed: true }

const LINES = [
  'X: \0',
  'X\0: a',
  'X Y: a',
  ': a',
  'novalue',
  'X : a',
  ' folded: a',
  'X: a\r b',
  'X: a\n\tb',
  '\xff\xfe: a',
  `X: ${'\x01'.repeat(10)}`,
  'Host: other',
  'Host:',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 0x10',
  'Content-Length: 1e3',
  'Content-Length: +0',
  'Content-Length: 0, 0',
  'Content-Length: 99999999999999999999',
  'Content-Length: ',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: gzip',
  'Transfer-Encoding:\x0bchunked',
  'Connection: \0',
  'Upgrade: websocket\r\nConnection: Upgrade',
  'Expect: 200-maybe',
  'Trailer: Content-Length',
]

/** A broken line after the signed ones. Some are harmless, so success is not forbidden here. */
function brokenLine(ctx) {
  const unsigned = Array.from({ length: ctx.random.between(1, 3) }, () => ctx.random.pick(LINES))
  return signedCase(
    ctx,
    { method: 'GET', path: `/${ctx.bucket}/anchor`, unsigned },
    { ...BROKEN, mustRefuse: false, answersMax: 2 },
  )
}

function manyHeaders(ctx) {
  const { random } = ctx
  const count = random.pick([100, 1000, 3000])
  const unsigned = Array.from({ length: count }, (_, index) => `x-filler-${index}: ${index}`)
  return signedCase(
    ctx,
    { method: 'GET', path: `/${ctx.bucket}/anchor`, unsigned },
    { ...BROKEN, mustRefuse: false },
  )
}

function hugeHeader(ctx) {
  const { random } = ctx
  const sizeBytes = random.pick([8000, 16_000, 70_000, 1_000_000])
  const name = random.pick([
    'x-filler',
    'x-amz-meta-filler',
    'cookie',
    'authorization',
    'range',
    'if-match',
    'content-type',
    'x-amz-tagging',
    'x-amz-copy-source',
    'n'.repeat(2000),
  ])
  const line = `${name}: ${'v'.repeat(sizeBytes)}`
  const bytes = rawMessage([`GET /${ctx.bucket}/anchor HTTP/1.1`, `Host: ${ctx.host}`, line])
  return { pieces: [bytes], ...BROKEN }
}

function doubledHeader(ctx) {
  const { random } = ctx
  const [name, value] = random.pick([
    ['Host', ctx.host],
    ['Host', 'evil.example'],
    ['x-amz-date', '20200101T000000Z'],
    ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
    ['Authorization', 'AWS4-HMAC-SHA256 x'],
    ['Content-Length', '0'],
    ['Range', 'bytes=0-1'],
  ])
  return signedCase(
    ctx,
    { method: 'GET', path: `/${ctx.bucket}/anchor`, unsigned: [`${name}: ${value}`] },
    { ...BROKEN, mustRefuse: false },
  )
}

/** An x-amz header that was not signed must not be obeyed. */
function unsignedAmz(ctx) {
  const key = freshKey(ctx)
  const line = ctx.random.pick([
    'x-amz-copy-source: /x/y',
    'x-amz-acl: public-read',
    'x-amz-meta-a: b',
    'x-amz-tagging: a=b',
    'x-amz-storage-class: GLACIER',
  ])
  return signedCase(
    ctx,
    { method: 'PUT', path: `/${ctx.bucket}/${key}`, unsigned: [line], body: Buffer.from('x') },
    { mustRefuse: true, absentKey: key },
  )
}

/** Two lengths, or a length and chunks: how requests are smuggled past a proxy. */
function smuggled(ctx) {
  const { random, host, bucket } = ctx
  const inner = `0\r\n\r\nGET /${bucket}/anchor HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  const lines = random.pick([
    ['Content-Length: 4', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', `Content-Length: ${inner.length}`],
    ['Content-Length: 4', `Content-Length: ${inner.length}`],
    [
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: identity',
      `Content-Length: ${inner.length}`,
    ],
    ['Content-Length : 4'],
    [`Content-Length: ${inner.length}`, 'Transfer-Encoding : chunked'],
  ])
  const head = [`PUT /${bucket}/smuggled HTTP/1.1`, `Host: ${host}`, ...lines]
  return { pieces: [rawMessage(head, Buffer.from(inner))], ...BROKEN }
}

/** Values that only a parser of that header would stumble over. */
const VALUES = {
  range: [
    'bytes=',
    'bytes=-',
    'bytes=0-0,1-1',
    'bytes=99999999999999999999-',
    'bytes=5-2',
    'lines=1-2',
    'bytes=-0',
    'bytes=-99999999999',
    'bytes=a-b',
    'bytes=0-\u00b2',
    '='.repeat(500),
  ],
  'if-match': ['*', '"', '""', 'W/"x"', '"a","b"', ',', '"'.repeat(1000)],
  'if-none-match': ['*', '"', 'W/', ',,,', '*, *'],
  'if-modified-since': [
    'never',
    '0',
    'Thu, 99 Foo 2026 99:99:99 GMT',
    '-1',
    '2026-13-45T99:99:99Z',
  ],
  'if-unmodified-since': ['Thu, 01 Jan 1970 00:00:00 GMT', 'x'.repeat(500), 'Sunday, 06-Nov-94'],
  'x-amz-checksum-mode': ['ENABLED', 'enabled', 'x'],
  'x-amz-expected-bucket-owner': ['1', '', 'x'],
  'x-amz-request-payer': ['requester', 'x'],
  'x-amz-security-token': ['x', 'x'.repeat(3000)],
  'x-amz-object-attributes': ['ETag', 'ETag,,', 'Nothing', ','.repeat(100)],
  'x-amz-server-side-encryption-customer-algorithm': ['AES256', 'ROT13'],
  'accept-encoding': ['gzip', 'br;q=2', '*;q=0'],
  'x-amz-max-parts': ['-1', 'x', '99999999999'],
}

function oddReadHeader(ctx) {
  const { random } = ctx
  const headers = {}
  for (let count = random.between(1, 3); count > 0; count--) {
    const name = random.pick(Object.keys(VALUES))
    headers[name] = random.pick(VALUES[name])
  }
  const safe = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))
  const query = random.chance(0.3) ? [[random.pick(['attributes', 'acl', 'tagging']), '']] : []
  return signedCase(
    ctx,
    {
      method: random.pick(['GET', 'HEAD']),
      query,
      headers: latin1(safe),
      path: `/${ctx.bucket}/anchor`,
    },
    { isHalfClosed: false, mayClose: hasHighBytes(safe) },
  )
}

const latin1 = (headers) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replaceAll(/[^\x20-\x7e]/g, '?')]),
  )
const hasHighBytes = (headers) => /[^\x20-\x7e]/.test(JSON.stringify(headers))

const WRITE_VALUES = {
  'content-md5': ['x', '=', 'AAAAAAAAAAAAAAAAAAAAAA==', '1B2M2Y8AsgTpgAmY7PhCfg'],
  'x-amz-checksum-crc32': ['AAAA', 'x', '//////==', 'AAAAAA=='],
  'x-amz-checksum-sha256': ['x', 'A'.repeat(44), '='.repeat(44)],
  'x-amz-sdk-checksum-algorithm': ['MD5', 'CRC32', 'x'],
  'x-amz-object-lock-mode': ['COMPLIANCE', 'x'],
  'x-amz-object-lock-retain-until-date': ['x', '0'],
  'x-amz-tagging': ['a=b&a=c', '&&&', '%zz=%', `${'k'.repeat(200)}=v`, 'a=b'.repeat(300)],
  'x-amz-acl': ['private', 'everyone', ''],
  'x-amz-grant-read': ['id=', 'uri="http://x"', '"'],
  'x-amz-server-side-encryption': ['AES256', 'aws:kms', 'ROT13'],
  'x-amz-server-side-encryption-customer-algorithm': ['AES256', 'ROT13'],
  'x-amz-server-side-encryption-customer-key': ['x', 'A'.repeat(44)],
  'x-amz-storage-class': ['STANDARD', 'GLACIER', 'CHEAP'],
  'content-encoding': ['aws-chunked', 'gzip,'],
  'x-amz-website-redirect-location': ['/x', 'javascript:x', 'x'.repeat(3000)],
  'if-none-match': ['*', '"x"', 'W/*'],
  'if-match': ['*', '"x"', '"'],
  expires: ['never'],
  'x-amz-meta-long': ['v'.repeat(1900), 'v'.repeat(3000)],
  'x-amz-decoded-content-length': ['1', '-1'],
  'x-amz-copy-source': [
    '/',
    '//',
    'x',
    '/%',
    '/a/b?versionId=',
    '/../../etc/passwd',
    '/a/%ff',
    `/${'b'.repeat(3000)}/key`,
    `/bucket/${'k'.repeat(3000)}`,
  ],
  'x-amz-copy-source-range': ['bytes=0-', 'x'],
  'x-amz-write-offset-bytes': ['0', '-1'],
}

/** No success is forbidden: some of these are allowed. The store must only stay itself. */
function oddWriteHeader(ctx) {
  const { random } = ctx
  const headers = {}
  for (let count = random.between(1, 4); count > 0; count--) {
    const name = random.pick(Object.keys(WRITE_VALUES))
    headers[name] = random.pick(WRITE_VALUES[name])
  }
  return signedCase(ctx, {
    method: 'PUT',
    path: `/${ctx.bucket}/${freshKey(ctx)}`,
    headers,
    body: random.bytes(random.between(0, 300)),
  })
}

/** A wrong Expect, or the right one with a body that never comes. */
function expectation(ctx) {
  const key = freshKey(ctx)
  const expected = ctx.random.pick(['100-continue', '100-Continue', 'x', '100-continue, x'])
  const { head } = signedRequest(ctx, {
    method: 'PUT',
    path: `/${ctx.bucket}/${key}`,
    length: 1000,
    unsigned: [`Expect: ${expected}`],
  })
  return { pieces: [head], ...BROKEN, absentKey: key }
}

export const HEADERS = [
  [4, brokenLine],
  [1, manyHeaders],
  [2, hugeHeader],
  [3, doubledHeader],
  [2, unsignedAmz],
  [3, smuggled],
  [5, oddReadHeader],
  [6, oddWriteHeader],
  [1, expectation],
]
