// The writer's figures for /-/metrics: what it commits, how far its log and archive are, and how
// much room there is.

import type { Figure } from '../router/router.ts'
import type { ValidationStatus } from './admin.ts'
import type { WriterCell } from './embedded.ts'

function figure(name: string, help: string, type: 'counter' | 'gauge', value: number): Figure {
  return { name: `holdfast_${name}`, help, type, over: 'max', values: [{ labels: {}, value }] }
}

/** One moment's figures. */
export async function figuresOf(
  cell: WriterCell,
  validation: ValidationStatus,
): Promise<readonly Figure[]> {
  const engine = cell.engine.status()
  const archive = cell.archiver.status()
  const space = await cell.placement.status()
  return [
    figure('commits_total', 'Commits decided since the writer started.', 'counter', engine.commits),
    figure(
      'commit_batches_total',
      'Batches, each one sync of the index.',
      'counter',
      engine.batches,
    ),
    figure('commit_queue_length', 'Commits that wait for a batch.', 'gauge', engine.queueLength),
    figure(
      'change_log_sequence',
      'Position of the change log.',
      'gauge',
      engine.versionstamp.sequence,
    ),
    figure(
      'change_log_incarnation',
      'Raised by each rebuild or restore.',
      'gauge',
      engine.versionstamp.incarnation,
    ),
    figure(
      'validation_findings',
      'Records that the validation of this start found not sound; -1 before its end.',
      'gauge',
      validation.state === 'done' ? validation.findings : -1,
    ),
    figure(
      'archive_lag_entries',
      'Change log entries not archived yet.',
      'gauge',
      archive.lagEntries,
    ),
    figure('archive_lag_seconds', 'Age of the oldest of them.', 'gauge', archive.lagMs / 1000),
    figure('drive_free_bytes', 'What may still be written.', 'gauge', space.freeBytes),
    figure('drive_total_bytes', 'Size of the drive.', 'gauge', space.totalBytes),
    figure('reclaimable_bytes', 'What compaction can give back.', 'gauge', space.reclaimableBytes),
    {
      name: 'holdfast_extents',
      help: 'Extents by state.',
      type: 'gauge',
      over: 'max',
      values: Object.entries(space.extents).map(([state, value]) => ({ labels: { state }, value })),
    },
  ]
}
