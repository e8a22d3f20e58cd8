// `response-…` in the query of a GET replaces headers of its answer, for signed requests.

import type { QueryParam } from './query-params.ts'
import { S3Error } from './s3-error.ts'

const OVERRIDES: ReadonlyMap<string, string> = new Map([
  ['response-cache-control', 'Cache-Control'],
  ['response-content-disposition', 'Content-Disposition'],
  ['response-content-encoding', 'Content-Encoding'],
  ['response-content-language', 'Content-Language'],
  ['response-content-type', 'Content-Type'],
  ['response-expires', 'Expires'],
])
const NOT_IN_HEADERS = /[^\x20-\x7e\t]/

/** Headers to replace, flat. @throws S3Error `InvalidRequest`, `InvalidArgument` */
export function parseResponseOverrides(
  query: readonly QueryParam[],
  authKind: 'anonymous' | 'header' | 'query',
): readonly string[] {
  const fields: string[] = []
  for (const [name, value] of query) {
    const header = OVERRIDES.get(name)
    if (header === undefined) continue
    if (authKind === 'anonymous') {
      throw new S3Error('InvalidRequest', {
        message: 'Request specific response headers cannot be used for anonymous GET requests.',
      })
    }
    if (NOT_IN_HEADERS.test(value)) {
      throw new S3Error('InvalidArgument', {
        message: `${name} is no header value`,
        fields: { ArgumentName: name, ArgumentValue: value },
      })
    }
    fields.push(header, value)
  }
  return fields
}
