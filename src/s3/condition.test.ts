// Conditions of reads: all combinations of the four headers against RFC 9110's order. S3.md 25.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeCopySource, judgeRead } from './condition.ts'
import { formatHttpDate } from './http-date.ts'
import { RequestHeaders } from './request-headers.ts'
import { S3Error } from './s3-error.ts'

const NOW_MS = Date.UTC(2026, 0, 2)
const TARGET = { etag: 'a'.repeat(32), lastModifiedMs: Date.UTC(2026, 0, 1) + 789 }
const SECOND_MS = 1000

const OURS = `"${TARGET.etag}"`
const ETAGS = [null, OURS, '"other"', '*', `"other", ${TARGET.etag}`, `W/${OURS}`]
const DATES = [
  null,
  formatHttpDate(TARGET.lastModifiedMs), // the same second: not modified since
  formatHttpDate(TARGET.lastModifiedMs - SECOND_MS),
  formatHttpDate(NOW_MS + SECOND_MS), // of the future: ignored
  'no date',
]

interface Given {
  readonly match: string | null
  readonly none: string | null
  readonly modified: string | null
  readonly unmodified: string | null
}

function* combinations(): Generator<Given> {
  for (const match of ETAGS) {
    for (const none of ETAGS) {
      for (const modified of DATES) {
        for (const unmodified of DATES) yield { match, none, modified, unmodified }
      }
    }
  }
}

function headersOf({ match, none, modified, unmodified }: Given, prefix: string): RequestHeaders {
  const pairs = [
    ['if-match', match],
    ['if-none-match', none],
    ['if-modified-since', modified],
    ['if-unmodified-since', unmodified],
  ] as const
  return new RequestHeaders(
    pairs.flatMap(([name, value]) => (value === null ? [] : [prefix + name, value])),
  )
}

/** What each header says alone; null: nothing. */
function says(given: Given) {
  const etag = (text: string | null) => (text === null ? null : text !== '"other"')
  const changed = (text: string | null) =>
    text === DATES[1] ? false : text === DATES[2] ? true : null
  return {
    isMatch: etag(given.match),
    isNone: etag(given.none),
    isModified: changed(given.modified),
    isChanged: changed(given.unmodified),
  }
}

function outcome(judge: () => string): string {
  try {
    return judge()
  } catch (error) {
    if (error instanceof S3Error) return `${error.status} ${error.fields['Condition']}`
    throw error
  }
}

test('S3.md 25: 412 goes before 304, and an ETag silences the date beside it', () => {
  for (const given of combinations()) {
    const { isMatch, isNone, isModified, isChanged } = says(given)
    let wanted = 'go'
    if (isNone === true || (given.none === null && isModified === false)) wanted = 'not-modified'
    if (isMatch === null && isChanged === true) wanted = '412 If-Unmodified-Since'
    if (isMatch === false) wanted = '412 If-Match'
    const judged = outcome(() => judgeRead(headersOf(given, ''), TARGET, NOW_MS))
    assert.equal(judged, wanted, JSON.stringify(given))
  }
})

test('S3.md 41: of a copy’s source every failure is 412, by the header’s name', () => {
  const prefix = 'x-amz-copy-source-'
  for (const given of combinations()) {
    const { isMatch, isNone, isModified, isChanged } = says(given)
    let wanted = 'go'
    if (given.none === null && isModified === false) wanted = `412 ${prefix}If-Modified-Since`
    if (isNone === true) wanted = `412 ${prefix}If-None-Match`
    if (isMatch === null && isChanged === true) wanted = `412 ${prefix}If-Unmodified-Since`
    if (isMatch === false) wanted = `412 ${prefix}If-Match`
    const judged = outcome(() => {
      judgeCopySource(headersOf(given, prefix), TARGET, NOW_MS)
      return 'go'
    })
    assert.equal(judged, wanted, JSON.stringify(given))
  }
})
