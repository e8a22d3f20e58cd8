// Signals that many wait on at once, so that the runtime's warning of a leak means nothing.

import { setMaxListeners } from 'node:events'

/** A controller whose signal any number may wait on. */
export function manyWaiters(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

/** Never aborted; shared by all who wait for something short. */
export const NEVER: AbortSignal = manyWaiters().signal
