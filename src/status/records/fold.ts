// What all records come to: incidents, maintenances, overrides. A pure function of the set of them:
// the order in which they came, and how often, changes nothing.

import { unreachable } from '../../base/assert.ts'
import type { Incident, Maintenance } from '../snapshot.ts'
import type { ComponentId, Level } from '../status.ts'
import { IncidentStory } from './incident-story.ts'
import { MaintenanceStory } from './maintenance-story.ts'
import type { Author, KnownRecord, RecordId, Statement } from './record.ts'

/** The last word of a person on a component; whether it still counts, time and health decide. */
export interface Override {
  readonly id: RecordId
  readonly component: ComponentId
  readonly level: Level
  /** Null: no raise. */
  readonly over: Level | null
  readonly reason: string
  readonly author: Author
  readonly atMs: number
  /** Null: until somebody ends it. */
  readonly untilMs: number | null
}

export interface Stories {
  /** Newest first, by (order, id). */
  readonly incidents: readonly Incident[]
  /** Newest first, by (order, id). */
  readonly maintenances: readonly Maintenance[]
  readonly overrides: ReadonlyMap<ComponentId, Override>
}

/**
 * Folds checked records; those of distrusted keys never get through the check. One by one by
 * (order, id):
 * - a machine's incident about a region for which a machine's is open is a part of that one;
 * - an update that stands before what it answers, or answers nothing, is left out;
 * - a machine's update of a person's incident is left out, one that would reopen what is resolved, and
 *   one that would resolve what a person took part in.
 */
export function foldRecords(records: Iterable<KnownRecord>): Stories {
  const fold = new Fold()
  const byId = new Map<RecordId, KnownRecord>()
  for (const record of records) byId.set(record.id, record)
  for (const record of [...byId.values()].toSorted(compareRecords)) fold.take(record)
  return fold.stories()
}

/** By order; of equal ones by id. */
export function compareRecords(one: KnownRecord, other: KnownRecord): number {
  if (one.record.order !== other.record.order) return one.record.order - other.record.order
  return one.id < other.id ? -1 : Number(one.id > other.id)
}

class Fold {
  /** By the id of the record that opened it, and of those that became part of it. */
  readonly #incidents = new Map<RecordId, IncidentStory>()
  readonly #maintenances = new Map<RecordId, MaintenanceStory>()
  readonly #overrides = new Map<ComponentId, Override>()
  /** The last that a machine opened about each region. */
  readonly #byRegion = new Map<string, IncidentStory>()

  take(known: KnownRecord): void {
    const { statement } = known.record
    switch (statement.kind) {
      case 'incident':
        this.#open(known, statement)
        return
      case 'incident-update':
        this.#incidents.get(statement.incident)?.update(known, statement)
        return
      case 'override':
        this.#override(known, statement)
        return
      case 'maintenance':
        this.#maintenances.set(known.id, new MaintenanceStory(known, statement))
        return
      case 'maintenance-update':
        this.#maintenances.get(statement.maintenance)?.update(known, statement)
        return
      default:
        unreachable(statement)
    }
  }

  stories(): Stories {
    return {
      incidents: [...new Set(this.#incidents.values())].map((story) => story.tell()).toReversed(),
      maintenances: [...this.#maintenances.values()].map((story) => story.tell()).toReversed(),
      overrides: this.#overrides,
    }
  }

  #open(known: KnownRecord, statement: Extract<Statement, { kind: 'incident' }>): void {
    const { region } = statement
    const open = region === null ? undefined : this.#byRegion.get(region)
    if (open !== undefined && !open.isResolved) {
      open.join(known, statement)
      this.#incidents.set(known.id, open)
      return
    }
    const story = new IncidentStory(known, statement)
    this.#incidents.set(known.id, story)
    if (region !== null) this.#byRegion.set(region, story)
  }

  #override(known: KnownRecord, statement: Extract<Statement, { kind: 'override' }>): void {
    const { component, level, over, reason, untilMs } = statement
    const { id, author } = known
    const { atMs } = known.record
    if (level === null) this.#overrides.delete(component)
    else {
      const word = { id, component, level, over, reason, author, atMs, untilMs }
      this.#overrides.set(component, word)
    }
  }
}
