// Metrics as Prometheus reads them: the snapshots of all processes made one, then text. The one
// file that knows prom-client, which is loaded when it is first asked for: it takes 44 ms.

import type { HistogramFigure, MetricsSnapshot } from './router.ts'

interface Value {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly metricName?: string
}
interface Metric {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly aggregator: string
  readonly values: readonly Value[]
}

/** All snapshots as one page of Prometheus' text format. */
export async function renderMetrics(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  const { AggregatorRegistry } = await import('prom-client')
  const registry = AggregatorRegistry.aggregate(snapshots.map(metricsOf))
  return await registry.metrics()
}

/** What a cluster's worker would send of its registry; `aggregate` takes no other form. */
function metricsOf(snapshot: MetricsSnapshot): object[] {
  const figures: Metric[] = snapshot.figures.map(({ name, help, type, over, values }) => ({
    name,
    help,
    type,
    aggregator: over,
    values,
  }))
  return [...figures, ...snapshot.histograms.map(histogramOf)]
}

function histogramOf({ name, help, boundsSec, series }: HistogramFigure): Metric {
  const values: Value[] = []
  for (const { labels, counts, sumSec } of series) {
    let total = 0
    for (const [index, count] of counts.entries()) {
      total += count
      const le = boundsSec[index] ?? '+Inf'
      values.push({
        labels: { ...labels, le: String(le) },
        value: total,
        metricName: `${name}_bucket`,
      })
    }
    values.push({ labels, value: sumSec, metricName: `${name}_sum` })
    values.push({ labels, value: total, metricName: `${name}_count` })
  }
  return { name, help, type: 'histogram', aggregator: 'sum', values }
}
