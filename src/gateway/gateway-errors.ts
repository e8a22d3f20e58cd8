// What the gateway makes of the errors of what it stands on. An unknown outcome is never an answer.

import { unreachable } from '../base/assert.ts'
import { ObjectIndexError } from '../object-index/object-index.ts'
import type { IndexOutcome } from '../object-index/object-index.ts'
import { QueueFullError } from '../base/queue.ts'
import { PlacementError } from '../placement/placement.ts'
import { StorageError } from '../storage/storage.ts'
import { GatewayError } from './gateway.ts'

/** An operating error of index, placement or storage as the gateway's own; others as they are. */
export function toGatewayError(error: unknown): unknown {
  if (error instanceof ObjectIndexError) return ofIndex(error)
  if (error instanceof PlacementError) {
    return error.code === 'full'
      ? new GatewayError('storage-full', error.message, {}, error)
      : new GatewayError('unavailable', error.message, {}, error)
  }
  if (error instanceof StorageError) return ofStorage(error)
  // Of the pool of buffers: too many wait for one.
  if (error instanceof QueueFullError)
    return new GatewayError('slow-down', error.message, {}, error)
  return error
}

function ofIndex(error: ObjectIndexError): GatewayError {
  switch (error.code) {
    case 'corrupt':
      return new GatewayError('damaged', error.message, {}, error)
    case 'full':
      return new GatewayError('storage-full', error.message, {}, error)
    case 'overloaded':
      return new GatewayError('slow-down', error.message, {}, error)
    case 'unavailable':
    case 'unsure':
      return new GatewayError('unavailable', error.message, {}, error)
    default:
      return unreachable(error.code)
  }
}

function ofStorage(error: StorageError): GatewayError {
  switch (error.code) {
    case 'damaged':
      return new GatewayError('damaged', error.message, {}, error)
    case 'full':
      return new GatewayError('storage-full', error.message, {}, error)
    case 'missing':
    case 'extent-full':
    case 'io':
    case 'closed':
      return new GatewayError('unavailable', error.message, {}, error)
    default:
      return unreachable(error.code)
  }
}

/** The outcome of an operation that was carried out. @throws GatewayError with the refusal */
export function requireDone(
  outcome: IndexOutcome,
  fields: Readonly<Record<string, string>> = {},
): IndexOutcome & { kind: 'done' } {
  if (outcome.kind === 'done') return outcome
  if (outcome.kind === 'refused') throw new GatewayError(outcome.refusal, '', fields)
  throw new GatewayError('unavailable', 'the index answered another operation')
}
