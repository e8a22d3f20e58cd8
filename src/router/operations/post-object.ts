// PostObject: a browser's form with a file in it.

import type { RequestHeaders } from '../../s3/request-headers.ts'
import type { RequestTarget } from '../../s3/request-target.ts'
import { S3Error } from '../../s3/s3-error.ts'
import type { Exchange } from '../exchange.ts'

/** Stores the file of a form. */
export function postObject(
  _exchange: Exchange,
  _target: RequestTarget,
  _headers: RequestHeaders,
): Promise<void> {
  return Promise.reject(new S3Error('NotImplemented'))
}
