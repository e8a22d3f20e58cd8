// Lets one of many through each second, and counts the others: for lines of a log that would fill
// it.

const PERIOD_MS = 1000

export class OnceASecond {
  #nextMs = Number.NEGATIVE_INFINITY
  #count = 0

  /**
   * Counts one more. Answers 0 until it is time for another line, then how many it stands for: all
   * since the last line, this one among them. By the monotonic clock.
   */
  take(nowMs: number): number {
    this.#count += 1
    if (nowMs < this.#nextMs) return 0
    const count = this.#count
    this.#nextMs = nowMs + PERIOD_MS
    this.#count = 0
    return count
  }
}
