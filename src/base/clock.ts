// The one way the code learns of time. The real one stands in platform/, a simulated one in sim/.

/** A timer that can be cancelled. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall clock, milliseconds since 1970 UTC. May jump; for signatures' dates and for people. */
  nowMs(): number
  /** Monotonic, milliseconds (fractional) since an arbitrary start. For time-outs and latency. */
  monotonicMs(): number
  /** Milliseconds the machine has been up, suspension counted. Tells a jump of the wall clock. */
  uptimeMs(): number
  /** Calls `fire` once, `delayMs` from now; never before the current turn has ended. */
  after(delayMs: number, fire: () => void): Timer
  /** Resolves after `delayMs`; rejects with the signal's reason when aborted before. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}
