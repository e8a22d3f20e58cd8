// Reads the files of a record log at a start. What is damaged is moved aside and told, and the rest goes
// on: peers give back what was lost, and a page must serve.

import { DiskError } from '../../base/disk.ts'
import type { Disk } from '../../base/disk.ts'
import { STATUS_LOG_FILE_SIZE_BYTES_MAX } from '../../base/limits.ts'
import { StatusError } from '../status.ts'
import { decodeLine } from './log-line.ts'
import type { Envelope } from './record.ts'

export interface LoadedLog {
  /** In the order of the files; not yet checked. */
  readonly envelopes: readonly Envelope[]
  /** What was damaged: for the operator. */
  readonly findings: readonly StatusError[]
  /** The file that is written on; null: a new one. */
  readonly last: { readonly index: number; readonly sizeBytes: number } | null
  /** 0: there is none. */
  readonly indexMax: number
}

const FILE_PATTERN = /^(\d{6})\.log$/
const LINE_FEED = 0x0a

export function logFile(folder: string, index: number): string {
  return `${folder}/${String(index).padStart(6, '0')}.log`
}

/** @throws DiskError where not even the folder can be read */
export async function loadLog(disk: Disk, folder: string): Promise<LoadedLog> {
  const envelopes: Envelope[] = []
  const findings: StatusError[] = []
  let last: LoadedLog['last'] = null
  let indexMax = 0
  for (const name of await disk.list(folder)) {
    const [, digits] = FILE_PATTERN.exec(name) ?? []
    if (digits === undefined) continue
    indexMax = Number(digits) // names are sorted
    const path = logFile(folder, indexMax)
    const loaded = await loadFile(disk, path, findings)
    envelopes.push(...loaded.envelopes)
    const canGoOn = loaded.isWhole && loaded.sizeBytes < STATUS_LOG_FILE_SIZE_BYTES_MAX
    last = canGoOn ? { index: indexMax, sizeBytes: loaded.sizeBytes } : null
  }
  return { envelopes, findings, last, indexMax }
}

interface LoadedFile {
  readonly envelopes: readonly Envelope[]
  /** All of the file is sound lines now: another may be written behind. */
  readonly isWhole: boolean
  readonly sizeBytes: number
}

async function loadFile(disk: Disk, path: string, findings: StatusError[]): Promise<LoadedFile> {
  const bytes = await disk.readFile(path).catch((error: unknown) => {
    findings.push(damaged(`${path} cannot be read`, error))
    return null
  })
  if (bytes === null) return { envelopes: [], isWhole: false, sizeBytes: 0 }
  const { envelopes, sound, bad, isTorn } = readLines(bytes)
  const sizeBytes = sound.reduce((sum, line) => sum + line.length, 0)
  if (bad.length === 0 && !isTorn) {
    const error = await trySync(disk, path)
    if (error !== null) findings.push(damaged(`${path} cannot be synced`, error))
    return { envelopes, isWhole: error === null, sizeBytes }
  }
  try {
    if (bad.length > 0) {
      // First the evidence, then the file without it: a power cut between leaves both whole.
      await disk.replaceFile(`${path}.damaged`, Buffer.concat(bad))
      findings.push(damaged(`${path}: ${bad.length} lines; they are in ${path}.damaged now`))
    }
    await disk.replaceFile(path, Buffer.concat(sound))
    return { envelopes, isWhole: true, sizeBytes }
  } catch (error) {
    findings.push(damaged(`${path} is damaged and cannot be put right`, error))
    return { envelopes, isWhole: false, sizeBytes }
  }
}

/**
 * A line may be there of a write that nobody synced: its process died in it. It is shown from now on, and
 * others are written behind it, so no power cut may take it. Null: it is durable.
 */
async function trySync(disk: Disk, path: string): Promise<DiskError | null> {
  try {
    const file = await disk.open(path, 'append')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
    return null
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    return error
  }
}

/**
 * What follows the last line feed is torn: a write that never came back, so nobody was told that it
 * was done. A whole line that is not sound may be that too, or may have rotted; it is told.
 */
function readLines(bytes: Buffer): {
  envelopes: Envelope[]
  sound: Buffer[]
  bad: Buffer[]
  isTorn: boolean
} {
  const envelopes: Envelope[] = []
  const sound: Buffer[] = []
  const bad: Buffer[] = []
  let start = 0
  for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
    const envelope = decodeLine(bytes.subarray(start, end))
    const line = bytes.subarray(start, end + 1)
    start = end + 1
    if (envelope === null) bad.push(line)
    else {
      envelopes.push(envelope)
      sound.push(line)
    }
  }
  return { envelopes, sound, bad, isTorn: start < bytes.length }
}

function damaged(what: string, cause?: unknown): StatusError {
  const why = cause instanceof DiskError ? ` (${cause.message})` : ''
  const next = 'Peers give back what they have of it'
  return new StatusError('damaged', `the record log: ${what}${why}. ${next}`, cause)
}
