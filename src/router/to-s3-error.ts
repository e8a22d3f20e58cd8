// What the store's own errors are to a client of S3. The one place that knows both sides.

import { DirectoryError } from '../directory/directory.ts'
import { GatewayError, type GatewayErrorCode } from '../gateway/gateway.ts'
import { ObjectIndexError, type IndexRefusal } from '../object-index/object-index.ts'
import { PlacementError } from '../placement/placement.ts'
import { S3Error, type S3ErrorCode } from '../s3/s3-error.ts'

/** Every refusal and gateway error, by S3's code. A null message is the table's own. */
const CODES: Readonly<Record<GatewayErrorCode, readonly [S3ErrorCode, string | null]>> = {
  'no-such-bucket': ['NoSuchBucket', null],
  'bucket-not-empty': ['BucketNotEmpty', null],
  'bucket-exists': ['OperationAborted', null],
  'no-such-key': ['NoSuchKey', null],
  'no-such-version': ['NoSuchVersion', null],
  'no-such-upload': ['NoSuchUpload', null],
  'is-delete-marker': ['MethodNotAllowed', null],
  'precondition-failed': ['PreconditionFailed', null],
  'conditional-conflict': ['ConditionalRequestConflict', null],
  'quota-exceeded': ['QuotaExceeded', null],
  'source-changed': ['OperationAborted', 'The source changed while it was copied. Try again.'],
  'too-many-references': ['SlowDown', null],
  'upload-changed': [
    'OperationAborted',
    'A part of the upload was written while it was completed. Try again.',
  ],
  'invalid-part': ['InvalidPart', null],
  'lease-lost': ['ServiceUnavailable', null],
  'extent-state': ['ServiceUnavailable', null],
  'blob-changed': ['ServiceUnavailable', null],
  'record-too-large': ['MetadataTooLarge', null],
  'bad-digest': ['BadDigest', null],
  'sha256-mismatch': ['XAmzContentSHA256Mismatch', null],
  'incomplete-body': ['IncompleteBody', null],
  'entity-too-small': ['EntityTooSmall', null],
  'invalid-part-order': ['InvalidPartOrder', null],
  'checksum-type': ['InvalidRequest', null],
  'size-mismatch': ['InvalidRequest', null],
  'storage-full': ['InsufficientStorage', null],
  'slow-down': ['SlowDown', null],
  unavailable: ['ServiceUnavailable', null],
  damaged: ['InternalError', null],
}

/** Gateway errors whose message is made for the client; of the others the table's is. */
const OWN_MESSAGES: ReadonlySet<GatewayErrorCode> = new Set([
  'bad-digest',
  'entity-too-small',
  'invalid-part',
  'invalid-part-order',
  'checksum-type',
  'size-mismatch',
  'damaged',
  'quota-exceeded',
])

/** The answer to an operating error; null for anything that is a programmer's. */
export function toS3Error(error: unknown): S3Error | null {
  if (error instanceof S3Error) return error
  if (error instanceof GatewayError) return ofGateway(error)
  if (error instanceof ObjectIndexError) {
    switch (error.code) {
      case 'corrupt':
        return damaged(error)
      case 'full':
        return new S3Error('InsufficientStorage', { cause: error })
      case 'overloaded':
        return new S3Error('SlowDown', { cause: error })
      case 'unavailable':
      case 'unsure':
        return unavailable('object-index', error)
    }
  }
  if (error instanceof DirectoryError) {
    return error.code === 'corrupt' ? damaged(error) : unavailable('directory', error)
  }
  if (error instanceof PlacementError) {
    return error.code === 'full'
      ? new S3Error('InsufficientStorage', { cause: error })
      : unavailable('placement', error)
  }
  return null
}

/** The answer to what the index refused. */
export function refusalError(
  refusal: IndexRefusal,
  fields: Readonly<Record<string, string>> = {},
): S3Error {
  const [code, message] = CODES[refusal]
  return new S3Error(code, { fields, ...(message === null ? {} : { message }) })
}

function ofGateway(error: GatewayError): S3Error {
  if (error.cause instanceof S3Error) return error.cause // what the body itself threw
  const [code, message] = CODES[error.code]
  const own = OWN_MESSAGES.has(error.code) && error.message !== '' ? error.message : message
  return new S3Error(code, {
    fields: error.fields,
    cause: error,
    ...(own === null ? {} : { message: own }),
  })
}

function damaged(error: Error): S3Error {
  return new S3Error('InternalError', { message: error.message, cause: error })
}

function unavailable(subsystem: string, cause: Error): S3Error {
  return new S3Error('ServiceUnavailable', {
    message: `Service is unable to handle request: ${subsystem} does not serve. Try again.`,
    cause,
  })
}
