// The checksum of a request's body, as its headers give it: in a header, in a trailer to come, or
// as Content-MD5. Values are raw bytes here, big-endian. Source: S3 User Guide, Checking object
// integrity; API reference, PutObject.

import {
  CHECKSUM_ALGORITHMS,
  CHECKSUMS,
  type ChecksumAlgorithm,
  parseChecksumAlgorithm,
} from './checksum-algorithm.ts'
import { S3Error } from './s3-error.ts'
import type { RequestHeaders } from './request-headers.ts'

/** The checksum a client gives for its body. */
export type RequestChecksum =
  | { readonly kind: 'none' }
  | { readonly kind: 'value'; readonly algorithm: ChecksumAlgorithm; readonly value: Buffer }
  /** The value comes as the body's trailer, then goes through `parseChecksumValue`. */
  | { readonly kind: 'trailer'; readonly algorithm: ChecksumAlgorithm }

/**
 * Reads x-amz-checksum-*, x-amz-trailer and x-amz-sdk-checksum-algorithm.
 * @throws S3Error `InvalidRequest`: two of them, an unknown one, or an announced algorithm whose
 *   value is not there; `BadDigest`: a value that is not its base64
 */
export function parseRequestChecksum(headers: RequestHeaders): RequestChecksum {
  let found: RequestChecksum = NONE
  if (headers.firstWithPrefix('x-amz-checksum-') !== null) found = checksumInHeaders(headers)
  const trailer = headers.get('x-amz-trailer')
  if (trailer !== null && trailer.trim() !== '') {
    if (found.kind !== 'none') throw twoChecksums()
    const name = trailer.trim().toLowerCase()
    const algorithm = CHECKSUM_ALGORITHMS.find((each) => CHECKSUMS[each].header === name)
    if (algorithm === undefined) throw invalid('x-amz-trailer')
    found = { kind: 'trailer', algorithm }
  }
  const announced = headers.get('x-amz-sdk-checksum-algorithm')
  if (announced === null) return found
  if (found.kind === 'none') {
    throw new S3Error('InvalidRequest', {
      message:
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or ' +
        'x-amz-trailer headers were found.',
    })
  }
  if (parseChecksumAlgorithm(announced) !== found.algorithm) {
    throw invalid('x-amz-sdk-checksum-algorithm')
  }
  return found
}

/** Raw bytes of a checksum in base64. @throws S3Error `BadDigest`: see docs/decisions/0005. */
export function parseChecksumValue(algorithm: ChecksumAlgorithm, base64: string): Buffer {
  const { header, sizeBytes } = CHECKSUMS[algorithm]
  const value = decodeBase64(base64, sizeBytes)
  if (value === null) {
    throw new S3Error('BadDigest', { message: `Value for ${header} header is invalid.` })
  }
  return value
}

/** Content-MD5's 16 bytes; null without the header. @throws S3Error `InvalidDigest` */
export function parseContentMd5(headers: RequestHeaders): Buffer | null {
  const text = headers.get('content-md5')
  if (text === null) return null
  const value = decodeBase64(text, 16)
  if (value === null) throw new S3Error('InvalidDigest', { fields: { 'Content-MD5': text } })
  return value
}

/**
 * For operations whose body must be vouched for: DeleteObjects and most settings of a bucket.
 * @throws S3Error `InvalidRequest` without Content-MD5 and without any checksum
 */
export function requireIntegrity(headers: RequestHeaders): void {
  if (headers.has('content-md5') || parseRequestChecksum(headers).kind !== 'none') return
  throw new S3Error('InvalidRequest', {
    message: 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
  })
}

/** What a body that does not match is answered with. */
export function badDigest(of: ChecksumAlgorithm | 'Content-MD5'): S3Error {
  const message = `The ${of} you specified did not match what we received.`
  if (of === 'Content-MD5') return new S3Error('BadDigest', { message })
  return new S3Error('BadDigest', {
    message: `The ${of} you specified did not match the calculated checksum.`,
  })
}

/** Exactly `sizeBytes` bytes out of canonical base64 (RFC 4648, 4), else null. */
function decodeBase64(text: string, sizeBytes: number): Buffer | null {
  const trimmed = text.trim()
  if (trimmed.length !== Math.ceil(sizeBytes / 3) * 4) return null
  const value = Buffer.from(trimmed, 'base64')
  return value.length === sizeBytes && value.toString('base64') === trimmed ? value : null
}

function checksumInHeaders(headers: RequestHeaders): RequestChecksum {
  let found: RequestChecksum = NONE
  for (let i = 0; i < headers.names.length; i++) {
    const name = headers.names[i] ?? ''
    if (!name.startsWith('x-amz-checksum-') || NO_VALUES.has(name)) continue
    const algorithm = CHECKSUM_ALGORITHMS.find((each) => CHECKSUMS[each].header === name)
    if (algorithm === undefined) {
      throw new S3Error('InvalidRequest', {
        message: `The algorithm type you specified in ${name} header is invalid.`,
      })
    }
    if (found.kind !== 'none') throw twoChecksums()
    const value = parseChecksumValue(algorithm, headers.values[i] ?? '')
    found = { kind: 'value', algorithm, value }
  }
  return found
}

function twoChecksums(): S3Error {
  return new S3Error('InvalidRequest', {
    message: 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
  })
}

function invalid(header: string): S3Error {
  return new S3Error('InvalidRequest', { message: `Value for ${header} header is invalid.` })
}

const NONE: RequestChecksum = { kind: 'none' }
const NO_VALUES: ReadonlySet<string> = new Set([
  'x-amz-checksum-algorithm',
  'x-amz-checksum-type',
  'x-amz-checksum-mode',
])
