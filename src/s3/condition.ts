// The If-* headers of reads and of copies' sources: pure decisions over a version's ETag and date.
// Source: RFC 9110, 13; S3 API, GetObject and CopyObject.

import { formatHttpDate, parseHttpDate } from './http-date.ts'
import { S3Error } from './s3-error.ts'
import type { RequestHeaders } from './request-headers.ts'

/** What conditions are judged by. */
export interface ConditionTarget {
  /** Without quotes. */
  readonly etag: string
  readonly lastModifiedMs: number
}

/**
 * Judges GET and HEAD. 412 goes before 304; a true If-Match silences If-Unmodified-Since, a given
 * If-None-Match silences If-Modified-Since. @throws S3Error `PreconditionFailed`
 */
export function judgeRead(
  headers: RequestHeaders,
  target: ConditionTarget,
  nowMs: number,
): 'go' | 'not-modified' {
  if (headers.firstWithPrefix('if-') === null) return 'go'
  const given = readConditions(headers, '', nowMs)
  checkMatch(given, target, 'If-Match', 'If-Unmodified-Since')
  if (given.noneMatch !== null) return listHas(given.noneMatch, target.etag) ? 'not-modified' : 'go'
  if (given.modifiedSinceMs === null) return 'go'
  return isAfter(target, given.modifiedSinceMs) ? 'go' : 'not-modified'
}

/** Judges a copy's source by x-amz-copy-source-if-*. @throws S3Error `PreconditionFailed` */
export function judgeCopySource(
  headers: RequestHeaders,
  target: ConditionTarget,
  nowMs: number,
): void {
  const prefix = 'x-amz-copy-source-'
  const given = readConditions(headers, prefix, nowMs)
  checkMatch(given, target, `${prefix}If-Match`, `${prefix}If-Unmodified-Since`)
  if (given.noneMatch !== null) {
    if (listHas(given.noneMatch, target.etag)) throw failed(`${prefix}If-None-Match`)
    return
  }
  if (given.modifiedSinceMs !== null && !isAfter(target, given.modifiedSinceMs)) {
    throw failed(`${prefix}If-Modified-Since`)
  }
}

/** Whether a Range counts: no If-Range, or one that names this ETag or this very date. */
export function ifRangeHolds(headers: RequestHeaders, target: ConditionTarget): boolean {
  const text = headers.get('if-range')
  if (text === null) return true
  const dateMs = parseHttpDate(text.trim())
  if (dateMs !== null) return seconds(dateMs) === seconds(target.lastModifiedMs)
  return bareEtag(text) === target.etag
}

/** An ETag without its quotes and without `W/`. */
export function bareEtag(text: string): string {
  let etag = text.trim()
  if (etag.startsWith('W/')) etag = etag.slice(2)
  const isQuoted = etag.length >= 2 && etag.startsWith('"') && etag.endsWith('"')
  return isQuoted ? etag.slice(1, -1) : etag
}

/** What a condition that does not hold is answered with; `condition` is its header's name. */
export function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', { fields: { Condition: condition } })
}

/** ETag and Last-Modified of a 304, flat. */
export function notModifiedHeaders(target: ConditionTarget): readonly string[] {
  return ['ETag', `"${target.etag}"`, 'Last-Modified', formatHttpDate(target.lastModifiedMs)]
}

interface Conditions {
  readonly match: string | null
  readonly noneMatch: string | null
  /** Null also for a date that is in the future or none at all: S3 ignores it. */
  readonly modifiedSinceMs: number | null
  readonly unmodifiedSinceMs: number | null
}

function readConditions(headers: RequestHeaders, prefix: string, nowMs: number): Conditions {
  return {
    match: headers.get(`${prefix}if-match`),
    noneMatch: headers.get(`${prefix}if-none-match`),
    modifiedSinceMs: pastDate(headers.get(`${prefix}if-modified-since`), nowMs),
    unmodifiedSinceMs: pastDate(headers.get(`${prefix}if-unmodified-since`), nowMs),
  }
}

function checkMatch(
  given: Conditions,
  target: ConditionTarget,
  matchName: string,
  unmodifiedName: string,
): void {
  if (given.match !== null) {
    if (!listHas(given.match, target.etag)) throw failed(matchName)
  } else if (given.unmodifiedSinceMs !== null && isAfter(target, given.unmodifiedSinceMs)) {
    throw failed(unmodifiedName)
  }
}

function pastDate(text: string | null, nowMs: number): number | null {
  const dateMs = text === null ? null : parseHttpDate(text.trim())
  return dateMs === null || dateMs > nowMs ? null : dateMs
}

function isAfter(target: ConditionTarget, dateMs: number): boolean {
  return seconds(target.lastModifiedMs) > seconds(dateMs)
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

function listHas(list: string, etag: string): boolean {
  if (list.trim() === '*') return true
  for (const entry of list.split(',')) if (bareEtag(entry) === etag) return true
  return false
}
