// Carries out a verification: the records, each part of the key space in a process of its own, then
// every blob that the index names.

import { join } from 'node:path'
import type { EngineReader } from '../engine/engine.ts'
import type { ObjectIndexReader } from '../object-index/object-index.ts'
import { mergeValidation, planPartitions } from '../object-index/validate.ts'
import type {
  PartialValidation,
  ValidationRange,
  ValidationReport,
} from '../object-index/validate.ts'
import { openScrubber } from '../placement/scrub.ts'
import { spawnChild } from '../platform/child.ts'
import { builtEntry } from '../platform/entry.ts'
import { describeMachine } from '../platform/machine.ts'
import type { Storage } from '../storage/storage.ts'
import type { Progress } from './admin.ts'
import type { Ground } from './embedded.ts'
import { INDEX_FOLDER } from './store-folder.ts'
import type { Finding, VerifyReport, VerifyRequest } from './verify.ts'

export interface ToValidator {
  readonly indexFolder: string
  readonly partition: ValidationRange
  /** Gives way to the processes that serve. */
  readonly isQuiet: boolean
}
export type FromValidator =
  | { readonly kind: 'progress'; readonly recordsDone: number }
  | { readonly kind: 'done'; readonly partial: PartialValidation }
  | { readonly kind: 'failed'; readonly message: string }

/** A validator process that failed: nothing is known of its part, so nothing is proven. */
export class VerifyError extends Error {
  override readonly name = 'VerifyError'
  readonly code = 'validator-failed'
}

export interface VerifyParts {
  readonly engine: EngineReader
  readonly index: ObjectIndexReader
  readonly storage: Storage
}

/** Verifies; `note` gets progress about twice a second. @throws VerifyError */
export async function verifyStore(
  ground: Ground,
  parts: VerifyParts,
  request: VerifyRequest,
  note: (progress: Progress) => void,
): Promise<VerifyReport> {
  const startedAtMs = ground.clock.monotonicMs()
  const records = await validateRecords(ground, parts.engine, note)
  const findings: Finding[] = [...records.findings]
  let isCut = records.findingCount > records.findings.length
  const blobs = { count: 0, bytes: 0 }
  if (request.depth === 'all') {
    const scrubber = openScrubber({
      index: parts.index,
      storage: parts.storage,
      clock: ground.clock,
    })
    const report = await scrubber.scrub({
      rateBytesPerSec: null,
      onProgress: (progress) =>
        note({
          step: 'blobs',
          done: progress.bytesDone,
          total: progress.bytesTotal,
          unit: 'bytes',
          ratePerSec: progress.rateBytesPerSec,
        }),
    })
    for (const { extentId, offset, referrers, message } of report.damage) {
      findings.push({
        kind: 'damaged-blob',
        what: `${referrers.join(', ')} (extent ${extentId} at ${offset})`,
        message,
      })
    }
    isCut ||= report.damageCount > report.damage.length
    blobs.count = report.blobs
    blobs.bytes = report.bytes
  }
  return {
    records: records.recordsDone,
    blobs: blobs.count,
    blobBytes: blobs.bytes,
    findings,
    isCut,
    durationMs: ground.clock.monotonicMs() - startedAtMs,
  }
}

/** Validates all records over as many processes as there are cores. */
export async function validateRecords(
  ground: Ground,
  engine: EngineReader,
  note: (progress: Progress) => void,
  isQuiet = false,
): Promise<ValidationReport> {
  const startedAtMs = ground.clock.monotonicMs()
  const partitions = await planPartitions(engine, isQuiet ? 1 : describeMachine().coreCount)
  const done = partitions.map(() => 0)
  const progress = (): void => {
    const recordsDone = done.reduce((sum, count) => sum + count, 0)
    const seconds = Math.max((ground.clock.monotonicMs() - startedAtMs) / 1000, 0.001)
    note({
      step: 'records',
      done: recordsDone,
      total: null,
      unit: 'records',
      ratePerSec: recordsDone / seconds,
    })
  }
  const indexFolder = join(ground.folder, INDEX_FOLDER)
  const partials = await Promise.all(
    partitions.map(
      async (partition, part) =>
        await scanApart({ indexFolder, partition, isQuiet }, (recordsDone) => {
          done[part] = recordsDone
          progress()
        }),
    ),
  )
  return await mergeValidation(engine, partials)
}

async function scanApart(
  message: ToValidator,
  onProgress: (recordsDone: number) => void,
): Promise<PartialValidation> {
  const child = spawnChild({
    entry: builtEntry('validator'),
    lockFd: -1,
    role: 'plain',
    execArgv: [],
  })
  try {
    return await new Promise<PartialValidation>((resolve, reject) => {
      child.onMessage((value) => {
        const answer = value as FromValidator
        if (answer.kind === 'progress') onProgress(answer.recordsDone)
        else if (answer.kind === 'done') resolve(answer.partial)
        else reject(new VerifyError(answer.message))
      })
      child.onExit(({ code, signal }) =>
        reject(new VerifyError(`a validator process ended before it was done (${signal ?? code})`)),
      )
      child.send(message)
    })
  } finally {
    child.kill()
  }
}
