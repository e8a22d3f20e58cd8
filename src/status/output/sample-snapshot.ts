// Snapshots for tests of the output and for looking at it: three regions of four cells, three sites, and
// what a bad day looks like. Only tests and tools import it.

import type { StatusConfig } from '../config.ts'
import type { Author, KeyId, RecordId } from '../records/record.ts'
import type { Incident, IncidentUpdate, Maintenance, Snapshot, Uptime } from '../snapshot.ts'
import { OPERATIONS } from '../status.ts'
import type { Component, ComponentId, Health, Level } from '../status.ts'

export const SAMPLE_NOW_MS: number = Date.UTC(2026, 10, 26, 12, 27, 40)
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const DAYS = 90
const SITES = ['ams', 'iad', 'sin']

/** A config of `regionCount` regions (up to 3 have names of their own) of `cellCount` cells. */
export function sampleConfig(regionCount = 3, cellCount = 4): StatusConfig {
  const titles = ['EU West', 'US East', 'Asia South']
  const regions = Array.from({ length: regionCount }, (_, index) => ({
    name: `region-${index}`,
    title: titles[index] ?? `Region ${index}`,
    cells: Array.from({ length: cellCount }, (_, cell) => ({
      name: `cell-${cell}`,
      title: `Cell ${String.fromCodePoint(65 + (cell % 26))}`,
      endpoints: ['http://127.0.0.1:9000'],
      signingRegion: 'us-east-1',
      accessKey: 'probe',
      secretKey: 'SECRET-OF-THE-PROBES',
      bucket: 'probes',
      reports: [],
    })),
    services: [{ name: 'console', title: 'Console', url: 'http://127.0.0.1:9001' }],
  }))
  return {
    plane: 'sample',
    title: 'Holdfast status',
    publicUrl: 'https://status.example.com',
    sites: SITES.map((name) => ({ name, key: keyOf(name), url: `http://${name}.example.com` })),
    formerSites: [],
    people: [{ name: 'Anna', key: keyOf('anna'), state: 'active' }],
    regions,
    timing: {
      probeIntervalSec: 10,
      slowMs: 2000,
      proofSec: 60,
      exchangeIntervalSec: 2,
      anchors: [],
    },
    webhooks: [{ url: 'https://hook.example.com', secret: 'SECRET-OF-THE-HOOK' }],
    publish: [],
    components: regions.flatMap(({ cells, name: region, services }): Component[] => [
      ...cells.flatMap(({ name: cell }): Component[] =>
        OPERATIONS.map((operation) => {
          const id = componentId(region, cell, operation)
          return { id, kind: 'operation', region, cell, operation }
        }),
      ),
      ...services.map(({ name: service, title }): Component => {
        return { id: componentId(region, service), kind: 'service', region, service, title }
      }),
    ]),
  }
}

function componentId(...names: readonly string[]): ComponentId {
  return names.join('/') as ComponentId
}

/** A record's id that a number fixes. */
export function recordId(number: number): RecordId {
  return number.toString(16).padStart(64, 'ab0') as RecordId
}

const SAMPLE_PERSON: Author = { key: 'k-anna' as KeyId, name: 'Anna', kind: 'person' }
const SAMPLE_SITE: Author = { key: 'k-iad' as KeyId, name: 'iad', kind: 'site' }

/** All is well, and always was but for three minutes two weeks ago. */
export function wellSnapshot(config: StatusConfig = sampleConfig()): Snapshot {
  return {
    config,
    site: 'iad',
    madeAtMs: SAMPLE_NOW_MS,
    changedAtMs: SAMPLE_NOW_MS - 3 * DAY_MS,
    footing: 'sure',
    health: config.components.map((component) => healthOf(component, 'operational', '')),
    incidents: [resolvedIncident()],
    maintenances: [],
    uptimes: config.components.map((component, index) =>
      uptimeOf(component, (day) => (index === 2 && day === DAYS - 15 ? 'major-outage' : null)),
    ),
    sites: SITES.map((name) => ({
      name,
      isReached: true,
      heardAtMs: SAMPLE_NOW_MS - 1500,
      footing: 'sure',
    })),
  }
}

/** The first region is down in part and coming back in part, the second slow; a site is gone. */
export function crisisSnapshot(config: StatusConfig = sampleConfig()): Snapshot {
  const well = wellSnapshot(config)
  const health = config.components.map(crisisHealth)
  const uptimes = config.components.map((component, index) =>
    uptimeOf(component, (day) => {
      if (day === DAYS - 1) return health[index]?.level ?? null
      return index < 4 && day % 31 === 7 ? 'partial-outage' : null
    }),
  )
  const [ams, ...others] = well.sites
  return {
    ...well,
    changedAtMs: SAMPLE_NOW_MS - 40_000,
    health,
    uptimes,
    incidents: [openIncident(), ...well.incidents],
    maintenances: [plannedMaintenance()],
    sites:
      ams === undefined
        ? []
        : [
            { ...ams, isReached: false, heardAtMs: SAMPLE_NOW_MS - 1_300_000, footing: 'stale' },
            ...others,
          ],
  }
}

/** All that can be wrong at once, each thing with words of its own: what a page must still fit. */
export function worstSnapshot(config: StatusConfig = sampleConfig()): Snapshot {
  const levels: Level[] = ['major-outage', 'partial-outage', 'degraded', 'recovering', 'unknown']
  const text = `**It is bad.** ${'Requests fail with 503 and <b>are</b> retried & slow. '.repeat(150)}`
  const updates = Array.from({ length: 60 }, (_, index) =>
    updateOf(1000 + index, 'identified', text, SAMPLE_NOW_MS - (60 - index) * MINUTE_MS),
  )
  const crisis = crisisSnapshot(config)
  return {
    ...crisis,
    health: config.components.map((component, index) => {
      const level = levels[index % levels.length] ?? 'unknown'
      const why = `${index} of 99 failed: 503 ServiceUnavailable, request ${'9'.repeat(200)}`
      return {
        ...healthOf(component, level, why),
        seenBy: SITES.map((site) => ({ site, level, why: `${site} ${why}` })),
        recovery: { doneShare: 0.4, leftMs: 720_000 },
        override: {
          level,
          seen: level,
          reason: `because ${'x'.repeat(2000)}`,
          author: 'Anna',
          atMs: SAMPLE_NOW_MS,
          kind: 'lowered',
        },
      }
    }),
    incidents: Array.from({ length: 60 }, (_, index): Incident => {
      return { ...openIncident(), id: recordId(5000 + index), updates }
    }),
    uptimes: config.components.map((component) =>
      uptimeOf(component, (day) => levels[day % levels.length] ?? null),
    ),
  }
}

/** Told as operational by a person's word, while machines see it as `seen`. */
export function raisedOver(one: Health, seen: Level): Health {
  const override = {
    level: 'operational',
    seen,
    reason: 'r',
    author: 'ada',
    atMs: 0,
    kind: 'raised',
  } as const
  return { ...one, level: 'operational', why: 'ada: r', override }
}

function crisisHealth(component: Component): Health {
  const { region } = component
  if (component.kind === 'operation' && region === 'region-0') {
    const { cell, operation } = component
    const isRead = operation === 'get' || operation === 'list' || operation === 'delete'
    if (cell === 'cell-0' || cell === 'cell-1') {
      if (operation === 'sign-in') return healthOf(component, 'operational', '')
      if (isRead && cell === 'cell-1') {
        const recovery = { doneShare: 0.4, leftMs: 12 * MINUTE_MS }
        return { ...healthOf(component, 'recovering', 'all probes succeed for 30 s'), recovery }
      }
      return healthOf(component, 'major-outage', '3 of 3 failed: 503 ServiceUnavailable')
    }
  }
  if (component.kind === 'operation' && region === 'region-1' && component.operation === 'put') {
    if (component.cell === 'cell-2') return healthOf(component, 'degraded', 'median 4.2 s')
  }
  if (component.kind === 'service' && region === 'region-2') {
    const override = {
      level: 'degraded' as const,
      seen: 'operational' as const,
      reason: 'sign-up mails arrive late; we look into it',
      author: 'Anna',
      atMs: SAMPLE_NOW_MS - 30 * MINUTE_MS,
      kind: 'lowered' as const,
    }
    const why = `Anna: ${override.reason}`
    return { ...healthOf(component, 'degraded', 'median 4.2 s'), why, override }
  }
  return healthOf(component, 'operational', '')
}

function healthOf(component: Component, level: Level, why: string): Health {
  const isWell = level === 'operational'
  const seenBy = isWell ? SITES : SITES.slice(1)
  return {
    component,
    level,
    sinceMs: isWell ? null : SAMPLE_NOW_MS - 22 * MINUTE_MS,
    why: isWell ? 'all probes succeed' : why,
    recovery: null,
    seenBy: seenBy.map((site) => ({ site, level, why: isWell ? 'all probes succeed' : why })),
    override: null,
  }
}

/** `levelOf` names a day's level where it was not well; of such a day 3 minutes are that level. */
function uptimeOf(component: Component, levelOf: (day: number) => Level | null): Uptime {
  const today = Math.floor(SAMPLE_NOW_MS / DAY_MS)
  const days = Array.from({ length: DAYS }, (_, index) => {
    const worst = levelOf(index) ?? 'operational'
    const watchedSec = index === DAYS - 1 ? 44_860 : 86_400
    const majorSec = worst === 'major-outage' ? 180 : 0
    const partialSec = worst === 'partial-outage' ? 180 : 0
    const share = 1 - (majorSec + 0.3 * partialSec) / watchedSec
    return { day: today - DAYS + 1 + index, share, watchedSec, majorSec, partialSec, worst }
  })
  const sum = (of: 'watchedSec' | 'majorSec' | 'partialSec'): number =>
    days.reduce((total, day) => total + day[of], 0)
  const [watchedSec, majorSec, partialSec] = [sum('watchedSec'), sum('majorSec'), sum('partialSec')]
  const share = 1 - (majorSec + 0.3 * partialSec) / watchedSec
  return { component, days, share, watchedSec, majorSec, partialSec }
}

export function updateOf(
  number: number,
  state: IncidentUpdate['state'],
  text: string,
  atMs: number,
  author: Author = SAMPLE_PERSON,
): IncidentUpdate {
  return { id: recordId(number), state, text, author, atMs, affected: null }
}

function openIncident(): Incident {
  const openedAtMs = SAMPLE_NOW_MS - 22 * MINUTE_MS
  const affected = ['cell-0', 'cell-1'].flatMap((cell) =>
    ['get', 'list', 'put', 'delete', 'multipart'].map((operation) => ({
      component: componentId('region-0', cell, operation),
      level: 'major-outage' as const,
    })),
  )
  const first = `GET, LIST, PUT, DELETE and multipart uploads fail in Cell A and Cell B of EU West: 3 of 3 probes were answered 503 ServiceUnavailable, as two sites see it. Sign-in, Cell C and Cell D work.`
  const second = `We know the cause: the **index servers** of both cells lost their peers.

- Reads of Cell B are coming back now.
- Writes follow; *what was acknowledged is safe*.

Next news by 12:45 UTC, and on [the mirror](https://mirror.example.com).`
  return {
    id: recordId(1),
    title: 'Reads and writes fail in two cells of EU West',
    state: 'identified',
    region: 'region-0',
    openedAtMs,
    resolvedAtMs: null,
    affected,
    affectedEver: affected,
    updates: [
      updateOf(1, 'investigating', first, openedAtMs, SAMPLE_SITE),
      updateOf(2, 'identified', second, openedAtMs + 15 * MINUTE_MS),
    ],
  }
}

function resolvedIncident(): Incident {
  const openedAtMs = SAMPLE_NOW_MS - 14 * DAY_MS + 60 * MINUTE_MS
  const resolvedAtMs = openedAtMs + 8 * MINUTE_MS
  const affected = [
    { component: componentId('region-0', 'cell-0', 'put'), level: 'major-outage' as const },
  ]
  return {
    id: recordId(3),
    title: 'PUT fails in Cell A of EU West',
    state: 'resolved',
    region: 'region-0',
    openedAtMs,
    resolvedAtMs,
    affected: [],
    affectedEver: affected,
    updates: [
      updateOf(3, 'investigating', 'PUT fails in Cell A of EU West.', openedAtMs, SAMPLE_SITE),
      updateOf(4, 'resolved', 'All probes succeed again.', resolvedAtMs, SAMPLE_SITE),
    ],
  }
}

function plannedMaintenance(): Maintenance {
  const startMs = SAMPLE_NOW_MS + 2 * DAY_MS
  return {
    id: recordId(6),
    title: 'New drives in Cell D of US East',
    state: 'scheduled',
    components: OPERATIONS.map((operation) => componentId('region-1', 'cell-3', operation)),
    startMs,
    endMs: startMs + 3 * 3_600_000,
    plan: null,
    updates: [
      {
        id: recordId(6),
        state: 'scheduled',
        text: 'Servers are drained one at a time. We expect no effect.',
        author: SAMPLE_PERSON,
        atMs: SAMPLE_NOW_MS - DAY_MS,
      },
    ],
  }
}

function keyOf(name: string): { readonly id: KeyId; readonly raw: string } {
  return { id: `k-${name}` as KeyId, raw: Buffer.alloc(32, name).toString('base64') }
}
