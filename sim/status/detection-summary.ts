// What is told of many seeds of detection: of each failing one why and how to see it again; of all
// together a table by kind, with the time to detect.

import type { DetectionResult } from './detection.ts'

/** Of all seeds, and of those of one kind. */
const SHARE_MIN = 0.95
const KIND_SHARE_MIN = 0.85
const FINDINGS_SHOWN_MAX = 6

/** A failing seed, for people; empty where all was right. */
export function showDetection(result: DetectionResult): string {
  const { findings, kind, remarks, seed, shape, trace } = result
  if (findings.length === 0) return ''
  return [
    `\nWRONG seed ${seed} (${kind}, trace ${trace}): ${shape}`,
    ...findings.slice(0, FINDINGS_SHOWN_MAX).map((finding) => `  ${finding}`),
    ...(remarks.length > 0 ? ['  what sites told their operators last:'] : []),
    ...remarks.slice(-FINDINGS_SHOWN_MAX).map((line) => `    ${line}`),
    `  again: npm run sim:status -- --detection --seed ${seed} --kind ${kind}`,
    '',
  ].join('\n')
}

export class DetectionSummary {
  readonly #results: DetectionResult[] = []

  add(result: DetectionResult): void {
    this.#results.push(result)
  }

  get wrongCount(): number {
    return this.#results.filter(({ findings }) => findings.length > 0).length
  }

  /** Whether enough seeds were right, of all and of each kind. */
  get isEnough(): boolean {
    const isRight = (results: readonly DetectionResult[], share: number): boolean =>
      results.filter(({ findings }) => findings.length === 0).length >= share * results.length
    return (
      isRight(this.#results, SHARE_MIN) &&
      this.#byKind().every(([, results]) => isRight(results, KIND_SHARE_MIN))
    )
  }

  /** In Markdown. Times are of the site that was last. */
  table(): string {
    const lines = this.#byKind().map(([kind, results]) => {
      const right = results.filter(({ findings }) => findings.length === 0).length
      const well = timesOf(results, 'wellMs')
      const cells = [
        `\`${kind}\``,
        `${right} of ${results.length}`,
        ...timesOf(results, 'detectMs'),
        well[0],
        well[2],
      ]
      return `| ${cells.join(' | ')} |`
    })
    return [
      '| kind | right | told after: median s | p95 | max | well after: median s | max |',
      '|---|---|---|---|---|---|---|',
      ...lines,
      '',
    ].join('\n')
  }

  show(seconds: number): string {
    const count = this.#results.length
    const events = sum(this.#results.map((result) => result.events))
    const requests = sum(this.#results.map((result) => result.requests))
    const virtualMs = sum(this.#results.map((result) => result.virtualMs))
    const closed = this.#results.filter(({ closedMs }) => closedMs !== null).length
    return [
      this.table(),
      `${count} seeds, ${requests} requests, ${events} events, ` +
        `${Math.round(virtualMs / 1000)} simulated seconds in ${seconds.toFixed(0)} s; ` +
        `${closed} incidents followed until they were resolved`,
      `wanted: ${100 * SHARE_MIN} % of all right, ${100 * KIND_SHARE_MIN} % of each kind: ` +
        (this.isEnough ? 'kept' : 'NOT KEPT'),
      `${count - this.wrongCount} passed, ${this.wrongCount} failed`,
      '',
    ].join('\n')
  }

  #byKind(): [string, DetectionResult[]][] {
    const kinds = new Map<string, DetectionResult[]>()
    for (const result of this.#results) {
      kinds.set(result.kind, [...(kinds.get(result.kind) ?? []), result])
    }
    return [...kinds].toSorted(([one], [other]) => (one < other ? -1 : 1))
  }
}

/** Median, 95th percentile and maximum in seconds. */
function timesOf(
  results: readonly DetectionResult[],
  name: 'detectMs' | 'wellMs',
): [string, string, string] {
  const times = results.flatMap((result) => result[name] ?? []).toSorted((a, b) => a - b)
  const at = (share: number): string => {
    const ms = times[Math.min(times.length - 1, Math.floor(share * times.length))]
    return ms === undefined ? '–' : (ms / 1000).toFixed(0)
  }
  return [at(0.5), at(0.95), at(1)]
}

function sum(all: readonly number[]): number {
  return all.reduce((total, one) => total + one, 0)
}
