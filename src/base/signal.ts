// The signal of what nobody ends early.

import { setMaxListeners } from 'node:events'

function neverAborted(): AbortSignal {
  const { signal } = new AbortController()
  setMaxListeners(0, signal) // it is shared by all who wait for something short
  return signal
}

/** Never aborted. */
export const NEVER: AbortSignal = neverAborted()
