// The modes of `npm run sim:status`.

import { CONVERGENCE } from './convergence/summary.ts'
import { runDay } from './day.ts'
import type { DayResult } from './day.ts'
import { DetectionSummary, showDetection } from './detection-summary.ts'
import { runDetection } from './detection.ts'
import type { DetectionResult } from './detection.ts'
import { FAULT_NAMES } from './faults.ts'
import type { Mode, ModeSummary, SeedRequest } from './mode.ts'

const DETECTION: Mode<DetectionResult> = {
  does: `one fault each, of --kind NAME or drawn: ${FAULT_NAMES.join(', ')}`,
  seedsByDefault: 100,
  run: async ({ kind, seed }) => await runDetection({ seed, kind }),
  show: showDetection,
  open: () => new DetectionSummary(),
}

const DAY: Mode<DayResult> = {
  does: 'a day of ordinary operation each, or --hours N of one',
  seedsByDefault: 1,
  run: async ({ hours, seed }) => await runDay({ seed, hours }),
  show: showDay,
  open: () => new DaySummary(),
}

/** By the flag that asks for it. */
export const MODES: Readonly<Record<string, RunnableMode>> = {
  detection: runnable(DETECTION),
  day: runnable(DAY),
  convergence: runnable(CONVERGENCE),
}

/** A mode whose results are of whatever kind. */
export interface RunnableMode {
  readonly does: string
  readonly seedsByDefault: number
  run(request: SeedRequest): Promise<unknown>
  show(result: unknown): string
  open(): ModeSummary<unknown>
}

/** Results come back as they were sent, from this very mode of another process. */
function runnable<Result>(mode: Mode<Result>): RunnableMode {
  return {
    does: mode.does,
    seedsByDefault: mode.seedsByDefault,
    run: async (request) => await mode.run(request),
    show: (result) => mode.show(result as Result),
    open: () => {
      const summary = mode.open()
      return {
        add: (result) => summary.add(result as Result),
        get isEnough() {
          return summary.isEnough
        },
        show: (seconds) => summary.show(seconds),
      }
    },
  }
}

function showDay({ events, findings, hours, seed }: DayResult): string {
  if (findings.length === 0) return ''
  return [
    `\nFAILED day ${seed}`,
    ...findings.map((finding) => `  ${finding}`),
    '  what happened:',
    ...events.map((event) => `    ${event}`),
    `  again: npm run sim:status -- --day --seed ${seed} --hours ${hours}`,
    '',
  ].join('\n')
}

class DaySummary implements ModeSummary<DayResult> {
  #failed = 0
  readonly #days: DayResult[] = []

  add(day: DayResult): void {
    this.#days.push(day)
    if (day.findings.length > 0) this.#failed += 1
  }

  get isEnough(): boolean {
    return this.#failed === 0
  }

  show(seconds: number): string {
    const requests = this.#days.reduce((total, day) => total + day.requests, 0)
    const hours = this.#days.reduce((total, day) => total + day.virtualMs / 3_600_000, 0)
    return [
      `${this.#days.length} days, ${hours.toFixed(1)} simulated hours, ${requests} requests in ` +
        `${seconds.toFixed(0)} s`,
      `${this.#days.length - this.#failed} passed, ${this.#failed} failed`,
      '',
    ].join('\n')
  }
}
