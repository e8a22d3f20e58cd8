// What is told of runs: of each failing one how to see it again and what its clients saw; of all
// together figures, and how often each fault struck.

import { COMPARED, nothingCompared } from './engine-comparison.ts'
import type { Compared } from './engine-comparison.ts'
import { FAULT_KINDS } from './faults.ts'
import type { FaultKind } from './faults.ts'
import type { Recorded } from './history.ts'
import type { Finding } from './region.ts'
import type { RunResult } from './run.ts'

/** One seed, as it crosses from the process that ran it. */
export interface SeedSummary extends Omit<RunResult, 'operations' | 'findings' | 'reports'> {
  readonly operationCount: number
  readonly okCount: number
  /** What LMDB was asked too; null: nothing. */
  readonly compared: Compared | null
  /** Null: all is well. */
  readonly failure: {
    readonly findings: readonly Finding[]
    readonly history: readonly string[]
    readonly reports: readonly string[]
  } | null
}

const FINDINGS_SHOWN_MAX = 8
const HISTORY_SHOWN_MAX = 60
const REPORTS_SHOWN_MAX = 15

export function summaryOf(result: RunResult, compared: Compared | null = null): SeedSummary {
  const { findings, operations, reports } = result
  const { seed, scenario, steps, trace, events, virtualMs, faults } = result
  return {
    seed,
    scenario,
    steps,
    trace,
    events,
    virtualMs,
    faults,
    compared,
    operationCount: operations.length,
    okCount: operations.filter(({ outcome }) => outcome.kind === 'ok').length,
    failure:
      findings.length === 0
        ? null
        : {
            findings: findings.slice(0, FINDINGS_SHOWN_MAX),
            history: shortHistory(operations, findings),
            reports: reports.slice(-REPORTS_SHOWN_MAX),
          },
  }
}

/** The operations on the keys that findings name; the last of all where they name none. */
function shortHistory(operations: readonly Recorded[], findings: readonly Finding[]): string[] {
  const keys = new Set(findings.flatMap((finding) => finding.keys))
  const concerned = operations.filter(({ asked }) => {
    const text = JSON.stringify(asked, asText)
    return [...keys].some((key) => text.includes(JSON.stringify(key)))
  })
  return concerned.slice(-HISTORY_SHOWN_MAX).map(showOperation)
}

function showOperation(operation: Recorded): string {
  const { index, client, worker, kind, asked, outcome, invokedAtMs, answeredAtMs } = operation
  const at = `${invokedAtMs.toFixed(1)}–${answeredAtMs?.toFixed(1) ?? '?'}`
  const told = outcome.kind === 'ok' ? shorten(outcome.result) : JSON.stringify(outcome)
  return `#${index} ${at} client ${client} at ${worker}: ${kind} ${shorten(asked)} -> ${told}`
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value, asText) ?? 'null'
  return text.length > 300 ? `${text.slice(0, 297)}...` : text
}

function asText(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  const isBytes = value instanceof Uint8Array
  return isBytes ? Buffer.from(value).toString('hex') : value
}

/** Whether all that can be said against it is that its history has too many explanations. */
export function isUndecided({ failure }: SeedSummary): boolean {
  return failure !== null && failure.findings.every(({ check }) => check === 'undecided')
}

/** A failing seed, for people. */
export function showFailure(summary: SeedSummary): string {
  const { seed, scenario, steps, failure, trace, compared } = summary
  const lmdb = compared === null ? '' : ' --lmdb'
  if (failure === null) return ''
  return [
    `\n${isUndecided(summary) ? 'UNDECIDED' : 'FAILED'} seed ${seed} (${scenario}, trace ${trace})`,
    ...failure.findings.map(({ check, message }) => `  ${check}: ${message}`),
    ...(failure.history.length > 0 ? ['  what the clients saw:'] : []),
    ...failure.history.map((line) => `    ${line}`),
    ...(failure.reports.length > 0 ? ['  what the store reported:'] : []),
    ...failure.reports.map((line) => `    ${line}`),
    `  again: npm run sim -- --seed ${seed} --scenario ${scenario} --steps ${steps}${lmdb}`,
    '',
  ].join('\n')
}

/** All seeds together. */
export class Summary {
  failures = 0
  /** Seeds in which nothing is wrong but too much to try: neither passed nor failed. */
  undecided = 0
  readonly #startedAtMs: number = Date.now()
  readonly #faults = new Map<FaultKind, { count: number; seeds: number }>()
  readonly #traces: string[] = []
  readonly #compared = nothingCompared()
  #comparedSeeds = 0
  #seeds = 0
  #operations = 0
  #ok = 0
  #events = 0
  #virtualMs = 0

  add(seed: SeedSummary): void {
    this.#seeds++
    this.#operations += seed.operationCount
    this.#ok += seed.okCount
    this.#events += seed.events
    this.#virtualMs += seed.virtualMs
    this.#traces.push(seed.trace)
    if (seed.compared !== null) this.#comparedSeeds++
    for (const kind of COMPARED) this.#compared[kind] += seed.compared?.[kind] ?? 0
    if (isUndecided(seed)) this.undecided++
    else if (seed.failure !== null) this.failures++
    for (const kind of FAULT_KINDS) {
      const seen = this.#faults.get(kind) ?? { count: 0, seeds: 0 }
      seen.count += seed.faults[kind]
      if (seed.faults[kind] > 0) seen.seeds++
      this.#faults.set(kind, seen)
    }
  }

  /** A child ended by itself: whatever it ran has failed. */
  noteCrash(code: number | null): void {
    this.failures++
    process.stdout.write(`sim: a process that runs seeds ended with ${code}\n`)
  }

  show(): string {
    const seconds = (Date.now() - this.#startedAtMs) / 1000
    const perSecond = Math.round(this.#operations / seconds)
    const perMinute = Math.round((this.#seeds / seconds) * 60)
    const faults = FAULT_KINDS.map((kind) => {
      const { count = 0, seeds = 0 } = this.#faults.get(kind) ?? {}
      return `  ${kind.padEnd(24)} ${String(count).padStart(8)} in ${seeds} seeds`
    })
    return [
      `faults injected:`,
      ...faults,
      ...(this.#seeds === 1 ? [`trace ${this.#traces[0]}`] : []),
      `${this.#seeds} seeds, ${this.#operations} operations (${this.#ok} carried out), ` +
        `${this.#events} events, ${Math.round(this.#virtualMs / 1000)} simulated seconds ` +
        `in ${seconds.toFixed(1)} s: ${perSecond} operations/s, ${perMinute} seeds/min`,
      ...(this.#comparedSeeds > 0 ? [this.#showCompared()] : []),
      ...(this.undecided > 0 ? [`${this.undecided} undecided, which is neither`] : []),
      `${this.#seeds - this.failures - this.undecided} passed, ${this.failures} failed`,
      '',
    ].join('\n')
  }
  #showCompared(): string {
    const counts = COMPARED.map((kind) => `${this.#compared[kind]} ${kind}`)
    return `asked of LMDB too, in ${this.#comparedSeeds} seeds: ${counts.join(', ')}`
  }
}
