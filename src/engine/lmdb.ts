// The lmdb driver: one environment that the writer process opens for commits and any number of
// processes for reads. A batch of commits is one transaction and one fdatasync.

import type { Clock } from '../base/clock.ts'
import { EngineError, type Engine, type EngineReader } from './engine.ts'

export interface LmdbEngineOptions {
  /** The environment's folder; made where it does not exist. */
  readonly path: string
  readonly clock: Clock
}

/** Opens for commits and reads. One process does so at a time; the kernel's lock is its fence. */
export async function openLmdbEngine(options: LmdbEngineOptions): Promise<Engine> {
  throw new EngineError('unavailable', `${options.path}: not built yet`)
}

/** Opens an environment that a writer has made, for reads alone; its reads see every commit. */
export async function openLmdbReader(path: string): Promise<EngineReader & AsyncDisposable> {
  throw new EngineError('unavailable', `${path}: not built yet`)
}
