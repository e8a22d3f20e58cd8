// holdfast rebuild: makes the index anew from the data alone, and says what it is unsure of. The
// old index is kept aside until the operator removes it.

import { resolve } from 'node:path'
import { rebuildFolder } from '../../cell/rebuild-store.ts'
import type { ExitCode } from '../cli-error.ts'
import { asCliError } from '../store-access.ts'
import { progressLine } from './verify.ts'
import type { Terminal } from '../terminal.ts'

const UNSURE_SHOWN_MAX = 20

export async function rebuildStore(terminal: Terminal, folder: string): Promise<ExitCode> {
  const report = await rebuildFolder(resolve(folder), (progress) =>
    terminal.progress(progressLine(progress)),
  ).catch((error: unknown) => {
    throw asCliError(error)
  })
  terminal.endProgress()
  terminal.result(report, () => {
    const unsure = report.unsure.slice(0, UNSURE_SHOWN_MAX).map((line) => `unsure: ${line}`)
    const more = report.unsure.length - unsure.length
    return [
      ...report.damage.map((line) => `damaged: ${line}`),
      ...report.findings.map((line) => `found: ${line}`),
      ...unsure,
      ...(more > 0 ? [`… and ${more} more`] : []),
      `${report.objects} objects in ${report.buckets} buckets, from ` +
        `${report.checkpoint === null ? 'no checkpoint' : `the checkpoint at ${report.checkpoint}`} ` +
        `and ${report.logEntries} change log entries up to ${report.lastStamp ?? 'none'}`,
      ...(report.gap === null ? [] : [`the archived log has a hole: ${report.gap}`]),
      `${report.unsure.length} blobs are newer than the archive or were never committed: see above`,
      ...(report.keptAside === null ? [] : [`the old index is kept at ${report.keptAside}`]),
    ].join('\n')
  })
  return report.damage.length + report.findings.length === 0 && report.gap === null ? 0 : 1
}
