// holdfast bucket list|usage|quota: what buckets hold, exactly, and what they may.

import type { BucketLine } from '../../cell/admin.ts'
import { CliError } from '../cli-error.ts'
import { parseCount, parseSize } from '../sizes.ts'
import { withAdmin } from '../store-access.ts'
import { facts, formatBytes, table } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

export async function listBuckets(terminal: Terminal, folder: string): Promise<void> {
  const lines = await withAdmin(folder, async (admin) => await admin.listBuckets())
  terminal.result(lines, () => bucketTable(lines))
}

export async function showUsage(terminal: Terminal, folder: string, name: string): Promise<void> {
  const line = await withAdmin(folder, async (admin) => await admin.bucketUsage(name))
  terminal.result(line, () => bucketFacts(line))
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
  const sizeBytes = bytes === undefined ? undefined : parseSize(bytes, '--bytes')
  const count = objects === undefined ? undefined : parseCount(objects, '--objects')
  const line = await withAdmin(folder, async (admin) => {
    const now = await admin.bucketUsage(name)
    return await admin.setQuota({
      name,
      bytes: sizeBytes === undefined ? now.quotaBytes : sizeBytes,
      objects: count === undefined ? now.quotaObjects : count,
    })
  })
  terminal.result(line, () => bucketFacts(line))
}

function bucketTable(lines: readonly BucketLine[]): string {
  if (lines.length === 0) return 'no buckets'
  return table(
    ['BUCKET', 'OBJECTS', 'SIZE', 'OLDER', 'UPLOADS', 'QUOTA', 'OWNER'],
    lines.map((line) => [
      line.name,
      line.usage.objects,
      formatBytes(line.usage.bytes),
      formatBytes(line.usage.otherBytes),
      formatBytes(line.usage.uploadBytes),
      quotaOf(line),
      line.ownerId,
    ]),
  )
}

function bucketFacts(line: BucketLine): string {
  const { name, ownerId, createdAtMs, versioning, usage } = line
  return facts([
    ['bucket', name],
    ['owner', ownerId],
    ['made', new Date(createdAtMs).toISOString()],
    ['versioning', versioning],
    ['objects', `${usage.objects}, ${formatBytes(usage.bytes)}`],
    ['older', `${usage.otherVersions} versions and markers, ${formatBytes(usage.otherBytes)}`],
    ['uploads', `${formatBytes(usage.uploadBytes)} in parts of unfinished ones`],
    ['quota', quotaOf(line)],
  ])
}

function quotaOf({ quotaBytes, quotaObjects }: BucketLine): string {
  const limits = [
    ...(quotaBytes === null ? [] : [formatBytes(quotaBytes)]),
    ...(quotaObjects === null ? [] : [`${quotaObjects} objects`]),
  ]
  return limits.length === 0 ? '-' : limits.join(', ')
}
