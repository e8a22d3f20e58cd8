// Signature Version 4 as a client makes it, for headers, query strings and chunks, over the raw
// request target, which is sent as it stands. Written apart from the server's own verifier, from
// the pages "Authenticating Requests (AWS Signature Version 4)" of the Amazon S3 API reference.

import { createHash, createHmac } from 'node:crypto'

export const EMPTY_SHA256 = createHash('sha256').update('').digest('hex')
export const UNSIGNED = 'UNSIGNED-PAYLOAD'

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
const hmac = (key, text) => createHmac('sha256', key).update(text).digest()

/** Percent-encodes a key or value by bytes; everything but A-Za-z0-9-._~ (and `/` where kept). */
export function percentEncode(text, { keepSlash = false } = {}) {
  return [...Buffer.from(text)]
    .map((byte) => {
      const char = String.fromCharCode(byte)
      if (/[A-Za-z0-9\-._~]/.test(char) || (keepSlash && char === '/')) return char
      return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

/** The raw request path of an object, of a bucket where the key is empty. */
export function objectPath(bucket, key = '') {
  return `/${bucket}${key === '' ? '' : `/${percentEncode(key, { keepSlash: true })}`}`
}

/** Pairs as a query string, in the order given; a null value is a name without `=`. */
export function queryString(pairs) {
  return pairs
    .map(([name, value]) =>
      value === null ? percentEncode(name) : `${percentEncode(name)}=${percentEncode(value)}`,
    )
    .join('&')
}

function canonicalQuery(pairs) {
  const order = (left, right) => (left < right ? -1 : left > right ? 1 : 0)
  return pairs
    .map(([name, value]) => [percentEncode(name), percentEncode(value ?? '')])
    .sort((left, right) => order(left[0], right[0]) || order(left[1], right[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** Decoded once and encoded once; a path with a broken escape is taken as it stands. */
function canonicalPath(rawPath) {
  try {
    return rawPath
      .split('/')
      .map((part) => percentEncode(decodeURIComponent(part)))
      .join('/')
  } catch {
    return rawPath
  }
}

const amzDate = (date) => date.toISOString().replace(/[-:]|\.\d{3}/g, '')

/** What all signatures of one request and its chunks are made with. */
function signingContext({ credentials, region, date }) {
  const time = amzDate(date)
  const day = time.slice(0, 8)
  const scope = `${day}/${region}/s3/aws4_request`
  const dayKey = hmac(`AWS4${credentials.secret}`, day)
  const key = hmac(hmac(hmac(dayKey, region), 's3'), 'aws4_request')
  return { time, scope, key }
}

function requestSignature(context, { method, path, query, headers, signed, payloadHash }) {
  const lines = signed.map((name) => `${name}:${headers[name].trim().replace(/ +/g, ' ')}\n`)
  const canonical = [
    method,
    canonicalPath(path),
    canonicalQuery(query),
    lines.join(''),
    signed.join(';'),
    payloadHash,
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', context.time, context.scope, sha256(canonical)].join('\n')
  return hmac(context.key, text).toString('hex')
}

/**
 * Signs in headers. `headers` has lower-case names and must have `host`; all of them are signed.
 * Answers the headers to send, the signature, and the context that chunk signatures go on from.
 */
export function signHeaders({
  method,
  path,
  query = [],
  headers,
  payloadHash,
  credentials,
  region = 'us-east-1',
  date = new Date(),
}) {
  const context = signingContext({ credentials, region, date })
  const all = { ...headers, 'x-amz-content-sha256': payloadHash, 'x-amz-date': context.time }
  const signed = Object.keys(all).sort()
  const signature = requestSignature(context, {
    method,
    path,
    query,
    headers: all,
    signed,
    payloadHash,
  })
  all.authorization =
    `AWS4-HMAC-SHA256 Credential=${credentials.access}/${context.scope}, ` +
    `SignedHeaders=${signed.join(';')}, Signature=${signature}`
  return { headers: all, signature, context }
}

/** Signs in the query: answers the pairs to send, `X-Amz-Signature` last. */
export function presign({
  method,
  path,
  query = [],
  host,
  credentials,
  region = 'us-east-1',
  date = new Date(),
  expiresSec = 600,
}) {
  const context = signingContext({ credentials, region, date })
  const pairs = [
    ...query,
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${credentials.access}/${context.scope}`],
    ['X-Amz-Date', context.time],
    ['X-Amz-Expires', String(expiresSec)],
    ['X-Amz-SignedHeaders', 'host'],
  ]
  const signature = requestSignature(context, {
    method,
    path,
    query: pairs,
    headers: { host },
    signed: ['host'],
    payloadHash: UNSIGNED,
  })
  return [...pairs, ['X-Amz-Signature', signature]]
}

/** The signature of one chunk of a signed stream, over the one before. */
export function signChunk(context, previous, chunk) {
  return hmac(
    context.key,
    [
      'AWS4-HMAC-SHA256-PAYLOAD',
      context.time,
      context.scope,
      previous,
      EMPTY_SHA256,
      sha256(chunk),
    ].join('\n'),
  ).toString('hex')
}

/** The signature of the trailer lines (each `name:value` and LF), over the last chunk's. */
export function signTrailer(context, previous, lines) {
  return hmac(
    context.key,
    ['AWS4-HMAC-SHA256-TRAILER', context.time, context.scope, previous, sha256(lines)].join('\n'),
  ).toString('hex')
}
