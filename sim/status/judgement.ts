// Whether what a site told of a fault was right: the right components at the right level, nothing else
// claimed, one incident, and well again behind it. Pure: it sees timelines, not the run.

import { isIll } from '../../src/status/status.ts'
import type { ComponentId, Level } from '../../src/status/status.ts'
import type { Expected } from './fault.ts'
import type { Timeline } from './timeline.ts'

export interface Window {
  /** When the fault began, when it ended, when the run did. */
  readonly fromMs: number
  readonly healMs: number
  readonly endMs: number
}

export interface Judged {
  /** One line each; none: all was right. */
  readonly findings: readonly string[]
  /** From the fault's begin until the last component was told right; null where nothing was to be told. */
  readonly detectMs: number | null
  /** From its end until all was operational for good; null: never. */
  readonly wellMs: number | null
  /** From its end until its incident was resolved; null: there was none. */
  readonly closedMs: number | null
}

/** Of a fault that lasts so short, or so long. */
export const DETECT_MS_MAX = { short: 120_000, long: 240_000 }
/** Of the time behind detection in which a right level was told. */
const RIGHT_SHARE_MIN = 0.8
/** Of the time in which what is not concerned was told operational. */
const WELL_SHARE_MIN = 0.9
/** Of machines about one fault, in every seed. */
const POSTS_MAX = 12

interface Case {
  readonly expected: Expected
  readonly region: string
  readonly window: Window
  /** How far the run followed the incident. */
  readonly ending: 'closed' | 'monitoring'
  readonly detectMsMax: number
}

export function judgeSite(timeline: Timeline, given: Case): Judged {
  const { expected, window } = given
  const detected = [...expected.told].map(([component, levels]) =>
    detectOf(timeline, given, { component, levels }),
  )
  const wellMs = wellOf(timeline, window)
  const closedMs = closedOf(timeline, window, given.region)
  const findings = [
    ...detected.flatMap(({ finding }) => finding ?? []),
    ...claimsOf(timeline, given),
    ...unwellOf(timeline, given),
    ...incidentFindings(timeline, given),
    ...(wellMs === null ? ['it is not operational again at the end'] : []),
  ]
  const times = detected.map(({ atMs }) => atMs)
  const isTold = times.length > 0 && times.every((atMs) => atMs !== null)
  const lastMs = Math.max(...times.map((atMs) => atMs ?? 0))
  return { findings, detectMs: isTold ? lastMs - window.fromMs : null, wellMs, closedMs }
}

interface One {
  readonly component: ComponentId
  readonly levels: readonly Level[]
}

/** When it was first told right, and whether it stayed so. */
function detectOf(
  timeline: Timeline,
  { detectMsMax, expected, window: { fromMs, healMs } }: Case,
  { component, levels }: One,
): { readonly atMs: number | null; readonly finding: string | null } {
  const during = timeline.within(fromMs, healMs)
  const isRight = (level: Level | undefined): boolean =>
    level !== undefined && levels.includes(level)
  const first = during.find((told) => isRight(told.levels.get(component)))
  const shares = sharesOf(during, component)
  const what = `${component} (${levels.join(' or ')})`
  if (first === undefined || first.atMs - fromMs > detectMsMax) {
    const when = first === undefined ? 'never' : `only after ${seconds(first.atMs - fromMs)}`
    return { atMs: first?.atMs ?? null, finding: `${what} was told ${when}; told: ${shares}` }
  }
  if (expected.lasting === 'fleeting') return { atMs: first.atMs, finding: null }
  const after = timeline.within(first.atMs, healMs)
  const rightMs = sum(after.filter((told) => isRight(told.levels.get(component))))
  const isSteady = rightMs >= RIGHT_SHARE_MIN * (healMs - first.atMs)
  const finding = `${what} was told ${seconds(rightMs)} of ${seconds(healMs - first.atMs)}: ${shares}`
  return { atMs: first.atMs, finding: isSteady ? null : finding }
}

/** What is ill and must not be; in all of the run. */
function claimsOf(timeline: Timeline, { expected, window: { endMs } }: Case): string[] {
  const claims = new Map<string, string>()
  const doubts = new Map<string, number>()
  for (const { atMs, forMs, levels, whys } of timeline.within(0, endMs)) {
    for (const [component, level] of levels) {
      const mayBeIll = expected.told.get(component)?.some((each) => isIll(each)) ?? false
      if (mayBeIll || !isIll(level) || claims.has(component)) continue
      const doubtMs = (doubts.get(component) ?? 0) + forMs
      doubts.set(component, doubtMs)
      if (level === 'degraded' && doubtMs <= expected.doubtMsMax) continue
      const why = whys.get(component) ?? ''
      claims.set(component, `${component} was told ${level} at ${seconds(atMs)}: ${why}`)
    }
  }
  return [...claims.values()]
}

/** What is neither concerned nor operational, most of the time. */
function unwellOf(timeline: Timeline, { expected, window: { fromMs, healMs } }: Case): string[] {
  const during = timeline.within(fromMs, healMs).filter(({ levels }) => levels.size > 0)
  const known = [...(during[0]?.levels.keys() ?? [])]
  return known.flatMap((component) => {
    if (expected.told.has(component)) return []
    const wellMs = sum(during.filter(({ levels }) => levels.get(component) === 'operational'))
    if (wellMs + expected.doubtMsMax >= WELL_SHARE_MIN * sum(during)) return []
    return [`${component} was not told operational: ${sharesOf(during, component)}`]
  })
}

function incidentFindings(
  timeline: Timeline,
  { ending, expected, region, window }: Case,
): string[] {
  const isOver = (state: string): boolean =>
    state === 'resolved' || (state === 'monitoring' && ending === 'monitoring')
  const incidents = timeline.within(0, window.endMs).at(-1)?.incidents ?? []
  const findings = incidents.flatMap(({ affectedEver, posts, state, title }) => [
    ...(isOver(state) ? [] : [`the incident is ${state} at the end: ${title}`]),
    ...(posts > POSTS_MAX ? [`the incident has ${posts} posts: ${title}`] : []),
    ...affectedEver
      .filter(({ component, level }) => isIll(level) && !expected.told.has(component))
      .map(({ component, level }) => `the incident names ${component} as ${level}: ${title}`),
  ])
  const elsewhere = incidents.filter((incident) => incident.region !== region)
  if (elsewhere.length > 0) findings.push(`an incident elsewhere: ${elsewhere[0]?.title ?? ''}`)
  if (expected.incident === 'any') return findings
  const wanted = expected.incident === 'one' ? 1 : 0
  if (incidents.length !== wanted) {
    const titles = incidents.map(({ title }) => title).join('; ')
    findings.push(`there are ${incidents.length} incidents, not ${wanted}: ${titles}`)
  }
  const named = new Set(incidents.flatMap(({ affectedEver }) => affectedEver.map(componentOf)))
  const missing = [...expected.told.keys()].filter((component) => !named.has(component))
  if (wanted === 1 && missing.length > 0) findings.push(`no incident names ${missing.join(', ')}`)
  return findings
}

function componentOf({ component }: { readonly component: ComponentId }): ComponentId {
  return component
}

function wellOf(timeline: Timeline, { endMs, healMs }: Window): number | null {
  const after = timeline.within(healMs, endMs)
  const isWell = ({ levels }: (typeof after)[number]): boolean =>
    levels.size > 0 && [...levels.values()].every((level) => level === 'operational')
  const lastIll = after.findLastIndex((told) => !isWell(told))
  const first = after[lastIll + 1]
  return first === undefined ? null : first.atMs - healMs
}

function closedOf(timeline: Timeline, { endMs, healMs }: Window, region: string): number | null {
  const told = timeline
    .within(healMs, endMs)
    .find(({ incidents }) =>
      incidents.some((each) => each.region === region && each.state === 'resolved'),
    )
  return told === undefined ? null : told.atMs - healMs
}

function sharesOf(
  during: readonly { readonly levels: ReadonlyMap<ComponentId, Level>; readonly forMs: number }[],
  component: ComponentId,
): string {
  const byLevel = new Map<string, number>()
  for (const { forMs, levels } of during) {
    const level = levels.get(component) ?? 'nothing'
    byLevel.set(level, (byLevel.get(level) ?? 0) + forMs)
  }
  return [...byLevel].map(([level, forMs]) => `${level} ${seconds(forMs)}`).join(', ')
}

function sum(all: readonly { readonly forMs: number }[]): number {
  return all.reduce((total, { forMs }) => total + forMs, 0)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
