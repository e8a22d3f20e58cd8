// The faults that come by themselves, whatever the store does: each so often in a hundred operations
// of the clients, at a moment that the seed draws.

import type { SimCell } from './cell.ts'
import type { FaultKind } from './faults.ts'
import type { SimProcess } from './process.ts'
import type { SeededRandom } from './random.ts'

const LOOK_MS = [1, 60] as const
const PAUSE_MS = [5, 3000] as const
/** So long that its parent takes it for dead. */
const LONG_PAUSE_MS = [5500, 20_000] as const
/** Behind the moment at which the drive is touched: within the call, or soon behind it. */
const TOUCHED_MS = [0.01, 3] as const
const PART_MS = [20, 4000] as const
const FULL_MS = [500, 10_000] as const
const SLOW_MS = [100, 3000] as const
const JUMP_MS = [10, 200_000] as const
/** What others leave of a full drive: nothing, or less than PUT or DELETE needs. */
const FREE_SHARES: readonly number[] = [0, 0.001, 0.03, 0.06]

/** Faults that come by themselves; all others strike where something is done. */
type TimedFault = Extract<
  FaultKind,
  | 'power-cut'
  | 'kill'
  | 'pause'
  | 'bit-flip'
  | 'full-disk'
  | 'slow-disk'
  | 'channel-cut'
  | 'half-open'
  | 'partition'
  | 'clock-jump'
>

export class Chaos {
  readonly #cell: SimCell
  readonly #operationCount: () => number
  readonly #random: SeededRandom

  constructor(cell: SimCell, operationCount: () => number) {
    this.#cell = cell
    this.#operationCount = operationCount
    this.#random = cell.faults.random.fork('chaos')
  }

  /** Strikes until faults end. */
  async run(): Promise<void> {
    const { faults, world } = this.#cell
    let seen = this.#operationCount()
    while (faults.isOn) {
      await world.clock.sleep(this.#random.spread(...LOOK_MS))
      const count = this.#operationCount()
      for (const kind of Object.keys(this.#acts) as TimedFault[]) {
        const rate = (faults.rateOf(kind) * (count - seen)) / 100
        if (this.#random.chance(rate)) this.#acts[kind]()
      }
      seen = count
    }
  }

  readonly #acts: Readonly<Record<TimedFault, () => void>> = {
    'power-cut': () => this.#soon(() => this.#cell.cutPower()),
    kill: () =>
      this.#soon(() => {
        this.#victim()?.die({ kind: 'killed', why: 'by chance' })
        this.#cell.faults.note('kill')
      }),
    pause: () => {
      const times = this.#random.chance(0.4) ? LONG_PAUSE_MS : PAUSE_MS
      this.#victim()?.pause(this.#random.spread(times[0], times[1]))
      this.#cell.faults.note('pause')
    },
    'bit-flip': () => void this.#cell.drive.flipBit(),
    'full-disk': () => {
      this.#cell.drive.leaveFree(this.#random.pick(FREE_SHARES))
      this.#cell.faults.note('full-disk')
      this.#later(FULL_MS, () => this.#cell.drive.makeRoom())
    },
    'slow-disk': () => {
      this.#cell.drive.slowDown(this.#random.spread(...SLOW_MS))
      this.#cell.faults.note('slow-disk')
    },
    'channel-cut': () => void this.#cell.network.cutOne(),
    'half-open': () => void this.#cell.network.halfOpenOne(),
    partition: () => this.#cell.network.part(this.#random.spread(...PART_MS)),
    'clock-jump': () => {
      const byMs = this.#random.spread(...JUMP_MS)
      this.#cell.world.wallOffsetMs += this.#random.chance(0.5) ? byMs : -byMs
      this.#cell.faults.note('clock-jump')
    },
  }

  /** Now, or when the drive is next touched: half of what may be lost is lost then. */
  #soon(act: () => void): void {
    if (this.#random.chance(0.4)) return act()
    const { drive, faults } = this.#cell
    const strike = (): void => {
      if (faults.isOn) act()
    }
    drive.onTouch(() => this.#later(TOUCHED_MS, strike))
  }

  #later([low, high]: readonly [number, number], act: () => void): void {
    this.#cell.world.clock.after(this.#random.spread(low, high), act)
  }

  /** A writer or a worker; the group's parent has nothing to lose. */
  #victim(): SimProcess | null {
    const found = this.#cell.processes.filter(
      ({ name, state }) => state === 'alive' && !name.startsWith('supervisor'),
    )
    return found.length === 0 ? null : this.#random.pick(found)
  }
}
