// The log is dense: what is read of it is checked for that, by every driver.

import { assert } from '../base/assert.ts'
import { EngineError, type LogEntry, type Versionstamp } from './engine.ts'
import type { Head } from './head.ts'
import { compareStamps, stampText } from './stamp.ts'

/** Entries that one read of the log asks for at most. */
const LOG_PAGE_ENTRIES_MAX = 10_000
/** Bytes at which a page of the log ends. */
export const LOG_PAGE_SIZE_BYTES: number = 4 * 1024 * 1024

export function checkLogLimit(limit: number): void {
  assert(
    Number.isSafeInteger(limit) && limit >= 1 && limit <= LOG_PAGE_ENTRIES_MAX,
    `1 to ${LOG_PAGE_ENTRIES_MAX} log entries are read at a time`,
  )
}

/** @throws EngineError `corrupt` where `page` does not go on right behind `after`, without a gap */
export function checkLogPage(page: readonly LogEntry[], after: Versionstamp, head: Head): void {
  if (compareStamps(after, head.logStart) < 0) {
    throw gap(after, `the log was trimmed up to ${stampText(head.logStart)}`)
  }
  if (compareStamps(after, head.versionstamp) > 0) {
    throw gap(after, `the log ends at ${stampText(head.versionstamp)}`)
  }
  if (page.length === 0 && after.sequence < head.versionstamp.sequence) {
    throw gap(after, `the log ends there, not at ${stampText(head.versionstamp)}`)
  }
  let { sequence } = after
  for (const { versionstamp } of page) {
    sequence += 1
    if (versionstamp.sequence !== sequence) throw gap(after, `entry ${sequence} is missing`)
  }
}

function gap(after: Versionstamp, why: string): EngineError {
  return new EngineError('corrupt', `engine: no log entries behind ${stampText(after)}: ${why}`)
}
