// The text of a record before it is signed, as the command line and machines make it. The console's page
// does the same in a few lines of its own.

import { assert } from '../../base/assert.ts'
import { STATUS_ORDER_MAX } from '../../base/limits.ts'
import type { Random } from '../../base/random.ts'
import { parseRecord } from './parse-record.ts'
import type { KeyId, Statement } from './record.ts'

export interface Draft {
  /** The status plane that it is for. */
  readonly plane: string
  readonly statement: Statement
  /** 1 + the highest that the author's site knows: `nextOrder`. */
  readonly order: number
  /** The author's clock. */
  readonly atMs: number
  /** 16 random bytes in hex: `newNonce`. */
  readonly nonce: string
  readonly author: KeyId
}

/**
 * The text to sign. Line ends are made line feeds; all else must be right.
 * @throws StatusError `bad-request`, `too-large`: what every site would say of it
 */
export function draftRecord({ plane, statement, order, atMs, nonce, author }: Draft): string {
  const plain = withLineFeeds(statement)
  const text = JSON.stringify({ version: 1, plane, author, atMs, order, nonce, statement: plain })
  parseRecord(text)
  return text
}

/** The order of what is said in knowledge of all up to `orderMax`. */
export function nextOrder(orderMax: number): number {
  assert(orderMax >= 0 && orderMax <= STATUS_ORDER_MAX, 'an order is within its bounds')
  return Math.min(orderMax + 1, STATUS_ORDER_MAX)
}

export function newNonce(random: Random): string {
  return Buffer.from(random.bytes(16)).toString('hex')
}

function withLineFeeds(statement: Statement): Statement {
  const toLineFeeds = (text: string): string => text.replaceAll(/\r\n?/g, '\n')
  if (statement.kind === 'override') {
    return { ...statement, reason: toLineFeeds(statement.reason) }
  }
  return { ...statement, text: toLineFeeds(statement.text) }
}
