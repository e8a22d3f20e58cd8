// Uptime as the page shows it, with its arithmetic: of what all sites told, a partial outage counts for
// three tenths of its time, as Statuspage has it.

import { STATUS_DAYS_MAX } from '../../base/limits.ts'
import type { Uptime, UptimeDay } from '../snapshot.ts'
import { LEVELS, worse } from '../status.ts'
import type { Component, ComponentId, DayCount, Level } from '../status.ts'

/** How much of an outage a partial one is. */
const PARTIAL_SHARE = 0.3

/** What one site told, day by day. */
export interface SiteDays {
  readonly site: string
  readonly days: readonly DayCount[]
}

/**
 * Of each component, in their order, the last `STATUS_DAYS_MAX` days up to `today` (days since 1970 UTC).
 * Seconds of all sites are added: two sites that watched a day watched two days' worth of seconds. A
 * site is there once, with its newest counts.
 */
export function mergeDayCounts(
  components: readonly Component[],
  sites: readonly SiteDays[],
  today: number,
): Uptime[] {
  const sums = new Map<ComponentId, Map<number, Record<Level, number>>>()
  for (const { component, day, seconds } of sites.flatMap(({ days }) => days)) {
    const days = sums.get(component) ?? new Map<number, Record<Level, number>>()
    sums.set(component, days)
    const sum = days.get(day)
    if (sum === undefined) days.set(day, { ...seconds })
    else for (const level of LEVELS) sum[level] += seconds[level]
  }
  const firstDay = today - STATUS_DAYS_MAX + 1
  return components.map((component) => {
    const counted = sums.get(component.id)
    const days = Array.from({ length: STATUS_DAYS_MAX }, (_, index) =>
      uptimeOf(firstDay + index, counted?.get(firstDay + index)),
    )
    const total = (name: 'watchedSec' | 'majorSec' | 'partialSec'): number =>
      days.reduce((sum, day) => sum + day[name], 0)
    const [watchedSec, majorSec, partialSec] = [
      total('watchedSec'),
      total('majorSec'),
      total('partialSec'),
    ]
    const share = shareOf(watchedSec, majorSec, partialSec)
    return { component, days, share, watchedSec, majorSec, partialSec }
  })
}

function uptimeOf(day: number, seconds: Readonly<Record<Level, number>> | undefined): UptimeDay {
  if (seconds === undefined) {
    return { day, share: null, watchedSec: 0, majorSec: 0, partialSec: 0, worst: null }
  }
  const told = LEVELS.filter((level) => level !== 'unknown' && seconds[level] > 0)
  const watchedSec = told.reduce((sum, level) => sum + seconds[level], 0)
  const { 'major-outage': majorSec, 'partial-outage': partialSec } = seconds
  const worst = told.length === 0 ? null : told.reduce(worse)
  const share = shareOf(watchedSec, majorSec, partialSec)
  return { day, share, watchedSec, majorSec, partialSec, worst }
}

/** Null: nothing was watched. */
function shareOf(watchedSec: number, majorSec: number, partialSec: number): number | null {
  return watchedSec === 0 ? null : 1 - (majorSec + PARTIAL_SHARE * partialSec) / watchedSec
}
