// Runs the probe of one operation of a cell, once.

import type { Operation } from '../status.ts'
import { probeDelete } from './probe-delete.ts'
import { probeGet } from './probe-get.ts'
import { probeList } from './probe-list.ts'
import { probeMultipart } from './probe-multipart.ts'
import { probePut } from './probe-put.ts'
import { ProbeRun, unsure, type ProbeTarget, type Verdict } from './probe-run.ts'
import { probeSignIn } from './probe-sign-in.ts'

export interface Outcome {
  readonly verdict: Verdict
  /** Of the operation itself, without what had to be there before it. */
  readonly durationMs: number
  readonly retryCount: number
}

const PROBES: Readonly<Record<Operation, (run: ProbeRun) => Promise<Verdict>>> = {
  get: probeGet,
  list: probeList,
  put: probePut,
  delete: probeDelete,
  multipart: probeMultipart,
  'sign-in': probeSignIn,
}

/** @throws the signal's reason when aborted */
export async function probeOperation(operation: Operation, target: ProbeTarget): Promise<Outcome> {
  const run = new ProbeRun(target)
  const verdict = await probe(operation, run)
  return { verdict, durationMs: run.durationMs, retryCount: run.retryCount }
}

async function probe(operation: Operation, run: ProbeRun): Promise<Verdict> {
  if (operation === 'sign-in') return await PROBES[operation](run)
  const notMade = await run.ensureBucket()
  if (notMade !== null) return unsure(notMade)
  const { memory } = run.target
  const wasThere = memory.isBucketThere
  const verdict = await PROBES[operation](run)
  if (verdict.kind !== 'failed' || verdict.failure.code !== 'NoSuchBucket') return verdict
  memory.forgetBucket()
  return wasThere ? verdict : unsure(verdict.failure)
}
