// Tells the log what was refused. Strangers decide how often that is: of each kind no more lines come than
// somebody could read, with the number of those between, so that a flood of one hides nothing of another.

import type { Clock } from '../base/clock.ts'
import { STATUS_REFUSALS_LOGGED_MAX, STATUS_REFUSALS_LOGGED_PER_SEC } from '../base/limits.ts'
import { RateLimiter } from '../base/rate.ts'
import type { SiteLog } from './site-members.ts'
import type { SiteRequest, StatusError, StatusErrorCode } from './status.ts'

const PATH_CHARS_MAX = 200

interface Kind {
  readonly rate: RateLimiter
  /** Since the last line. */
  leftOutCount: number
}

export class RefusalLog {
  readonly #clock: Clock
  readonly #log: Pick<SiteLog, 'debug' | 'warn'>
  readonly #kinds = new Map<StatusErrorCode, Kind>()

  constructor(clock: Clock, log: Pick<SiteLog, 'debug' | 'warn'>) {
    this.#clock = clock
    this.#log = log
  }

  note({ method, target }: SiteRequest, { code, message }: StatusError): void {
    const path = target.split('?')[0]?.slice(0, PATH_CHARS_MAX)
    const fields = { code, method, path }
    if (code === 'not-found') {
      this.#log.debug(fields, `refused: ${message}`) // a reader's slip
      return
    }
    const kind = this.#kindOf(code)
    if (!kind.rate.tryTake(1)) {
      kind.leftOutCount += 1
      return
    }
    const { leftOutCount } = kind
    kind.leftOutCount = 0
    const more = leftOutCount === 0 ? {} : { leftOutCount }
    this.#log.warn({ ...fields, ...more }, `refused: ${message}`)
  }

  #kindOf(code: StatusErrorCode): Kind {
    const known = this.#kinds.get(code)
    if (known !== undefined) return known
    const rate = new RateLimiter({
      clock: this.#clock,
      unitsPerSec: STATUS_REFUSALS_LOGGED_PER_SEC,
      burstUnits: STATUS_REFUSALS_LOGGED_MAX,
    })
    const kind = { rate, leftOutCount: 0 }
    this.#kinds.set(code, kind)
    return kind
  }
}
