// A dependent service: its URL is asked as a client asks, and is to answer 2xx.

import type { Clock } from '../../base/clock.ts'
import {
  PROBE_MS_MAX,
  REPORT_SIZE_BYTES_MAX,
  S3_CLIENT_PAUSE_MS,
  S3_CLIENT_PAUSE_MS_MAX,
  S3_CLIENT_TRIES_MAX,
  S3_CLIENT_TRY_MS_MAX,
} from '../../base/limits.ts'
import { NetworkError } from '../../base/network.ts'
import type { HttpAnswer, HttpRequest, Network } from '../../base/network.ts'
import type { Random } from '../../base/random.ts'
import { retry } from '../../base/retry.ts'
import { S3ClientError, silentError, statusError } from '../../s3/client-error.ts'
import type { Outcome } from './probe-operation.ts'
import { failed, failureOf, WELL } from './probe-run.ts'

export interface ServiceTarget {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly url: string
  readonly signal: AbortSignal
}

/** The outcome, and the answer where there was one: it may be a report. */
export async function probeService(
  target: ServiceTarget,
): Promise<Outcome & { readonly answer: HttpAnswer | null }> {
  const { clock, network, random, signal, url } = target
  const beganMs = clock.monotonicMs()
  let tryCount = 0
  let answer: HttpAnswer | null = null
  const outcome = (verdict: Outcome['verdict']) => ({
    verdict,
    durationMs: clock.monotonicMs() - beganMs,
    retryCount: Math.max(0, tryCount - 1),
    answer,
  })
  try {
    await retry(
      {
        clock,
        random,
        triesMax: S3_CLIENT_TRIES_MAX,
        delayMs: S3_CLIENT_PAUSE_MS,
        delayMsMax: S3_CLIENT_PAUSE_MS_MAX,
        budgetMs: PROBE_MS_MAX - S3_CLIENT_TRY_MS_MAX / 2,
        isTransient: (error) => error instanceof S3ClientError && error.isTransient,
        signal,
      },
      async () => {
        tryCount += 1
        answer = null
        answer = await ask(network, getOf(url, S3_CLIENT_TRY_MS_MAX), signal)
        if (answer.status < 200 || answer.status >= 300) throw statusError(`GET of ${url}`, answer)
      },
    )
    return outcome(WELL)
  } catch (error) {
    if (!(error instanceof S3ClientError)) throw error
    return outcome(failed(failureOf(error)))
  }
}

/** A plain GET of a URL. */
export function getOf(url: string, timeoutMs: number): HttpRequest {
  const { origin, pathname, search } = new URL(url)
  return {
    origin,
    method: 'GET',
    target: `${pathname}${search}`,
    headers: ['accept', 'application/json'],
    body: new Uint8Array(),
    timeoutMs,
    answerSizeBytesMax: REPORT_SIZE_BYTES_MAX,
  }
}

async function ask(
  network: Network,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  try {
    return await network.request(request, signal)
  } catch (error) {
    if (signal.aborted || !(error instanceof NetworkError)) throw error
    throw silentError(`GET of ${request.origin}${request.target}`, error)
  }
}
