// Headers that hold a size in bytes.

import { S3Error } from './s3-error.ts'
import type { RequestHeaders } from './request-headers.ts'

/**
 * The size in a header (`name` in lower case); null where it was not sent.
 * @throws S3Error `InvalidArgument` for an empty, negative or other text, and above 2^53
 */
export function parseSizeHeader(headers: RequestHeaders, name: string): number | null {
  const text = headers.get(name)
  if (text === null) return null
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new S3Error('InvalidArgument', {
    message: `The header ${name} must be a size in bytes.`,
    fields: { ArgumentName: name, ArgumentValue: text },
  })
}
