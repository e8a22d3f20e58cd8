// Checksums of multipart uploads: what CreateMultipartUpload chooses, what CompleteMultipartUpload
// claims, and how a whole one is shown. Combining CRCs is arithmetic and stands in base/.
// Source: S3 User Guide, Checking object integrity: full object and composite checksums.

import {
  CHECKSUM_ALGORITHMS,
  CHECKSUMS,
  type ChecksumAlgorithm,
  type ChecksumType,
  parseChecksumAlgorithm,
} from './checksum-algorithm.ts'
import { parseChecksumValue } from './checksum-header.ts'
import { S3Error } from './s3-error.ts'
import type { RequestHeaders } from './request-headers.ts'

/** What an upload was created with. */
export interface UploadChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly type: ChecksumType
}

/** A whole object's checksum as CompleteMultipartUpload claims it. */
export interface ObjectChecksum extends UploadChecksum {
  readonly value: Buffer
  /** The `-N` behind a composite one; null where it was left out. */
  readonly partCount: number | null
}

/**
 * What CreateMultipartUpload asks for; null: no algorithm named, so FULL_OBJECT CRC64NVME results.
 * @throws S3Error `InvalidRequest` for an unknown name or a type that the algorithm does not have
 */
export function parseUploadChecksum(headers: RequestHeaders): UploadChecksum | null {
  const algorithm = parseCopyChecksum(headers)
  const type = parseChecksumType(headers)
  if (algorithm === null) {
    if (type === null) return null
    throw new S3Error('InvalidRequest', {
      message:
        'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    })
  }
  const { types } = CHECKSUMS[algorithm]
  const [first = 'FULL_OBJECT'] = types
  const chosen = type ?? first
  if (types.includes(chosen)) return { algorithm, type: chosen }
  throw new S3Error('InvalidRequest', {
    message:
      `The ${chosen} checksum type cannot be used with the ${algorithm.toLowerCase()} ` +
      'checksum algorithm.',
  })
}

/** x-amz-checksum-algorithm, also of CopyObject; null without. @throws S3Error `InvalidRequest` */
export function parseCopyChecksum(headers: RequestHeaders): ChecksumAlgorithm | null {
  const name = headers.get('x-amz-checksum-algorithm')
  if (name === null) return null
  const algorithm = parseChecksumAlgorithm(name)
  if (algorithm !== null) return algorithm
  throw new S3Error('InvalidRequest', {
    message:
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: ' +
      `[${CHECKSUM_ALGORITHMS.join(', ')}]`,
  })
}

/** x-amz-checksum-type; null without. @throws S3Error `InvalidRequest` */
export function parseChecksumType(headers: RequestHeaders): ChecksumType | null {
  const text = headers.get('x-amz-checksum-type')
  if (text === null || text === 'COMPOSITE' || text === 'FULL_OBJECT') return text
  throw new S3Error('InvalidRequest', {
    message: 'Value for x-amz-checksum-type header is invalid.',
  })
}

/**
 * The object's checksum in the headers of CompleteMultipartUpload; null where none is.
 * `created` is what the upload was created with. @throws S3Error `InvalidRequest` for a broken
 * value, two of them, or another type or algorithm than at creation
 */
export function parseObjectChecksum(
  headers: RequestHeaders,
  created: UploadChecksum,
): ObjectChecksum | null {
  const type = parseChecksumType(headers)
  if (type !== null && type !== created.type) {
    throw new S3Error('InvalidRequest', {
      message:
        `The upload was created using the ${created.type} checksum mode. The complete request ` +
        'must use the same checksum mode.',
    })
  }
  const given = CHECKSUM_ALGORITHMS.filter((each) => headers.has(CHECKSUMS[each].header))
  const [algorithm, second] = given
  if (algorithm === undefined) return null
  if (second !== undefined) {
    throw new S3Error('InvalidRequest', {
      message: 'Expecting a single x-amz-checksum- header.',
    })
  }
  if (algorithm !== created.algorithm) {
    throw new S3Error('InvalidRequest', {
      message: `The upload was created using the ${created.algorithm} checksum algorithm.`,
    })
  }
  const text = headers.get(CHECKSUMS[algorithm].header) ?? ''
  const dash = created.type === 'COMPOSITE' ? text.lastIndexOf('-') : -1
  const base64 = dash < 0 ? text : text.slice(0, dash)
  const count = dash < 0 ? null : text.slice(dash + 1)
  if (count !== null && !/^[1-9]\d{0,4}$/.test(count)) {
    throw new S3Error('InvalidRequest', {
      message: `Value for ${CHECKSUMS[algorithm].header} header is invalid.`,
    })
  }
  const value = parseChecksumValue(algorithm, base64)
  return { ...created, value, partCount: count === null ? null : Number(count) }
}

/** A stored checksum as clients see it: base64, and `-N` behind a composite one of `partCount`. */
export function formatChecksum(
  checksum: { readonly type: ChecksumType; readonly value: Uint8Array },
  partCount: number | null,
): string {
  const { value, type } = checksum
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
  const base64 = bytes.toString('base64')
  return type === 'COMPOSITE' && partCount !== null ? `${base64}-${partCount}` : base64
}
