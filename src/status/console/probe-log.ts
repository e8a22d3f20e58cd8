// What the last probes of each component came to, for who operates: bounded, in memory alone.

import { PROBE_FAILURES_KEPT_MAX } from '../../base/limits.ts'
import type { ComponentId, ProbeFailure, ProbeResult } from '../status.ts'

/** A probe that failed; or one that could not be made, since what it needs could not be put there. */
export interface FailedProbe {
  readonly component: ComponentId
  /** Wall clock of the site. */
  readonly atMs: number
  /** Null: the probe could not be made, and says nothing of its component. */
  readonly durationMs: number | null
  readonly retryCount: number
  readonly failure: ProbeFailure
}

export interface ProbeState {
  readonly component: ComponentId
  /** The last that succeeded; null: none since the start. */
  readonly lastGood: ProbeResult | null
  /** Since the last that succeeded, or the start. */
  readonly failedCount: number
  /** When the first of those failed. */
  readonly failedSinceMs: number | null
  /** Newest first, at most PROBE_FAILURES_KEPT_MAX; also of before the last success. */
  readonly failures: readonly FailedProbe[]
}

export interface ProbeLog {
  take(result: ProbeResult): void
  /** A probe that could not be made. */
  takeUnsure(component: ComponentId, failure: ProbeFailure, atMs: number): void
  /** In the order of the components. */
  states(): ProbeState[]
}

/** What is of no component of these is not kept. */
export function openProbeLog(components: readonly { readonly id: ComponentId }[]): ProbeLog {
  const states = new Map<ComponentId, ProbeState>(
    components.map(({ id: component }) => {
      return [
        component,
        { component, lastGood: null, failedCount: 0, failedSinceMs: null, failures: [] },
      ]
    }),
  )
  const fail = (failed: FailedProbe): void => {
    const state = states.get(failed.component)
    if (state === undefined) return
    const isOfHealth = failed.durationMs !== null
    states.set(failed.component, {
      ...state,
      failedCount: state.failedCount + (isOfHealth ? 1 : 0),
      failedSinceMs: isOfHealth ? (state.failedSinceMs ?? failed.atMs) : state.failedSinceMs,
      failures: [failed, ...state.failures].slice(0, PROBE_FAILURES_KEPT_MAX),
    })
  }
  return {
    take: (result) => {
      const { component, atMs, durationMs, retryCount, failure } = result
      if (failure !== null) return fail({ component, atMs, durationMs, retryCount, failure })
      const state = states.get(component)
      if (state === undefined) return
      states.set(component, { ...state, lastGood: result, failedCount: 0, failedSinceMs: null })
    },
    takeUnsure: (component, failure, atMs) =>
      fail({ component, atMs, durationMs: null, retryCount: 0, failure }),
    states: () => [...states.values()],
  }
}
