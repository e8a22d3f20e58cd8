// All that a site tells at one moment: what its pages, JSON and feeds are made of. They are pure
// functions of this.

import type { StatusConfig } from './config.ts'
import type {
  Affected,
  Author,
  IncidentState,
  MaintenanceState,
  RecordId,
} from './records/record.ts'
import type { Component, ComponentId, Health, Level, View } from './status.ts'

export interface Snapshot {
  readonly config: StatusConfig
  /** The site that tells it. */
  readonly site: string
  readonly madeAtMs: number
  /** When anything that is told last changed; on a page beside the time it was made. */
  readonly changedAtMs: number
  readonly footing: View['footing']
  /** In the order of the configuration's components. */
  readonly health: readonly Health[]
  /** Newest first, resolved ones of HISTORY_DAYS too. */
  readonly incidents: readonly Incident[]
  readonly maintenances: readonly Maintenance[]
  readonly uptimes: readonly Uptime[]
  readonly sites: readonly SiteState[]
}

export interface SiteState {
  readonly name: string
  /** Of a peer: the exchange with it works. Of this site: true. */
  readonly isReached: boolean
  /** When something of it last came, by this site's clock; null: never since it started. */
  readonly heardAtMs: number | null
  /** `stale`: no new view for too long, so what it saw does not count. */
  readonly footing: View['footing'] | 'stale'
}

/** Records about one event, folded. Machines' incidents of one region that overlap are one. */
export interface Incident {
  readonly id: RecordId
  readonly title: string
  readonly state: IncidentState
  /** Of a machine's: the region it is about. */
  readonly region: string | null
  readonly openedAtMs: number
  readonly resolvedAtMs: number | null
  /** As the last update that named them has them. */
  readonly affected: readonly Affected[]
  /** All components that any update named, with the worst level. */
  readonly affectedEver: readonly Affected[]
  /** Oldest first; the first is what opened it. */
  readonly updates: readonly IncidentUpdate[]
}

export interface IncidentUpdate {
  readonly id: RecordId
  readonly state: IncidentState
  /** Markdown. */
  readonly text: string
  readonly author: Author
  readonly atMs: number
  readonly affected: readonly Affected[] | null
}

export interface Maintenance {
  readonly id: RecordId
  readonly title: string
  readonly state: MaintenanceState
  readonly components: readonly ComponentId[]
  readonly startMs: number
  readonly endMs: number
  readonly plan: string | null
  readonly updates: readonly MaintenanceUpdate[]
}

export interface MaintenanceUpdate {
  readonly id: RecordId
  readonly state: MaintenanceState
  readonly text: string
  readonly author: Author
  readonly atMs: number
}

export interface Uptime {
  readonly component: Component
  /** Oldest first, up to today; days without a count are there, with nothing watched. */
  readonly days: readonly UptimeDay[]
  /** Of all days together; null where nothing was watched. 0 to 1. */
  readonly share: number | null
  /** What `share` was computed from, of all sites and days, as the page shows it. */
  readonly watchedSec: number
  readonly majorSec: number
  readonly partialSec: number
}

export interface UptimeDay {
  /** Days since 1970-01-01 UTC. */
  readonly day: number
  readonly share: number | null
  readonly watchedSec: number
  readonly majorSec: number
  readonly partialSec: number
  readonly worst: Level | null
}
