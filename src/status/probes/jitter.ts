// So that sites, and a site's probes, do not come to ask all at once.

import type { Random } from '../../base/random.ts'

/** From four fifths of an interval to all of it. */
export function jittered(intervalMs: number, random: Random): number {
  return intervalMs * (0.8 + 0.2 * random.fraction())
}
