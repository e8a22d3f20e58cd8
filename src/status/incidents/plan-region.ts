// What one region needs to be posted now, if anything, and how long that must have been so. Pure.

import {
  INCIDENT_BETTER_MS_MIN,
  INCIDENT_CALM_MS,
  INCIDENT_GAP_MS_MAX,
  INCIDENT_GAP_MS_MIN,
  INCIDENT_RECENT_MS,
  INCIDENT_RESOLVE_MS_MIN,
  INCIDENT_UPDATES_FREE,
  INCIDENT_WELL_MS_MIN,
} from '../../base/limits.ts'
import type { StatusConfig } from '../config.ts'
import type { Stories } from '../records/fold.ts'
import type { Affected, IncidentState, Statement } from '../records/record.ts'
import type { Incident, Maintenance } from '../snapshot.ts'
import { isByWord, isIll, isWell, isWorse } from '../status.ts'
import type { ComponentId, Health, Level } from '../status.ts'
import { betterText, openingText, resolvedText, titleOf, wellText, worseText } from './describe.ts'
import { isSettled } from './troubles.ts'
import type { Troubles } from './troubles.ts'

export interface RegionScene {
  readonly config: StatusConfig
  readonly region: string
  /** Of the region. */
  readonly health: readonly Health[]
  readonly troubles: Troubles
  /** The machines' incident about it that is not resolved. */
  readonly open: Incident | null
  readonly stories: Pick<Stories, 'incidents' | 'maintenances'>
  /** Since the newest machine's post of `open`, as this site saw it. */
  readonly quietMs: number
  readonly wallMs: number
}

export interface Need {
  /** The same as long as the same is needed. */
  readonly name: string
  /** How long it must have been needed. */
  readonly patienceMs: number
  readonly statement: Statement
}

/**
 * | now | needs |
 * |---|---|
 * | none open, something ill is settled, and no person's incident or maintenance explains it | open it |
 * | something settled is ill, or worse, and was not told so | an update, `gapMs` after the last |
 * | all that was told is well, nothing is ill | `monitoring` |
 * | that, and `monitoring` was told, and no person took part | `resolved` |
 * | less is ill than was told | an update, once it stayed so |
 */
export function planRegion(scene: RegionScene): Need | null {
  const ill = scene.health.filter((each) => isMachines(each) && isIll(each.level))
  const settled = ill.filter((each) => isSettled(scene.troubles, each))
  if (scene.open === null) return planOpening(scene, ill, settled)
  const told = new Map(scene.open.affected.map(({ component, level }) => [component, level]))
  const isNews = ({ component, level }: Health): boolean =>
    isWorse(told.get(component.id) ?? 'operational', level)
  if (settled.some(isNews)) return planWorse(scene, scene.open, ill)
  const affected = scene.health.filter(({ component }) => told.has(component.id))
  if (affected.every(isWell) && ill.length === 0) return planWell(scene, scene.open)
  // What nobody sees any more is no better.
  const isOther = affected.some(
    (each) =>
      !isByWord(each) && each.level !== 'unknown' && told.get(each.component.id) !== each.level,
  )
  return isOther ? planBetter(scene, scene.open) : null
}

/** What people raised is in their hands; what they lowered is not the machine's finding. */
function isMachines({ override, seenBy }: Health): boolean {
  if (override === null) return true
  return override.kind === 'lowered' && seenBy.some(({ level }) => isIll(level))
}

function planOpening(
  scene: RegionScene,
  ill: readonly Health[],
  settled: readonly Health[],
): Need | null {
  const { config, health, region } = scene
  if (!settled.some((each) => !isExplained(scene, each))) return null
  const about = { config, region, health, affected: ill }
  const statement = {
    kind: 'incident',
    title: titleOf(about),
    state: 'investigating',
    text: openingText(about),
    affected: affectedOf(ill),
    region,
  } as const
  return { name: 'open', patienceMs: 0, statement }
}

/** People know of it: their incident says at least as much, or maintenance is on and it is not all down. */
function isExplained({ stories, wallMs }: RegionScene, { component, level }: Health): boolean {
  const isKnown = stories.incidents.some((incident) => {
    const { affected, affectedEver, resolvedAtMs, state, updates } = incident
    const says = (all: readonly Affected[]): boolean =>
      all.some((each) => each.component === component.id && !isWorse(each.level, level))
    if (state !== 'resolved') return says(affected)
    const isOfPerson = updates.at(-1)?.author.kind === 'person'
    const isFresh = Math.abs(wallMs - (resolvedAtMs ?? 0)) < INCIDENT_CALM_MS
    return isOfPerson && isFresh && says(affectedEver)
  })
  const isPlanned = stories.maintenances.some(
    (maintenance) => maintenance.components.includes(component.id) && isOn(maintenance, wallMs),
  )
  return isKnown || (isPlanned && level !== 'major-outage')
}

function isOn({ endMs, startMs, state }: Maintenance, wallMs: number): boolean {
  if (state === 'completed' || state === 'canceled') return false
  return wallMs >= startMs && wallMs < endMs
}

function planWorse(scene: RegionScene, open: Incident, ill: readonly Health[]): Need | null {
  const ever = new Map(open.affectedEver.map(({ component, level }) => [component, level]))
  // What was never told is told soon, however many posts there were: it can only happen so often.
  const isNew = ill.some(
    (each) =>
      isSettled(scene.troubles, each) &&
      isWorse(ever.get(each.component.id) ?? 'operational', each.level),
  )
  if (scene.quietMs < (isNew ? INCIDENT_GAP_MS_MIN : gapMs(scene, open))) return null
  const state = open.state === 'monitoring' ? 'investigating' : open.state
  return update(scene, open, { name: 'worse', patienceMs: 0, state, text: worseText })
}

function planBetter(scene: RegionScene, open: Incident): Need | null {
  const patienceMs = Math.max(INCIDENT_BETTER_MS_MIN, gapMs(scene, open))
  const levels = scene.health.map(({ level }) => level[0]).join('')
  const name = `better ${levels}`
  return update(scene, open, { name, patienceMs, state: open.state, text: betterText })
}

function planWell(scene: RegionScene, open: Incident): Need | null {
  const gap = gapMs(scene, open)
  const { proofSec } = scene.config.timing
  if (open.state !== 'monitoring') {
    const patienceMs = gap > INCIDENT_GAP_MS_MIN ? gap : INCIDENT_WELL_MS_MIN
    const text = (): string => wellText(proofSec)
    return update(scene, open, { name: 'well', patienceMs, state: 'monitoring', text })
  }
  if (open.updates.some(({ author }) => author.kind === 'person')) return null
  const patienceMs = Math.max(INCIDENT_RESOLVE_MS_MIN, gap)
  const text = (): string => resolvedText(patienceMs)
  return update(scene, open, { name: 'resolved', patienceMs, state: 'resolved', text })
}

interface Change {
  readonly name: string
  readonly patienceMs: number
  readonly state: IncidentState
  readonly text: (about: Parameters<typeof worseText>[0]) => string
}

function update(
  { config, health, region }: RegionScene,
  open: Incident,
  { name, patienceMs, state, text }: Change,
): Need {
  const told = new Map(open.affected.map(({ component, level }) => [component, level]))
  const affected = health.filter((each) => {
    if (isByWord(each)) return false
    return told.has(each.component.id) || (isMachines(each) && isIll(each.level))
  })
  const statement = {
    kind: 'incident-update',
    incident: open.id,
    state,
    text: text({ config, region, health, affected }),
    affected: affectedOf(affected).map(({ component, level }) => ({
      component,
      level: level === 'unknown' ? (told.get(component) ?? level) : level,
    })),
  } as const
  return { name, patienceMs, statement }
}

/** Between two posts: longer the more there were, in this incident and in those shortly before it. */
function gapMs({ region, stories, wallMs }: RegionScene, open: Incident): number {
  const recent = stories.incidents.filter(
    ({ region: other, resolvedAtMs }) =>
      other === region && resolvedAtMs !== null && wallMs - resolvedAtMs < INCIDENT_RECENT_MS,
  )
  const posts = open.updates.filter(({ author }) => author.kind === 'site').length
  const count = posts + 2 * recent.length
  const doublings = Math.min(10, Math.max(0, count - INCIDENT_UPDATES_FREE))
  return Math.min(INCIDENT_GAP_MS_MAX, INCIDENT_GAP_MS_MIN * 2 ** doublings)
}

function affectedOf(health: readonly Health[]): Affected[] {
  return health.map(({ component, level }): { component: ComponentId; level: Level } => ({
    component: component.id,
    level,
  }))
}
