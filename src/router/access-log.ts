// The access log: one JSON line a request, gathered and written in batches. Lines hold what was
// asked and how it ended; never a query string, a header or a signature.

import type { Clock, Timer } from '../base/clock.ts'

/** A batch is written when it is this long … */
const BATCH_LENGTH_MAX = 64 * 1024
/** … or its first line this old. */
const BATCH_MS_MAX = 500

/** One line. Keys are the client's, escaped by JSON. */
export interface AccessLine {
  readonly time: string
  readonly requestId: string
  readonly remote: string
  readonly account: string | null
  readonly operation: string | null
  readonly method: string
  readonly bucket: string | null
  readonly key: string | null
  readonly status: number
  /** S3's error code, or the router's own for an answer that was cut off. */
  readonly error: string | null
  readonly bytesIn: number
  readonly bytesOut: number
  readonly ms: number
}

/** Gathers lines. `write` gets whole lines and must not wait. */
export class AccessLog {
  readonly #level: 'none' | 'errors' | 'all'
  readonly #clock: Clock
  readonly #write: (lines: string) => void
  #batch = ''
  #timer: Timer | null = null

  constructor(level: 'none' | 'errors' | 'all', clock: Clock, write: (lines: string) => void) {
    this.#level = level
    this.#clock = clock
    this.#write = write
  }

  /** Whether a request that ended like this has a line. */
  wants(error: string | null): boolean {
    return this.#level === 'all' || (this.#level === 'errors' && error !== null)
  }

  add(line: AccessLine): void {
    this.#batch += `${JSON.stringify(line)}\n`
    if (this.#batch.length >= BATCH_LENGTH_MAX) this.flush()
    else this.#timer ??= this.#clock.after(BATCH_MS_MAX, () => this.flush())
  }

  /** Writes what is gathered. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = null
    if (this.#batch === '') return
    const batch = this.#batch
    this.#batch = ''
    this.#write(batch)
  }
}
