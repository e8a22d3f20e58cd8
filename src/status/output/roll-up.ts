import type { Level } from '../status.ts'
import { worse } from '../status.ts'

/** Stand-in until health/roll-up.ts is there. */
export function rollUp(levels: readonly Level[]): Level {
  if (levels.length === 0) return 'unknown'
  const worst = levels.reduce<Level>((level, other) => worse(level, other), 'operational')
  return worst === 'major-outage' && levels.some((level) => level !== 'major-outage')
    ? 'partial-outage'
    : worst
}
