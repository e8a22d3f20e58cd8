// Where a site keeps its day counts between starts: one small file, replaced as a whole.
// Format: docs/formats/status-days.md.

import { crc32cHex } from '../../base/checksum.ts'
import { DiskError } from '../../base/disk.ts'
import type { Disk } from '../../base/disk.ts'
import { LEVELS, StatusError } from '../status.ts'
import type { ComponentId, DayCount, Level } from '../status.ts'

const HEAD = 'holdfast status days 1'
/** The order of seconds in the file; never changes in version 1, whatever LEVELS comes to. */
const ORDER = [
  'operational',
  'unknown',
  'recovering',
  'degraded',
  'partial-outage',
  'major-outage',
] as const satisfies readonly Level[]

/**
 * What was saved; nothing, where nothing ever was.
 * @throws StatusError `damaged`: whoever opens the site puts the file aside and begins anew
 */
export async function loadDays(disk: Disk, path: string): Promise<DayCount[]> {
  try {
    return decodeDays(await disk.readFile(path))
  } catch (error) {
    if (error instanceof DiskError && error.code === 'not-found') return []
    throw error
  }
}

/** Durable when it resolves. @throws DiskError */
export async function saveDays(disk: Disk, path: string, days: readonly DayCount[]): Promise<void> {
  await disk.replaceFile(path, encodeDays(days))
}

/** A line with the version and the checksum of what follows, then `[[component, day, [seconds]], …]`. */
export function encodeDays(days: readonly DayCount[]): Buffer {
  const rows = days.map(({ component, day, seconds }) => [
    component,
    day,
    ORDER.map((level) => seconds[level]),
  ])
  const body = Buffer.from(`${JSON.stringify(rows)}\n`)
  return Buffer.concat([Buffer.from(`${HEAD} ${crc32cHex(body)}\n`), body])
}

/** @throws StatusError `damaged` */
export function decodeDays(bytes: Uint8Array): DayCount[] {
  const content = Buffer.from(bytes)
  const bodyOffset = content.indexOf(0x0a) + 1
  const body = content.subarray(bodyOffset)
  if (content.subarray(0, bodyOffset).toString() !== `${HEAD} ${crc32cHex(body)}\n`) {
    throw new StatusError('damaged', 'the file of day counts is damaged, or of another version')
  }
  // The checksum says that it is what was written.
  const rows = JSON.parse(body.toString()) as [ComponentId, number, number[]][]
  return rows.map(([component, day, counts]) => ({ component, day, seconds: secondsOf(counts) }))
}

function secondsOf(counts: readonly number[]): DayCount['seconds'] {
  const entries = LEVELS.map((level) => [level, counts[ORDER.indexOf(level)] ?? 0] as const)
  return Object.fromEntries(entries) as Record<Level, number>
}
