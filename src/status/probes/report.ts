// What a cell or a service says of itself. It can only make things worse than what probes see, so
// whatever cannot be read says nothing. The form is that of docs/operating/status-reports.md.

import type { HttpAnswer } from '../../base/network.ts'
import { LEVELS, worse, type Level, type Recovery } from '../status.ts'

/** What it comes to. */
export interface SelfReport {
  /** `operational`: nothing is said to be wrong. */
  readonly level: Level
  /** A few words; never empty. */
  readonly why: string
  readonly recovery: Recovery | null
}

/** What one URL said. */
export interface OneReport extends SelfReport {
  /** False: this server takes no requests now; another of the cell may. */
  readonly isReady: boolean
}

/** Of a cell a backlog is only told; a service is what its backlog is. */
export type ReportKind = 'cell' | 'service'

/** A consumer further behind than this makes its service degraded, where it names no bound itself. */
const LAG_MS_MAX = 600_000
/** More is a rate near nothing, and no time left that anybody could tell. */
const LEFT_MS_MAX = 365 * 86_400_000
const BACKLOGS_MAX = 20
const WHY_CHARS_MAX = 200
/** A server that starts or ends says it is not ready, once or twice; so often in a row it is meant. */
const NOT_READY_MIN = 2

/** Null: it says nothing that can be read. */
export function parseReport(answer: HttpAnswer, kind: ReportKind): OneReport | null {
  const fields = readFields(answer.body)
  const status = fields?.['status']
  if (fields === null || typeof status !== 'string') return null
  const isReady = status !== 'not-ready'
  const said = isReady ? levelOf(status) : 'operational'
  if (said === null) return null
  const recovery = readRecovery(fields['recovery'])
  const isRecovering = recovery !== null && recovery.doneShare !== 1
  const lags = readLags(fields['backlogs'])
  const lagLevel = kind === 'service' && lags.some(({ isLate }) => isLate) ? 'degraded' : said
  const level = worse(worse(said, lagLevel), isRecovering ? 'recovering' : 'operational')
  const words = [
    `says: ${status}`,
    ...(isReady ? [] : notServing(fields)),
    ...lags.filter(({ isLate }) => isLate).map(({ text }) => text),
  ]
  const why = words.join(', ').slice(0, WHY_CHARS_MAX)
  return { level, why, recovery: isRecovering ? recovery : null, isReady }
}

/** The reports of one cell's URLs, put together. */
export class CellReports {
  readonly #newest = new Map<string, OneReport>()
  /** How often in a row; of every URL that was asked. */
  readonly #notReady = new Map<string, number>()

  /** Null: no answer, or none that can be read. Then what it said before counts no more. */
  take(url: string, report: OneReport | null): void {
    if (report === null) this.#newest.delete(url)
    else this.#newest.set(url, report)
    const count = this.#notReady.get(url) ?? 0
    // One that does not answer is no more and no less ready than it was.
    if (report === null) this.#notReady.set(url, count)
    else this.#notReady.set(url, report.isReady ? 0 : count + 1)
  }

  /** Null: nothing is said. */
  combined(): SelfReport | null {
    const ready = [...this.#newest.values()].filter(({ isReady }) => isReady)
    if (ready.length === 0) return this.#allNotReady()
    const worst = ready.reduce((one, other) =>
      worse(one.level, other.level) === one.level ? one : other,
    )
    const { level, recovery, why } = worst
    return { level, why, recovery }
  }

  /** One server of several that is not ready is an ordinary day; all of them are not. */
  #allNotReady(): SelfReport | null {
    const [first] = this.#newest.values()
    const areSure = [...this.#notReady.values()].every((count) => count >= NOT_READY_MIN)
    if (first === undefined || !areSure) return null
    return { level: 'degraded', why: first.why, recovery: first.recovery }
  }
}

function readFields(body: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Readonly<Record<string, unknown>>) : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function levelOf(status: string): Level | null {
  if (status === 'ready' || status === 'live') return 'operational'
  const level = LEVELS.find((each) => each === status)
  return level === undefined || level === 'unknown' ? null : level
}

function readRecovery(value: unknown): Recovery | null {
  if (typeof value !== 'object' || value === null) return null
  const { doneShare = null, leftMs = null } = value as Readonly<Record<string, unknown>>
  const isShare = typeof doneShare === 'number' && doneShare >= 0 && doneShare <= 1
  const isLeft = typeof leftMs === 'number' && leftMs >= 0 && leftMs <= LEFT_MS_MAX
  return { doneShare: isShare ? doneShare : null, leftMs: isLeft ? leftMs : null }
}

function readLags(value: unknown): readonly { readonly isLate: boolean; readonly text: string }[] {
  if (!Array.isArray(value)) return []
  return value.slice(0, BACKLOGS_MAX).flatMap((each: unknown) => {
    if (typeof each !== 'object' || each === null) return []
    const { count, lagMs, lagMsMax, name } = each as Readonly<Record<string, unknown>>
    if (typeof name !== 'string' || typeof lagMs !== 'number') return []
    const boundMs = typeof lagMsMax === 'number' ? lagMsMax : LAG_MS_MAX
    const waiting = typeof count === 'number' ? `, ${count} wait` : ''
    const text = `${name.slice(0, 40)} is ${Math.round(lagMs / 1000)} s behind${waiting}`
    return [{ isLate: lagMs > boundMs, text }]
  })
}

/** What readiness names besides: `index: SlowDown`. */
function notServing(fields: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(fields)
    .filter(
      ([name, value]) => name !== 'status' && typeof value === 'string' && value !== 'serving',
    )
    .map(([name, value]) => `${name}: ${String(value)}`)
}
