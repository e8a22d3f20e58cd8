// Refuses bodies while the drive is short of room, before their first byte is read, and records that
// grow the index when hardly any is left. It asks placement at most once a second, beside the
// requests.

import type { Clock } from '../base/clock.ts'
import { DISK_SPACE_PERIOD_MS } from '../base/limits.ts'
import type { Placement, SpaceState } from '../placement/placement.ts'
import { GatewayError } from './gateway.ts'

/** What a request adds: bytes to an extent, or a record of the index alone. */
export type Growth = 'body' | 'record'

export class SpaceGate {
  readonly #placement: Pick<Placement, 'status'>
  readonly #clock: Clock
  #space: SpaceState = 'ok'
  #askedAtMs = -Infinity
  #asking: Promise<void> | null = null

  constructor(placement: Pick<Placement, 'status'>, clock: Clock) {
    this.#placement = placement
    this.#clock = clock
  }

  /** @throws GatewayError `storage-full` while such growth is refused. Source: DESIGN.md, Disk full */
  async requireRoom(growth: Growth): Promise<void> {
    const isFirst = this.#askedAtMs === -Infinity
    if (this.#clock.monotonicMs() - this.#askedAtMs > DISK_SPACE_PERIOD_MS) this.#ask()
    // While there is room nobody waits; once there is none, every new answer counts.
    if (isFirst || this.#space !== 'ok') await this.#asking
    if (this.#space === 'ok' || (this.#space === 'low' && growth === 'record')) return
    throw new GatewayError('storage-full', 'the drive is short of room')
  }

  /** With placement down, what was known last stands: leased room may still be filled. */
  #ask(): void {
    this.#askedAtMs = this.#clock.monotonicMs()
    this.#asking ??= this.#placement
      .status()
      .then(
        ({ space }) => {
          this.#space = space
        },
        () => undefined,
      )
      .finally(() => {
        this.#asking = null
      })
  }
}
