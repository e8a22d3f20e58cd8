// One run of one probe: its time, its requests, and what failed. What has to be there beforehand, and
// what is looked at afterwards, has a time of its own: a PUT that hangs does not use up DELETE's.

import type { Clock } from '../../base/clock.ts'
import {
  PROBE_ASIDE_MS_MAX,
  PROBE_MS_MAX,
  S3_CLIENT_TRIES_MAX,
  S3_CLIENT_TRY_MS_MAX,
} from '../../base/limits.ts'
import type { Network } from '../../base/network.ts'
import type { Random } from '../../base/random.ts'
import { S3ClientError } from '../../s3/client-error.ts'
import { S3Client } from '../../s3/client.ts'
import type { CellConfig } from '../config.ts'
import type { FailureKind, ProbeFailure } from '../status.ts'
import type { CellMemory } from './canary.ts'

/** Where a probe goes, and with what. */
export interface ProbeTarget {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly cell: CellConfig
  /** Before every key of this site: `SITE/`. */
  readonly prefix: string
  readonly memory: CellMemory
  readonly signal: AbortSignal
}

export type Verdict =
  | { readonly kind: 'well' }
  | { readonly kind: 'failed'; readonly failure: ProbeFailure }
  /** It says nothing of the operation: what must be there for it could not be put. */
  | { readonly kind: 'unsure'; readonly failure: ProbeFailure }

/** What one step came to. */
export type Step<T> =
  | { readonly value: T; readonly failure: null }
  | { readonly value: null; readonly failure: ProbeFailure }

export const WELL: Verdict = { kind: 'well' }

export function failed(failure: ProbeFailure): Verdict {
  return { kind: 'failed', failure }
}

export function unsure(failure: ProbeFailure): Verdict {
  return { kind: 'unsure', failure }
}

/** It answered that all is well, and not with what was stored. */
export function wrongData(message: string): Verdict {
  return failed({ kind: 'wrong-data', status: 200, code: null, requestId: null, message, raw: '' })
}

export class ProbeRun {
  readonly target: ProbeTarget
  readonly bucket: string
  /** Of the steps alone. */
  durationMs = 0
  retryCount = 0
  /** Of the last aside: whether its requests were all answered at once. */
  isAsidePlain = true
  #asideMs = 0

  constructor(target: ProbeTarget) {
    this.target = target
    this.bucket = target.cell.bucket
  }

  /** Does what the probe is about, as the cell's account or with another secret. */
  async step<T>(act: (client: S3Client) => Promise<T>, secret?: string): Promise<Step<T>> {
    const { clock } = this.target
    const beganMs = clock.monotonicMs()
    const leftMs = PROBE_MS_MAX - this.durationMs
    const client = this.#client(leftMs, S3_CLIENT_TRIES_MAX, secret)
    try {
      return await attempt(act, client)
    } finally {
      this.durationMs += clock.monotonicMs() - beganMs
      this.retryCount += client.retryCount
    }
  }

  /** Does what is beside it; in all asides together PROBE_ASIDE_MS_MAX. */
  async aside<T>(act: (client: S3Client) => Promise<T>): Promise<Step<T>> {
    const { clock } = this.target
    const beganMs = clock.monotonicMs()
    const client = this.#client(PROBE_ASIDE_MS_MAX - this.#asideMs, 2)
    try {
      return await attempt(act, client)
    } finally {
      this.#asideMs += clock.monotonicMs() - beganMs
      this.isAsidePlain = client.retryCount === 0
    }
  }

  /** Makes the bucket where it is missing. Null: it is there, as far as is known. */
  async ensureBucket(): Promise<ProbeFailure | null> {
    const { memory } = this.target
    if (memory.isBucketThere) return null
    const head = await this.aside(async (client) => await client.headBucket(this.bucket))
    if (head.failure !== null) return null // the operation itself will tell
    if (!head.value) {
      const made = await this.aside(async (client) => await client.createBucket(this.bucket))
      if (made.failure !== null) return made.failure
    }
    memory.isBucketThere = true
    return null
  }

  #client(leftMs: number, triesMax: number, secret?: string): S3Client {
    const { cell, clock, memory, network, random, signal } = this.target
    return new S3Client({
      network,
      clock,
      random,
      endpoints: cell.endpoints,
      region: cell.signingRegion,
      accessKeyId: cell.accessKey,
      secret: secret ?? cell.secretKey,
      memory: memory.client,
      triesMax,
      tryMs: S3_CLIENT_TRY_MS_MAX,
      deadlineMs: clock.monotonicMs() + leftMs,
      signal,
    })
  }
}

async function attempt<T>(
  act: (client: S3Client) => Promise<T>,
  client: S3Client,
): Promise<Step<T>> {
  try {
    return { value: await act(client), failure: null }
  } catch (error) {
    if (!(error instanceof S3ClientError)) throw error
    return { value: null, failure: failureOf(error) }
  }
}

/** What the page for who operates shows of it. */
export function failureOf({ answer, code, message }: S3ClientError): ProbeFailure {
  const kind: FailureKind = code === 'too-large' ? 'malformed' : code
  const { raw, requestId, s3Code, status } = answer
  return { kind, status, code: s3Code, requestId, message, raw }
}
