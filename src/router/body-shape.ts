// Reads from the headers how a request's body is framed and how long it is.
// Source: S3.md 12 to 18; RFC 9112, 6.

import { PUT_SIZE_BYTES_MAX } from '../base/limits.ts'
import { parseContentMd5, parseRequestChecksum } from '../s3/checksum-header.ts'
import { parsePayload } from '../s3/payload.ts'
import { S3Error } from '../s3/s3-error.ts'
import { parseSizeHeader } from '../s3/size-header.ts'
import type { Call } from './operation.ts'
import { RequestBody } from './request-body.ts'

/**
 * The body of an operation that stores one. Nothing of it is read before `next` is called.
 * @throws S3Error `MissingContentLength`, `NotImplemented` (HTTP-chunked without aws-chunked),
 *   `EntityTooLarge`, and what the parsers of its headers throw
 */
export function openBody(call: Call, sizeBytesMax: number = PUT_SIZE_BYTES_MAX): RequestBody {
  const { headers, authKind, seed, exchange } = call
  const payload = parsePayload(headers, authKind)
  const checksum = parseRequestChecksum(headers)
  const md5 = parseContentMd5(headers)
  const wireSizeBytes = parseSizeHeader(headers, 'content-length')
  const isStream = payload.kind !== 'unsigned' && payload.kind !== 'single'
  if (wireSizeBytes === null && headers.has('transfer-encoding')) {
    if (!isStream) throw chunkedRefused()
  } else if (wireSizeBytes === null) throw new S3Error('MissingContentLength')
  if (checksum.kind === 'trailer' && (!isStream || payload.trailer === null)) {
    throw new S3Error('InvalidRequest', {
      message: 'x-amz-trailer needs a body in an aws-chunked form that has a trailer.',
    })
  }
  const sizeBytes = isStream ? payload.decodedSizeBytes : (wireSizeBytes ?? 0)
  if (sizeBytes > sizeBytesMax) {
    throw new S3Error('EntityTooLarge', {
      fields: {
        ProposedSize: String(sizeBytes),
        MaxSizeAllowed: String(sizeBytesMax),
      },
    })
  }
  const body = new RequestBody(exchange, { payload, seed, checksum, md5, wireSizeBytes, sizeBytes })
  exchange.body = body
  exchange.isLong = true
  return body
}

function chunkedRefused(): S3Error {
  return new S3Error('NotImplemented', {
    message:
      'A header you provided implies functionality that is not implemented: a body without ' +
      'Content-Length must be in an aws-chunked form.',
    fields: { Header: 'Transfer-Encoding' },
  })
}
