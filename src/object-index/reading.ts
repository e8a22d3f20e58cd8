// What all reads of the index share: the engine's errors as the index's, and a visitor whose errors
// reach the caller of the read and not the engine's driver.

import { EngineError, type Engine, type ReadRequest, type ReadResult } from '../engine/engine.ts'
import { ObjectIndexError } from './object-index.ts'

export type ReadEngine = Pick<Engine, 'read'>

/** @throws ObjectIndexError */
export async function readEngine(engine: ReadEngine, request: ReadRequest): Promise<ReadResult> {
  try {
    return await engine.read(request)
  } catch (cause) {
    throw indexError(cause)
  }
}

/** The index's error for an engine's; anything else is a programmer's and stays what it is. */
export function indexError(cause: unknown): unknown {
  if (!(cause instanceof EngineError)) return cause
  const code = cause.code
  switch (code) {
    case 'corrupt':
    case 'full':
    case 'unsure':
      return new ObjectIndexError(code, `index: ${cause.message}`, cause)
    case 'failed':
      return new ObjectIndexError('unsure', `index: ${cause.message}`, cause)
    case 'deposed':
    case 'unavailable':
    case 'closed':
      return new ObjectIndexError('unavailable', `index: ${cause.message}`, cause)
  }
}

/** Keeps the first error that a visitor throws, so that the page ends and the reader throws it. */
export class VisitorGuard {
  private error: unknown = null

  wrap(
    visit: (key: Buffer, value: Buffer) => 'next' | 'stop' | Uint8Array,
  ): (key: Buffer, value: Buffer) => 'next' | 'stop' | Uint8Array {
    return (key, value) => {
      try {
        return visit(key, value)
      } catch (cause) {
        this.error = cause
        return 'stop'
      }
    }
  }

  rethrow(): void {
    if (this.error !== null) throw this.error
  }
}
