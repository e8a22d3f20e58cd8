// From weights and the last probes to a level: the table of what is told of what is seen.
//
// | seen | told |
// |---|---|
// | well is likelier than 1 in 5, as after a single lost request | `operational` |
// | the median of the last successes is slow | `degraded` |
// | else; of the ill explanations: | `degraded` |
// | `half` and `all` together have 3 in 4 | `partial-outage` |
// | `all` has 98 in 100, or 75 and not one success for 20 s | `major-outage` |
//
// What is ill stays ill until well is likelier than 2 in 3: after a total outage that takes two successes,
// where a fifth failed nearly twenty. One short unbroken run of failures ends with its first success.

import { worse } from '../status.ts'
import type { Level } from '../status.ts'
import { spanMs } from './recent-probes.ts'
import type { RecentProbes } from './recent-probes.ts'
import type { Weights } from './weigh.ts'

const ILL_WEIGHT = 0.2
const MENDED_WEIGHT = 0.66
const HALF_WEIGHT = 0.75
const ALL_WEIGHT = 0.98
/** Of `all` at the end of a run of failures that may have been a burst: more likely than the others. */
const BURST_WEIGHT = 0.5
/** In doubt for this long it is the worse. */
const DOUBT_MS_MAX = 20_000
const ALL_WEIGHT_IN_DOUBT = 0.75

/** What was known before the last probe. */
export interface Before {
  readonly isIll: boolean
  /** Weights as the last failure left them. */
  readonly failed: Weights
}

/** Whether probes fail more than they should. */
export function isIllNow(weights: Weights, recent: RecentProbes, before: Before): boolean {
  const { all } = illShares(before.failed)
  if (recent.isBurstOver && all >= BURST_WEIGHT) return false
  return weights.well < (before.isIll ? MENDED_WEIGHT : ILL_WEIGHT)
}

/** Decides only. `isIll` is of `isIllNow`. */
export function levelOf(
  weights: Weights,
  recent: RecentProbes,
  { isIll, slowMs }: { readonly isIll: boolean; readonly slowMs: number },
): Level {
  const medianMs = recent.medianMs
  const bySpeed = medianMs !== null && medianMs >= slowMs ? 'degraded' : 'operational'
  if (!isIll) return bySpeed
  const { all, half } = illShares(weights)
  const isLong = spanMs(recent.run) >= DOUBT_MS_MAX
  if (all >= ALL_WEIGHT || (isLong && all >= ALL_WEIGHT_IN_DOUBT)) return 'major-outage'
  const byFailures = all + half >= HALF_WEIGHT ? 'partial-outage' : 'degraded'
  return worse(byFailures, bySpeed)
}

/** Of what is not well. */
function illShares({ all, half, some }: Weights): { readonly all: number; readonly half: number } {
  const ill = some + half + all
  return { all: all / ill, half: half / ill }
}
