// A query string as a list of decoded names and values: order and repetitions are kept, `+` is a
// space, `%2B` a plus. Signing works on the raw text instead (sign/canonical-query.ts).

import { percentDecode } from './percent.ts'
import { S3Error } from './s3-error.ts'

/** One parameter, decoded; `?acl` is `['acl', '']`. */
export type QueryParam = readonly [name: string, value: string]

/** The parameters of `rawQuery` (without its `?`). @throws S3Error `InvalidURI` on bad escapes */
export function parseQuery(rawQuery: string): readonly QueryParam[] {
  if (rawQuery === '') return NONE
  const params: QueryParam[] = []
  let start = 0
  while (start <= rawQuery.length) {
    let end = rawQuery.indexOf('&', start)
    if (end < 0) end = rawQuery.length
    if (end > start) params.push(parseParam(rawQuery, start, end))
    start = end + 1
  }
  return params
}

/** The first value of a parameter, or null where it was not sent. */
export function queryValue(query: readonly QueryParam[], name: string): string | null {
  for (const param of query) if (param[0] === name) return param[1]
  return null
}

function parseParam(rawQuery: string, start: number, end: number): QueryParam {
  const equals = rawQuery.indexOf('=', start)
  if (equals < 0 || equals >= end) return [decode(rawQuery.slice(start, end)), '']
  return [decode(rawQuery.slice(start, equals)), decode(rawQuery.slice(equals + 1, end))]
}

function decode(raw: string): string {
  const text = percentDecode(raw.includes('+') ? raw.replaceAll('+', ' ') : raw)
  if (text === null) throw new S3Error('InvalidURI', { message: BAD_ESCAPE })
  return text
}

const NONE: readonly QueryParam[] = []
const BAD_ESCAPE = "Couldn't parse the specified URI: its query has an escape that is not UTF-8."
