// Tests say what is refused, and how.

import assert from 'node:assert/strict'
import { StatusError } from '../status.ts'
import type { StatusErrorCode } from '../status.ts'

/** `act` throws a StatusError with this code, and a message that says more than the code. */
export function refuses(code: StatusErrorCode, act: () => unknown, says: RegExp = /./): void {
  assert.throws(act, (error) => isRefusal(error, code, says))
}

export async function refusesLater(
  code: StatusErrorCode,
  act: () => Promise<unknown>,
  says: RegExp = /./,
): Promise<void> {
  await assert.rejects(act, (error) => isRefusal(error, code, says))
}

function isRefusal(error: unknown, code: StatusErrorCode, says: RegExp): boolean {
  assert.ok(error instanceof StatusError, `a StatusError, not ${String(error)}`)
  assert.equal(error.code, code, error.message)
  assert.match(error.message, says)
  return true
}
