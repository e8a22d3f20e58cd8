// This site's day counts: counted every turn, kept on its disk, and put together with those of the
// other sites to the uptime that is told.

import { DiskError } from '../base/disk.ts'
import type { Disk } from '../base/disk.ts'
import { STATUS_DAYS_SAVE_MS, STATUS_UPTIME_MS_MAX } from '../base/limits.ts'
import { DayCounter, dayOf } from './health/day-counts.ts'
import { loadDays, saveDays } from './health/day-file.ts'
import { mergeDayCounts } from './health/uptime.ts'
import type { AgedView } from './records/view-table.ts'
import type { Uptime } from './snapshot.ts'
import { StatusError } from './status.ts'
import type { Component, ComponentId, DayCount, Health, Level } from './status.ts'

const DAYS_FILE = 'days'
const DAMAGED_FILE = 'days.damaged'

export interface SiteDaysParts {
  readonly disk: Disk
  readonly components: readonly Component[]
  /** What could not be read or kept; the site goes on without. */
  readonly onFinding: (error: StatusError) => void
}

export class SiteDays implements AsyncDisposable {
  readonly #parts: SiteDaysParts
  readonly #counter: DayCounter
  #uptimes: { readonly all: readonly Uptime[]; readonly atMs: number } | null = null
  /** Monotonic; null before the first turn. */
  #savedMs: number | null = null
  #saving: Promise<void> = Promise.resolve()
  #isSaving = false

  /** What is damaged is put aside, and counting begins anew: other sites have their own counts. */
  static async open(parts: SiteDaysParts): Promise<SiteDays> {
    return new SiteDays(parts, await load(parts))
  }

  private constructor(parts: SiteDaysParts, before: readonly DayCount[]) {
    this.#parts = parts
    const known = new Set<ComponentId>(parts.components.map(({ id }) => id))
    this.#counter = new DayCounter(before.filter(({ component }) => known.has(component)))
  }

  /** Counts what was told until now; `health` is told from now on. */
  tick(nowMs: number, wallMs: number, health: readonly Health[]): void {
    const told = new Map<ComponentId, Level>(
      health.map(({ component, level }) => [component.id, level]),
    )
    this.#counter.tick(nowMs, wallMs, told)
    this.#savedMs ??= nowMs
    if (this.#isSaving || nowMs - this.#savedMs < STATUS_DAYS_SAVE_MS) return
    this.#savedMs = nowMs
    this.#saving = this.#save()
  }

  counts(): DayCount[] {
    return this.#counter.counts()
  }

  /** Of all sites' newest views; made anew now and then, since a day's share moves slowly. */
  uptimes(views: readonly AgedView[], nowMs: number, wallMs: number): readonly Uptime[] {
    const last = this.#uptimes
    if (last !== null && nowMs - last.atMs < STATUS_UPTIME_MS_MAX) return last.all
    const sites = views.map(({ view: { days, site } }) => ({ site, days }))
    const all = mergeDayCounts(this.#parts.components, sites, dayOf(wallMs))
    this.#uptimes = { all, atMs: nowMs }
    return all
  }

  async #save(): Promise<void> {
    this.#isSaving = true
    try {
      await saveDays(this.#parts.disk, DAYS_FILE, this.#counter.counts())
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      const message = `the day counts cannot be kept: ${error.message}`
      this.#parts.onFinding(new StatusError('unavailable', message, error))
    } finally {
      this.#isSaving = false
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#saving
    await this.#save()
  }
}

async function load({ disk, onFinding }: SiteDaysParts): Promise<DayCount[]> {
  try {
    return await loadDays(disk, DAYS_FILE)
  } catch (error) {
    if (!(error instanceof DiskError || error instanceof StatusError)) throw error
    const message = `the day counts cannot be read and begin anew (kept as ${DAMAGED_FILE}): ${error.message}`
    onFinding(new StatusError('damaged', message, error))
    await disk.rename(DAYS_FILE, DAMAGED_FILE).catch((cause: unknown) => {
      if (!(cause instanceof DiskError)) throw cause
    })
    return []
  }
}
