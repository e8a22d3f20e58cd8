// Signs as many requests as a store of millions needs: one date for minutes, the signing key once,
// and only what every request has.

import { createHmac, hash } from 'node:crypto'
import { UNSIGNED } from '../../test/clients/harness/sigv4.mjs'

const DATE_MS_MAX = 300_000
const SIGNED = 'host;x-amz-content-sha256;x-amz-date'

function hmac(key, text, encoding) {
  return createHmac('sha256', key).update(text).digest(encoding)
}

/** Makes requests for `replay`. A path's bytes must need no escaping. */
export function openQuickSigner({ host, credentials, region = 'us-east-1' }) {
  let madeAtMs = Number.NEGATIVE_INFINITY
  let date = ''
  let scope = ''
  let key = null
  const renew = () => {
    madeAtMs = Date.now()
    date = `${new Date(madeAtMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')}`
    scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`
    key = [region, 's3', 'aws4_request'].reduce(
      (parent, text) => hmac(parent, text),
      hmac(`AWS4${credentials.secret}`, date.slice(0, 8)),
    )
  }
  return (method, path, body) => {
    if (Date.now() - madeAtMs > DATE_MS_MAX) renew()
    const headers = `host:${host}\nx-amz-content-sha256:${UNSIGNED}\nx-amz-date:${date}\n`
    const canonical = `${method}\n${path}\n\n${headers}\n${SIGNED}\n${UNSIGNED}`
    const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash('sha256', canonical)}`
    const length = body === undefined ? '' : `content-length: ${body.length}\r\n`
    const head =
      `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nx-amz-content-sha256: ${UNSIGNED}\r\n` +
      `x-amz-date: ${date}\r\nauthorization: AWS4-HMAC-SHA256 Credential=${credentials.access}/${scope}, ` +
      `SignedHeaders=${SIGNED}, Signature=${hmac(key, text, 'hex')}\r\n${length}\r\n`
    return { head: Buffer.from(head, 'latin1'), body, isHead: method === 'HEAD' }
  }
}
