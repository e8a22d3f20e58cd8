// What a completed upload is: checks the parts that the client names against those that are there,
// and computes ETag and checksum of the whole from theirs. Pure decisions over plain values.

import { assert } from '../base/assert.ts'
import { crc32Combine, crc32cCombine, crc64nvmeCombine } from '../base/checksum.ts'
import { digest } from '../base/digest.ts'
import { PART_SIZE_BYTES_MIN } from '../base/limits.ts'
import { rawChecksum, rawCrc32, rawCrc64 } from '../base/raw-checksum.ts'
import type {
  ChecksumAlgorithm,
  Part,
  StoredChecksum,
  Upload,
} from '../object-index/object-index.ts'
import { isSame } from './body-digests.ts'
import { GatewayError } from './gateway.ts'
import type { Body, CompleteRequest } from './gateway.ts'

/** What the completing commit is told. */
export interface Completion {
  readonly sizeBytes: number
  readonly etag: string
  readonly checksum: StoredChecksum | null
}

/** A part's checksum is of the algorithm that the upload was begun with. @throws GatewayError */
export function requireAlgorithm(upload: Upload, body: Body): void {
  const expected = upload.checksumAlgorithm
  const actual = body.checksumAlgorithm
  if (expected === null || actual === null || expected === actual) return
  throw new GatewayError(
    'checksum-type',
    `Checksum Type mismatch occurred, expected checksum Type: ${expected.toLowerCase()}, ` +
      `actual checksum Type: ${actual.toLowerCase()}`,
  )
}

/** @throws GatewayError `invalid-part-order`, `invalid-part`, `entity-too-small`, `checksum-type`… */
export function planCompletion(
  upload: Upload,
  parts: readonly Part[],
  request: CompleteRequest,
): Completion {
  assert(request.parts.length > 0, 'a completion names its parts')
  requireOrder(request)
  const byNumber = new Map(parts.map((part) => [part.partNumber, part]))
  const chosen = request.parts.map((named) => {
    const part = byNumber.get(named.partNumber)
    if (part === undefined || part.etag !== named.etag) throw invalidPart(named.partNumber)
    return part
  })
  chosen.slice(0, -1).forEach(requireSize)
  requirePartChecksums(chosen, request)
  const sizeBytes = chosen.reduce((sum, part) => sum + part.sizeBytes, 0)
  if (request.sizeBytes !== null && request.sizeBytes !== sizeBytes) {
    throw new GatewayError('size-mismatch', `The parts have ${sizeBytes} bytes in all.`)
  }
  const md5s = chosen.map((part) => Buffer.from(part.etag, 'hex'))
  const etag = `${digest('md5', Buffer.concat(md5s)).toString('hex')}-${chosen.length}`
  const checksum = wholeChecksum(upload, chosen)
  requireWholeChecksum(upload, checksum, request)
  return { sizeBytes, etag, checksum }
}

function requireOrder({ parts }: CompleteRequest): void {
  parts.forEach(({ partNumber }, index) => {
    if (partNumber <= (parts[index - 1]?.partNumber ?? 0))
      throw new GatewayError('invalid-part-order', '')
  })
}

function invalidPart(partNumber: number): GatewayError {
  return new GatewayError('invalid-part', '', { PartNumber: String(partNumber) })
}

function requireSize(part: Part): void {
  if (part.sizeBytes >= PART_SIZE_BYTES_MIN) return
  throw new GatewayError('entity-too-small', '', {
    ProposedSize: String(part.sizeBytes),
    MinSizeAllowed: String(PART_SIZE_BYTES_MIN),
    PartNumber: String(part.partNumber),
    ETag: part.etag,
  })
}

/**
 * Checksums named for parts must be theirs; of those that are not named the stored one counts, also
 * for COMPOSITE. Source: docs/decisions/0005-where-the-suite-and-aws-differ.md.
 */
function requirePartChecksums(chosen: readonly Part[], request: CompleteRequest): void {
  request.parts.forEach((named, index) => {
    const part = chosen[index]
    if (named.checksum === null) return
    const stored = part?.checksum ?? null
    if (
      stored === null ||
      stored.algorithm !== named.checksumAlgorithm ||
      !isSame(stored.value, named.checksum)
    )
      throw invalidPart(named.partNumber)
  })
}

/** Of the algorithm that the upload was begun with, else CRC64NVME over the whole. */
function wholeChecksum(upload: Upload, chosen: readonly Part[]): StoredChecksum | null {
  const algorithm = upload.checksumAlgorithm ?? 'CRC64NVME'
  const type = upload.checksumType ?? 'FULL_OBJECT'
  const values: Uint8Array[] = []
  for (const { checksum } of chosen) {
    if (checksum?.algorithm !== algorithm) return null // a part copied before this was known
    values.push(checksum.value)
  }
  if (type === 'COMPOSITE') {
    return { algorithm, type, value: rawChecksum(algorithm, Buffer.concat(values)) }
  }
  const value = combineAll(
    algorithm,
    values,
    chosen.map((part) => part.sizeBytes),
  )
  return value === null ? null : { algorithm, type, value }
}

function combineAll(
  algorithm: ChecksumAlgorithm,
  values: readonly Uint8Array[],
  sizes: readonly number[],
): Uint8Array | null {
  if (algorithm === 'SHA1' || algorithm === 'SHA256') return null
  if (algorithm === 'CRC64NVME') {
    return rawCrc64(
      values.reduce(
        (crc, value, index) =>
          crc64nvmeCombine(crc, Buffer.from(value).readBigUInt64BE(), sizes[index] ?? 0),
        0n,
      ),
    )
  }
  const combine = algorithm === 'CRC32' ? crc32Combine : crc32cCombine
  return rawCrc32(
    values.reduce(
      (crc, value, index) => combine(crc, Buffer.from(value).readUInt32BE(), sizes[index] ?? 0),
      0,
    ),
  )
}

function requireWholeChecksum(
  upload: Upload,
  computed: StoredChecksum | null,
  { checksum, checksumType }: CompleteRequest,
): void {
  const type = upload.checksumType ?? 'FULL_OBJECT'
  if (checksumType !== null && checksumType !== type) {
    throw new GatewayError(
      'checksum-type',
      `The upload was created using the ${type} checksum ` +
        `type. The complete request must use the same type.`,
    )
  }
  if (checksum === null) return
  if (computed === null || checksum.algorithm !== computed.algorithm) {
    throw new GatewayError(
      'checksum-type',
      'The upload was created using another checksum algorithm.',
    )
  }
  if (isSame(checksum.value, computed.value)) return
  throw new GatewayError(
    'bad-digest',
    `The ${checksum.algorithm} you specified did not match the calculated checksum.`,
  )
}
