// What every driver of the engine must do; run by each one's test.

import { test } from 'node:test'
import type { Clock } from '../base/clock.ts'
import type { Engine, EngineReader } from './engine.ts'
import { checkBounds } from './suite-bounds.ts'
import { checkClock } from './suite-clock.ts'
import { checkCommits } from './suite-commit.ts'
import { checkEnds } from './suite-end.ts'
import { checkLog } from './suite-log.ts'
import { checkModel } from './suite-model.ts'
import { checkReads } from './suite-read.ts'
import { SuiteStore, type Check } from './suite-store.ts'

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
  const check: Check = (title, run, needs = []) => {
    const missing = needs.filter((need) => !driver.abilities[need])
    const skip = missing.length > 0 && `${name} lacks ${missing.join()}`
    test(`${name}: ${title}`, { skip }, async () => {
      const harness = await driver.create()
      try {
        await using store = new SuiteStore(harness)
        await run(store)
      } finally {
        await harness.remove()
      }
    })
  }
  checkReads(check)
  checkCommits(check)
  checkBounds(check)
  checkLog(check)
  checkClock(check)
  checkEnds(check)
  checkModel(check)
}
