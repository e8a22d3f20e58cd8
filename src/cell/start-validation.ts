// The validation that belongs to a start: all records, beside the service, or before it where the
// operator asked for that. Reads verify what they read in any case; this finds what nobody reads.

import type { Clock, Timer } from '../base/clock.ts'
import type { EngineReader } from '../engine/engine.ts'
import type { Progress, ValidationStatus } from './admin.ts'
import type { Log } from '../platform/log.ts'
import { StoreRefused } from './store-folder.ts'
import { validateRecords } from './validate-apart.ts'

/** First the clients that waited for the start. */
const DELAY_MS = 10_000
const LOG_PERIOD_MS = 10_000
const FINDINGS_LOGGED_MAX = 20

export interface StartValidationParts {
  readonly folder: string
  readonly clock: Clock
  readonly engine: EngineReader
  readonly log: Log
}

export class StartValidation implements AsyncDisposable {
  readonly #parts: StartValidationParts
  #status: ValidationStatus = { state: 'waiting' }
  #timer: Timer | null = null
  #loggedAtMs = 0

  constructor(parts: StartValidationParts) {
    this.#parts = parts
  }

  get status(): ValidationStatus {
    return this.#status
  }

  /** Validates in a while, beside the service. */
  startBeside(): void {
    const { clock, log } = this.#parts
    this.#timer = clock.after(DELAY_MS, () => {
      this.#run().catch((error: unknown) => {
        this.#status = { state: 'failed', message: String(error) }
        log.error({ err: error }, 'the validation of the records did not come to its end')
      })
    })
  }

  /** Validates now. @throws StoreRefused where a record is not what it should be */
  async requireSound(): Promise<void> {
    const { folder } = this.#parts
    const findings = await this.#run()
    if (findings === 0) return
    throw new StoreRefused(
      `${folder}: ${findings} of its records are not sound, so it is not served with --start strict; ` +
        `list them with: holdfast verify --records ${folder}`,
    )
  }

  /** Answers how much it found. */
  async #run(): Promise<number> {
    const { clock, engine, log } = this.#parts
    const startedAtMs = clock.monotonicMs()
    this.#loggedAtMs = startedAtMs
    const report = await validateRecords(this.#parts, engine, (progress) => this.#note(progress))
    const { findings, findingCount, recordsDone } = report
    const durationMs = Math.round(clock.monotonicMs() - startedAtMs)
    const endedAtMs = clock.nowMs()
    this.#status = { state: 'done', records: recordsDone, findings: findingCount, endedAtMs }
    for (const { kind, what, message } of findings.slice(0, FINDINGS_LOGGED_MAX)) {
      log.error({ kind, what }, `a record is not sound: ${message}`)
    }
    const fields = { records: recordsDone, findings: findingCount, durationMs }
    if (findingCount === 0) log.info(fields, 'all records are validated and sound')
    else log.error(fields, 'records are not sound; `holdfast verify` lists them')
    return findingCount
  }

  #note(progress: Progress): void {
    const { clock, log } = this.#parts
    this.#status = { state: 'running', progress }
    if (clock.monotonicMs() - this.#loggedAtMs < LOG_PERIOD_MS) return
    this.#loggedAtMs = clock.monotonicMs()
    log.info(progress, 'validating the records')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel()
  }
}
