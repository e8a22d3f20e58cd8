// What a webhook says of one post: its incident or maintenance as it was behind that post, so that a
// delivery that comes late, or from another site, says the same.

import { WEBHOOK_POSTS_MAX } from '../../base/limits.ts'
import type { Told } from '../output/statuspage.ts'
import type { Affected, RecordId } from '../records/record.ts'
import type { Incident, IncidentUpdate, Maintenance, Snapshot } from '../snapshot.ts'
import { worse } from '../status.ts'
import type { ComponentId, Level } from '../status.ts'

/** Null: no story has this record as a post of its own. */
export function toldPost({ incidents, maintenances }: Snapshot, id: RecordId): Told | null {
  for (const incident of incidents) {
    const index = incident.updates.findIndex((update) => update.id === id)
    if (index >= 0) return { kind: 'incident', incident: incidentBehind(incident, index) }
  }
  for (const maintenance of maintenances) {
    const index = maintenance.updates.findIndex((update) => update.id === id)
    if (index >= 0)
      return { kind: 'maintenance', maintenance: maintenanceBehind(maintenance, index) }
  }
  return null
}

function incidentBehind(incident: Incident, index: number): Incident {
  const updates = incident.updates.slice(0, index + 1)
  const last = updates[index]
  if (last === undefined) return incident
  const named = updates.flatMap(({ affected }) => (affected === null ? [] : [affected]))
  return {
    ...incident,
    state: last.state,
    resolvedAtMs: last.state === 'resolved' ? last.atMs : null,
    affected: named.at(-1) ?? [],
    affectedEver: worstOf(named.flat()),
    updates: updates.slice(-WEBHOOK_POSTS_MAX) satisfies IncidentUpdate[],
  }
}

function maintenanceBehind(maintenance: Maintenance, index: number): Maintenance {
  const updates = maintenance.updates.slice(0, index + 1)
  const state = updates[index]?.state ?? maintenance.state
  return { ...maintenance, state, updates: updates.slice(-WEBHOOK_POSTS_MAX) }
}

function worstOf(all: readonly Affected[]): Affected[] {
  const levels = new Map<ComponentId, Level>()
  for (const { component, level } of all) {
    levels.set(component, worse(level, levels.get(component) ?? 'operational'))
  }
  return [...levels].map(([component, level]) => ({ component, level }))
}
