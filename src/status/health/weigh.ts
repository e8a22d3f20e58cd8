// How likely it is, after each probe, that a component is well, or that a fifth, half or all of what is
// asked of it fails: four explanations, weighed by Bayes' rule. Pure; numbers of one component.
//
// A window with a share of failures would be slow to fill or quick to cry: one lost request, two failures
// in a row after an hour of successes, and one failure in five all month must be told apart after
// as few probes as can be. The weights carry what a window forgets, and no probe is counted twice.

/** Shares of 1, never quite 0. */
export interface Weights {
  /** Hardly any probe fails. */
  readonly well: number
  /** About a fifth of the probes fails. */
  readonly some: number
  readonly half: number
  readonly all: number
}

/** `wrong-data`: a failure that never happens to what is well, and that no retry mends. */
export type Outcome = 'success' | 'failure' | 'wrong-data'

/** Before the first probe nothing is known; total outages are the likeliest kind. */
export const FIRST_WEIGHTS: Weights = { well: 0.95, some: 0.005, half: 0.005, all: 0.04 }

/** How likely a probe fails, by explanation. Of what is well: three of a thousand, a careful guess. */
const FAILS: Weights = { well: 0.003, some: 0.2, half: 0.5, all: 0.98 }
/** The same of wrong data, where the rest of the failures is of that kind. */
const WRONG: Weights = { ...FAILS, well: 0.000_003 }
/** How likely the next probe meets another explanation than this one: from well to each … */
const FALLS: Weights = { well: 0, some: 0.0002, half: 0.0002, all: 0.0006 }
/** … from each to well, and from each ill one to each other. Tuned by simulated probes. */
const MENDS = 0.003
const CHANGES = 0.001

/** The weights after one more probe. */
export function weigh(before: Weights, outcome: Outcome): Weights {
  const { well, some, half, all } = before
  const ill = some + half + all
  const prior: Weights = {
    well: well * (1 - FALLS.some - FALLS.half - FALLS.all) + ill * MENDS,
    some: some * (1 - MENDS - 2 * CHANGES) + (half + all) * CHANGES + well * FALLS.some,
    half: half * (1 - MENDS - 2 * CHANGES) + (some + all) * CHANGES + well * FALLS.half,
    all: all * (1 - MENDS - 2 * CHANGES) + (some + half) * CHANGES + well * FALLS.all,
  }
  const likely = (name: keyof Weights): number => {
    if (outcome === 'success') return prior[name] * (1 - FAILS[name])
    return prior[name] * (outcome === 'failure' ? FAILS : WRONG)[name]
  }
  return scaled(likely('well'), likely('some'), likely('half'), likely('all'))
}

function scaled(well: number, some: number, half: number, all: number): Weights {
  const sum = well + some + half + all
  return { well: well / sum, some: some / sum, half: half / sum, all: all / sum }
}
