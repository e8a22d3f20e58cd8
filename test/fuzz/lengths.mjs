// Content-Length that lies, and clients that stop in the middle.

import { freshKey, rawMessage, signedRequest } from './message.mjs'

const BROKEN = { mayClose: true, mustRefuse: true, isHalfClosed: true }

function absurdLength(ctx) {
  const key = freshKey(ctx)
  const length = ctx.random.pick([
    '-1',
    '-9223372036854775808',
    '9223372036854775807',
    '5368709121',
    '99999999999999999999999',
    '1.5',
    '0x5',
    '',
    ' ',
    '5 5',
    '5,5',
    '+5',
    '1e1',
    '\u0665',
  ])
  const { head, body } = signedRequest(ctx, {
    method: 'PUT',
    path: `/${ctx.bucket}/${key}`,
    body: Buffer.from('hello'),
    length: null,
    unsigned: [`Content-Length: ${length}`],
  })
  return { pieces: [head, body], ...BROKEN, absentKey: key, note: length }
}

function noLength(ctx) {
  const key = freshKey(ctx)
  const { head } = signedRequest(ctx, {
    method: 'PUT',
    path: `/${ctx.bucket}/${key}`,
    length: null,
    payloadHash: 'UNSIGNED-PAYLOAD',
  })
  return { pieces: [head], mustRefuse: true, absentKey: key }
}

/** Says more than it sends, and goes away. */
function shortBody(ctx) {
  const { random } = ctx
  const key = freshKey(ctx)
  const body = random.bytes(random.pick([0, 1, 1000, 100_000]))
  const { head } = signedRequest(ctx, {
    method: 'PUT',
    path: `/${ctx.bucket}/${key}`,
    body,
    length: body.length + random.pick([1, 1000, 10_000_000]),
  })
  return { pieces: [head, body], ...BROKEN, absentKey: key }
}

/** A head or an answer's reader that ends anywhere. */
function cutHead(ctx) {
  const { bytes } = signedRequest(ctx, {
    method: 'PUT',
    path: `/${ctx.bucket}/${freshKey(ctx)}`,
    body: ctx.random.bytes(500),
    headers: { 'x-amz-meta-a': 'b' },
  })
  return { pieces: [bytes.subarray(0, ctx.random.between(0, bytes.length - 1))], ...BROKEN }
}

/** Bodies where none belongs. */
function bodyOnRead(ctx) {
  const { random } = ctx
  const method = random.pick(['GET', 'HEAD', 'DELETE'])
  const body = random.bytes(random.pick([1, 1000, 200_000]))
  const key = method === 'DELETE' ? freshKey(ctx) : 'anchor'
  const { bytes } = signedRequest(ctx, { method, path: `/${ctx.bucket}/${key}`, body })
  return { pieces: [bytes], isHead: method === 'HEAD', mayClose: body.length > 60_000 }
}

/** Two good requests in one write: both must be answered, in order. */
function pipelined(ctx) {
  const path = `/${ctx.bucket}/anchor`
  const first = signedRequest(ctx, { method: 'GET', path })
  const second = signedRequest(ctx, { method: 'GET', path })
  return { pieces: [first.bytes, second.bytes], answersMax: 2, mustAccept: true }
}

/** A good PUT followed by bytes that are no request. */
function garbageAfter(ctx) {
  const { bytes } = signedRequest(ctx, {
    method: 'PUT',
    path: `/${ctx.bucket}/${freshKey(ctx)}`,
    body: ctx.random.bytes(100),
  })
  const garbage = rawMessage(['\0\x01\x02 garbage'], ctx.random.bytes(50))
  return { pieces: [bytes, garbage], answersMax: 3, isHalfClosed: true, mayClose: true }
}

export const LENGTHS = [
  [3, absurdLength],
  [1, noLength],
  [3, shortBody],
  [3, cutHead],
  [2, bodyOnRead],
  [1, pipelined],
  [1, garbageAfter],
]
