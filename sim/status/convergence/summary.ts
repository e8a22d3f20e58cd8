// What is told of many seeds of convergence: of each failing one why and how to see it again; of all
// together what was injected, how often, and how long sites took to come to the same.

import type { Mode, ModeSummary } from '../mode.ts'
import { HAPPENING_NAMES } from './happenings.ts'
import type { HappeningName } from './happenings.ts'
import { runConvergence } from './run.ts'
import type { ConvergenceResult } from './run.ts'

/** So many seeds, and each kind has to have struck. */
const WHOLE_SEEDS_MIN = 100
const FINDINGS_SHOWN_MAX = 6
const FINDING_CHARS_MAX = 600

export const CONVERGENCE: Mode<ConvergenceResult> = {
  does: 'sites under all that goes wrong, and an attacker: they come to the same',
  seedsByDefault: 100,
  run: async ({ seed }) => await runConvergence({ seed }),
  show: showConvergence,
  open: () => new ConvergenceSummary(),
}

/** A failing seed, for people; empty where all was right. */
export function showConvergence({
  findings,
  remarks,
  seed,
  sites,
  trace,
}: ConvergenceResult): string {
  if (findings.length === 0) return ''
  return [
    `\nFAILED seed ${seed} (trace ${trace}), ${sites} sites`,
    ...findings.slice(0, FINDINGS_SHOWN_MAX).map((each) => `  ${each.slice(0, FINDING_CHARS_MAX)}`),
    '  what sites told their operators last:',
    ...remarks.slice(-FINDINGS_SHOWN_MAX).map((line) => `    ${line}`),
    `  again: npm run sim:status -- --convergence --seed ${seed}`,
    '',
  ].join('\n')
}

export class ConvergenceSummary implements ModeSummary<ConvergenceResult> {
  readonly #results: ConvergenceResult[] = []

  add(result: ConvergenceResult): void {
    this.#results.push(result)
  }

  get failedCount(): number {
    return this.#results.filter(({ findings }) => findings.length > 0).length
  }

  /** What did not happen in any seed. */
  get missing(): HappeningName[] {
    return HAPPENING_NAMES.filter((name) => this.#happened(name) === 0)
  }

  get isEnough(): boolean {
    const isWhole = this.#results.length < WHOLE_SEEDS_MIN || this.missing.length === 0
    return this.failedCount === 0 && isWhole
  }

  show(seconds: number): string {
    const all = this.#results
    const count = (tell: (result: ConvergenceResult) => number): number =>
      all.reduce((total, result) => total + tell(result), 0)
    const virtualSec = Math.round(count(({ virtualMs }) => virtualMs) / 1000)
    return [
      ...HAPPENING_NAMES.map((name) => `${name.padEnd(18)} ${this.#happened(name)}`),
      `never happened: ${this.missing.length === 0 ? 'nothing' : this.missing.join(', ')}`,
      `${count(({ records }) => records)} records, ${count(({ acknowledged }) => acknowledged)} ` +
        `posts acknowledged, ${count(({ excused }) => excused)} of them on a lost disk alone`,
      `looked at ${count(({ snapshots }) => snapshots)} changes of what is told ` +
        `(${count(({ blindSnapshots }) => blindSnapshots)} by sites that heard nobody) and at ` +
        `${count(({ answers }) => answers)} answers`,
      `the same records after: ${timesOf(all.map(({ sameRecordsMs }) => sameRecordsMs))}`,
      `the same in all forms after: ${timesOf(all.map(({ sameTellingMs }) => sameTellingMs))}`,
      `${all.length} seeds, ${count(({ events }) => events)} events, ${virtualSec} simulated seconds ` +
        `in ${seconds.toFixed(0)} s`,
      `${all.length - this.failedCount} passed, ${this.failedCount} failed`,
      '',
    ].join('\n')
  }

  #happened(name: HappeningName): number {
    return this.#results.reduce((total, { happened }) => total + happened[name], 0)
  }
}

/** Of those that came to it. */
function timesOf(all: readonly (number | null)[]): string {
  const times = all.flatMap((ms) => ms ?? []).toSorted((one, other) => one - other)
  const at = (share: number): string => {
    const ms = times[Math.min(times.length - 1, Math.floor(share * times.length))]
    return ms === undefined ? '–' : `${(ms / 1000).toFixed(0)} s`
  }
  return `median ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)}`
}
