// Validates the index's records, each part of the key space in a process of its own, so that a store
// that is served goes on serving, and a file so damaged that reading it ends a process ends none
// that serves.

import { join } from 'node:path'
import type { EngineReader } from '../engine/engine.ts'
import { ObjectIndexError } from '../object-index/object-index.ts'
import { wholeIndex } from '../object-index/partition.ts'
import { estimateRecords, mergeValidation, planPartitions } from '../object-index/validate.ts'
import type {
  PartialValidation,
  ValidationRange,
  ValidationReport,
} from '../object-index/validate.ts'
import { spawnChild } from '../platform/child.ts'
import { builtEntry } from '../platform/entry.ts'
import { describeMachine } from '../platform/machine.ts'
import type { Progress } from './admin.ts'
import type { Ground } from './embedded.ts'
import { INDEX_FOLDER } from './store-folder.ts'

export interface ToValidator {
  readonly indexFolder: string
  readonly partition: ValidationRange
}
export type FromValidator =
  | { readonly kind: 'progress'; readonly recordsDone: number }
  | { readonly kind: 'done'; readonly partial: PartialValidation }
  | { readonly kind: 'failed'; readonly message: string }

/**
 * A validator process that failed: nothing is known of its part, so nothing is proven. One that
 * crashed read a file so damaged that no process should read it that serves.
 */
export class VerifyError extends Error {
  override readonly name = 'VerifyError'
  readonly code: 'validator-failed' | 'validator-crashed'
  constructor(code: VerifyError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** Validates all records over as many processes as there are cores. @throws VerifyError */
export async function validateRecords(
  ground: Pick<Ground, 'folder' | 'clock'>,
  engine: EngineReader,
  note: (progress: Progress) => void,
): Promise<ValidationReport> {
  const startedAtMs = ground.clock.monotonicMs()
  const { partitions, estimate } = await plan(engine)
  const done = partitions.map(() => 0)
  const progress = (): void => {
    const recordsDone = done.reduce((sum, count) => sum + count, 0)
    const seconds = Math.max((ground.clock.monotonicMs() - startedAtMs) / 1000, 0.001)
    note({
      step: 'records',
      done: recordsDone,
      // Sums do not count all.
      total: estimate === null ? null : Math.max(estimate, recordsDone),
      unit: 'records',
      ratePerSec: recordsDone / seconds,
    })
  }
  const indexFolder = join(ground.folder, INDEX_FOLDER)
  const partials = await Promise.all(
    partitions.map(
      async (partition, part) =>
        await scanApart({ indexFolder, partition }, (recordsDone) => {
          done[part] = recordsDone
          progress()
        }),
    ),
  )
  return await mergeValidation(engine, partials)
}

/** Sums and extents say how to cut the work; where these are damaged, it is one piece. */
async function plan(engine: EngineReader): Promise<{
  readonly partitions: readonly ValidationRange[]
  readonly estimate: number | null
}> {
  try {
    const partitions = await planPartitions(engine, describeMachine().coreCount)
    return { partitions, estimate: await estimateRecords(engine) }
  } catch (cause) {
    if (!(cause instanceof ObjectIndexError) || cause.code !== 'corrupt') throw cause
    return { partitions: [wholeIndex()], estimate: null }
  }
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
        else reject(new VerifyError('validator-failed', answer.message))
      })
      child.onExit(({ code, signal }) => {
        const message = `a process that read them ended before it was done (${signal ?? code})`
        reject(new VerifyError('validator-crashed', message))
      })
      child.send(message)
    })
  } finally {
    child.kill()
  }
}
