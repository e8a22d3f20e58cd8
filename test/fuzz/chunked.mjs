// aws-chunked bodies: all forms, whole and broken. A broken one must be refused and store nothing.

import { createHash } from 'node:crypto'
import { crc32Base64 } from './crc32.mjs'
import { signChunk, signTrailer } from '../clients/harness/sigv4.mjs'
import { cut, freshKey, rawMessage, signedRequest } from './message.mjs'

const SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
const SIGNED_TRAILER = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'
const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
const FORMS = [SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER]

/** Body bytes in chunks of 8 KiB and up, the last one of any size. */
function plan(ctx) {
  const { random } = ctx
  const body = random.bytes(random.pick([0, 1, 100, 8192, 20_000, 70_000]))
  const sizeBytes = random.pick([8192, 16_384, 65_536])
  const chunks = []
  for (let at = 0; at < body.length; at += sizeBytes) chunks.push(body.subarray(at, at + sizeBytes))
  return { body, chunks, form: random.pick(FORMS), key: freshKey(ctx) }
}

/** The head, signed for the body's length and form; `more` changes what is asked. */
function headOf(ctx, { body, form, key }, more = {}) {
  const trailer = form === SIGNED ? {} : { 'x-amz-trailer': 'x-amz-checksum-crc32' }
  return signedRequest(ctx, {
    method: 'PUT',
    path: `/${ctx.bucket}/${key}`,
    payloadHash: form,
    length: null,
    ...more,
    headers: {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': String(body.length),
      ...trailer,
      ...more.headers,
    },
  })
}

/** The encoded body in parts that a change may spoil: `{ line, data, end }`, trailer, tail. */
function encode({ body, chunks, form }, { signature, context }) {
  const isSigned = form !== UNSIGNED_TRAILER
  let previous = signature
  const parts = [...chunks, Buffer.alloc(0)].map((data) => {
    previous = signChunk(context, previous, data)
    const extension = isSigned ? `;chunk-signature=${previous}` : ''
    const isLast = data.length === 0
    return {
      line: `${data.length.toString(16)}${extension}\r\n`,
      data,
      end: isLast && form !== SIGNED ? '' : '\r\n',
    }
  })
  const checksum = `x-amz-checksum-crc32:${crc32Base64(body)}`
  const signed = `x-amz-trailer-signature:${signTrailer(context, previous, `${checksum}\n`)}`
  const trailer = form === SIGNED ? [] : form === SIGNED_TRAILER ? [checksum, signed] : [checksum]
  const tail = form === SIGNED ? '' : '\r\n'
  return { parts, trailer: trailer.map((line) => `${line}\r\n`), tail }
}

function join({ parts, trailer, tail }) {
  return Buffer.concat([
    ...parts.flatMap(({ line, data, end }) => [
      Buffer.from(line, 'latin1'),
      data,
      Buffer.from(end, 'latin1'),
    ]),
    Buffer.from(trailer.join('') + tail, 'latin1'),
  ])
}

/** Puts Content-Length of what is really sent into a head that has none. */
function withLength(head, length) {
  const line = Buffer.from(`\r\nContent-Length: ${length}\r\n\r\n`)
  return Buffer.concat([head.subarray(0, -4), line])
}

function whole(ctx) {
  const planned = plan(ctx)
  const request = headOf(ctx, planned)
  const bytes = join(encode(planned, request))
  return {
    pieces: cut(ctx, Buffer.concat([withLength(request.head, bytes.length), bytes])),
    mustAccept: true,
  }
}

const pickPart = (ctx, parts) => ctx.random.pick(parts)
const otherHex = ({ random }) => random.bytes(32).toString('hex')

/** Each breaks an encoded body in one way; those that name a form apply to that form alone. */
const BREAKS = {
  'chunk signature': {
    forms: [SIGNED, SIGNED_TRAILER],
    change: (ctx, { parts }) => {
      const part = pickPart(ctx, parts)
      part.line = part.line.replace(/=[0-9a-f]{64}/, `=${otherHex(ctx)}`)
    },
  },
  'no chunk signature': {
    forms: [SIGNED, SIGNED_TRAILER],
    change: (ctx, { parts }) => {
      const part = pickPart(ctx, parts)
      part.line = part.line.replace(/;.*\r/, '\r')
    },
  },
  'short chunk signature': {
    forms: [SIGNED, SIGNED_TRAILER],
    change: (ctx, { parts }) => {
      const part = pickPart(ctx, parts)
      part.line = part.line.replace(/[0-9a-f]\r/, '\r')
    },
  },
  'trailer signature': {
    forms: [SIGNED_TRAILER],
    change: (ctx, { trailer }) => {
      trailer[1] = `x-amz-trailer-signature:${otherHex(ctx)}\r\n`
    },
  },
  'no trailer signature': {
    forms: [SIGNED_TRAILER],
    change: (ctx, encoded) => {
      encoded.trailer.pop()
    },
  },
  'wrong checksum': {
    forms: [UNSIGNED_TRAILER],
    change: (ctx, { trailer }) => {
      trailer[0] = `x-amz-checksum-crc32:${ctx.random.bytes(4).toString('base64')}\r\n`
    },
  },
  'checksum not base64': {
    forms: [UNSIGNED_TRAILER],
    change: (ctx, { trailer }) => {
      trailer[0] = `x-amz-checksum-crc32:${ctx.random.pick(['', '!', 'AAAA', '='.repeat(300)])}\r\n`
    },
  },
  'another trailer': {
    forms: [UNSIGNED_TRAILER],
    change: (ctx, { trailer }) => {
      trailer[0] = ctx.random.pick(['x-amz-checksum-sha1:x\r\n', 'x\r\n', ':\r\n', '\0:\0\r\n'])
    },
  },
  'no trailer': {
    forms: [SIGNED_TRAILER, UNSIGNED_TRAILER],
    change: (ctx, encoded) => {
      encoded.trailer = []
    },
  },
  'endless trailer': {
    forms: [SIGNED_TRAILER, UNSIGNED_TRAILER],
    change: (ctx, { trailer }) => {
      trailer.unshift(`x-filler:${'v'.repeat(ctx.random.pick([9000, 200_000]))}\r\n`)
    },
  },
  'many trailers': {
    forms: [SIGNED_TRAILER, UNSIGNED_TRAILER],
    change: (ctx, { trailer }) => {
      for (let count = 0; count < 5000; count++) trailer.push(`x-${count}:${count}\r\n`)
    },
  },
  'size too large': {
    change: (ctx, { parts }) => {
      parts.at(-1).line = parts.at(-1).line.replace(/^0/, ctx.random.pick(['1', 'ff', 'fffff']))
    },
  },
  'huge size': {
    change: (ctx, { parts }) => {
      const size = ctx.random.pick([
        'ffffffff',
        'ffffffffffffffff',
        '7fffffffffffffff',
        'f'.repeat(500),
      ])
      parts[0].line = parts[0].line.replace(/^[0-9a-f]+/, size)
    },
  },
  'size not hex': {
    change: (ctx, { parts }) => {
      const size = ctx.random.pick(['', '-1', '+1', '0x1', ' 1', '1 ', 'g', '\u00b2', '1.5', '1e'])
      const part = pickPart(ctx, parts)
      part.line = part.line.replace(/^[0-9a-f]+/, size === '1e' ? '1ee' : size)
    },
  },
  'endless size line': {
    change: (ctx, { parts }) => {
      const filler = 'x'.repeat(ctx.random.pick([5000, 100_000, 1_000_000]))
      pickPart(ctx, parts).line = `1;${filler}\r\n`
    },
  },
  'no line end': {
    change: (ctx, { parts }) => {
      const part = pickPart(ctx, parts)
      // Some clients leave out one of the last chunk's two line ends: that proves nothing.
      const by = part.data.length === 0 ? '\0\0' : ctx.random.pick(['', '\r', '\n\n', '\0\0'])
      part.line = part.line.replace('\r\n', by)
    },
  },
  'data past the size': {
    change: (ctx, { parts }) => {
      parts[0].end = `${'x'.repeat(ctx.random.between(1, 100))}\r\n`
    },
  },
  'data after the end': {
    change: (ctx, encoded) => {
      encoded.tail += 'x'.repeat(ctx.random.between(1, 3000))
    },
  },
  'no last chunk': {
    forms: [SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER],
    change: (ctx, encoded) => {
      encoded.parts.pop()
      encoded.trailer = []
      encoded.tail = ''
    },
  },
  'no framing': {
    change: (ctx, encoded) => {
      for (const part of encoded.parts) Object.assign(part, { line: '', end: '' })
      Object.assign(encoded, { trailer: [], tail: 'plain bytes without any chunk' })
    },
  },
}

function broken(ctx) {
  const name = ctx.random.pick(Object.keys(BREAKS))
  const { forms = FORMS, change } = BREAKS[name]
  const planned = { ...plan(ctx), form: ctx.random.pick(forms) }
  const request = headOf(ctx, planned)
  const encoded = encode(planned, request)
  change(ctx, encoded)
  const bytes = join(encoded)
  return {
    pieces: cut(ctx, Buffer.concat([withLength(request.head, bytes.length), bytes])),
    mustRefuse: true,
    mayClose: bytes.length > 60_000,
    absentKey: planned.key,
    note: name,
  }
}

/** The decoded length is wrong, missing or absurd. */
function wrongLength(ctx) {
  const planned = plan(ctx)
  const { length } = planned.body
  const decoded = ctx.random.pick([
    length + 1,
    length - 1,
    -1,
    2 ** 53,
    '1e3',
    'x',
    '0x10',
    '+1',
    '99999999999999999999',
    `${length} ${length}`,
    `${length},${length}`,
  ])
  const request = headOf(ctx, planned, {
    headers: { 'x-amz-decoded-content-length': String(decoded) },
  })
  const bytes = join(encode(planned, request))
  return {
    pieces: [withLength(request.head, bytes.length), bytes],
    note: String(decoded),
    mustRefuse: true,
    mayClose: bytes.length > 60_000,
    absentKey: planned.key,
  }
}

/** Forms that nobody has, or that this store has not. */
function unknownForm(ctx) {
  const planned = plan(ctx)
  const payloadHash = ctx.random.pick([
    'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
    'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER',
    'STREAMING-',
    'STREAMING-AWS4-HMAC-SHA256',
    'STREAMING-UNSIGNED-PAYLOAD',
    'streaming-unsigned-payload-trailer',
    'UNSIGNED',
    'x',
    `${SIGNED}-`,
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85',
    createHash('sha256').update('another body').digest('hex'),
  ])
  const request = headOf(ctx, planned, { payloadHash })
  const bytes = join(encode(planned, request))
  return {
    pieces: [withLength(request.head, bytes.length), bytes],
    note: payloadHash,
    mustRefuse: true,
    mayClose: bytes.length > 60_000,
    absentKey: planned.key,
  }
}

/** The client goes away in the middle. */
function truncated(ctx) {
  const planned = plan(ctx)
  const request = headOf(ctx, planned)
  const bytes = join(encode(planned, request))
  const sent = bytes.subarray(0, ctx.random.between(0, bytes.length - 1))
  return {
    pieces: [withLength(request.head, bytes.length), sent],
    isHalfClosed: true,
    mustRefuse: true,
    mayClose: true,
    absentKey: planned.key,
  }
}

/** HTTP's own chunks around aws-chunked, which is allowed, or around nothing, which is not. */
function chunkedTwice(ctx) {
  const planned = plan(ctx)
  const request = headOf(ctx, planned, { unsigned: ['Transfer-Encoding: chunked'] })
  const bytes = join(encode(planned, request))
  const framed = Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from('\r\n0\r\n\r\n'),
  ])
  return { pieces: [request.head, framed] }
}

function plainChunked(ctx) {
  const key = freshKey(ctx)
  const { head } = signedRequest(ctx, {
    method: 'PUT',
    path: `/${ctx.bucket}/${key}`,
    length: null,
    payloadHash: 'UNSIGNED-PAYLOAD',
    unsigned: ['Transfer-Encoding: chunked'],
  })
  const body = ctx.random.pick([
    '5\r\nhello\r\n0\r\n\r\n',
    'zz\r\n',
    'ffffffffffffffffff\r\nx',
    `5;${'x'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`,
    '5\r\nhel',
    '0\r\nx: y\r\n\r\n',
    '-1\r\n\r\n',
  ])
  return {
    pieces: [head, Buffer.from(body)],
    isHalfClosed: true,
    mayClose: true,
    mustRefuse: true,
    absentKey: key,
  }
}

/** Chunk framing without any signature of the request itself. */
function anonymousChunks(ctx) {
  const head = rawMessage(
    [
      `PUT /${ctx.bucket}/anonymous HTTP/1.1`,
      `Host: ${ctx.host}`,
      `x-amz-content-sha256: ${ctx.random.pick(FORMS)}`,
      'x-amz-decoded-content-length: 1',
      'Content-Length: 9',
    ],
    Buffer.from('1\r\nx\r\n0\r\n'),
  )
  return { pieces: [head], mustRefuse: true }
}

export const CHUNKED = [
  [3, whole],
  [12, broken],
  [2, wrongLength],
  [2, unknownForm],
  [2, truncated],
  [1, chunkedTwice],
  [2, plainChunked],
  [1, anonymousChunks],
]
