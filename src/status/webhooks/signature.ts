// Signs deliveries as Standard Webhooks has it: HMAC-SHA256 over id, time and body, so that a receiver
// knows who sent it, when, and that it is whole. Source: standardwebhooks.com, the specification.

import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export interface Delivery {
  readonly id: string
  /** Of this try. */
  readonly atMs: number
  readonly body: Uint8Array
}

/** Name and value by turns. */
export function signedHeaders({ id, atMs, body }: Delivery, secret: string): string[] {
  const seconds = String(Math.floor(atMs / 1000))
  const mac = createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.`).update(body)
  const signature = `v1,${mac.digest('base64')}`
  return ['webhook-id', id, 'webhook-timestamp', seconds, 'webhook-signature', signature]
}

/**
 * The bytes of a secret: base64, with `whsec_` before it or without, as the libraries of receivers read
 * it. What is no base64 is a pass phrase, and its UTF-8 bytes.
 */
function keyOf(secret: string): Buffer {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret
  return BASE64.test(text) ? Buffer.from(text, 'base64') : Buffer.from(text)
}
