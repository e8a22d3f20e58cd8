// How long this process's data took to be durable: a histogram over the extents' durable writes and
// syncs and, in the writer, the index's commits. Counted in plain arrays, shown at /-/metrics.

import type { Clock } from '../base/clock.ts'
import type { Disk, DiskFile, OpenMode } from '../base/disk.ts'
import type { HistogramFigure } from '../router/router.ts'
import { extend } from './extend.ts'

/** From a drive with a memory that survives a power cut to one that is about to fail. */
const BOUNDS_SEC: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
]
const TARGETS = ['extent', 'index'] as const
export type SyncTarget = (typeof TARGETS)[number]

export class SyncTimes {
  readonly #counts: Readonly<Record<SyncTarget, { readonly counts: number[]; sumSec: number }>> = {
    extent: { counts: emptyCounts(), sumSec: 0 },
    index: { counts: emptyCounts(), sumSec: 0 },
  }

  record(target: SyncTarget, durationMs: number): void {
    const seen = this.#counts[target]
    const durationSec = durationMs / 1000
    const found = BOUNDS_SEC.findIndex((bound) => durationSec <= bound)
    const bucket = found < 0 ? BOUNDS_SEC.length : found
    seen.counts[bucket] = (seen.counts[bucket] ?? 0) + 1
    seen.sumSec += durationSec
  }

  histogram(): HistogramFigure {
    return {
      name: 'holdfast_sync_duration_seconds',
      help: 'Time until written data was durable, by where it went.',
      boundsSec: BOUNDS_SEC,
      series: TARGETS.map((target) => ({
        labels: { target },
        counts: [...this.#counts[target].counts],
        sumSec: this.#counts[target].sumSec,
      })),
    }
  }
}

function emptyCounts(): number[] {
  return Array.from({ length: BOUNDS_SEC.length + 1 }, () => 0)
}

/** The same disk, its files' durable writes and syncs timed. One that fails is none. */
export function timeSyncs(disk: Disk, clock: Clock, times: SyncTimes): Disk {
  const timed = async (run: () => Promise<void>): Promise<void> => {
    const startedAtMs = clock.monotonicMs()
    await run()
    times.record('extent', clock.monotonicMs() - startedAtMs)
  }
  const wrap = (file: DiskFile, mode: OpenMode): DiskFile => {
    if (mode === 'read') return file
    const sync = async (): Promise<void> => await timed(async () => await file.sync())
    if (mode !== 'append') return extend(file, { sync })
    const write: DiskFile['write'] = async (pieces, offset) =>
      await timed(async () => await file.write(pieces, offset))
    return extend(file, { sync, write })
  }
  return extend(disk, {
    open: async (path: string, mode: OpenMode) => wrap(await disk.open(path, mode), mode),
    create: async (path: string, mode: OpenMode) => wrap(await disk.create(path, mode), mode),
  })
}
