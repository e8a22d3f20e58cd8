// What every driver of the engine must do; run by each one's test.

import type { Clock } from '../base/clock.ts'
import type { Engine, EngineReader } from './engine.ts'

/** What a driver lacks is declared, and skipped by that alone. */
export interface EngineAbilities {
  /** Another process, or what stands for it, reads what the engine committed. */
  readonly readers: boolean
}

/** One store for one test; engines of it are opened and closed as processes would. */
export interface EngineHarness {
  open(clock: Clock): Promise<Engine>
  openReader(): Promise<EngineReader & AsyncDisposable>
  /** Removes the store. All its engines are closed. */
  remove(): Promise<void>
}

export interface EngineDriver {
  readonly abilities: EngineAbilities
  create(): Promise<EngineHarness>
}

/** Registers the suite's tests under `name`. */
export function engineSuite(name: string, driver: EngineDriver): void {
  void name
  void driver
}
