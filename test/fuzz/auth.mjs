// Signatures, dates and presigned parameters that are wrong: none may be let through.

import { presign, queryString, signHeaders } from '../clients/harness/sigv4.mjs'
import { freshKey, rawMessage, signedRequest } from './message.mjs'

const pathOf = (ctx, key) => `/${ctx.bucket}/${key}`
const HOURS_MS = 3_600_000

/** Each spoils the headers of a request that was signed well. */
const SPOILS = {
  'signature digit': (ctx, all) =>
    replace(all, /Signature=(.)/, (whole, digit) => `Signature=${digit === '0' ? '1' : '0'}`),
  'signature length': (ctx, all) => replace(all, /Signature=../, 'Signature='),
  'signature empty': (ctx, all) => replace(all, /Signature=.*/, 'Signature='),
  'signature huge': (ctx, all) => replace(all, /Signature=/, `Signature=${'0'.repeat(5000)}`),
  'signature in capitals': (ctx, all) => replace(all, /Signature=.*/, (text) => text.toUpperCase()),
  'another key': (ctx, all) => replace(all, /Credential=[^/]*/, 'Credential=NOSUCHKEY'),
  'no key': (ctx, all) => replace(all, /Credential=[^/]*/, 'Credential='),
  'huge key': (ctx, all) =>
    replace(all, /Credential=/, `Credential=${'K'.repeat(ctx.random.between(1900, 6000))}`),
  'key with slashes': (ctx, all) => replace(all, /Credential=/, 'Credential=a/b/c/'),
  'another day': (ctx, all) => replace(all, /\/\d{8}\//, '/20200101/'),
  'another region': (ctx, all) => replace(all, /us-east-1/, 'mars-north-1'),
  'another service': (ctx, all) => replace(all, /\/s3\//, '/ec2/'),
  'no terminator': (ctx, all) => replace(all, /\/aws4_request/, ''),
  'another algorithm': (ctx, all) =>
    replace(
      all,
      /AWS4-HMAC-SHA256/,
      ctx.random.pick(['AWS4-HMAC-SHA1', 'AWS4-ECDSA-P256-SHA256', 'AWS', 'Basic', 'Bearer', '']),
    ),
  'host not signed': (ctx, all) => replace(all, /SignedHeaders=host;/, 'SignedHeaders='),
  'no headers signed': (ctx, all) => replace(all, /SignedHeaders=[^,]*/, 'SignedHeaders='),
  'unsent header signed': (ctx, all) => replace(all, /SignedHeaders=/, 'SignedHeaders=aaa;'),
  'headers a thousand times': (ctx, all) =>
    replace(all, /SignedHeaders=/, `SignedHeaders=${'host;'.repeat(1000)}`),
  'parts doubled': (ctx, all) => replace(all, /$/, `, Credential=x, Signature=${'0'.repeat(64)}`),
  'parts missing': (ctx, all) => replace(all, / Credential=[^ ]*/, ''),
  commas: (ctx, all) => replace(all, /,/g, ',,,'),
  nonsense: (ctx, all) => ({
    ...all,
    authorization: ctx.random.pick([
      '',
      'x',
      '=',
      'AWS a:b',
      'AWS4-HMAC-SHA256',
      'AWS4-HMAC-SHA256 ,,,',
      'AWS4-HMAC-SHA256 Credential',
      '\xff\xfe',
    ]),
  }),
  'no date': (ctx, all) => without(all, 'x-amz-date'),
  'no payload hash': (ctx, all) => without(all, 'x-amz-content-sha256'),
  'another date': (ctx, all) => ({
    ...all,
    'x-amz-date': ctx.random.pick([
      'x',
      '20260101T000000Z',
      '',
      '99999999T999999Z',
      '20260101',
      '2026-01-01T00:00:00Z',
      '-0001-01-01',
    ]),
  }),
  'another payload hash': (ctx, all) => ({ ...all, 'x-amz-content-sha256': 'f'.repeat(64) }),
  'another host': (ctx, all) => ({ ...all, host: 'another.example' }),
  'a header changed': (ctx, all) => ({ ...all, 'x-amz-meta-a': 'changed' }),
  'a header added': (ctx, all) => ({ ...all, 'x-amz-meta-b': 'added' }),
}

function replace(all, pattern, by) {
  return { ...all, authorization: all.authorization.replace(pattern, by) }
}

function without(all, name) {
  const { [name]: _, ...rest } = all
  return rest
}

function spoiled(ctx) {
  const name = ctx.random.pick(Object.keys(SPOILS))
  const isRead = ctx.random.chance(0.4)
  const key = isRead ? 'anchor' : freshKey(ctx)
  const { bytes } = signedRequest(ctx, {
    method: isRead ? 'GET' : 'PUT',
    path: pathOf(ctx, key),
    headers: { 'x-amz-meta-a': 'b' },
    body: isRead ? undefined : Buffer.from('spoiled'),
    tamper: (all) => SPOILS[name](ctx, all),
  })
  // Empty list elements between commas may be overlooked; nothing is gained by them.
  const mustRefuse = name !== 'commas'
  return {
    pieces: [bytes],
    mustRefuse,
    absentKey: isRead || !mustRefuse ? null : key,
    note: name,
    mayClose: name === 'nonsense',
  } // it may hold bytes that HTTP forbids
}

function skewed(ctx) {
  const { random } = ctx
  const hours = random.pick([-0.3, 0.3, -24, 24, -24 * 365, 24 * 365 * 50])
  const key = freshKey(ctx)
  const { bytes } = signedRequest(ctx, {
    method: 'PUT',
    path: pathOf(ctx, key),
    body: Buffer.from('skewed'),
    date: new Date(Date.now() + hours * HOURS_MS),
  })
  return { pieces: [bytes], mustRefuse: true, absentKey: key, note: `${hours} h` }
}

function wrongSecret(ctx) {
  const { random, credentials } = ctx
  const key = freshKey(ctx)
  const secret = random.pick(['', 'x', `${credentials.secret} `, credentials.secret.toUpperCase()])
  const { bytes } = signedRequest(ctx, {
    method: 'PUT',
    path: pathOf(ctx, key),
    body: Buffer.from('x'),
    credentials: { ...credentials, secret },
  })
  return { pieces: [bytes], mustRefuse: true, absentKey: key }
}

/** The request line or the body is not the one that was signed. */
function swapped(ctx) {
  const { random } = ctx
  const key = freshKey(ctx)
  const made = signHeaders({
    method: 'PUT',
    path: pathOf(ctx, key),
    credentials: ctx.credentials,
    payloadHash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    headers: { host: ctx.host },
  })
  const pairs = Object.entries(made.headers).map(([name, value]) => `${name}: ${value}`)
  const [line, body] = random.pick([
    [`PUT ${pathOf(ctx, key)}x HTTP/1.1`, ''],
    [`DELETE ${pathOf(ctx, 'anchor')} HTTP/1.1`, ''],
    [`PUT ${pathOf(ctx, key)}?tagging HTTP/1.1`, ''],
    [`PUT ${pathOf(ctx, key)} HTTP/1.1`, 'body'],
    [`PUT ${pathOf(ctx, key)}?x-id=PutObject HTTP/1.1`, ''],
  ])
  const bytes = rawMessage([line, ...pairs, `Content-Length: ${body.length}`], Buffer.from(body))
  return { pieces: [bytes], mustRefuse: true, absentKey: key, note: line.split(' ')[0] }
}

/** Each spoils the pairs of a good presigned query; the last pair is the signature. */
const QUERY_SPOILS = {
  'expires 0': (ctx, pairs) => set(pairs, 'X-Amz-Expires', '0'),
  'expires negative': (ctx, pairs) => set(pairs, 'X-Amz-Expires', '-1'),
  'expires too long': (ctx, pairs) => set(pairs, 'X-Amz-Expires', '604801'),
  'expires text': (ctx, pairs) =>
    set(pairs, 'X-Amz-Expires', ctx.random.pick(['', 'x', '1e3', '9'.repeat(30), '600 ', '+600'])),
  'another date': (ctx, pairs) =>
    set(pairs, 'X-Amz-Date', ctx.random.pick(['', 'x', '20200101T000000Z'])),
  'another credential': (ctx, pairs) =>
    set(
      pairs,
      'X-Amz-Credential',
      ctx.random.pick(['', '/', '/////', 'x/20200101/us-east-1/s3/aws4_request', 'a'.repeat(3000)]),
    ),
  'huge key': (ctx, pairs) =>
    set(
      pairs,
      'X-Amz-Credential',
      'K'.repeat(ctx.random.between(1900, 6000)) +
        pairs.find(([name]) => name === 'X-Amz-Credential')[1],
    ),
  'another algorithm': (ctx, pairs) =>
    set(pairs, 'X-Amz-Algorithm', ctx.random.pick(['', 'x', 'AWS'])),
  'no headers signed': (ctx, pairs) => set(pairs, 'X-Amz-SignedHeaders', ''),
  'a pair missing': (ctx, pairs) => {
    const missing = ctx.random.between(0, pairs.length - 1)
    return pairs.filter((_, index) => index !== missing)
  },
  'signature digit': (ctx, pairs) =>
    set(
      pairs,
      'X-Amz-Signature',
      pairs.at(-1)[1].replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
    ),
  'signature odd': (ctx, pairs) =>
    set(
      pairs,
      'X-Amz-Signature',
      ctx.random.pick(['', 'x', 'f'.repeat(64), '%', 'f'.repeat(9000)]),
    ),
  'signature twice': (ctx, pairs) => [...pairs, ['X-Amz-Signature', 'f'.repeat(64)]],
  'a pair added': (ctx, pairs) => [...pairs, ['response-content-type', 'text/html']],
  'token added': (ctx, pairs) => [...pairs, ['X-Amz-Security-Token', 'x']],
}

function set(pairs, name, value) {
  return pairs.map((pair) => (pair[0] === name ? [name, value] : pair))
}

function presignedSpoiled(ctx) {
  const { random } = ctx
  const name = random.pick(Object.keys(QUERY_SPOILS))
  const isRead = random.chance(0.5)
  const key = isRead ? 'anchor' : freshKey(ctx)
  const method = isRead ? 'GET' : 'PUT'
  const pairs = presign({
    method,
    path: pathOf(ctx, key),
    host: ctx.host,
    credentials: ctx.credentials,
  })
  const spoiledPairs = QUERY_SPOILS[name](ctx, pairs)
  const hasAll =
    spoiledPairs.length === pairs.length &&
    spoiledPairs.every((pair, index) => pair.join() === pairs[index].join())
  const bytes = rawMessage(
    [
      `${method} ${pathOf(ctx, key)}?${queryString(spoiledPairs)} HTTP/1.1`,
      `Host: ${ctx.host}`,
      `Content-Length: ${isRead ? 0 : 1}`,
    ],
    Buffer.from(isRead ? '' : 'x'),
  )
  return {
    pieces: [bytes],
    mustRefuse: !hasAll,
    absentKey: isRead || hasAll ? null : key,
    note: name,
  }
}

/** Signed well, but for a time that is over, not yet, or longer than anyone may ask. */
function presignedTime(ctx) {
  const [expiresSec, ageMs] = ctx.random.pick([
    [1, 10_000],
    [0, 0],
    [-1, 0],
    [604_801, 0],
    ['x', 0],
    ['', 0],
    [600, -HOURS_MS],
    [60, HOURS_MS],
    ['1e3', 0],
  ])
  const pairs = presign({
    method: 'GET',
    path: pathOf(ctx, 'anchor'),
    host: ctx.host,
    credentials: ctx.credentials,
    expiresSec,
    date: new Date(Date.now() - ageMs),
  })
  return {
    pieces: [
      rawMessage([
        `GET ${pathOf(ctx, 'anchor')}?${queryString(pairs)} HTTP/1.1`,
        `Host: ${ctx.host}`,
      ]),
    ],
    mustRefuse: true,
  }
}

/** Signature Version 2, tokens and no signature at all. */
function otherScheme(ctx) {
  const { random, host, credentials } = ctx
  const target = random.pick([
    `?AWSAccessKeyId=${credentials.access}&Signature=x&Expires=9999999999`,
    '?X-Amz-Algorithm=',
    '?X-Amz-Signature=x',
    '?Signature=x',
    '',
  ])
  const line = random.pick([
    [],
    [`Authorization: AWS ${credentials.access}:c2lnbmF0dXJl`],
    ['Authorization: Basic cm9vdDpyb290'],
    [`Authorization: Bearer ${credentials.access}`],
  ])
  const bytes = rawMessage([
    `GET ${pathOf(ctx, 'anchor')}${target} HTTP/1.1`,
    `Host: ${host}`,
    ...line,
  ])
  return { pieces: [bytes], mustRefuse: true }
}

/** A browser form whose policy or signature is wrong. */
function form(ctx) {
  const { random, bucket } = ctx
  const key = freshKey(ctx)
  const boundary = random.pick(['b', 'x'.repeat(200), '----b'])
  const policy = random.pick([
    '',
    'x',
    Buffer.from('{').toString('base64'),
    Buffer.from('{"expiration":"2099-01-01T00:00:00Z","conditions":[]}').toString('base64'),
    'A'.repeat(100_000),
  ])
  const field = (name, value) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const whole = [
    field('key', key),
    field('policy', policy),
    field('x-amz-algorithm', 'AWS4-HMAC-SHA256'),
    field('x-amz-credential', 'x/y/z'),
    field('x-amz-date', 'x'),
    field('x-amz-signature', 'f'.repeat(64)),
    field(random.pick(['x', '"', 'x'.repeat(5000)]), 'y'.repeat(random.pick([1, 50_000]))),
    field('file"; filename="../../x', 'body'),
    `--${boundary}--\r\n`,
  ].join('')
  const body = random.chance(0.3) ? whole.slice(0, random.between(0, whole.length)) : whole
  const type = random.pick([
    `multipart/form-data; boundary=${boundary}`,
    'multipart/form-data',
    `multipart/form-data; boundary="${boundary}"`,
    'multipart/form-data; boundary=',
  ])
  const bytes = rawMessage(
    [
      `POST /${bucket} HTTP/1.1`,
      `Host: ${ctx.host}`,
      `Content-Type: ${type}`,
      `Content-Length: ${body.length}`,
    ],
    Buffer.from(body),
  )
  return { pieces: [bytes], mustRefuse: true, absentKey: key, mayClose: bytes.length > 40_000 }
}

export const AUTH = [
  [8, spoiled],
  [2, skewed],
  [1, wrongSecret],
  [3, swapped],
  [6, presignedSpoiled],
  [1, presignedTime],
  [2, otherScheme],
  [2, form],
]
