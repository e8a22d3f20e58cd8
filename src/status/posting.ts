// What a site tells those who are about to post, at /-/posting: its clock, its order, what can be
// named. All of it is public; the console's page and the command line sign by it.

import type { IncidentState, MaintenanceState, RecordId } from './records/record.ts'
import type { Snapshot } from './snapshot.ts'
import { seenLevel } from './status.ts'
import type { ComponentId, Level } from './status.ts'

export interface Posting {
  /** What a post has to be signed for. */
  readonly plane: string
  readonly site: string
  readonly nowMs: number
  /** A post's order is one more. */
  readonly orderMax: number
  readonly components: readonly {
    readonly id: ComponentId
    readonly level: Level
    /** What machines see, whatever a person said. */
    readonly seen: Level
  }[]
  /** Those that are not resolved; newest first. */
  readonly incidents: readonly {
    readonly id: RecordId
    readonly title: string
    readonly state: IncidentState
  }[]
  /** Those that are neither completed nor canceled; newest first. */
  readonly maintenances: readonly {
    readonly id: RecordId
    readonly title: string
    readonly state: MaintenanceState
  }[]
}

/** @param nowMs the site's wall clock as it answers, not when the snapshot was made */
export function postingOf(snapshot: Snapshot, orderMax: number, nowMs: number): Posting {
  const open = snapshot.incidents.filter(({ state }) => state !== 'resolved')
  const planned = snapshot.maintenances.filter(
    ({ state }) => state !== 'completed' && state !== 'canceled',
  )
  return {
    plane: snapshot.config.plane,
    site: snapshot.site,
    nowMs,
    orderMax,
    components: snapshot.health.map((health) => {
      return { id: health.component.id, level: health.level, seen: seenLevel(health) }
    }),
    incidents: open.map(({ id, title, state }) => ({ id, title, state })),
    maintenances: planned.map(({ id, title, state }) => ({ id, title, state })),
  }
}
