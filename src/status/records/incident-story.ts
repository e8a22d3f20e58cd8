// One incident while records are folded, oldest first.

import type { Incident, IncidentUpdate } from '../snapshot.ts'
import { worse } from '../status.ts'
import type { ComponentId, Level } from '../status.ts'
import type { Affected, IncidentState, KnownRecord, RecordId, Statement } from './record.ts'

type Opening = Extract<Statement, { kind: 'incident' }>
type Update = Extract<Statement, { kind: 'incident-update' }>

export class IncidentStory {
  readonly #id: RecordId
  readonly #title: string
  readonly #region: string | null
  readonly #openedAtMs: number
  readonly #updates: IncidentUpdate[] = []
  readonly #ever = new Map<ComponentId, Level>()
  #affected: readonly Affected[] = []
  #state: IncidentState
  #resolvedAtMs: number | null = null
  #hasPerson = false

  constructor(known: KnownRecord, { title, region, state, text, affected }: Opening) {
    this.#id = known.id
    this.#title = title
    this.#region = region
    this.#openedAtMs = known.record.atMs
    this.#state = state
    this.#add(known, { state, text, affected })
  }

  get isResolved(): boolean {
    return this.#state === 'resolved'
  }

  /** Another machine opened the same: what it adds is added, what was said since stands. */
  join(known: KnownRecord, { affected, text }: Opening): void {
    const levels = levelsOf(this.#affected)
    const before = new Map(levels)
    addWorst(levels, affected)
    const isNews = [...levels].some(([component, level]) => before.get(component) !== level)
    if (isNews) this.#add(known, { state: this.#state, text, affected: affectedOf(levels) })
  }

  update(known: KnownRecord, { state, text, affected }: Update): void {
    if (known.author.kind === 'site') {
      const isOfPerson = this.#region === null
      if (isOfPerson || this.isResolved || (this.#hasPerson && state === 'resolved')) return
    }
    this.#add(known, { state, text, affected })
  }

  tell(): Incident {
    return {
      id: this.#id,
      title: this.#title,
      state: this.#state,
      region: this.#region,
      openedAtMs: this.#openedAtMs,
      resolvedAtMs: this.#resolvedAtMs,
      affected: this.#affected,
      affectedEver: affectedOf(this.#ever),
      updates: this.#updates,
    }
  }

  #add(known: KnownRecord, { state, text, affected }: Omit<Update, 'kind' | 'incident'>): void {
    const { id, author } = known
    const { atMs } = known.record
    this.#updates.push({ id, state, text, author, atMs, affected })
    this.#hasPerson ||= author.kind === 'person'
    this.#state = state
    this.#resolvedAtMs = state === 'resolved' ? atMs : null
    if (affected === null) return
    this.#affected = affected
    addWorst(this.#ever, affected)
  }
}

function levelsOf(affected: readonly Affected[]): Map<ComponentId, Level> {
  return new Map(affected.map(({ component, level }) => [component, level]))
}

function affectedOf(levels: ReadonlyMap<ComponentId, Level>): Affected[] {
  return [...levels].map(([component, level]) => ({ component, level }))
}

function addWorst(levels: Map<ComponentId, Level>, affected: readonly Affected[]): void {
  for (const { component, level } of affected) {
    levels.set(component, worse(level, levels.get(component) ?? 'operational'))
  }
}
