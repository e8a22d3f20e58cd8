// Bytes that are not HTTP, and request lines that are nearly so.

import { rawMessage } from './message.mjs'

const OTHER_PROTOCOLS = [
  Buffer.from('160301020001000001fc0303', 'hex'), // a TLS hello
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'),
  Buffer.from('*1\r\n$4\r\nPING\r\n'),
  Buffer.from('EHLO example.com\r\n'),
  Buffer.from('\0\0\0\x08\x04\xd2\x16\x2f', 'latin1'),
  Buffer.from('\r\n\r\n\r\n\r\n'),
  Buffer.from('\n\n\n'),
  Buffer.from('\r\r\r\r'),
  Buffer.from('HTTP/1.1 200 OK\r\n\r\n'),
]
/** Not HTTP: closing is fair, and what is answered may be several answers. */
const NOT_HTTP = { mayClose: true, isHalfClosed: true, answersMax: 50, mustRefuse: true }

function randomBytes({ random }) {
  return { pieces: [random.bytes(random.between(1, 4000))], ...NOT_HTTP }
}

function printableBytes({ random }) {
  const text = Array.from({ length: random.between(1, 2000) }, () =>
    random.chance(0.05) ? '\r\n' : String.fromCharCode(random.between(32, 126)),
  ).join('')
  return { pieces: [Buffer.from(`${text}\r\n\r\n`)], ...NOT_HTTP }
}

function otherProtocol({ random }) {
  return {
    pieces: [random.pick(OTHER_PROTOCOLS), random.bytes(random.between(0, 50))],
    ...NOT_HTTP,
  }
}

function endlessLine({ random }) {
  const line = Buffer.alloc(random.between(20_000, 300_000), random.pick(['A', '/', '%', '\xff']))
  return { pieces: [Buffer.concat([Buffer.from('GET /'), line])], ...NOT_HTTP }
}

/** One byte of a good request turned into another. */
function flippedByte(ctx) {
  const { random, host, bucket } = ctx
  const bytes = rawMessage([
    `GET /${bucket}/key?list-type=2 HTTP/1.1`,
    `Host: ${host}`,
    'x-amz-date: 20260101T000000Z',
    'Accept: */*',
    'Connection: close',
  ])
  bytes[random.between(0, bytes.length - 1)] = random.between(0, 255)
  return { pieces: [bytes], ...NOT_HTTP }
}

const METHODS = [
  'get',
  'PROPFIND',
  'BREW',
  'CONNECT',
  'TRACE',
  'PATCH',
  'G\u00c9T',
  '',
  ' GET',
  'GET\t',
  'G'.repeat(5000),
  'GET\0',
  'M-SEARCH',
  'PURGE',
  'HEADER',
  'PUTT',
]
const TARGETS = [
  '',
  '*',
  'http://example.com/',
  'http://example.com:99999/x',
  '//',
  '/\0',
  'x',
  'ftp://x/',
  '/a b',
  '/\xff\xfe',
  '/%',
  '/%zz',
  '?',
  '#',
  '/#x',
  '/?',
  '/??',
  '/?&&=&=',
  '[::1]',
  'https://',
  '/\u007f',
  '/\\',
  '\\',
  '/'.repeat(3000),
  `/${'a'.repeat(70_000)}`,
]
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/0.9',
  'HTTP/2.0',
  'HTTP/1.2',
  'HTTP/11',
  'HTTQ/1.1',
  'http/1.1',
  '',
  'HTTP/1.1 x',
  'HTTP/1.',
  '1.1',
  'HTTP/999999999999.1',
]
const SPACES = [' ', '  ', '\t', '\r', '\x0b', '']

function requestLine({ random, host }) {
  const method = random.chance(0.5) ? random.pick(METHODS) : 'GET'
  const target = random.chance(0.6) ? random.pick(TARGETS) : '/'
  const version = random.chance(0.4) ? random.pick(VERSIONS) : 'HTTP/1.1'
  const space = () => (random.chance(0.2) ? random.pick(SPACES) : ' ')
  const end = random.chance(0.1) ? '\n' : '\r\n'
  const text = [
    `${method}${space()}${target}${space()}${version}`,
    `Host: ${host}`,
    'Connection: close',
    '',
    '',
  ].join(end)
  return { pieces: [Buffer.from(text, 'latin1')], ...NOT_HTTP, isHead: false, answersMax: 3 }
}

/** An absolute-form target is legal; it must not make a proxy of the store. */
function absoluteForm({ random, host, bucket }) {
  const target = random.pick([
    `http://${host}/${bucket}`,
    'http://example.com/',
    'http://[::1]/',
    `http://user:pass@${host}/`,
    'http://169.254.169.254/latest/meta-data/',
  ])
  return {
    pieces: [rawMessage([`GET ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close'])],
    ...NOT_HTTP,
    answersMax: 1,
  }
}

export const GARBAGE = [
  [3, randomBytes],
  [2, printableBytes],
  [2, otherProtocol],
  [1, endlessLine],
  [4, flippedByte],
  [5, requestLine],
  [2, absoluteForm],
]
