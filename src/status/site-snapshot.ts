// Puts together what a site tells at one moment, and says whether that is news.

import { HISTORY_INCIDENTS_MAX, VIEW_STALE_MS } from '../base/limits.ts'
import type { StatusConfig } from './config.ts'
import type { Stories } from './records/fold.ts'
import type { PeerState } from './records/peer-link.ts'
import type { AgedView } from './records/view-table.ts'
import type { Incident, SiteState, Snapshot } from './snapshot.ts'
import type { View } from './status.ts'

export interface SnapshotParts {
  readonly config: StatusConfig
  readonly site: string
  readonly nowMs: number
  readonly footing: View['footing']
  readonly health: Snapshot['health']
  readonly stories: Stories
  readonly uptimes: Snapshot['uptimes']
  readonly peers: readonly PeerState[]
  readonly views: readonly AgedView[]
}

/** `last`: the one before, or null; when something last changed goes on from it. */
export function snapshotOf(parts: SnapshotParts, last: Snapshot | null): Snapshot {
  const { config, footing, health, nowMs, site, stories, uptimes } = parts
  const snapshot = {
    config,
    site,
    madeAtMs: nowMs,
    footing,
    health,
    incidents: recent(stories.incidents),
    maintenances: stories.maintenances.slice(0, HISTORY_INCIDENTS_MAX),
    uptimes,
    sites: sitesOf(parts),
  }
  const isNews = last === null || newsOf(last) !== newsOf(snapshot)
  return { ...snapshot, changedAtMs: isNews ? nowMs : last.changedAtMs }
}

/** All that readers would call a change: not counts, medians and times. */
function newsOf(snapshot: Omit<Snapshot, 'changedAtMs'>): string {
  const { footing, health, incidents, maintenances, sites } = snapshot
  return JSON.stringify([
    footing,
    health.map(({ level, override }) => [level, override]),
    incidents.map(({ affected, state, updates }) => [affected, state, updates.length]),
    incidents.map(({ id, updates }) => [id, updates.at(-1)?.id]),
    maintenances.map(({ id, state, updates }) => [id, state, updates.length]),
    sites.map(({ footing, isReached, name }) => [name, footing, isReached]),
  ])
}

/** Newest first; an open one is told however many came after it. */
function recent(incidents: readonly Incident[]): Incident[] {
  return incidents.filter(
    ({ state }, index) => index < HISTORY_INCIDENTS_MAX || state !== 'resolved',
  )
}

function sitesOf({ config, footing, nowMs, peers, site, views }: SnapshotParts): SiteState[] {
  return config.sites.map(({ name }): SiteState => {
    if (name === site) return { name, isReached: true, heardAtMs: nowMs, footing }
    const peer = peers.find((each) => each.name === name)
    const aged = views.find(({ view }) => view.site === name)
    const isStale = aged === undefined || aged.ageMs > VIEW_STALE_MS
    return {
      name,
      isReached: peer?.isReached ?? false,
      heardAtMs: peer?.heardAtMs ?? null,
      footing: isStale ? 'stale' : aged.view.footing,
    }
  })
}
