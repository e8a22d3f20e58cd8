// A small S3 client over node:http that sends keys byte for byte and hides nothing: the oracle that
// says what really stands in the store, whatever another client believes.

import http from 'node:http'
import https from 'node:https'
import { EMPTY_SHA256, UNSIGNED, objectPath, queryString, signHeaders } from './sigv4.mjs'

/** An answer that was not the one expected; `status` and `code` say which it was. */
export class S3AnswerError extends Error {
  name = 'S3AnswerError'
  constructor(what, answer) {
    super(`${what}: ${answer.status} ${answer.code ?? ''} ${answer.body.toString().slice(0, 300)}`)
    this.status = answer.status
    this.code = answer.code
  }
}

/** A connection that gave no whole answer: what was asked may or may not have happened. */
export class LostAnswerError extends Error {
  name = 'LostAnswerError'
}

const UNESCAPES = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const unescapeXml = (text) =>
  text.replace(/&(#x?[0-9a-fA-F]+|\w+);/g, (all, name) => {
    if (!name.startsWith('#')) return UNESCAPES[name] ?? all
    return String.fromCodePoint(Number(name.replace('#x', '0x').replace('#', '')))
  })

/** The texts of all elements of that name, in order. */
export function xmlTexts(xml, name) {
  const pattern = new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`, 'g')
  return [...String(xml).matchAll(pattern)].map((match) => unescapeXml(match[1]))
}

/** Collects one answer. A connection that ends early rejects: LostAnswerError, or Node's. */
function exchange(transport, options, body) {
  return new Promise((resolve, reject) => {
    const request = transport.request(options, (response) => {
      const pieces = []
      response.on('data', (piece) => pieces.push(piece))
      response.on('error', reject)
      response.on('end', () => {
        if (!response.complete) return reject(new LostAnswerError('the answer ended early'))
        const whole = Buffer.concat(pieces)
        const isXml = response.statusCode >= 300 || whole.toString('latin1', 0, 5) === '<?xml'
        resolve({
          status: response.statusCode,
          headers: response.headers,
          body: whole,
          code: isXml ? xmlTexts(whole.subarray(0, 4096), 'Code')[0] : undefined,
        })
      })
    })
    request.on('timeout', () => request.destroy(new LostAnswerError('no answer in time')))
    request.on('error', reject)
    request.end(body)
  })
}

/** Opens a client of one endpoint; close it to end its kept connections. */
export function openS3({
  endpoint,
  credentials,
  region = 'us-east-1',
  ca,
  connections = 16,
  timeoutMs = 60_000,
}) {
  const url = new URL(endpoint)
  const transport = url.protocol === 'https:' ? https : http
  const agent = new transport.Agent({ keepAlive: true, maxSockets: connections, ca })

  /** Sends one request. `path` and `query` go out as given; an object body is not hashed. */
  const send = ({ method, path, query = [], headers = {}, body = Buffer.alloc(0) }) => {
    const payloadHash = body.length === 0 ? EMPTY_SHA256 : UNSIGNED
    const signed = signHeaders({
      method,
      path,
      query,
      payloadHash,
      credentials,
      region,
      headers: { ...headers, host: url.host },
    })
    const target = query.length === 0 ? path : `${path}?${queryString(query)}`
    return exchange(
      transport,
      {
        agent,
        method,
        path: target,
        host: url.hostname,
        port: url.port,
        timeout: timeoutMs,
        headers: { ...signed.headers, 'content-length': body.length },
      },
      body,
    )
  }
  const expect = async (what, wanted, request) => {
    const answer = await send(request)
    if (!wanted.includes(answer.status)) throw new S3AnswerError(what, answer)
    return answer
  }

  return {
    send,
    makeBucket: (bucket) =>
      expect(`create ${bucket}`, [200], { method: 'PUT', path: `/${bucket}` }),
    put: (bucket, key, body) =>
      expect(`put ${key}`, [200], { method: 'PUT', path: objectPath(bucket, key), body }),
    get: async (bucket, key) =>
      (await expect(`get ${key}`, [200], { method: 'GET', path: objectPath(bucket, key) })).body,
    head: (bucket, key) => send({ method: 'HEAD', path: objectPath(bucket, key) }),
    remove: (bucket, key) =>
      expect(`delete ${key}`, [204], { method: 'DELETE', path: objectPath(bucket, key) }),
    removeBucket: (bucket) =>
      expect(`delete ${bucket}`, [204, 404], { method: 'DELETE', path: `/${bucket}` }),
    list: (bucket, prefix = '') => listAll(expect, bucket, prefix),
    emptyBucket: async (bucket) => await emptyBucket({ expect }, bucket),
    close: () => agent.destroy(),
  }
}

/** A name from a listing with `encoding-type=url`. */
const decodeUrl = (text) => decodeURIComponent(text.replaceAll('+', ' '))

/** Every object under a prefix, page by page: key, size, ETag. */
async function listAll(expect, bucket, prefix) {
  const found = []
  for (let token = null; ;) {
    const more = token === null ? [] : [['continuation-token', token]]
    const { body } = await expect(`list ${bucket}`, [200], {
      method: 'GET',
      path: `/${bucket}`,
      query: [...more, ['encoding-type', 'url'], ['list-type', '2'], ['prefix', prefix]],
    })
    for (const [, entry] of body.toString().matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)) {
      const [[key], [size], [etag]] = ['Key', 'Size', 'ETag'].map((name) => xmlTexts(entry, name))
      found.push({ key: decodeUrl(key), sizeBytes: Number(size), etag })
    }
    if (xmlTexts(body, 'IsTruncated')[0] !== 'true') return found
    token = xmlTexts(body, 'NextContinuationToken')[0]
  }
}

/** Removes all objects and unfinished uploads of a bucket. */
async function emptyBucket({ expect }, bucket) {
  for (const { key } of await listAll(expect, bucket, '')) {
    await expect(`delete ${key}`, [204], { method: 'DELETE', path: objectPath(bucket, key) })
  }
  const { body } = await expect(`list uploads of ${bucket}`, [200], {
    method: 'GET',
    path: `/${bucket}`,
    query: [
      ['encoding-type', 'url'],
      ['uploads', ''],
    ],
  })
  for (const [, entry] of body.toString().matchAll(/<Upload>([\s\S]*?)<\/Upload>/g)) {
    const key = decodeUrl(xmlTexts(entry, 'Key')[0])
    await expect(`abort ${key}`, [204], {
      method: 'DELETE',
      path: objectPath(bucket, key),
      query: [['uploadId', xmlTexts(entry, 'UploadId')[0]]],
    })
  }
}
