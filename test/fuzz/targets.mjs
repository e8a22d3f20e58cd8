// Paths that try to leave the store, names that nobody may have, and queries that nobody knows.

import { percentEncode, signHeaders, EMPTY_SHA256 } from '../clients/harness/sigv4.mjs'
import { freshKey, rawMessage, signedRequest } from './message.mjs'

const CLIMBS = [
  '../../../../../../etc/passwd',
  '..%2f..%2f..%2f..%2fetc%2fpasswd',
  '../marker.txt',
  '%2e%2e%2f%2e%2e%2fetc/passwd',
  '%2e%2e/%2e%2e/marker.txt',
  '..%5c..%5cetc%5cpasswd',
  '..%00/x',
  '..%252f..%252fetc%252fpasswd',
  '%c0%ae%c0%ae%c0%afetc%c0%afpasswd',
  '....//....//etc/passwd',
  '%e0%80%ae%e0%80%ae/etc/passwd',
  '%uff0e%uff0e/etc/passwd',
  '/etc/passwd',
  '//etc/passwd',
  'file:///etc/passwd',
  '/proc/self/environ',
  '%2fproc%2fself%2fmaps',
  '..;/..;/etc/passwd',
  'a%00b',
  '%00',
  'a%0d%0aSet-Cookie:x',
  '%ff%fe',
  '%ed%a0%80',
  '%f4%90%80%80',
  '%',
  '%2',
  '%zz',
  '%c3',
  'superblock',
  'CON',
  'a%20%20',
  '.',
  '..',
  '%2e',
  '%2e%2e',
  '../',
  '/..',
  '-rf',
  '~',
  '$HOME',
  '`id`',
  '$(id)',
  "'",
  '|',
  '*',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '\xe9',
  '%e2%80%ae',
]
/** Not UTF-8, or no percent encoding at all. */
const IS_INVALID = /%(?![0-9a-fA-F]{2})|%c0|%ff|%ed%a0|%f4%90|%e0%80|%c3$|%00|\xe9/i
const METHODS = ['GET', 'HEAD', 'PUT', 'DELETE', 'POST']

/** Signs and sends a path as it stands. */
function pathCase(ctx, method, path, query = '') {
  const body = method === 'PUT' ? 'climbed' : ''
  const made = signHeaders({
    method,
    path,
    credentials: ctx.credentials,
    query: query === '' ? [] : [[query, '']],
    headers: { host: ctx.host },
    payloadHash: body === '' ? EMPTY_SHA256 : 'UNSIGNED-PAYLOAD',
  })
  const pairs = Object.entries(made.headers).map(([name, value]) => `${name}: ${value}`)
  const target = query === '' ? path : `${path}?${percentEncode(query)}`
  const lines = [`${method} ${target} HTTP/1.1`, ...pairs, `Content-Length: ${body.length}`]
  return {
    isHead: method === 'HEAD',
    note: `${method} ${target.slice(0, 80)}`,
    pieces: [rawMessage(lines, Buffer.from(body))],
  }
}

/** In the key's place, all but the invalid ones are good keys: they must stay inside the store. */
function climbingKey(ctx) {
  const { random } = ctx
  const climb = random.pick(CLIMBS)
  const prefix = random.chance(0.5) ? '' : 'fuzz/'
  const isInvalid = IS_INVALID.test(climb)
  return {
    ...pathCase(ctx, random.pick(METHODS), `/${ctx.bucket}/${prefix}${climb}`),
    mustRefuse: isInvalid,
    mayClose: /[^\x20-\x7e]/.test(climb),
  }
}

/** In the bucket's place none is a name. */
function climbingBucket(ctx) {
  const { random } = ctx
  const climb = random.pick(CLIMBS.filter((each) => /^[.%/]/.test(each)))
  const method = random.pick(['GET', 'PUT', 'DELETE'])
  return {
    ...pathCase(ctx, method, `/${climb}`),
    mustRefuse: method !== 'GET' || !climb.startsWith('/'),
  }
}

const NAMES = [
  'A',
  'ab',
  'a'.repeat(64),
  'a..b',
  '192.168.0.1',
  'xn--a',
  'a_b',
  '-a',
  'a-',
  'Abc',
  'a b',
  'a%2Fb',
  'a/../b',
  '%00',
  'sthree-a',
  'a-s3alias',
  '\xe9',
  'a.',
  '.a',
  '...',
  'a'.repeat(5000),
]

function bucketName(ctx) {
  const { random } = ctx
  const name = random.pick(NAMES)
  // `a/../b` is a key of a bucket `a`, which does not exist, and so is not there to be made.
  return {
    ...pathCase(
      ctx,
      random.pick(['PUT', 'GET', 'DELETE']),
      `/${/[%/]/.test(name) ? name : percentEncode(name)}`,
    ),
    mustRefuse: true,
  }
}

function longKey(ctx) {
  const { random } = ctx
  const unit = random.pick(['a', 'a/', '%C3%A9', '%F0%9F%AA%A3'])
  const unitBytes =
    decodeURIComponent(unit).length === unit.length
      ? unit.length
      : Buffer.byteLength(decodeURIComponent(unit))
  const count = Math.ceil(random.pick([1025, 1030, 3000]) / unitBytes)
  const isTooLong = count * unitBytes > 1024
  const method = random.pick(['GET', 'PUT', 'DELETE'])
  return {
    ...pathCase(ctx, method, `/${ctx.bucket}/${unit.repeat(count)}`),
    mustRefuse: isTooLong,
    mayClose: count * unit.length > 7000,
  }
}

const SUBRESOURCES = [
  'unknown',
  'foo',
  'Acl',
  'ACL',
  'deleted',
  'policyStatus',
  'torrent',
  'select',
  'restore',
  'inventory',
  'analytics',
  'metrics',
  'intelligent-tiering',
  'replication',
  'accelerate',
  'logging',
  'requestPayment',
  'object-lock',
  'versions',
  'uploads',
  'uploadId',
  'partNumber',
  'acl',
  'cors',
  'lifecycle',
  'tagging',
  'website',
  'ownershipControls',
  'publicAccessBlock',
  'encryption',
  'legal-hold',
  'retention',
  'attributes',
  'location',
  'versioning',
  'notification',
  'metadataTable',
  'session',
  'renameObject',
  'append',
  '__proto__',
  '\u{1FAA3}',
  '',
  'x'.repeat(3000),
  '%',
]
const UNKNOWN = [
  'unknown',
  'foo',
  'ACL',
  'Acl',
  'deleted',
  'append',
  '__proto__',
  '\u{1FAA3}',
  'x'.repeat(3000),
]

function subresource(ctx) {
  const { random } = ctx
  const method = random.pick([...METHODS, 'OPTIONS', 'PATCH'])
  const place = random.pick(['', `/${ctx.settingsBucket}`, `/${ctx.settingsBucket}/anchor`])
  return {
    ...pathCase(ctx, method, place === '' ? '/' : place, random.pick(SUBRESOURCES)),
    mayClose: false,
  }
}

/** A subresource that nobody knows must never fall through to the plain operation. */
function unknownWrite(ctx) {
  const { random } = ctx
  const key = freshKey(ctx)
  const [method, path] = random.pick([
    ['PUT', `/${ctx.bucket}/${key}`],
    ['DELETE', `/${ctx.bucket}`],
    ['DELETE', `/${ctx.bucket}/anchor`],
    ['PUT', `/fuzz-made-${ctx.index}`],
    ['POST', `/${ctx.bucket}/${key}`],
    ['POST', `/${ctx.bucket}`],
    ['DELETE', `/${ctx.emptyBucket}`],
  ])
  return { ...pathCase(ctx, method, path, random.pick(UNKNOWN)), mustRefuse: true, absentKey: key }
}

const PARAMETERS = {
  'max-keys': ['-1', 'x', '99999999999999999999', '1.5', '', '0x10', '1e3', '2147483648', '0', '1'],
  'list-type': ['2', '1', '3', 'x', ''],
  delimiter: ['/', '', '\0', '//', '\u{1FAA3}', 'x'.repeat(2000)],
  prefix: ['', '/', '\0', '../', '\u{10FFFF}', '\uffff', 'x'.repeat(3000), '%', '+', ' '],
  marker: ['', '\0', '\u{10FFFF}', 'x'.repeat(3000)],
  'start-after': ['', 'z', '\u{10FFFF}'],
  'continuation-token': ['', 'x', '=', 'AAAA', '../', 'A'.repeat(5000), '\0', 'e30=', 'bnVsbA=='],
  'encoding-type': ['url', 'x', ''],
  'fetch-owner': ['true', 'x'],
  versionId: ['null', '', 'x', '0', '\0', 'x'.repeat(3000), '-1'],
  versions: [''],
  uploads: [''],
  uploadId: ['', 'x', '../x', '\0', 'x'.repeat(3000), '0'.repeat(32)],
  partNumber: ['0', '-1', '1', '10001', 'x', '1.5', '99999999999999999999', ''],
  'max-parts': ['-1', 'x', '0'],
  'part-number-marker': ['-1', 'x', '99999999999999999999'],
  'key-marker': ['', '\0', 'x'],
  'upload-id-marker': ['x', ''],
  'version-id-marker': ['x', 'null', ''],
  'response-content-type': ['a\r\nb: c', '\0', 'text/html', '\u{1FAA3}', 'x'.repeat(3000)],
  'response-content-disposition': ['a\nSet-Cookie: x', '"'],
  'response-expires': ['never', '\r\n\r\nx'],
  'x-id': ['GetObject', 'x'],
  'max-buckets': ['0', '-1', 'x'],
  attributes: [''],
  'bucket-region': ['x'],
}

/** Known parameters with values that nobody sends; a success may be due. */
function parameters(ctx) {
  const { random } = ctx
  const query = Array.from({ length: random.between(1, 4) }, () => {
    const name = random.pick(Object.keys(PARAMETERS))
    return [name, random.pick(PARAMETERS[name])]
  })
  if (random.chance(0.1)) query.push([...query[0]])
  const method = random.weighted([
    [6, 'GET'],
    [1, 'HEAD'],
    [1, 'PUT'],
    [1, 'POST'],
    [1, 'DELETE'],
  ])
  const path = random.pick([
    '/',
    `/${ctx.bucket}`,
    `/${ctx.bucket}/anchor`,
    `/${ctx.bucket}/nothing`,
  ])
  const isDangerous = method === 'DELETE' && path !== `/${ctx.bucket}/nothing`
  const { bytes } = signedRequest(ctx, { method: isDangerous ? 'GET' : method, path, query })
  return {
    pieces: [bytes],
    isHead: method === 'HEAD' && !isDangerous,
    note: `${method} ${path}?${query.map(([name]) => name).join('&')}`,
  }
}

/** Those that take a value. */
const LONG_NAMES = Object.keys(PARAMETERS).filter(
  (name) => !['list-type', 'versions', 'uploads', 'attributes'].includes(name),
)

/** One value that is longer than any name in the store, or just as long as a key of its index. */
function longValue(ctx) {
  const { random } = ctx
  const value = random.pick(['a', 'z', '/', '\u{1FAA3}']).repeat(random.between(900, 2100))
  const query = [
    ...random.pick([[], [['list-type', '2']], [['versions', '']], [['uploads', '']]]),
    [random.pick(LONG_NAMES), value.slice(0, 5000)],
  ]
  const path = random.pick(['/', `/${ctx.bucket}`, `/${ctx.bucket}/anchor`, '/z'.repeat(1000)])
  const { bytes } = signedRequest(ctx, { method: 'GET', path, query })
  return {
    pieces: [bytes],
    note: `GET ${path.slice(0, 40)}?${query.map(([name]) => name).join('&')}`,
    mayClose: bytes.length > 16_000,
  }
}

/** A query as no client would write it. */
function rawQuery(ctx) {
  const query = ctx.random.pick([
    '&',
    '=',
    '&&&=',
    '=x',
    '?',
    'list-type=2&list-type=3',
    '%',
    '%zz=1',
    '%00=%00',
    'acl=&acl',
    'prefix=%ff',
    'prefix=%e9',
    'x=y'.repeat(3000),
    'a=b&'.repeat(2000),
    '+',
    '%26',
    ';',
    'a;b',
  ])
  const made = signHeaders({
    method: 'GET',
    path: `/${ctx.bucket}`,
    credentials: ctx.credentials,
    headers: { host: ctx.host },
    payloadHash: EMPTY_SHA256,
  })
  const pairs = Object.entries(made.headers).map(([name, value]) => `${name}: ${value}`)
  return {
    pieces: [rawMessage([`GET /${ctx.bucket}?${query} HTTP/1.1`, ...pairs])],
    mayClose: query.length > 7000,
  }
}

export const TARGETS = [
  [6, climbingKey],
  [3, climbingBucket],
  [2, bucketName],
  [1, longKey],
  [4, subresource],
  [3, unknownWrite],
  [8, parameters],
  [4, longValue],
  [2, rawQuery],
]
