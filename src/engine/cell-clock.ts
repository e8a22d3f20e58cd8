// Cell time: it follows the wall clock and never goes back. A jump of the wall clock raises an alarm
// and nothing more; who expires or unlocks things asks for it. Source: DESIGN.md, Time.

import type { Clock } from '../base/clock.ts'
import { CLOCK_GAP_MS_MAX, CLOCK_JUMP_MS_MAX } from '../base/limits.ts'

/** How far the wall clock goes on before it is compared with the machine's uptime again. */
const CHECK_PERIOD_MS = 1000

export class CellClock {
  private readonly clock: Clock
  private checkedWallMs: number
  private checkedUptimeMs: number

  constructor(clock: Clock) {
    this.clock = clock
    this.checkedWallMs = clock.nowMs()
    this.checkedUptimeMs = clock.uptimeMs()
  }

  /** The alarm that opening a store raises whose last batch was at `lastMs`; null: none. */
  alarmAtOpen(lastMs: number): string | null {
    if (lastMs === 0) return null
    const gapMs = this.checkedWallMs - lastMs
    if (gapMs > CLOCK_GAP_MS_MAX) {
      return (
        `the wall clock is ${gapMs} ms past the last commit: ` +
        'set it, or confirm that so much time has passed'
      )
    }
    if (gapMs < -CLOCK_JUMP_MS_MAX) {
      return `the wall clock is ${-gapMs} ms before the last commit's time: set it, then confirm`
    }
    return null
  }

  /** Cell time of a batch behind one of `lastMs`, and the alarm that it raises, if any. */
  tick(lastMs: number): { readonly nowMs: number; readonly alarm: string | null } {
    const wallMs = this.clock.nowMs()
    return { nowMs: Math.max(lastMs, Math.floor(wallMs)), alarm: this.alarmAt(wallMs) }
  }

  private alarmAt(wallMs: number): string | null {
    const passedMs = wallMs - this.checkedWallMs
    if (passedMs >= 0 && passedMs < CHECK_PERIOD_MS) return null
    const uptimeMs = this.clock.uptimeMs()
    const jumpMs = passedMs - (uptimeMs - this.checkedUptimeMs)
    this.checkedWallMs = wallMs
    this.checkedUptimeMs = uptimeMs
    if (Math.abs(jumpMs) <= CLOCK_JUMP_MS_MAX) return null
    return `the wall clock jumped by ${Math.round(jumpMs)} ms: set it if it is wrong, then confirm`
  }
}
