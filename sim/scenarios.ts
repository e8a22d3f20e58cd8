// Named mixes of what clients do and what goes wrong. Each fault's rate is drawn from the seed, so
// that most seeds have most kinds, and some have few.

import type { Role } from '../src/cell/messages.ts'
import type { FaultKind, FaultRates } from './faults.ts'
import type { SeededRandom } from './random.ts'
import type { Workload } from './region.ts'
import { WORKLOAD_NAMES, workloadOf } from './workloads/store.ts'

export interface Scenario {
  readonly workloads: readonly Workload[]
  /** Rates before they are drawn: see `drawRates`. */
  readonly rates: FaultRates
  /** Operations of a run, unless told otherwise. */
  readonly steps: number
  readonly driveSizeBytes: number
  /** How long nothing is asked at the end. */
  readonly idleMs: number
  /** Times at which all clients are quiet, for what goes on in the background. */
  readonly quietCount: number
  /** Of the drive, when it is as it should be; others have the rest. */
  readonly freeShare: number
}

const MIB = 1024 * 1024

/** In a hundred operations. */
const TIMED: FaultRates = {
  kill: 1,
  pause: 0.7,
  'power-cut': 0.5,
  'channel-cut': 0.7,
  'half-open': 0.3,
  partition: 0.3,
  'full-disk': 0.2,
  'slow-disk': 0.4,
  'clock-jump': 0.2,
}
/** Share of the occasions: processes, messages, calls, requests. */
const OF_PROCESSES: FaultRates = {
  'kill-at-call': 0.25,
  'clock-drift': 0.3,
  zombie: 0.7,
  'message-delay': 0.003,
  'client-gone': 0.02,
  'client-retry': 0.5,
}
/** Share of the calls. */
const OF_DISK: FaultRates = { 'read-error': 0.02, 'write-error': 0.01, 'sync-error': 0.03 }
/** Bytes that were durable are no more: what has them may be refused, and is never wrong. */
const DAMAGE: FaultRates = { 'bit-flip': 0.6, 'misdirected-write': 0.01 }
/** Share of the batches and reads. */
const OF_ENGINE: FaultRates = {
  'unsure-applied': 0.004,
  'unsure-lost': 0.004,
  'commit-failed-applied': 0.002,
  'commit-failed-lost': 0.002,
  'engine-full': 0.001,
  'engine-unavailable': 0.006,
  'engine-slow': 0.004,
  'epoch-stolen': 0.002,
  'read-unavailable': 0.001,
}

const BASE: Omit<Scenario, 'workloads' | 'rates'> = {
  /** Short enough that each key can be judged: see linearizable.ts. */
  steps: 100,
  driveSizeBytes: 512 * MIB,
  idleMs: 500,
  quietCount: 0,
  freeShare: 1,
}
const ALL: readonly Workload[] = WORKLOAD_NAMES.map((name) => workloadOf(name))

export type ScenarioName =
  | 'chaos'
  | 'damage'
  | 'deaths'
  | 'power'
  | 'engine'
  | 'calm'
  | 'background'

const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  /** Everything goes wrong at once. */
  chaos: {
    ...BASE,
    workloads: ALL,
    rates: { ...TIMED, ...OF_PROCESSES, ...OF_DISK, ...OF_ENGINE },
  },
  /** The same, and the drive damages what it holds. */
  damage: {
    ...BASE,
    workloads: ALL,
    rates: { ...TIMED, ...OF_PROCESSES, ...OF_DISK, ...OF_ENGINE, ...DAMAGE },
  },
  /** Processes die, over and over; nothing else is wrong. */
  deaths: {
    ...BASE,
    workloads: ALL,
    rates: { kill: 4, 'power-cut': 2, 'kill-at-call': 0.6, pause: 1.5, zombie: 0.8 },
  },
  /** Power goes, over and over, while a slow drive is written: what was answered is on it. */
  power: {
    ...BASE,
    workloads: [workloadOf('bodies'), ...ALL],
    rates: { 'power-cut': 5, 'slow-disk': 3, 'sync-error': 0.05, 'write-error': 0.02, kill: 1 },
  },
  /** The engine fails in every way that it can. */
  engine: {
    ...BASE,
    workloads: ALL,
    rates: Object.fromEntries(Object.entries(OF_ENGINE).map(([kind, rate]) => [kind, 4 * rate])),
  },
  /** Nothing fails, but for clients: what must be exact is exact. */
  calm: {
    ...BASE,
    workloads: ALL,
    rates: { 'client-gone': 0.02, 'client-retry': 0.5, 'clock-drift': 0.3 },
  },
  /** Minutes of quiet, and little room: compaction, parking, removal, the archive's turns. */
  background: {
    ...BASE,
    workloads: ALL,
    steps: 120,
    driveSizeBytes: 2048 * MIB,
    freeShare: 0.08,
    idleMs: 100_000,
    quietCount: 3,
    rates: { ...TIMED, ...OF_PROCESSES, ...OF_DISK, ...OF_ENGINE },
  },
}

export const SCENARIO_NAMES: readonly ScenarioName[] = Object.keys(SCENARIOS) as ScenarioName[]

export function scenarioOf(name: ScenarioName): Scenario {
  return SCENARIOS[name]
}

/** A writer beside its workers, or in the first of them. */
const LAYOUTS: readonly (readonly Role[])[] = [
  ['writer', 'http', 'http'],
  ['writer', 'http', 'http'],
  ['both', 'http'],
  ['both', 'http'],
  ['both'],
]

export function drawRoles(random: SeededRandom): readonly Role[] {
  return random.pick(LAYOUTS)
}

/** How often each scenario is drawn where none is named. */
const SHARES: Readonly<Record<ScenarioName, number>> = {
  chaos: 8,
  damage: 4,
  deaths: 3,
  power: 2,
  engine: 3,
  calm: 1,
  background: 2,
}

export function drawScenario(random: SeededRandom): ScenarioName {
  return random.pick(
    SCENARIO_NAMES.flatMap((name) => Array.from({ length: SHARES[name] }, () => name)),
  )
}

/** Three of four kinds are on, each up to three times as often or as seldom as its base says. */
export function drawRates(rates: FaultRates, random: SeededRandom): FaultRates {
  const drawn: Partial<Record<FaultKind, number>> = {}
  for (const [kind, rate] of Object.entries(rates) as [FaultKind, number][]) {
    const factor = random.spread(1 / 3, 3)
    if (random.chance(0.75)) drawn[kind] = Math.min(1, rate * factor)
  }
  return drawn
}
