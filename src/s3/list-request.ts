// What a list request asks for: how many, from where, under what prefix. Source: S3.md 36 to 39.

import { createHash } from 'node:crypto'
import type { QueryParam } from './query-params.ts'
import { queryValue } from './query-params.ts'
import { S3Error } from './s3-error.ts'
import { S3_LIMITS } from './s3-limits.ts'
import type { ListEncoding } from './xml/list-objects.ts'

export interface ListParams {
  readonly prefix: string
  readonly delimiter: string
  readonly encoding: ListEncoding
  /** As asked for. */
  readonly limitAsked: number
  /** As answered: never over a page. */
  readonly limit: number
}

/** @throws S3Error `InvalidArgument` */
export function parseListParams(
  query: readonly QueryParam[],
  limitName: string,
  limitMax: number = S3_LIMITS.pageEntriesMax,
): ListParams {
  const limitAsked = parseCount(query, limitName, limitMax)
  return {
    prefix: queryValue(query, 'prefix') ?? '',
    delimiter: queryValue(query, 'delimiter') ?? '',
    encoding: parseEncoding(query),
    limitAsked,
    limit: Math.min(limitAsked, limitMax),
  }
}

/** A count from 0 up. @throws S3Error `InvalidArgument` */
export function parseCount(query: readonly QueryParam[], name: string, preset: number): number {
  const text = queryValue(query, name)
  if (text === null || text === '') return preset
  const value = Number(text)
  if (/^\d{1,10}$/.test(text) && value <= S3_LIMITS.integerMax) return value
  throw invalid(name, text, `Provided ${name} not an integer or within integer range`)
}

function parseEncoding(query: readonly QueryParam[]): ListEncoding {
  const text = queryValue(query, 'encoding-type')
  if (text === null || text === '') return null
  if (text.toLowerCase() === 'url') return 'url'
  throw invalid('encoding-type', text, 'Invalid Encoding Method specified in Request')
}

/** The error for a query parameter. */
export function invalid(name: string, value: string, message: string): S3Error {
  return new S3Error('InvalidArgument', {
    message,
    fields: { ArgumentName: name, ArgumentValue: value },
  })
}

const CHECK_SIZE_CHARS = 8

function checkOf(kind: string, position: string): string {
  return createHash('sha256')
    .update(`${kind}\n${position}`)
    .digest('hex')
    .slice(0, CHECK_SIZE_CHARS)
}

/** A token that only this kind of list takes back. */
export function encodeListToken(kind: string, position: string): string {
  return Buffer.from(checkOf(kind, position) + position).toString('base64url')
}

/** The position in a token; null where none was sent. @throws S3Error `InvalidArgument` */
export function decodeListToken(
  kind: string,
  query: readonly QueryParam[],
  name = 'continuation-token',
): string | null {
  const token = queryValue(query, name)
  if (token === null) return null
  const refused = invalid(name, token, 'The continuation token provided is incorrect')
  if (token === '' || token.length > S3_LIMITS.tokenLengthMax) throw refused
  const text = Buffer.from(token, 'base64url').toString('utf8')
  const position = text.slice(CHECK_SIZE_CHARS)
  // Decoding is lenient: only a token as it was given out is taken.
  if (encodeListToken(kind, position) !== token) throw refused
  return position
}
