// What the front page gives up for its size: steps from all there is to what is ill by name. What works goes
// before posts do, and all that a step leaves out stands on another page.

import {
  STATUS_PAGE_INCIDENTS_MAX,
  STATUS_PAGE_POSTS_MAX,
  STATUS_PAGE_SIZE_BYTES_MAX,
} from '../../base/limits.ts'
import type { Snapshot } from '../snapshot.ts'
import type { Component } from '../status.ts'
import { WHY_CHARS_MAX } from './components.ts'
import type { ComponentsOptions } from './components.ts'
import { openIncidents } from './headline.ts'
import { newest } from './incidents.ts'
import type { UptimeOptions } from './uptime.ts'
import { cut } from './words.ts'

export interface Room extends ComponentsOptions, UptimeOptions {
  readonly postsMax: number
  /** Of one post. */
  readonly charsMax: number
  /** Open incidents of which the title alone is there. */
  readonly linesMax: number
  /** What is affected is told by name, or else counted. */
  readonly namesCharsMax: number
  /** Of regions, cells, services, incidents, maintenance; they have their whole titles on other pages. */
  readonly titleCharsMax: number
}

const ALL: Room = {
  components: 'all',
  bars: 'all',
  sites: 'shown',
  reasonCharsMax: 500,
  postsMax: STATUS_PAGE_POSTS_MAX,
  charsMax: 8000,
  linesMax: 40,
  namesCharsMax: 2000,
  titleCharsMax: Infinity,
}
const ILL: Room = { ...ALL, components: 'ill', bars: 'regions', reasonCharsMax: 200 }
const LITTLE: Room = { ...ILL, sites: 'left-out', reasonCharsMax: 60, linesMax: 10 }
const COUNTED: Room = {
  ...LITTLE,
  components: 'counted',
  bars: 'left-out',
  postsMax: 1,
  charsMax: 500,
  namesCharsMax: 200,
}

/** From all to the least, which fits for every configuration, whatever is posted and seen. */
const ROOMS: readonly Room[] = [
  ALL,
  { ...ALL, postsMax: 3, charsMax: 4000 },
  { ...ALL, postsMax: 2, charsMax: 2000, bars: 'cells', reasonCharsMax: 200 },
  ILL,
  { ...ILL, postsMax: 3, charsMax: 4000 },
  { ...LITTLE, postsMax: 1, charsMax: 1000 },
  COUNTED,
  { ...COUNTED, postsMax: 0, charsMax: 0, titleCharsMax: 24 },
]

/** The page as the first step has it with which it is below STATUS_PAGE_SIZE_BYTES_MAX. */
export function fitted(snapshot: Snapshot, make: (told: Snapshot, room: Room) => string): string {
  let page = ''
  for (const room of ROOMS) {
    if (leastChars(snapshot, room) > STATUS_PAGE_SIZE_BYTES_MAX) continue
    page = make(withShortTitles(snapshot, room.titleCharsMax), room)
    if (Buffer.byteLength(page) <= STATUS_PAGE_SIZE_BYTES_MAX) break
  }
  return page
}

/** Of a row of the table, and of one with bars, at the very least. */
const ROW_CHARS = 200
const BARS_CHARS = 300

/** What the page has at least, to try nothing that cannot fit. */
function leastChars(snapshot: Snapshot, room: Room): number {
  const { bars, charsMax, components, postsMax, sites } = room
  const posts = openIncidents(snapshot)
    .slice(0, STATUS_PAGE_INCIDENTS_MAX)
    .flatMap(({ updates }) => newest(updates, postsMax))
    .reduce((sum, { text }) => sum + Math.min(charsMax, text.length), 0)
  const { regions } = snapshot.config
  const rows = regions.reduce((sum, { cells, services }) => sum + cells.length + services.length, 0)
  const areBars = bars === 'all' || bars === 'cells'
  const seen = sites === 'shown' ? seenChars(snapshot) : 0
  return posts + seen + rows * ((components === 'all' ? ROW_CHARS : 0) + (areBars ? BARS_CHARS : 0))
}

/** Of what each site sees where it is not well: each word of it is there once at least. */
function seenChars({ health }: Snapshot): number {
  const words = new Set<string>()
  for (const { seenBy } of health) {
    for (const { level, site, why } of seenBy) {
      if (level !== 'operational') words.add(`${site} ${level} ${cut(why, WHY_CHARS_MAX)}`)
    }
  }
  return [...words].reduce((sum, text) => sum + text.length, 0)
}

function withShortTitles(snapshot: Snapshot, charsMax: number): Snapshot {
  if (charsMax === Infinity) return snapshot
  const short = <T extends { readonly title: string }>(one: T): T => {
    return { ...one, title: cut(one.title, charsMax) }
  }
  const named = (component: Component): Component =>
    component.kind === 'service' ? short(component) : component
  const of = <T extends { readonly component: Component }>(one: T): T => {
    return { ...one, component: named(one.component) }
  }
  const { config, health, incidents, maintenances, uptimes } = snapshot
  const regions = config.regions.map((region) => ({
    ...short(region),
    cells: region.cells.map(short),
    services: region.services.map(short),
  }))
  return {
    ...snapshot,
    config: { ...config, regions, components: config.components.map(named) },
    health: health.map(of),
    incidents: incidents.map(short),
    maintenances: maintenances.map(short),
    uptimes: uptimes.map(of),
  }
}
