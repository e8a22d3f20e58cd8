// The schedule: a loop for each component, for each cell's reports and for the anchors, until disposed of.

import type { Clock } from '../../base/clock.ts'
import { PROBE_AGAIN_MS_MAX, PROBES_UNDER_WAY_MAX, SIGN_MS_MAX } from '../../base/limits.ts'
import { NetworkError } from '../../base/network.ts'
import type { Network } from '../../base/network.ts'
import { Semaphore } from '../../base/queue.ts'
import type { Random } from '../../base/random.ts'
import { manyWaiters } from '../../base/signal.ts'
import type { CellConfig, StatusConfig } from '../config.ts'
import { StatusError } from '../status.ts'
import type { Component, ComponentId, ProbeFailure, ProbeResult } from '../status.ts'
import { Anchors } from './anchors.ts'
import { CellMemory } from './canary.ts'
import { watchNetwork, type Footing } from './footing.ts'
import { jittered } from './jitter.ts'
import { probeOperation, type Outcome } from './probe-operation.ts'
import { getOf, probeService } from './probe-service.ts'
import { CellReports, parseReport, type OneReport, type SelfReport } from './report.ts'

export interface ProberOptions {
  readonly config: StatusConfig
  /** This site's name: its keys in the canary buckets begin with it. */
  readonly site: string
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly footing: Footing
  readonly onResult: (result: ProbeResult) => void
  /** What a cell or a service says of itself; null: nothing any more. */
  readonly onReport: (components: readonly ComponentId[], report: SelfReport | null) => void
  /**
   * A probe that says nothing of its component, since what must be there for it could not be put;
   * the component comes to be unknown.
   */
  readonly onUnsure: (component: ComponentId, failure: ProbeFailure) => void
}

/** The first probes are spread over this, so that a page that was just started tells something soon. */
const FIRST_MS_MAX = 2000
/** Between the end of a probe and the next of the same component. */
const PAUSE_MS_MIN = 500

/** Begins to probe. Disposing of it ends what is under way and waits for it. */
export function openProber(options: ProberOptions): AsyncDisposable {
  const prober = new Prober(options)
  const running = prober.run()
  return {
    [Symbol.asyncDispose]: async () => {
      prober.stop()
      await running
    },
  }
}

interface Watched {
  readonly component: ComponentId
  readonly probe: () => Promise<Outcome>
}

class Prober {
  readonly #options: ProberOptions
  readonly #network: Network
  readonly #abort = manyWaiters()
  readonly #anchors: Anchors
  readonly #room: Semaphore

  constructor(options: ProberOptions) {
    const { clock, config, footing, network, random, site } = options
    this.#options = options
    this.#network = watchNetwork(network, footing, clock)
    const peers = config.sites.filter(({ name }) => name !== site).map(({ url }) => url)
    const urls = [...config.timing.anchors, ...peers]
    const { signal } = this.#abort
    this.#anchors = new Anchors({ network: this.#network, clock, random, urls, signal })
    this.#room = new Semaphore(PROBES_UNDER_WAY_MAX, config.components.length)
  }

  stop(): void {
    this.#abort.abort(new StatusError('unavailable', 'the probes were ended'))
  }

  async run(): Promise<void> {
    const { config } = this.#options
    const cells = config.regions.flatMap((region) =>
      region.cells.map((cell) => ({ region: region.name, cell })),
    )
    const reporting = cells.filter(({ cell }) => cell.reports.length > 0)
    await Promise.all([
      this.#anchors.run(),
      ...this.#watched().map(async (watched) => await this.#unlessEnded(this.#probe(watched))),
      ...reporting.map(async ({ cell, region }) => {
        await this.#unlessEnded(this.#readReports(region, cell))
      }),
    ])
  }

  /** Every component with the probe of it. Operations of one cell share what is known of its bucket. */
  #watched(): readonly Watched[] {
    const { config } = this.#options
    const memories = new Map<string, CellMemory>()
    const memoryOf = (place: string): CellMemory => {
      const memory = memories.get(place) ?? new CellMemory()
      memories.set(place, memory)
      return memory
    }
    return config.components.flatMap((component) => {
      const region = config.regions.find(({ name }) => name === component.region)
      if (component.kind === 'service') {
        const service = region?.services.find(({ name }) => name === component.service)
        return service === undefined ? [] : [this.#watchedService(component.id, service.url)]
      }
      const cell = region?.cells.find(({ name }) => name === component.cell)
      const memory = memoryOf(`${component.region}/${component.cell}`)
      return cell === undefined ? [] : [this.#watchedOperation(component, cell, memory)]
    })
  }

  #watchedOperation(
    component: Extract<Component, { kind: 'operation' }>,
    cell: CellConfig,
    memory: CellMemory,
  ): Watched {
    const { clock, random, site } = this.#options
    const target = {
      network: this.#network,
      clock,
      random,
      cell,
      prefix: `${site}/`,
      memory,
      signal: this.#abort.signal,
    }
    return {
      component: component.id,
      probe: async () => await probeOperation(component.operation, target),
    }
  }

  #watchedService(component: ComponentId, url: string): Watched {
    const { clock, onReport, random } = this.#options
    const target = { network: this.#network, clock, random, url, signal: this.#abort.signal }
    return {
      component,
      probe: async () => {
        const { answer, ...outcome } = await probeService(target)
        const report = answer === null ? null : parseReport(answer, 'service')
        onReport([component], report === null ? null : withoutReadiness(report))
        return outcome
      },
    }
  }

  async #probe({ component, probe }: Watched): Promise<void> {
    const { clock, config, onUnsure, random } = this.#options
    const intervalMs = config.timing.probeIntervalSec * 1000
    const { signal } = this.#abort
    await clock.sleep(random.fraction() * Math.min(FIRST_MS_MAX, intervalMs), signal)
    for (;;) {
      await this.#room.acquire(1, signal)
      const beganMs = clock.monotonicMs()
      const atMs = clock.nowMs()
      const outcome = await probe().finally(() => this.#room.release())
      const tookMs = clock.monotonicMs() - beganMs
      const { verdict } = outcome
      if (verdict.kind === 'unsure') onUnsure(component, verdict.failure)
      else this.#tell({ component, atMs, beganMs }, outcome, tookMs)
      const nextMs =
        verdict.kind === 'failed'
          ? PAUSE_MS_MIN + (PROBE_AGAIN_MS_MAX - PAUSE_MS_MIN) * random.fraction()
          : jittered(intervalMs, random) - tookMs
      await clock.sleep(Math.max(PAUSE_MS_MIN, nextMs), signal)
    }
  }

  #tell(
    which: Pick<ProbeResult, 'component' | 'atMs' | 'beganMs'>,
    { durationMs, retryCount, verdict }: Outcome,
    tookMs: number,
  ): void {
    const failure = verdict.kind === 'failed' ? verdict.failure : null
    if (failure !== null && failure.status === null) this.#anchors.askNow()
    this.#options.onResult({
      ...which,
      // A failed one lasted from its beginning to its end: signs are looked for there.
      durationMs: failure === null ? durationMs : tookMs,
      retryCount,
      failure,
    })
  }

  async #readReports(region: string, cell: CellConfig): Promise<void> {
    const { clock, config, onReport, random } = this.#options
    const components = config.components
      .filter(
        (each) => each.kind === 'operation' && each.region === region && each.cell === cell.name,
      )
      .map(({ id }) => id)
    const reports = new CellReports()
    const { signal } = this.#abort
    for (;;) {
      const newest = await Promise.all(
        cell.reports.map(async (url) => ({ url, report: await this.#readReport(url) })),
      )
      for (const { report, url } of newest) reports.take(url, report)
      onReport(components, reports.combined())
      const pauseMs = jittered(config.timing.probeIntervalSec * 1000, random)
      await clock.sleep(pauseMs, signal)
    }
  }

  async #readReport(url: string): Promise<OneReport | null> {
    try {
      const request = getOf(url, SIGN_MS_MAX)
      return parseReport(await this.#network.request(request, this.#abort.signal), 'cell')
    } catch (error) {
      if (this.#abort.signal.aborted || !(error instanceof NetworkError)) throw error
      return null
    }
  }

  /** What the end of the prober threw is no error. */
  async #unlessEnded(loop: Promise<void>): Promise<void> {
    try {
      await loop
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error
    }
  }
}

function withoutReadiness({ isReady, level, recovery, why }: OneReport): SelfReport {
  return { level: isReady ? level : 'degraded', why, recovery }
}
