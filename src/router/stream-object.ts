// The body of a GET. The first piece is read before the head goes out, so that damage at the start
// is a clean 500; damage behind it cuts the connection, since a shorter body must not look whole.

import { NEVER } from '../base/signal.ts'
import type { Bucket, ObjectVersion } from '../object-index/object-index.ts'
import { GatewayError } from '../gateway/gateway.ts'
import type { ByteRange } from '../s3/range.ts'
import type { Exchange, HeaderFields } from './exchange.ts'

/** What the socket gets at once: a client must take this much before it counts as silent. */
const SLICE_SIZE_BYTES = 256 * 1024
/** Reads up to this are over too soon to be worth an abort signal of their own. */
const SHORT_READ_SIZE_BYTES = 64 * 1024

/** What is sent: `fields` say the Content-Length. */
export interface ObjectAnswer {
  readonly bucket: Bucket
  readonly version: ObjectVersion
  readonly range: ByteRange
  readonly status: number
  readonly fields: HeaderFields
}

/** Answers with bytes of a version. @throws GatewayError, RouterError */
export async function sendObject(exchange: Exchange, answer: ObjectAnswer): Promise<void> {
  const { bucket, version, range, status, fields } = answer
  const sizeBytes = range.end - range.start
  if (sizeBytes === 0) return exchange.sendHead(status, fields)
  if (sizeBytes === version.sizeBytes) {
    const small = exchange.services.gateway.readSmall(version, bucket.id)
    if (small !== null) {
      return exchange.sendWhole(status, fields, small instanceof Promise ? await small : small)
    }
  }
  const signal = sizeBytes <= SHORT_READ_SIZE_BYTES ? NEVER : exchange.signal
  const pieces = exchange.services.gateway
    .read(version, range, signal, bucket.id)
    [Symbol.asyncIterator]()
  try {
    const first = await pieces.next()
    if (first.done === true) throw ended(version, 0, sizeBytes)
    if (first.value.length === sizeBytes) {
      return await exchange.sendPiece(status, fields, first.value)
    }
    exchange.start(status, fields)
    let sentBytes = 0
    let piece: IteratorResult<Uint8Array, unknown> = first
    while (piece.done !== true) {
      await sendSliced(exchange, piece.value)
      sentBytes += piece.value.length
      piece = await pieces.next()
    }
    if (sentBytes !== sizeBytes) throw ended(version, sentBytes, sizeBytes)
    exchange.finish()
  } finally {
    await pieces.return?.()
  }
}

async function sendSliced(exchange: Exchange, piece: Uint8Array): Promise<void> {
  for (let start = 0; start < piece.length; start += SLICE_SIZE_BYTES) {
    await exchange.write(piece.subarray(start, start + SLICE_SIZE_BYTES))
  }
}

function ended(version: ObjectVersion, sentBytes: number, sizeBytes: number): GatewayError {
  return new GatewayError(
    'damaged',
    `the body of key ${JSON.stringify(version.key)} ended after ` +
      `${sentBytes} of ${sizeBytes} bytes`,
  )
}
