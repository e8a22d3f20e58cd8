// What one site told, as it changed: levels of all components, and incidents. Judged afterwards.

import type { Affected, IncidentState } from '../../src/status/records/record.ts'
import type { Snapshot } from '../../src/status/snapshot.ts'
import type { ComponentId, Level } from '../../src/status/status.ts'

export interface ToldIncident {
  readonly id: string
  readonly region: string | null
  readonly title: string
  readonly state: IncidentState
  readonly affectedEver: readonly Affected[]
  readonly posts: number
}

/** From `atMs`, of the world, to the next one. */
export interface Told {
  readonly atMs: number
  readonly levels: ReadonlyMap<ComponentId, Level>
  /** Why, of those that are not operational. */
  readonly whys: ReadonlyMap<ComponentId, string>
  readonly incidents: readonly ToldIncident[]
}

export class Timeline {
  readonly all: Told[] = []
  #last = ''

  /** Takes what is told from now on. */
  take(atMs: number, { health, incidents }: Snapshot): void {
    const key = [
      ...health.map(({ level }) => level),
      ...incidents.map(({ id, state, updates }) => `${id} ${state} ${updates.length}`),
    ].join()
    if (key === this.#last) return
    this.#last = key
    const odd = health.filter(({ level }) => level !== 'operational')
    this.all.push({
      atMs,
      levels: new Map(health.map(({ component, level }) => [component.id, level])),
      whys: new Map(odd.map(({ component, why }) => [component.id, why])),
      incidents: incidents.map(({ affectedEver, id, region, state, title, updates }) => ({
        id,
        region,
        title,
        state,
        affectedEver,
        posts: updates.length,
      })),
    })
  }

  /** The site was away: nothing is told. */
  takeEnd(atMs: number): void {
    this.#last = ''
    this.all.push({ atMs, levels: new Map(), whys: new Map(), incidents: [] })
  }

  get last(): Told | null {
    return this.all.at(-1) ?? null
  }

  /** What was told from `fromMs` to `untilMs`, the part of each that is within. */
  within(fromMs: number, untilMs: number): readonly (Told & { readonly forMs: number })[] {
    return this.all.flatMap((told, index) => {
      const endMs = Math.min(untilMs, this.all[index + 1]?.atMs ?? Infinity)
      const atMs = Math.max(fromMs, told.atMs)
      return endMs > atMs ? [{ ...told, atMs, forMs: endMs - atMs }] : []
    })
  }
}
