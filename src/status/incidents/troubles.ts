// How long each component has been ill, as this site saw it: what parts an incident from a hiccup.
// Plain values; times are monotonic.

import { INCIDENT_BAD_MS_MIN, INCIDENT_ILL_MS_MIN, WATCH_GAP_MS_MAX } from '../../base/limits.ts'
import { isIll } from '../status.ts'
import type { ComponentId, Health } from '../status.ts'

/** Since it was well: `recovering` and `unknown` neither add to it nor end it. */
interface Trouble {
  /** As degraded or worse. */
  readonly illMs: number
  /** As a partial or a major outage. */
  readonly badMs: number
}

export interface Troubles {
  readonly atMs: number
  readonly byComponent: ReadonlyMap<ComponentId, Trouble>
}

/** `before` is null at a start. A gap between two looks adds little: nobody watched. */
export function troublesAfter(
  before: Troubles | null,
  health: readonly Health[],
  nowMs: number,
): Troubles {
  const passedMs = Math.max(0, Math.min(WATCH_GAP_MS_MAX, nowMs - (before?.atMs ?? nowMs)))
  const byComponent = new Map<ComponentId, Trouble>()
  for (const { component, level } of health) {
    const last = before?.byComponent.get(component.id)
    if (level === 'operational' || (last === undefined && !isIll(level))) continue
    const { badMs, illMs } = last ?? { badMs: 0, illMs: 0 }
    // What was ill at the look before was so until now; the first look of it adds nothing.
    const addMs = last !== undefined && isIll(level) ? passedMs : 0
    const isBad = level === 'partial-outage' || level === 'major-outage'
    byComponent.set(component.id, { illMs: illMs + addMs, badMs: badMs + (isBad ? addMs : 0) })
  }
  return { atMs: nowMs, byComponent }
}

/** Whether it is ill now, and has been for long enough that people should be told in words. */
export function isSettled(troubles: Troubles, { component, level }: Health): boolean {
  const trouble = troubles.byComponent.get(component.id)
  if (trouble === undefined || !isIll(level)) return false
  return trouble.badMs >= INCIDENT_BAD_MS_MIN || trouble.illMs >= INCIDENT_ILL_MS_MIN
}
