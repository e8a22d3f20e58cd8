// What a site's machine says: drafted, signed with the site's key, and checked as any other record.

import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { StatusError } from '../status.ts'
import type { Authors } from './authors.ts'
import { checkRecord } from './check-record.ts'
import { draftRecord, newNonce, nextOrder } from './draft.ts'
import { seal } from './envelope.ts'
import type { KeyPair } from './keys.ts'
import type { RecordLog } from './record-log.ts'
import type { KnownRecord, Statement } from './record.ts'

export interface OwnVoice {
  readonly pair: KeyPair
  readonly authors: Authors
  readonly log: RecordLog
  readonly clock: Clock
  readonly random: Random
}

/**
 * Posts as the site: behind all that it knows, durable when it resolves.
 * @throws StatusError as `checkRecord` does, `too-many`, `full`, `unavailable`
 */
export async function postOwn(statement: Statement, voice: OwnVoice): Promise<KnownRecord> {
  const { pair, authors, log, clock, random } = voice
  const text = draftRecord({
    plane: authors.plane,
    statement,
    order: nextOrder(log.orderMax),
    atMs: Math.max(0, clock.nowMs()),
    nonce: newNonce(random),
    author: pair.id,
  })
  const record = checkRecord(seal('record', text, pair), authors)
  const [taken] = await log.append([record])
  if (taken === undefined) {
    throw new StatusError('too-many', `the site keeps no more records of ${record.author.name}`)
  }
  return taken
}
