// The loads by which the store is measured, as prepared and signed requests. Bodies are stamped so
// that no two are alike; keys of a PUT run are new ones.

import { randomBytes } from 'node:crypto'
import { sha256, signHeaders, UNSIGNED } from '../../test/clients/harness/sigv4.mjs'

const KIB = 1024
const MIB = 1024 * KIB
export const BUCKET = 'bench'
export const DELIMITER_BUCKET = 'bench-delimiter'
export const SET_COUNT = 10_000
export const DELIMITER_KEYS = 100_000
export const DELIMITER_PREFIXES = 1000
const LARGE_COUNT = 16
const PREPARED_MAX = 60_000

export const small = randomBytes(4 * KIB)
export const large = randomBytes(8 * MIB)
export const tiny = Buffer.from('sixteen bytes...')

export const setKey = (index) => `s/${String(index).padStart(8, '0')}`
export const delimiterKey = (index) =>
  `x/p${String(index % DELIMITER_PREFIXES).padStart(8, '0')}/${String(index).padStart(8, '0')}`

/** Makes signed requests for one server. */
export function openSigner({ host, port, credentials }) {
  return (method, bucket, key, { query = [], body, payloadHash = UNSIGNED } = {}) => {
    const path = key === '' ? `/${bucket}` : `/${bucket}/${key}`
    const headers = { host: `${host}:${port}` }
    if (body !== undefined) headers['content-length'] = String(body.length)
    const signed = signHeaders({ method, path, query, headers, payloadHash, credentials }).headers
    const search = query
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .join('&')
    const lines = Object.entries(signed)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    const target = search === '' ? path : `${path}?${search}`
    return {
      head: Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}\r\n`),
      body,
      isHead: method === 'HEAD',
    }
  }
}

/** Gives requests of `prepared` again and again. */
const cycle = (prepared) => {
  let index = 0
  return () => prepared[index++ % prepared.length]
}
/** Gives each of `prepared` once. */
const once = (prepared) => {
  let index = 0
  return () => prepared[index++] ?? null
}
const times = (count, make) => Array.from({ length: count }, (_, index) => make(index))
const spread = (index, count) => (index * 7919) % count

/**
 * name → { connections, bytes a request, prepare(sign, run) → what must be there first and what is
 * measured }. `fill` is sent first and not measured.
 */
export const WORKLOADS = {
  put4k: {
    connections: 32,
    bytes: 4 * KIB,
    target: 0.16,
    prepare: (sign, run) => ({
      next: once(
        times(PREPARED_MAX, (index) => sign('PUT', BUCKET, `w${run}/${index}`, { body: small })),
      ),
    }),
  },
  'put4k-signed': {
    connections: 32,
    bytes: 4 * KIB,
    target: null,
    prepare: (sign, run) => {
      const payloadHash = sha256(small)
      return {
        next: once(
          times(PREPARED_MAX, (index) =>
            sign('PUT', BUCKET, `g${run}/${index}`, { body: small, payloadHash }),
          ),
        ),
      }
    },
  },
  'put4k-random': {
    connections: 32,
    bytes: 4 * KIB,
    target: 0.25,
    prepare: (sign) => ({
      next: once(
        times(PREPARED_MAX, () =>
          sign('PUT', BUCKET, `r/${randomBytes(12).toString('hex')}`, { body: small }),
        ),
      ),
    }),
  },
  'put4k-128': {
    connections: 128,
    bytes: 4 * KIB,
    target: null,
    prepare: (sign, run) => ({
      next: once(
        times(PREPARED_MAX, (index) => sign('PUT', BUCKET, `h${run}/${index}`, { body: small })),
      ),
    }),
  },
  get4k: {
    connections: 32,
    bytes: 4 * KIB,
    target: 0.06,
    prepare: (sign) => ({
      next: cycle(
        times(SET_COUNT, (index) => sign('GET', BUCKET, setKey(spread(index, SET_COUNT)))),
      ),
    }),
  },
  head4k: {
    connections: 32,
    bytes: 0,
    target: 0.045,
    prepare: (sign) => ({
      next: cycle(
        times(SET_COUNT, (index) => sign('HEAD', BUCKET, setKey(spread(index, SET_COUNT)))),
      ),
    }),
  },
  put8m: {
    connections: 8,
    bytes: 8 * MIB,
    target: 23,
    prepare: (sign, run) => ({
      next: once(times(2000, (index) => sign('PUT', BUCKET, `v${run}/${index}`, { body: large }))),
    }),
  },
  get8m: {
    connections: 8,
    bytes: 8 * MIB,
    target: 4.5,
    prepare: (sign) => ({
      fill: times(LARGE_COUNT, (index) => sign('PUT', BUCKET, `l/${index}`, { body: large })),
      next: cycle(times(LARGE_COUNT, (index) => sign('GET', BUCKET, `l/${index}`))),
    }),
  },
  list: {
    connections: 8,
    bytes: 0,
    target: 2,
    prepare: (sign) => ({
      next: cycle(
        times(1000, (index) =>
          sign('GET', BUCKET, '', {
            query: [
              ['list-type', '2'],
              ['max-keys', '1000'],
              ['prefix', 's/'],
              ['start-after', setKey(spread(index, SET_COUNT - 1000))],
            ],
          }),
        ),
      ),
    }),
  },
  listdelim: {
    connections: 8,
    bytes: 0,
    target: 4,
    prepare: (sign) => ({
      next: cycle(
        times(100, () =>
          sign('GET', DELIMITER_BUCKET, '', {
            query: [
              ['delimiter', '/'],
              ['list-type', '2'],
              ['max-keys', '1000'],
              ['prefix', 'x/'],
            ],
          }),
        ),
      ),
    }),
  },
  delete4k: {
    connections: 32,
    bytes: 0,
    target: 0.1,
    prepare: (sign, run) => ({
      fill: times(20_000, (index) => sign('PUT', BUCKET, `d${run}/${index}`, { body: small })),
      next: once(times(20_000, (index) => sign('DELETE', BUCKET, `d${run}/${index}`))),
    }),
  },
  mixed: {
    connections: 32,
    bytes: 0,
    target: 0.1,
    prepare: (sign, run) => ({
      fill: times(4000, (index) => sign('PUT', BUCKET, `m${run}/${index}`, { body: small })),
      next: once(mixed(sign, run)),
    }),
  },
}

/** Of 100: 45 GET, 30 HEAD, 15 PUT, 10 DELETE. */
function mixed(sign, run) {
  let put = 0
  let deleted = 0
  return times(40_000, (index) => {
    const turn = (index * 37) % 100
    if (turn < 45) return sign('GET', BUCKET, setKey(spread(index, SET_COUNT)))
    if (turn < 75) return sign('HEAD', BUCKET, setKey(spread(index, SET_COUNT)))
    if (turn < 90) return sign('PUT', BUCKET, `n${run}/${put++}`, { body: small })
    return sign('DELETE', BUCKET, `m${run}/${deleted++}`)
  })
}
