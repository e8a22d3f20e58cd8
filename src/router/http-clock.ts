// The Date header, formatted once a second.

import type { Clock } from '../base/clock.ts'

/** The wall clock as HTTP writes it. */
export class HttpDate {
  readonly #clock: Clock
  #second = Number.NaN
  #text = ''

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `Tue, 15 Nov 1994 08:12:31 GMT`. */
  text(): string {
    const second = Math.floor(this.#clock.nowMs() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#text = new Date(second * 1000).toUTCString()
    }
    return this.#text
  }
}
