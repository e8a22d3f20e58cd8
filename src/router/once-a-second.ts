// Lets one of many through each second: for lines of a log that would fill it.

const PERIOD_MS = 1000

export class OnceASecond {
  #nextMs = Number.NEGATIVE_INFINITY

  /** Whether it is time for another; counts it if so. By the monotonic clock. */
  isDue(nowMs: number): boolean {
    if (nowMs < this.#nextMs) return false
    this.#nextMs = nowMs + PERIOD_MS
    return true
  }
}
