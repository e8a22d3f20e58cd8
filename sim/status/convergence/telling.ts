// What a site tells, in every form, and whether all sites tell the same.

import { assert } from '../../../src/base/assert.ts'
import { renderAll } from '../../../src/status/output/render.ts'
import type { RecordId, Statement, StatusRecord } from '../../../src/status/records/record.ts'
import type { Uptime } from '../../../src/status/snapshot.ts'
import { isIll } from '../../../src/status/status.ts'
import type { ChaosPlane } from './plane.ts'
import type { WholeSite } from './site.ts'

/** Read as readers do. */
const SERVED = {
  '/api/v2/incidents.json': 'incidents',
  '/api/v2/scheduled-maintenances.json': 'scheduled_maintenances',
  '/api/v2/components.json': 'components',
} as const
/** Seconds are still being counted, and come with the next view: per site. */
const COUNTED_SEC_MAX = 90
/** How much of an outage a partial one is: written anew, not taken from the code. */
const PARTIAL_SHARE = 0.3
/** Have the time at which they were made, the site, or counts that still grow. */
const OWN_PATHS = new Set(['/', '/metrics'])

/** Why they do not tell the same, in one line; null: they do. */
export function differenceOf(plane: ChaosPlane): string | null {
  const down = plane.sites.find(({ isUp, snapshot }) => !isUp || snapshot === null)
  if (down !== undefined) return `${down.name} is down`
  // What is cheap to see, first: most of the time it is that.
  return (
    illness(plane) ??
    firstDifference(plane, 'health', healthOf) ??
    firstDifference(plane, 'outages', outagesOf) ??
    growingDifference(plane) ??
    firstDifference(plane, 'records', (site) => [...site.log().keys()].toSorted().join()) ??
    servedDifference(plane) ??
    firstDifference(plane, 'pages', pagesOf)
  )
}

/** What is acknowledged and not on every site, shown on every site, or not as it was said. */
export function missingOf({ sites, witness }: ChaosPlane): string[] {
  const { acknowledged, excused, signed } = witness
  return sites.flatMap((site) => {
    const log = site.log()
    const { incidents, maintenances } = site.snapshot ?? { incidents: [], maintenances: [] }
    const shown = new Set<RecordId>(
      [...incidents, ...maintenances].flatMap(({ updates }) => updates.map(({ id }) => id)),
    )
    const lacking = [...acknowledged].filter((id) => !log.has(id) && !excused.has(id))
    const hidden = [...acknowledged].filter((id) => {
      const envelope = log.get(id)
      if (envelope === undefined || shown.has(id)) return false
      const { statement } = JSON.parse(envelope.text) as StatusRecord
      if (statement.kind === 'override') return false
      const opener = openerOf(statement)
      // What it answers was on a lost disk alone: nothing is left to show it with.
      return opener === null || log.has(opener) || !excused.has(opener)
    })
    const foreign = [...log.keys()].filter((id) => !signed.has(id))
    return [
      ...lacking.map((id) => `${site.name} lacks ${id}, which was acknowledged`),
      ...hidden.map((id) => `${site.name} has ${id}, which was acknowledged, and does not show it`),
      ...foreign.map((id) => `${site.name} has ${id}, which nobody signed`),
    ]
  })
}

function openerOf(statement: Statement): RecordId | null {
  if (statement.kind === 'incident-update') return statement.incident
  return statement.kind === 'maintenance-update' ? statement.maintenance : null
}

function servedDifference(plane: ChaosPlane): string | null {
  for (const [path, field] of Object.entries(SERVED)) {
    const difference = firstDifference(plane, path, (site) => {
      const document = JSON.parse(site.peek(path)) as Record<string, unknown>
      assert(Array.isArray(document[field]), `${path} has ${field}`)
      return JSON.stringify(document[field])
    })
    if (difference !== null) return difference
  }
  return null
}

function healthOf(site: WholeSite): string {
  const told = site.snapshot?.health.map(({ component, level, override, sinceMs }) => [
    component.id,
    level,
    override,
    sinceMs,
  ])
  return JSON.stringify(told)
}

/** All is well by now, but for what people say. */
function illness({ sites }: ChaosPlane): string | null {
  for (const { name, snapshot } of sites) {
    const ill = snapshot?.health.find(
      ({ level, override }) => level !== 'operational' && override === null,
    )
    if (ill !== undefined) return `${name} tells that ${ill.component.id} is ${ill.level}`
  }
  return null
}

/** Seconds of outages, day by day: they grow no more, but for where a person's word stays. */
function outagesOf({ snapshot }: WholeSite): string {
  const ill = new Set(
    snapshot?.health.filter(({ level }) => isIll(level)).map(({ component }) => component.id),
  )
  const ended = snapshot?.uptimes.filter(({ component }) => !ill.has(component.id))
  const told = ended?.map(({ component, days, majorSec, partialSec }) => [
    component.id,
    majorSec,
    partialSec,
    days.filter((day) => day.majorSec + day.partialSec > 0),
  ])
  const withoutWatched = (name: string, value: unknown): unknown =>
    name === 'watchedSec' || name === 'share' ? undefined : value
  return JSON.stringify(told, withoutWatched)
}

/** What is still counted. */
function growingDifference({ sites }: ChaosPlane): string | null {
  const all = sites.map(({ snapshot }) => snapshot?.uptimes ?? [])
  for (const uptime of all.flat()) {
    const { component } = uptime
    if (!isSound(uptime)) return `the share of ${component.id} is not what its seconds come to`
    for (const name of ['watchedSec', 'majorSec', 'partialSec'] as const) {
      const others = all.map((each) => each.find((one) => one.component.id === component.id))
      const far = others.find(
        (one) => Math.abs((one?.[name] ?? 0) - uptime[name]) > COUNTED_SEC_MAX * sites.length,
      )
      if (far === undefined) continue
      return `${name} of ${component.id}: ${uptime[name]} and ${far[name]}`
    }
  }
  return null
}

/** The arithmetic, done again. */
function isSound({ days, majorSec, partialSec, share, watchedSec }: Uptime): boolean {
  const sum = (name: 'watchedSec' | 'majorSec' | 'partialSec'): number =>
    days.reduce((total, day) => total + day[name], 0)
  const isSum =
    sum('watchedSec') === watchedSec &&
    sum('majorSec') === majorSec &&
    sum('partialSec') === partialSec
  const wanted = watchedSec === 0 ? null : 1 - (majorSec + PARTIAL_SHARE * partialSec) / watchedSec
  return isSum && share === wanted
}

/** Every page and document, as if all were made at once by one site. */
function pagesOf(site: WholeSite): string {
  const { snapshot } = site
  assert(snapshot !== null, `${site.name} tells`)
  const common = { site: 'one', madeAtMs: 0, changedAtMs: 0, sites: [], uptimes: [] }
  const files = renderAll({ ...snapshot, ...common, footing: 'sure' })
  const told = [...files].filter(([path]) => !OWN_PATHS.has(path))
  assert(
    told.some(([path]) => path === '/history'),
    'the history is a page',
  )
  return told.map(([path, { body }]) => `${path}\n${body.toString()}`).join('\n')
}

function firstDifference(
  { sites }: ChaosPlane,
  what: string,
  tell: (site: WholeSite) => string,
): string | null {
  const [first, ...others] = sites
  assert(first !== undefined, 'there are sites')
  const told = tell(first)
  for (const other of others) {
    const toldToo = tell(other)
    if (toldToo === told) continue
    let at = 0
    while (told[at] === toldToo[at]) at += 1
    const part = (text: string): string => text.slice(Math.max(0, at - 60), at + 60)
    return `${what}: ${first.name} "${part(told)}" and ${other.name} "${part(toldToo)}"`
  }
  return null
}
