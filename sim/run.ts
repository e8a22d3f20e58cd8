// One run: a seed, a scenario, so many operations. It starts a region, lets clients work and faults
// strike, heals everything, and checks what must hold.

import type { Clock } from '../src/base/clock.ts'
import { Bodies } from './bodies.ts'
import { SimCell } from './cell.ts'
import { Chaos } from './chaos.ts'
import { CHECKS } from './checks.ts'
import { openSimClient } from './client.ts'
import { openSimDisk } from './disk.ts'
import type { EngineRecording } from './engine-recording.ts'
import { Faults } from './faults.ts'
import type { FaultKind } from './faults.ts'
import { History } from './history.ts'
import type { Recorded } from './history.ts'
import { SimProcess } from './process.ts'
import type { Finding, HealedRegion } from './region.ts'
import { drawRates, drawRoles, drawScenario, scenarioOf } from './scenarios.ts'
import type { ScenarioName } from './scenarios.ts'
import { World, WorldStuck } from './world.ts'

export interface RunRequest {
  readonly seed: number
  /** Null: the seed draws it. */
  readonly scenario: ScenarioName | null
  /** Null: as many as the scenario says. */
  readonly steps: number | null
  /** Takes each line of the trace. */
  readonly onTrace?: (line: string) => void
  /** Takes down what the run asks of its engines; the run is the same with it. */
  readonly recording?: EngineRecording
}

export interface RunResult {
  readonly seed: number
  readonly scenario: ScenarioName
  readonly steps: number
  readonly trace: string
  readonly events: number
  readonly virtualMs: number
  readonly operations: readonly Recorded[]
  readonly faults: Readonly<Record<FaultKind, number>>
  /** None: all is well. */
  readonly findings: readonly Finding[]
  /** Operators' lines, the last of them. */
  readonly reports: readonly string[]
}

/** A run that takes more is called stuck. */
const EVENTS_MAX = 400_000
/** Longer than any doubt of the engine. */
const SETTLE_MS = 6000
const QUIET_MS = [10_000, 150_000] as const

export async function runSeed(request: RunRequest): Promise<RunResult> {
  const world = new World(String(request.seed))
  if (request.onTrace !== undefined) world.onTrace = request.onTrace
  const name = request.scenario ?? drawScenario(world.random.fork('scenario'))
  const run = new Run(world, name, request)
  let findings: readonly Finding[]
  try {
    findings = await world.run(run.whole(), { eventsMax: EVENTS_MAX })
  } catch (error) {
    findings = [
      ...run.findings,
      {
        check: error instanceof WorldStuck ? 'stuck' : 'failed',
        message: `${run.phase}: ${describe(error)}`,
        keys: [],
      },
    ]
  }
  return {
    seed: request.seed,
    scenario: name,
    steps: run.steps,
    trace: world.traceHash,
    events: world.eventCount,
    virtualMs: world.nowMs,
    operations: run.history.operations,
    faults: run.faults.counts,
    findings: [...run.defects(), ...findings],
    reports: run.cell.reports,
  }
}

class Run {
  /** What it does now, for a run that does not come to its end. */
  phase = 'start'
  readonly steps: number
  readonly history: History
  readonly faults: Faults
  readonly cell: SimCell
  readonly #world: World
  readonly #bodies = new Bodies()
  readonly #name: ScenarioName
  readonly #clientDefects: Finding[] = []
  /** Of the checks so far, also where the next one fails. */
  readonly findings: Finding[] = []

  constructor(world: World, name: ScenarioName, { steps, recording }: RunRequest) {
    const scenario = scenarioOf(name)
    this.#world = world
    this.#name = name
    this.steps = steps ?? scenario.steps
    this.history = new History(() => world.nowMs)
    const random = world.random.fork('faults')
    this.faults = new Faults(drawRates(scenario.rates, random.fork('rates')), random)
    const roles = drawRoles(world.random.fork('roles'))
    this.cell = new SimCell(world, this.faults, {
      ...scenario,
      roles,
      recording: recording ?? null,
    })
  }

  async whole(): Promise<readonly Finding[]> {
    await this.cell.init()
    this.faults.begin()
    await this.cell.start()
    const ending = new AbortController()
    const chaos = new Chaos(this.cell, () => this.history.operations.length).run()
    const scenario = scenarioOf(this.#name)
    const workload = this.#world.random.fork('workload').pick(scenario.workloads)
    let clients = 0
    this.phase = 'work'
    await workload({
      openClient: () => openSimClient(this.#clientParts, clients++),
      history: this.history,
      bodies: this.#bodies,
      clock: this.#clientClock(scenario.quietCount),
      random: this.#world.random.fork('clients'),
      stepsMax: this.steps,
      signal: ending.signal,
    })
    await this.#world.clock.sleep(scenario.idleMs)
    this.faults.end()
    await chaos
    this.phase = 'heal'
    const region = await this.#heal()
    const { findings, history } = this
    const parts = { history, bodies: this.#bodies, damage: this.cell.drive.damage, region }
    for (const check of CHECKS) {
      this.phase = check.name
      findings.push(...(await check(parts)))
    }
    return findings
  }

  /** The clients' clock: at some operations, all who wait go on waiting until a time of quiet ends. */
  #clientClock(quietCount: number): Clock {
    const { clock } = this.#world
    const random = this.#world.random.fork('quiet')
    const at = Array.from({ length: quietCount }, () => random.below(this.steps))
    let untilMs = 0
    const sleep = async (delayMs: number, signal?: AbortSignal): Promise<void> => {
      await clock.sleep(delayMs, signal)
      const due = at.findIndex((count) => count <= this.history.operations.length)
      if (due >= 0) {
        at.splice(due, 1)
        untilMs = clock.monotonicMs() + random.spread(...QUIET_MS)
      }
      const leftMs = untilMs - clock.monotonicMs()
      if (leftMs > 0) await clock.sleep(leftMs, signal)
    }
    return { ...clock, sleep }
  }

  get #clientParts() {
    return {
      world: this.#world,
      faults: this.faults,
      history: this.history,
      underWay: this.cell.underWay,
      serving: () => this.cell.serving,
      onDefect: (error: unknown, where: string) =>
        void this.#clientDefects.push({
          check: 'defect',
          message: `${where}: ${describe(error)}`,
          keys: [],
        }),
    }
  }

  /** Ends all that is wrong, lets what is in doubt settle, and starts everything anew. */
  async #heal(): Promise<HealedRegion> {
    const { cell } = this
    const world = this.#world
    cell.drive.heal()
    cell.network.heal()
    for (const process of cell.processes) process.resume()
    await world.clock.sleep(SETTLE_MS)
    cell.stopAll('the run ends')
    await cell.start()
    const checker = new SimProcess(world, { name: 'checker', clockRate: 1, diesAtCall: Infinity })
    const { writer } = cell
    if (writer === null) throw new WorldStuck('the healed region has no writer')
    return {
      writer,
      workers: cell.serving.map((worker) => worker.cell),
      disk: openSimDisk(cell.drive, checker),
      driveId: cell.driveId,
      clock: checker.clock,
      random: checker.random,
    }
  }

  /** What must not happen to processes, nor by them. */
  defects(): Finding[] {
    const epochs = this.cell.breaches.map((message) => ({ check: 'epoch', message, keys: [] }))
    const ofCell = this.cell.defects.map(({ where, error }) => ({
      check: 'defect',
      message: `${where}: ${describe(error)}`,
      keys: [],
    }))
    const ofWorld = this.#world.defects.map((error) => ({
      check: 'defect',
      message: describe(error),
      keys: [],
    }))
    return [...epochs, ...ofCell, ...ofWorld, ...this.#clientDefects]
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.stack ?? `${error.name}: ${error.message}`
}
