// What is wrong, for whom, since when, and what still works: the first thing that the page says.

import type { StatusConfig } from '../config.ts'
import type { Incident, Snapshot } from '../snapshot.ts'
import { isByWord, isWell, LEVELS, worse } from '../status.ts'
import type { Health, Level } from '../status.ts'
import { rollUp } from '../health/roll-up.ts'
import { regionTitle, spotsOf, spotsText } from './spots.ts'
import { LEVEL_WORDS, capital, count, listOf } from './words.ts'

export interface Headline {
  readonly level: Level
  /** One sentence without its full stop. */
  readonly title: string
  /** When the first of what is wrong began; null where nothing is, or it is not known. */
  readonly sinceMs: number | null
  /** Regions where something is wrong. */
  readonly regions: readonly RegionTrouble[]
  /** Regions that work in full. */
  readonly wellRegions: readonly string[]
  /** `probes see 1 component worse than a person says`; null: none. */
  readonly byWord: string | null
}

export interface RegionTrouble {
  readonly title: string
  readonly level: Level
  /** Worst first. */
  readonly troubles: readonly Trouble[]
  /** What is operational there; null: nothing. */
  readonly works: string | null
}

interface Trouble {
  readonly level: Level
  /** `GET and LIST are down in Cell A; PUT is down in Cell B`. */
  readonly text: string
  readonly sinceMs: number | null
}

export function headlineOf(snapshot: Snapshot): Headline {
  const { config, health } = snapshot
  const regions = config.regions
    .map(({ name }) => regionTrouble(config, name, health))
    .filter((region): region is RegionTrouble => region !== null)
  const ill = new Set(regions.map(({ title }) => title))
  for (const { component } of health.filter(isByWord))
    ill.add(regionTitle(config, component.region))
  const wellRegions = config.regions.map(({ title }) => title).filter((title) => !ill.has(title))
  const level = overallLevel(snapshot)
  const sinceMs = earliest(health.filter((one) => one.level !== 'operational'))
  const byWord = byWordOf(health)
  return { level, title: titleOf(snapshot, regions, byWord), sinceMs, regions, wellRegions, byWord }
}

/**
 * Of everything: the components rolled up, and not better than what open incidents say of what they
 * affect, so that a post that probes cannot confirm is seen in the head as well.
 */
export function overallLevel(snapshot: Snapshot): Level {
  if (snapshot.health.length === 0) return 'unknown'
  const levels = snapshot.health.map(({ level }) => level)
  return openIncidents(snapshot).reduce<Level>((level, incident) => {
    // Once it is only watched, what probes see counts again.
    if (incident.state === 'monitoring' || incident.affected.length === 0) return level
    const told = new Map(incident.affected.map((one) => [one.component, one.level]))
    const all = snapshot.health.map(({ component }) => told.get(component.id) ?? 'operational')
    return worse(level, rollUp(all))
  }, rollUp(levels))
}

export function openIncidents(snapshot: Snapshot): readonly Incident[] {
  return snapshot.incidents.filter(({ state }) => state !== 'resolved')
}

/** When the first of these began; null where no site knows. */
export function earliest(health: readonly Health[]): number | null {
  return health.reduce<number | null>((least, { sinceMs }) => {
    if (sinceMs === null) return least
    return least === null ? sinceMs : Math.min(least, sinceMs)
  }, null)
}

function titleOf(
  snapshot: Snapshot,
  regions: readonly RegionTrouble[],
  byWord: string | null,
): string {
  const { config, health } = snapshot
  if (health.length === 0) return 'Nothing is watched yet, so nothing is known'
  if (regions.length === 0) {
    const open = openIncidents(snapshot).length
    if (open === 0) return byWord === null ? 'Everything works' : `Everything works, but ${byWord}`
    const found = byWord === null ? 'Probes find nothing wrong' : capital(byWord)
    return `${found}, and ${count(open, 'incident')} ${open === 1 ? 'is' : 'are'} open`
  }
  if (health.every(({ level }) => level === 'unknown')) return 'How the store is, is not known'
  const worst = regions.reduce<Level>((level, region) => worse(level, region.level), 'operational')
  const hit = config.regions.filter((region) =>
    health.some(({ component, level }) => component.region === region.name && level === worst),
  )
  if (hit.length > 2) {
    const { label } = LEVEL_WORDS[worst]
    return `${label} in ${hit.length} of ${count(config.regions.length, 'region')}`
  }
  return capital(listOf(hit.map(({ name }) => regionPhrase(config, name, worst, health))))
}

/** What is well by a person's word alone does not stand among what probes find well. */
function byWordOf(health: readonly Health[]): string | null {
  const number = health.filter(isByWord).length
  if (number === 0) return null
  return `probes see ${count(number, 'component')} worse than a person says`
}

/** `GET and LIST are down in EU West`, `several operations are degraded in Cell B of EU West`. */
function regionPhrase(
  config: StatusConfig,
  region: string,
  level: Level,
  health: readonly Health[],
): string {
  const here = health.filter(({ component }) => component.region === region)
  const hit = here.filter((one) => one.level === level)
  const words = LEVEL_WORDS[level]
  const title = regionTitle(config, region)
  if (hit.length === here.length) return `${title} ${words.one}`
  const spots = spotsOf(
    config,
    region,
    hit.map(({ component }) => component),
  )
  const [spot] = spots
  const hitCells = cellTitles(config, region, hit)
  const where = hitCells === null ? title : `${hitCells} of ${title}`
  if (spot !== undefined && spots.length === 1) {
    const verb = spot.isMany ? words.many : words.one
    if (spot.where === '') return `${spot.what} ${verb} in ${title}`
    return `${spot.what} ${verb} in ${where}`
  }
  return `several operations ${words.many} in ${where}`
}

const NAMED_CELLS_MAX = 3

/** `Cell A and Cell B`; null where it is all cells, or services are hit as well. */
function cellTitles(config: StatusConfig, region: string, hit: readonly Health[]): string | null {
  const names = new Set(
    hit.map(({ component }) => (component.kind === 'operation' ? component.cell : null)),
  )
  const cells = config.regions.find(({ name }) => name === region)?.cells ?? []
  if (names.has(null) || names.size >= cells.length) return null
  if (names.size > NAMED_CELLS_MAX) return `${names.size} of ${cells.length} cells`
  return listOf(cells.filter(({ name }) => names.has(name)).map(({ title }) => title))
}

function regionTrouble(
  config: StatusConfig,
  region: string,
  health: readonly Health[],
): RegionTrouble | null {
  const here = health.filter(({ component }) => component.region === region)
  const troubles = LEVELS.toReversed().flatMap((level) => {
    const hit = here.filter((one) => one.level === level)
    if (level === 'operational' || hit.length === 0) return []
    const words = LEVEL_WORDS[level]
    const text = spotsOf(
      config,
      region,
      hit.map(({ component }) => component),
    )
      .map(({ isMany, what, where }) =>
        `${what} ${isMany ? words.many : words.one} ${where}`.trim(),
      )
      .join('; ')
    return [{ level, text: capital(text), sinceMs: earliest(hit) }]
  })
  if (troubles.length === 0) return null
  const well = here.filter(isWell).map(({ component }) => component)
  const works = well.length === 0 ? null : spotsText(spotsOf(config, region, well))
  const level = here.reduce<Level>((worst, one) => worse(worst, one.level), 'operational')
  return { title: regionTitle(config, region), level, troubles, works }
}
