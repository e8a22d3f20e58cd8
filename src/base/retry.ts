// Trying again: capped backoff with full jitter, a bound on tries and on time. Only for what is
// safe to do twice; which errors are worth another try, the caller says.

import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

export interface RetryOptions {
  readonly clock: Clock
  readonly random: Random
  /** Tries in all, the first included. */
  readonly triesMax: number
  /** Bound of the first pause; each later bound is twice the last. */
  readonly delayMs: number
  readonly delayMsMax: number
  /** No pause is begun that would end later than this after the start. */
  readonly budgetMs: number
  /** Whether an error may be gone at the next try. */
  readonly isTransient: (error: unknown) => boolean
  readonly signal?: AbortSignal
}

/** Bound of the pause behind try `index` (0 is the first). Source: AWS, Exponential Backoff and Jitter. */
export function backoffMs(index: number, delayMs: number, delayMsMax: number): number {
  return Math.min(delayMsMax, delayMs * 2 ** Math.min(index, 52))
}

/** Calls `act` until it succeeds. @throws its last error; the signal's reason when aborted */
export async function retry<T>(
  options: RetryOptions,
  act: (index: number) => Promise<T>,
): Promise<T> {
  const { clock, random, signal } = options
  const startMs = clock.monotonicMs()
  for (let index = 0; ; index += 1) {
    signal?.throwIfAborted()
    try {
      return await act(index)
    } catch (error) {
      const pauseMs = random.fraction() * backoffMs(index, options.delayMs, options.delayMsMax)
      const endMs = clock.monotonicMs() + pauseMs - startMs
      const isLast = index + 1 >= options.triesMax || endMs > options.budgetMs
      if (isLast || !options.isTransient(error)) throw error
      await clock.sleep(pauseMs, signal)
    }
  }
}
