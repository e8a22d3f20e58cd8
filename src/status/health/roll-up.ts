// The level of many components as one: of a cell, a region, all.

import { worse } from '../status.ts'
import type { Level } from '../status.ts'

/**
 * All down: `major-outage`. Some of it down, or down in part: `partial-outage`. Else the worst of
 * all, so that one degraded or unknown component is not hidden by the rest. Nothing is `unknown`.
 * It never gets better by one of them getting worse.
 */
export function rollUp(levels: readonly Level[]): Level {
  if (levels.length === 0) return 'unknown'
  const worst = levels.reduce(worse)
  const isAllDown = levels.every((level) => level === 'major-outage')
  return worst === 'major-outage' && !isAllDown ? 'partial-outage' : worst
}
