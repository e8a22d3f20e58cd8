// The memory driver: for tests and the simulator, with every fault of the real ones, asked of a
// hook before each batch. A store outlives its engines as a disk outlives processes.

import type { Clock } from '../base/clock.ts'
import { EngineError, type Engine } from './engine.ts'

/** What becomes of a batch. */
export type BatchFault =
  | { readonly kind: 'none' }
  /** Nothing was done; may be tried again. */
  | { readonly kind: 'unavailable' }
  /** No space: nothing was done. Every later commit of this engine fails. */
  | { readonly kind: 'full' }
  /** The last step failed; whether the batch is there shows at the next open. */
  | { readonly kind: 'failed'; readonly isApplied: boolean }
  /** The outcome is unknown now and shows `afterMs` later; until then nothing else commits. */
  | { readonly kind: 'unsure'; readonly isApplied: boolean; readonly afterMs: number }
  /** Another holder takes the epoch just before the batch. */
  | { readonly kind: 'stolen' }

export interface MemoryFaults {
  /** Asked once before each batch; `batchIndex` counts from 0 in each engine. */
  onBatch(batchIndex: number, commitCount: number): BatchFault
}

/** What a disk would hold. */
export interface MemoryStore {
  readonly _brand: 'MemoryStore'
}

export interface MemoryEngineOptions {
  readonly clock: Clock
  /** A store of an engine before; a new, empty one by default. */
  readonly store?: MemoryStore
  readonly faults?: MemoryFaults
}

export function createMemoryStore(): MemoryStore {
  throw new EngineError('unavailable', 'not built yet')
}

export function openMemoryEngine(options: MemoryEngineOptions): Engine {
  throw new EngineError('unavailable', `not built yet: ${options.clock.nowMs()}`)
}
