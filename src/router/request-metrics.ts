// Counts of one process: plain numbers in arrays, so that a request costs a few additions. They
// become Prometheus' text in metrics-text.ts.

import type { S3Operation } from '../s3/s3-operation.ts'
import type { Figure, HistogramFigure, MetricsSnapshot } from './router.ts'

/** From a cached HEAD to a body of gigabytes. */
const BOUNDS_SEC: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
]

interface OperationCounts {
  readonly byStatus: Map<number, number>
  readonly buckets: number[]
  sumSec: number
  bytesIn: number
  bytesOut: number
}

/** What one request took. */
export interface RequestUse {
  readonly durationMs: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** What requests add to. */
export class RequestMetrics {
  readonly #byOperation: Map<string, OperationCounts> = new Map()
  #shed = 0

  /** One request ended. A null operation is one that no operation was found for. */
  record(operation: S3Operation | null, status: number, use: RequestUse): void {
    const name = operation ?? 'none'
    let counts = this.#byOperation.get(name)
    if (counts === undefined) {
      counts = emptyCounts()
      this.#byOperation.set(name, counts)
    }
    counts.byStatus.set(status, (counts.byStatus.get(status) ?? 0) + 1)
    const durationSec = use.durationMs / 1000
    let bucket = 0
    while (bucket < BOUNDS_SEC.length && durationSec > (BOUNDS_SEC[bucket] ?? 0)) bucket += 1
    counts.buckets[bucket] = (counts.buckets[bucket] ?? 0) + 1
    counts.sumSec += durationSec
    counts.bytesIn += use.bytesIn
    counts.bytesOut += use.bytesOut
  }

  /** One request was refused because too many were under way. */
  shed(): void {
    this.#shed += 1
  }

  /** All counts, with the cell's own figures beside them. */
  snapshot(inFlight: number, figures: readonly Figure[]): MetricsSnapshot {
    const counts = [...this.#byOperation]
    const byOperation = (
      name: string,
      help: string,
      of: (c: OperationCounts) => number,
    ): Figure => ({
      name,
      help,
      type: 'counter',
      over: 'sum',
      values: counts.map(([operation, c]) => ({ labels: { operation }, value: of(c) })),
    })
    return {
      figures: [
        {
          name: 'holdfast_requests_total',
          help: 'Requests answered, by operation and status.',
          type: 'counter',
          over: 'sum',
          values: counts.flatMap(([operation, { byStatus }]) =>
            [...byStatus].map(([status, value]) => ({
              labels: { operation, status: String(status) },
              value,
            })),
          ),
        },
        byOperation(
          'holdfast_request_bytes_received_total',
          'Bytes of request bodies, as sent.',
          (c) => c.bytesIn,
        ),
        byOperation(
          'holdfast_request_bytes_sent_total',
          'Bytes of response bodies.',
          (c) => c.bytesOut,
        ),
        {
          name: 'holdfast_requests_in_flight',
          help: 'Requests under way.',
          type: 'gauge',
          over: 'sum',
          values: [{ labels: {}, value: inFlight }],
        },
        {
          name: 'holdfast_requests_shed_total',
          help: 'Requests answered SlowDown because too many were under way.',
          type: 'counter',
          over: 'sum',
          values: [{ labels: {}, value: this.#shed }],
        },
        ...figures,
      ],
      histograms: [durations(counts)],
    }
  }
}

function durations(counts: readonly (readonly [string, OperationCounts])[]): HistogramFigure {
  return {
    name: 'holdfast_request_duration_seconds',
    help: "Time from a request's headers to the end of its answer, by operation.",
    boundsSec: BOUNDS_SEC,
    series: counts.map(([operation, { buckets, sumSec }]) => ({
      labels: { operation },
      counts: [...buckets],
      sumSec,
    })),
  }
}

function emptyCounts(): OperationCounts {
  const buckets = Array.from({ length: BOUNDS_SEC.length + 1 }, () => 0)
  return { byStatus: new Map(), buckets, sumSec: 0, bytesIn: 0, bytesOut: 0 }
}
