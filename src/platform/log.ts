// Structured logs: one JSON line an event to standard error, with the process it comes from.

import { pino } from 'pino'
import type { Logger } from 'pino'

export type Log = Logger

/** A log of one process of the group. Never given secrets, and no keys but the request's own. */
export function openLog(process_: string, level: 'debug' | 'info' | 'warn' | 'error'): Log {
  return pino(
    { level, base: { process: process_ }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  )
}
