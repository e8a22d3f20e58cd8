// Requests as bytes: written by hand, so that what no HTTP library would send can be sent.

import { queryString, sha256, signHeaders, UNSIGNED } from '../clients/harness/sigv4.mjs'

/** What a case is unless its generator says otherwise; see verdict.mjs for how it is judged. */
export const ORDINARY = {
  isHead: false,
  isHalfClosed: false,
  answersMax: 1,
  mustRefuse: false, // a success is a failure of the store
  mustAccept: false, // an error is a failure of the store
  mayClose: false, // a close without an answer is fair
  absentKey: null, // a key that must not be there afterwards
}

/** Lines and a body as they are sent. Characters are bytes. */
export function rawMessage(lines, body = Buffer.alloc(0)) {
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}

/**
 * A signed request. `headers` are signed, `unsigned` pairs are added after them as they stand.
 * `length: null` leaves Content-Length out. `tamper` may change the signed headers before they are
 * written. Answers the head's bytes, the body, and what chunk signatures go on from.
 */
export function signedRequest(
  ctx,
  {
    method,
    path,
    query = [],
    headers = {},
    unsigned = [],
    body = Buffer.alloc(0),
    payloadHash,
    length = body.length,
    date,
    credentials = ctx.credentials,
    region,
    tamper = (all) => all,
  },
) {
  const made = signHeaders({
    method,
    path,
    query,
    credentials,
    region,
    date,
    payloadHash: payloadHash ?? (body.length > 0 ? UNSIGNED : sha256('')),
    headers: { host: ctx.host, ...headers },
  })
  const target = query.length === 0 ? path : `${path}?${queryString(query)}`
  const pairs = Object.entries(tamper(made.headers)).map(([name, value]) => `${name}: ${value}`)
  const own = length === null ? [] : [`Content-Length: ${length}`]
  const head = rawMessage([`${method} ${target} HTTP/1.1`, ...pairs, ...own, ...unsigned])
  return { head, body, bytes: Buffer.concat([head, body]), ...made }
}

/** A case of one signed request, sent whole. */
export function signedCase(ctx, request, more = {}) {
  const { bytes } = signedRequest(ctx, request)
  return { pieces: [bytes], isHead: request.method === 'HEAD', ...more }
}

/** Cuts bytes at random places, so that boundaries fall anywhere in the reads. */
export function cut({ random }, bytes, countMax = 5) {
  const places = Array.from({ length: random.between(0, countMax) }, () =>
    random.between(0, bytes.length),
  ).sort((left, right) => left - right)
  const ends = [...places, bytes.length]
  return ends
    .map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end))
    .filter((piece) => piece.length > 0)
}

/** A key that no other request of this run uses. */
export function freshKey(ctx) {
  return `fuzz/${ctx.index}-${ctx.random.next().toString(16)}`
}
