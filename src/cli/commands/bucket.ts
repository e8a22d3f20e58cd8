// holdfast bucket list|usage|quota: what buckets hold, exactly, and what they may.

import type { BucketLine } from '../../cell/admin.ts'
import { CliError } from '../cli-error.ts'
import { parseCount, parseSize } from '../sizes.ts'
import { withAdmin } from '../store-access.ts'
import { formatBytes, table } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

export async function listBuckets(terminal: Terminal, folder: string): Promise<void> {
  const lines = await withAdmin(folder, async (admin) => await admin.listBuckets())
  terminal.result(lines, () => bucketTable(lines))
}

export async function showUsage(terminal: Terminal, folder: string, name: string): Promise<void> {
  const line = await withAdmin(folder, async (admin) => await admin.bucketUsage(name))
  terminal.result(line, () => bucketTable([line]))
}

export interface QuotaOptions {
  readonly bytes?: string
  readonly objects?: string
}

/** Sets what is given and leaves the rest; `none` takes a limit away. */
export async function setQuota(
  terminal: Terminal,
  folder: string,
  name: string,
  options: QuotaOptions,
): Promise<void> {
  const { bytes, objects } = options
  if (bytes === undefined && objects === undefined) {
    throw new CliError('give --bytes SIZE or --objects N (or none, to take a limit away)')
  }
  const line = await withAdmin(folder, async (admin) => {
    const now = await admin.bucketUsage(name)
    return await admin.setQuota({
      name,
      bytes: bytes === undefined ? now.quotaBytes : parseSize(bytes, '--bytes'),
      objects: objects === undefined ? now.quotaObjects : parseCount(objects, '--objects'),
    })
  })
  terminal.result(line, () => bucketTable([line]))
}

function bucketTable(lines: readonly BucketLine[]): string {
  if (lines.length === 0) return 'no buckets'
  const head = [
    'BUCKET',
    'OWNER',
    'VERSIONING',
    'OBJECTS',
    'SIZE',
    'OLDER',
    'OLDER SIZE',
    'UPLOADS',
    'QUOTA',
    'QUOTA OBJECTS',
  ]
  return table(
    head,
    lines.map(({ name, ownerId, versioning, usage, quotaBytes, quotaObjects }) => [
      name,
      ownerId,
      versioning,
      usage.objects,
      formatBytes(usage.bytes),
      usage.otherVersions,
      formatBytes(usage.otherBytes),
      formatBytes(usage.uploadBytes),
      quotaBytes === null ? '-' : formatBytes(quotaBytes),
      quotaObjects ?? '-',
    ]),
  )
}
