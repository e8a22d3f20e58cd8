// What the status plane refuses, as one line and an exit code.

import { StatusError } from '../status/status.ts'
import type { StatusErrorCode } from '../status/status.ts'
import { CliError } from './cli-error.ts'

/** What is not the operator's to put right by typing something else. */
const FAILED: readonly StatusErrorCode[] = [
  'damaged',
  'full',
  'too-many',
  'unavailable',
  'not-found',
]

/** Whatever else is thrown stays as it is. */
export function asStatusCliError(error: unknown): unknown {
  if (!(error instanceof StatusError)) return error
  return new CliError(error.message, FAILED.includes(error.code) ? 1 : 2)
}
