// One planned maintenance while records are folded, oldest first.

import type { Maintenance, MaintenanceUpdate } from '../snapshot.ts'
import type { KnownRecord, MaintenanceState, RecordId, Statement } from './record.ts'

type Opening = Extract<Statement, { kind: 'maintenance' }>
type Update = Extract<Statement, { kind: 'maintenance-update' }>

export class MaintenanceStory {
  readonly #id: RecordId
  readonly #opening: Opening
  readonly #updates: MaintenanceUpdate[] = []
  #state: MaintenanceState = 'scheduled'

  constructor(known: KnownRecord, opening: Opening) {
    this.#id = known.id
    this.#opening = opening
    this.#add(known, { state: 'scheduled', text: opening.text })
  }

  update(known: KnownRecord, { state, text }: Update): void {
    this.#add(known, { state, text })
  }

  tell(): Maintenance {
    const { title, components, startMs, endMs, plan } = this.#opening
    const id = this.#id
    const state = this.#state
    return { id, title, state, components, startMs, endMs, plan, updates: this.#updates }
  }

  #add({ id, author, record }: KnownRecord, said: Pick<MaintenanceUpdate, 'state' | 'text'>): void {
    this.#state = said.state
    this.#updates.push({ id, ...said, author, atMs: record.atMs })
  }
}
