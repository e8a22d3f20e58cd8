// The documents of Statuspage's public API, version 2, so that its clients read ours. Their levels are
// fewer: `unknown` and `recovering` are told as degraded_performance (never as operational), and the
// component's description says what it is. Ids never change: a component's is a hash of its own, a
// cell's of its region and name, an incident's and a post's is its record's. Bodies are plain text.
// Source: the API's page of any Statuspage, e.g. https://www.githubstatus.com/api.

import { STATUSPAGE_INCIDENTS_MAX, STATUSPAGE_POSTS_CHARS_MAX } from '../../base/limits.ts'
import type { Affected, IncidentState, MaintenanceState } from '../records/record.ts'
import type { Incident, Maintenance, Snapshot } from '../snapshot.ts'
import { worse } from '../status.ts'
import type { Level } from '../status.ts'
import { openIncidents, overallLevel } from './headline.ts'
import { incidentPath, maintenancePath } from './incidents.ts'
import type { Markdown } from './markdown.ts'
import {
  COMPONENT_STATUS,
  componentJsonId,
  componentName,
  componentsJson,
  isActive,
  pageId,
  stamp,
} from './statuspage-components.ts'
import type { ComponentJson, Json, JsonObject } from './statuspage-components.ts'

/** Of the whole page, and an incident's impact. */
const INDICATOR: Readonly<Record<Level, string>> = {
  operational: 'none',
  unknown: 'minor',
  recovering: 'minor',
  degraded: 'minor',
  'partial-outage': 'major',
  'major-outage': 'critical',
}

const DESCRIPTION: Readonly<Record<Level, string>> = {
  operational: 'All Systems Operational',
  unknown: 'Partially Degraded Service',
  recovering: 'Partially Degraded Service',
  degraded: 'Partially Degraded Service',
  'partial-outage': 'Partial System Outage',
  'major-outage': 'Major Service Outage',
}

const MAINTENANCE_STATUS: Readonly<Record<MaintenanceState, string>> = {
  scheduled: 'scheduled',
  'in-progress': 'in_progress',
  verifying: 'verifying',
  completed: 'completed',
  canceled: 'completed',
}

/** Every document by its path: summary, status, components, incidents, scheduled maintenances. */
export function statuspageDocuments(snapshot: Snapshot, markdown: Markdown): Map<string, string> {
  const page = pageJson(snapshot)
  const components = componentsJson(snapshot)
  const byId = new Map(components.map((component) => [component.id, component]))
  const writer = new PostWriter(markdown)
  const maintenanceJsonOf = (maintenance: Maintenance): Json =>
    maintenanceJson(snapshot, maintenance, byId, writer)
  const status = statusJson(snapshot)
  const newest = snapshot.incidents.slice(0, STATUSPAGE_INCIDENTS_MAX)
  const open = openIncidents(snapshot).slice(0, STATUSPAGE_INCIDENTS_MAX)
  const made = new Map(
    [...new Set([...newest, ...open])].map((one) => [
      one,
      incidentJson(snapshot, one, byId, writer),
    ]),
  )
  const jsonOf = (incident: Incident): Json => made.get(incident) ?? null
  const unresolved = open.map(jsonOf)
  const all = newest.map(jsonOf)
  const planned = snapshot.maintenances.slice(0, STATUSPAGE_INCIDENTS_MAX)
  const madePlans = planned.map((one) => [one, maintenanceJsonOf(one)] as const)
  const upcoming = madePlans.filter(([{ state }]) => state === 'scheduled').map(([, json]) => json)
  const active = madePlans.filter(([one]) => isActive(one)).map(([, json]) => json)
  const documents: readonly (readonly [string, Json])[] = [
    [
      'summary',
      {
        page,
        components,
        incidents: unresolved,
        scheduled_maintenances: [...active, ...upcoming],
        status,
      },
    ],
    ['status', { page, status }],
    ['components', { page, components }],
    ['incidents', { page, incidents: all }],
    ['incidents/unresolved', { page, incidents: unresolved }],
    ['scheduled-maintenances', { page, scheduled_maintenances: madePlans.map(([, json]) => json) }],
    ['scheduled-maintenances/upcoming', { page, scheduled_maintenances: upcoming }],
    ['scheduled-maintenances/active', { page, scheduled_maintenances: active }],
  ]
  return new Map(documents.map(([name, document]) => [`/api/v2/${name}.json`, jsonText(document)]))
}

/** What a webhook tells: an incident or a maintenance, as it was behind one of its posts. */
export type Told =
  | { readonly kind: 'incident'; readonly incident: Incident }
  | { readonly kind: 'maintenance'; readonly maintenance: Maintenance }

/**
 * The body of a webhook. The page's own level is the one of now. Fields that we have nothing for are as in
 * a page that does not use them. Source: Statuspage's page "Enable webhook notifications".
 */
export function statuspageWebhook(snapshot: Snapshot, told: Told, markdown: Markdown): string {
  const { config } = snapshot
  const byId = new Map(componentsJson(snapshot).map((component) => [component.id, component]))
  const writer = new PostWriter(markdown)
  const event =
    told.kind === 'incident'
      ? incidentJson(snapshot, told.incident, byId, writer)
      : maintenanceJson(snapshot, told.maintenance, byId, writer)
  const { indicator, description } = statusJson(snapshot)
  return jsonText({
    meta: {
      unsubscribe: '',
      documentation: config.publicUrl ?? '',
      generated_at: stamp(snapshot.madeAtMs),
    },
    page: { id: pageId(config), status_indicator: indicator, status_description: description },
    incident: { ...UNUSED_BY_WEBHOOKS, organization_id: pageId(config), ...event },
  })
}

const UNUSED_BY_WEBHOOKS: JsonObject = {
  backfilled: false,
  impact_override: null,
  postmortem_body: null,
  postmortem_body_last_updated_at: null,
  postmortem_ignored: true,
  postmortem_notified_subscribers: false,
  postmortem_notified_twitter: false,
  postmortem_published_at: null,
  scheduled_auto_in_progress: false,
  scheduled_auto_completed: false,
  scheduled_for: null,
  scheduled_until: null,
  scheduled_remind_prior: false,
  scheduled_reminded_at: null,
}

/** As JSON that is harmless where somebody takes it for HTML. */
function jsonText(document: Json): string {
  return JSON.stringify(document).replaceAll('<', '\\u003c')
}

function pageJson({ changedAtMs, config }: Snapshot): Json {
  return {
    id: pageId(config),
    name: config.title,
    url: config.publicUrl ?? '',
    time_zone: 'Etc/UTC',
    updated_at: stamp(changedAtMs),
  }
}

function statusJson(snapshot: Snapshot): {
  readonly indicator: string
  readonly description: string
} {
  const level = overallLevel(snapshot)
  if (level === 'operational' && snapshot.maintenances.some(isActive)) {
    return { indicator: 'maintenance', description: 'Service Under Maintenance' }
  }
  return { indicator: INDICATOR[level], description: DESCRIPTION[level] }
}

function incidentJson(
  snapshot: Snapshot,
  incident: Incident,
  byId: ReadonlyMap<string, ComponentJson>,
  writer: PostWriter,
): JsonObject {
  const { affected, affectedEver, id, openedAtMs, resolvedAtMs, state, title, updates } = incident
  const worst = affectedEver.reduce<Level>((level, one) => worse(level, one.level), 'operational')
  const named = state === 'resolved' ? affectedEver : affected
  const last = updates[updates.length - 1]?.atMs ?? openedAtMs
  const monitoring = updates.findLast((update) => update.state === 'monitoring')
  let before: readonly Affected[] = []
  const posts = updates.map((update) => {
    const changes = update.affected === null ? null : changesJson(snapshot, before, update.affected)
    before = update.affected ?? before
    return { ...update, status: update.state, changes }
  })
  return {
    ...eventJson(snapshot, id, title, INDICATOR[worst] ?? 'none', incidentPath(id)),
    status: state satisfies IncidentState,
    created_at: stamp(openedAtMs),
    started_at: stamp(openedAtMs),
    updated_at: stamp(last),
    monitoring_at: monitoring === undefined ? null : stamp(monitoring.atMs),
    resolved_at: resolvedAtMs === null ? null : stamp(resolvedAtMs),
    incident_updates: writer.write(id, posts),
    components: named.flatMap(
      ({ component }) => byId.get(componentJsonId({ id: component })) ?? [],
    ),
  }
}

function maintenanceJson(
  snapshot: Snapshot,
  maintenance: Maintenance,
  byId: ReadonlyMap<string, ComponentJson>,
  writer: PostWriter,
): JsonObject {
  const { components, endMs, id, startMs, state, title, updates } = maintenance
  const first = updates[0]?.atMs ?? startMs
  const last = updates[updates.length - 1]
  const isOver = state === 'completed' || state === 'canceled'
  const posts = updates.map((update) => {
    return { ...update, status: MAINTENANCE_STATUS[update.state], changes: null }
  })
  return {
    ...eventJson(snapshot, id, title, 'maintenance', maintenancePath(id)),
    status: MAINTENANCE_STATUS[state],
    created_at: stamp(first),
    started_at: stamp(startMs),
    updated_at: stamp(last?.atMs ?? first),
    monitoring_at: null,
    resolved_at: isOver ? stamp(last?.atMs ?? endMs) : null,
    scheduled_for: stamp(startMs),
    scheduled_until: stamp(endMs),
    incident_updates: writer.write(id, posts),
    components: components.flatMap(
      (component) => byId.get(componentJsonId({ id: component })) ?? [],
    ),
  }
}

function eventJson(
  { config }: Snapshot,
  id: string,
  name: string,
  impact: string,
  path: string,
): JsonObject {
  const shortlink = `${config.publicUrl ?? ''}${path}`
  return { id, name, impact, shortlink, page_id: pageId(config) }
}

interface Post {
  readonly id: string
  readonly text: string
  readonly atMs: number
  readonly status: string
  readonly changes: Json
}

/** Posts of one document. Each incident has its newest; older ones only while there is room. */
class PostWriter {
  readonly #markdown: Markdown
  #roomChars = STATUSPAGE_POSTS_CHARS_MAX

  constructor(markdown: Markdown) {
    this.#markdown = markdown
  }

  /** `posts` are oldest first; the answer is newest first, as Statuspage has them. */
  write(incident: string, posts: readonly Post[]): Json {
    const written: Json[] = []
    for (const post of posts.toReversed()) {
      if (written.length > 0 && post.text.length > this.#roomChars) break
      this.#roomChars -= post.text.length
      written.push(this.#postJson(incident, post))
    }
    return written
  }

  #postJson(incident: string, { atMs, changes, id, status, text }: Post): Json {
    const at = stamp(atMs)
    return {
      id,
      status,
      body: this.#markdown.toPlain(text),
      incident_id: incident,
      created_at: at,
      updated_at: at,
      display_at: at,
      affected_components: changes,
      deliver_notifications: true,
      custom_tweet: null,
      tweet_id: null,
    }
  }
}

function changesJson(
  { config }: Snapshot,
  before: readonly Affected[],
  after: readonly Affected[],
): Json {
  const old = new Map(before.map(({ component, level }) => [component, level]))
  const known = new Map(config.components.map((component) => [component.id, component]))
  return after.flatMap(({ component, level }) => {
    const found = known.get(component)
    if (found === undefined) return []
    return [
      {
        code: componentJsonId(found),
        name: componentName(config, found),
        old_status: COMPONENT_STATUS[old.get(component) ?? 'operational'],
        new_status: COMPONENT_STATUS[level],
      },
    ]
  })
}
