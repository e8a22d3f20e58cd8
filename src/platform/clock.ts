// The machine's own time: wall clock, monotonic clock, up-time with suspension, timers.

import { uptime } from 'node:os'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleepFor } from 'node:timers/promises'
import type { Clock, Timer } from '../base/clock.ts'

/** Node's timers hold a signed 32-bit number of milliseconds, 24.8 days; a longer one fires at once. */
const TIMER_MS_MAX = 2_147_483_647

/** The real clock. It has no state: one serves a whole process. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  // CLOCK_BOOTTIME, which counts suspension; performance.now() stands still meanwhile.
  uptimeMs: () => uptime() * 1000,
  after,
  sleep: async (delayMs, signal) => {
    signal?.throwIfAborted()
    try {
      await sleepFor(bounded(delayMs), undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      signal?.throwIfAborted() // the signal's own reason, not an AbortError
      throw error
    }
  },
}

/** Runs `act` behind all that this turn of the event loop still has to read. */
export function deferToTurnsEnd(act: () => void): void {
  setImmediate(act)
}

function after(delayMs: number, fire: () => void): Timer {
  const timer = setTimeout(fire, bounded(delayMs))
  return { cancel: () => clearTimeout(timer) }
}

function bounded(delayMs: number): number {
  return Math.min(Math.max(0, delayMs), TIMER_MS_MAX)
}
