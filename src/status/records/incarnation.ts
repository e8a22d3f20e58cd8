// A number that each start of a site raises, kept on its disk, so that its views are newer than those of
// before. Where the disk lost it, peers tell: they have a view that this site signed. It is raised by a
// random step: a site that lost it does not number other views just as it numbered those.

import { assert } from '../../base/assert.ts'
import { crc32cHex } from '../../base/checksum.ts'
import { DiskError } from '../../base/disk.ts'
import type { Disk } from '../../base/disk.ts'
import type { Random } from '../../base/random.ts'
import { StatusError } from '../status.ts'
import { SEQUENCE_MAX } from './parse-view.ts'

export interface RaisedIncarnation {
  readonly incarnation: number
  /** The site goes on without what this says; its peers put it right. */
  readonly findings: readonly StatusError[]
}

const PATTERN = /^1 ([0-9a-f]{8}) (\d{1,15})\n$/

/** Bits of a step: two starts take the same one once in a million times. */
const STEP_BITS = 20

/** Higher than at the last start; on the disk, where the disk can. */
export async function raiseIncarnation(
  disk: Disk,
  path: string,
  random: Random,
): Promise<RaisedIncarnation> {
  const findings: StatusError[] = []
  let last = 0
  try {
    last = decode((await disk.readFile(path)).toString())
  } catch (error) {
    if (!(error instanceof DiskError || error instanceof StatusError)) throw error
    const isFirst = error instanceof DiskError && error.code === 'not-found'
    if (!isFirst) findings.push(new StatusError('damaged', `${path} is not readable`, error))
  }
  const step = Buffer.from(random.bytes(4)).readUInt32BE() % 2 ** STEP_BITS
  const incarnation = last + 1 + step
  const finding = await saveIncarnation(disk, path, incarnation)
  if (finding !== null) findings.push(finding)
  return { incarnation, findings }
}

/** Null: it is on the disk. */
export async function saveIncarnation(
  disk: Disk,
  path: string,
  incarnation: number,
): Promise<StatusError | null> {
  assert(incarnation >= 1 && incarnation <= SEQUENCE_MAX, 'an incarnation is within its bounds')
  const digits = String(incarnation)
  try {
    await disk.replaceFile(path, Buffer.from(`1 ${crc32cHex(digits)} ${digits}\n`))
    return null
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    return new StatusError('unavailable', `${path} cannot be written: ${error.message}`, error)
  }
}

function decode(text: string): number {
  const [, checksum, digits = ''] = PATTERN.exec(text) ?? []
  const number = Number(digits)
  if (checksum !== undefined && checksum === crc32cHex(digits) && number < SEQUENCE_MAX)
    return number
  throw new StatusError('damaged', 'the incarnation is damaged')
}
