// How a body is framed and what vouches for it, by x-amz-content-sha256. A form that is not known
// is refused: taken as plain, its framing would end up in the object.
// Source: S3 API, Authenticating Requests: x-amz-content-sha256 values.

import { S3Error } from './s3-error.ts'
import { parseSizeHeader } from './size-header.ts'
import type { RequestHeaders } from './request-headers.ts'

/** A body in aws-chunked framing, for `ChunkedDecoder`. */
export interface StreamPayload {
  readonly kind: 'stream-signed' | 'stream-signed-trailer' | 'stream-unsigned-trailer'
  /** The object's size: x-amz-decoded-content-length. */
  readonly decodedSizeBytes: number
  /** The lower-case trailer announced by x-amz-trailer; null where none was. */
  readonly trailer: string | null
}

/** What a body is: plain and unvouched for, plain with its SHA-256, or a stream. */
export type Payload =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'single'; readonly sha256: Buffer }
  | StreamPayload

/**
 * Reads a request's body framing. @throws S3Error `InvalidArgument` (no known value),
 * `NotImplemented` (SigV4A), `MissingContentLength` (a stream without its decoded length),
 * `InvalidRequest` (a signed stream without a signed request; a trailer that is no checksum)
 */
export function parsePayload(
  headers: RequestHeaders,
  authKind: 'anonymous' | 'header' | 'query',
): Payload {
  const value = headers.get('x-amz-content-sha256')
  if (value === null || value === 'UNSIGNED-PAYLOAD') return UNSIGNED
  if (value === EMPTY_SHA256_HEX) return EMPTY
  if (HEX.test(value)) return { kind: 'single', sha256: Buffer.from(value, 'hex') }
  switch (value) {
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return stream('stream-unsigned-trailer', headers)
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      requireHeaderSignature(authKind)
      return stream('stream-signed', headers)
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      requireHeaderSignature(authKind)
      return stream('stream-signed-trailer', headers)
    case 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD':
    case 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER':
      throw new S3Error('NotImplemented', {
        message: 'Streams signed by Signature Version 4A are not implemented.',
        fields: { Header: 'x-amz-content-sha256' },
      })
    default:
      throw new S3Error('InvalidArgument', {
        message:
          'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, ' +
          'STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or ' +
          'a valid sha256 value.',
        fields: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: value },
      })
  }
}

function stream(kind: StreamPayload['kind'], headers: RequestHeaders): StreamPayload {
  const decodedSizeBytes = parseSizeHeader(headers, 'x-amz-decoded-content-length')
  if (decodedSizeBytes === null) {
    throw new S3Error('MissingContentLength', {
      message: 'A body in aws-chunked form needs the header x-amz-decoded-content-length.',
      fields: { Header: 'x-amz-decoded-content-length' },
    })
  }
  const trailer = kind === 'stream-signed' ? null : parseTrailerName(headers)
  return { kind, decodedSizeBytes, trailer }
}

function parseTrailerName(headers: RequestHeaders): string | null {
  const text = headers.get('x-amz-trailer')
  if (text === null || text.trim() === '') return null
  const name = text.trim().toLowerCase()
  if (CHECKSUM_TRAILER.test(name)) return name
  throw new S3Error('InvalidRequest', {
    message: 'The value specified in the x-amz-trailer header is not supported',
    fields: { Header: 'x-amz-trailer' },
  })
}

function requireHeaderSignature(authKind: 'anonymous' | 'header' | 'query'): void {
  if (authKind === 'header') return
  throw new S3Error('InvalidRequest', {
    message: 'A stream with signed chunks needs a request signed in its Authorization header.',
    fields: { Header: 'x-amz-content-sha256' },
  })
}

const EMPTY_SHA256_HEX = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const HEX = /^[0-9a-fA-F]{64}$/
const CHECKSUM_TRAILER = /^x-amz-checksum-(?:crc32|crc32c|crc64nvme|sha1|sha256)$/
const UNSIGNED: Payload = { kind: 'unsigned' }
const EMPTY: Payload = { kind: 'single', sha256: Buffer.from(EMPTY_SHA256_HEX, 'hex') }
