// holdfast verify: proves that all records and all blobs are what they should be, or names what
// is not. Exit code 0: all was read and is sound; 1: something is damaged or missing.

import { resolve } from 'node:path'
import type { Admin, Progress } from '../../cell/admin.ts'
import { verifyOffline } from '../../cell/offline.ts'
import type { VerifyReport } from '../../cell/verify.ts'
import type { ExitCode } from '../cli-error.ts'
import { asCliError, reachStore } from '../store-access.ts'
import { formatBytes, formatSeconds } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

export async function verifyStore(
  terminal: Terminal,
  folder: string,
  { isRecordsOnly }: { isRecordsOnly: boolean },
): Promise<ExitCode> {
  const depth = isRecordsOnly ? 'records' : 'all'
  const note = (progress: Progress): void => terminal.progress(progressLine(progress))
  const report = await verify(resolve(folder), { depth }, note).catch((error: unknown) => {
    throw asCliError(error)
  })
  terminal.endProgress()
  terminal.result(report, () => {
    const read =
      `${report.records} records and ${report.blobs} blobs ` +
      `(${formatBytes(report.blobBytes)}) read in ${formatSeconds(report.durationMs / 1000)}`
    if (report.findings.length === 0) return `${read}: all sound`
    const found = report.findings.map(({ kind, what, message }) => `${kind}: ${what}: ${message}`)
    const more = report.isCut ? ['… and more'] : []
    const count = report.findings.length
    const counted = `${count}${report.isCut ? ' and more' : ''} finding${count === 1 ? '' : 's'}`
    return [...found, ...more, `${read}: ${counted}`].join('\n')
  })
  return report.findings.length === 0 ? 0 : 1
}

/** Through the process that serves, else here; then nothing in the store is changed. */
async function verify(
  folder: string,
  ...asked: Parameters<Admin['verify']>
): Promise<VerifyReport> {
  return await reachStore(
    folder,
    async (admin) => await admin.verify(...asked),
    async () => await verifyOffline(folder, ...asked),
  )
}

/** `blobs: 40 % (1.2 GiB of 3.0 GiB), 310.0 MiB/s, 6 s left` */
export function progressLine({ step, done, total, unit, ratePerSec }: Progress): string {
  const show = (value: number): string =>
    unit === 'bytes' ? formatBytes(value) : `${Math.round(value)} ${unit}`
  const rate = `${show(ratePerSec)}/s`
  if (total === null || total === 0) return `${step}: ${show(done)}, ${rate}`
  const share = Math.min(100, Math.floor((100 * done) / total))
  const left = formatSeconds((total - done) / ratePerSec)
  const part = unit === 'bytes' ? formatBytes(done) : String(Math.round(done))
  return `${step}: ${share} % (${part} of ${show(total)}), ${rate}, ${left} left`
}
