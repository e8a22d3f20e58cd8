// What all sites see, and what people said, as the health that the page tells. A pure function: every
// site that has the same views and records comes to the same.

import { SILENT_TROUBLE_MS_MIN, VIEW_DOUBTED_MS, VIEW_STALE_MS } from '../../base/limits.ts'
import type { Override } from '../records/fold.ts'
import { isIll, isWorse, worse } from '../status.ts'
import type { Component, ComponentId, Health, Level, Recovery, Sighting, View } from '../status.ts'

/** A view and how long ago, by the receiver's monotonic clock, it replaced the one before. */
export interface AgedView {
  readonly view: View
  readonly ageMs: number
}

export interface Views {
  readonly components: readonly Component[]
  /** In any order; of a site more than one may be there, the newest counts. */
  readonly views: readonly AgedView[]
  readonly overrides: ReadonlyMap<ComponentId, Override>
  /** Wall clock: for the ends of overrides alone. */
  readonly nowMs: number
}

/** What machines see of a component. */
type Seen = Pick<Health, 'level' | 'sinceMs' | 'why' | 'recovery' | 'seenBy'>

interface SiteSighting {
  readonly site: string
  readonly sighting: Sighting
  /** Its view is so old that it does not contradict. */
  readonly isDoubted: boolean
}

/**
 * In the order of `components`. Of a component:
 * - a stale view, a blind one, and one that is taken for blind count for nothing;
 * - one that is getting old (VIEW_DOUBTED_MS) contradicts nobody: its site may be down with the store;
 * - with no known level left it is `unknown`;
 * - where a site sees it well now while another sees it ill, it is `degraded`, and says from where;
 * - else the worst counts.
 * Then a person's word, with its reason: a lowering shows at least its level and what is seen worse; a raise
 * its level in place of what is seen ill, as long as that is no worse than what it stands over. What nobody
 * sees stays unknown, and what recovers is told so.
 */
export function combineViews({ components, nowMs, overrides, views }: Views): Health[] {
  const seeing = sitesThatSee(views)
  const sightings = new Map<ComponentId, SiteSighting[]>()
  for (const { ageMs, view } of seeing) {
    const isDoubted = ageMs > VIEW_DOUBTED_MS
    for (const sighting of view.sightings) {
      const one = { site: view.site, sighting, isDoubted }
      const others = sightings.get(sighting.component)
      if (others === undefined) sightings.set(sighting.component, [one])
      else others.push(one)
    }
  }
  return components.map((component) => {
    const seen = seenOf(sightings.get(component.id) ?? [])
    const override = overrides.get(component.id)
    const isInForce = override !== undefined && (override.untilMs ?? Infinity) > nowMs
    return { component, ...(isInForce ? withWord(seen, override) : { ...seen, override: null }) }
  })
}

/** The views that count, by the sites' names. */
function sitesThatSee(views: readonly AgedView[]): AgedView[] {
  const newest = new Map<string, AgedView>()
  for (const aged of views) {
    const { ageMs, view } = aged
    const other = newest.get(view.site)?.view
    if (ageMs > VIEW_STALE_MS || (other !== undefined && !isNewer(view, other))) continue
    newest.set(view.site, aged)
  }
  const sure = [...newest.values()].filter(({ view }) => view.footing === 'sure')
  const answered = sure.filter(
    ({ ageMs, view }) => ageMs <= VIEW_DOUBTED_MS && view.sightings.some(isAnswered),
  )
  // Who came later cannot tell: the store may have been down with all that asked it.
  const isBlind = (aged: AgedView): boolean =>
    isAllSilent(aged.view) && answered.some((other) => watchedMs(other) >= troubleMs(aged))
  const seeing = sure.filter((aged) => !isBlind(aged))
  return seeing.toSorted((one, other) => (one.view.site < other.view.site ? -1 : 1))
}

function isNewer(one: View, other: View): boolean {
  if (one.incarnation !== other.incarnation) return one.incarnation > other.incarnation
  return one.sequence > other.sequence
}

/** Its probes got an answer, good or bad. */
function isAnswered({ isSilent, level, probeCount }: Sighting): boolean {
  return level !== 'unknown' && probeCount > 0 && !isSilent
}

/** For how long a site has told the same of something, at least: it was there then. By its own clock. */
function watchedMs({ ageMs, view }: AgedView): number {
  const known = view.sightings.filter(({ level }) => level !== 'unknown')
  return ageMs + Math.max(0, ...known.map(({ sinceMs }) => view.madeAtMs - sinceMs))
}

/** The same of its trouble; when it began is not told any more while it recovers. */
function troubleMs(aged: AgedView): number {
  const isMending = aged.view.sightings.some(({ level }) => level === 'recovering')
  return watchedMs(aged) + (isMending ? SILENT_TROUBLE_MS_MIN : 0)
}

/** It probes, and nothing at all answers it: if others get answers, its own network is down. */
function isAllSilent({ sightings }: View): boolean {
  const known = sightings.filter(({ level }) => level !== 'unknown')
  return known.length > 0 && known.every(({ isSilent }) => isSilent)
}

function seenOf(all: readonly SiteSighting[]): Seen {
  const seenBy = all.map(({ site, sighting: { level, why } }) => ({ site, level, why }))
  const known = all.filter(({ sighting }) => sighting.level !== 'unknown')
  if (known.length === 0) {
    const why = all[0]?.sighting.why ?? 'no site sees it now'
    return { level: 'unknown', sinceMs: null, why, recovery: null, seenBy }
  }
  const worst = known.map(({ sighting }) => sighting.level).reduce(worse)
  const those = known.filter(({ sighting }) => sighting.level === worst)
  const isWellSomewhere = known.some(
    ({ isDoubted, sighting }) => sighting.level === 'operational' && !isDoubted,
  )
  const sinceMs = isIll(worst)
    ? Math.min(...those.map(({ sighting }) => sighting.sinceMs))
    : Math.max(...those.map(({ sighting }) => sighting.sinceMs))
  if (isIll(worst) && isWellSomewhere) {
    const ill = known.filter(({ sighting }) => isIll(sighting.level))
    const why = `seen from ${ill.map(({ site }) => site).join(', ')} only: ${whyOf(those)}`
    return { level: 'degraded', sinceMs, why, recovery: recoveryOf(those), seenBy }
  }
  return { level: worst, sinceMs, why: whyOf(those), recovery: recoveryOf(those), seenBy }
}

/** Of the first by name: several say the same in other numbers. */
function whyOf(those: readonly SiteSighting[]): string {
  return those[0]?.sighting.why ?? 'no reason given'
}

/** The least that is done, the longest that is left. */
function recoveryOf(those: readonly SiteSighting[]): Recovery | null {
  const all = those.flatMap(({ sighting }) => sighting.recovery ?? [])
  if (all.length === 0) return null
  const shares = all.flatMap(({ doneShare }) => doneShare ?? [])
  const lefts = all.flatMap(({ leftMs }) => leftMs ?? [])
  return {
    doneShare: shares.length === 0 ? null : Math.min(...shares),
    leftMs: lefts.length === 0 ? null : Math.max(...lefts),
  }
}

/** A person's word that is in force. Which of the two it is, they signed. */
function withWord(seen: Seen, word: Override): Omit<Health, 'component'> {
  const { atMs, level, over, reason } = word
  const isRaise = over !== null
  if (isRaise && !isExplained(seen.level, level, over)) return { ...seen, override: null }
  const author = word.author.name
  const kind = isRaise ? 'raised' : 'lowered'
  const override = { level, seen: seen.level, reason, author, atMs, kind } as const
  const told = isRaise ? level : worse(level, seen.level)
  if (told === seen.level) return { ...seen, override }
  return { ...seen, level: told, sinceMs: atMs, why: `${author}: ${reason}`, override }
}

/** Whether a raise is about what is seen: ill, worse than it says, and no worse than its author knew of. */
function isExplained(seen: Level, level: Level, over: Level): boolean {
  return isIll(seen) && isWorse(level, seen) && !isWorse(over, seen)
}
