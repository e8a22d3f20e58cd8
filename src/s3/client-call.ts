// One signed call with the tries of an ordinary client: another endpoint each time, capped backoff
// with jitter, a deadline over all; only what may be gone at the next try is tried again.

import type { Clock } from '../base/clock.ts'
import { digestHex } from '../base/digest.ts'
import { S3_CLIENT_PAUSE_MS, S3_CLIENT_PAUSE_MS_MAX } from '../base/limits.ts'
import { NetworkError } from '../base/network.ts'
import type { HttpAnswer, Network } from '../base/network.ts'
import type { Random } from '../base/random.ts'
import { backoffMs } from '../base/retry.ts'
import { lateError, S3ClientError, silentError, statusError } from './client-error.ts'
import type { ClientMemory } from './client-memory.ts'
import { parseHttpDate } from './http-date.ts'
import { signRequest } from './sign/sign.ts'

/** Whom a client asks, as whom, and for how long. */
export interface S3ClientOptions {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  /** Origins; at least one. */
  readonly endpoints: readonly string[]
  readonly region: string
  readonly accessKeyId: string
  readonly secret: string
  /** Shared by the clients of one store. */
  readonly memory: ClientMemory
  /** Of each call, the first included. */
  readonly triesMax: number
  /** One try; then the next is begun. */
  readonly tryMs: number
  /** By the monotonic clock; no call goes on beyond it. */
  readonly deadlineMs: number
  readonly signal?: AbortSignal
}

export interface S3Call {
  /** For people: `GET of b/k`. */
  readonly what: string
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers?: readonly string[]
  readonly body?: Uint8Array
  readonly answerSizeBytesMax: number
  /** Whether an answer that is 2xx is an error after all. */
  readonly isError?: (answer: HttpAnswer) => boolean
}

/** Asks until it is answered 2xx. @throws S3ClientError; the signal's reason when aborted */
export async function call(
  options: S3ClientOptions,
  request: S3Call,
  onTry: () => void,
): Promise<HttpAnswer> {
  const { clock, memory, random, signal, triesMax } = options
  const origins = memory.order(options.endpoints, random, clock.monotonicMs())
  let last: S3ClientError | null = null
  for (let index = 0; index < triesMax; index += 1) {
    signal?.throwIfAborted()
    if (last !== null) {
      const pauseMs =
        random.fraction() * backoffMs(index - 1, S3_CLIENT_PAUSE_MS, S3_CLIENT_PAUSE_MS_MAX)
      if (clock.monotonicMs() + pauseMs >= options.deadlineMs) break
      await clock.sleep(pauseMs, signal)
    }
    const leftMs = options.deadlineMs - clock.monotonicMs()
    if (leftMs <= 0) break
    const origin = origins[index % origins.length] ?? ''
    onTry()
    try {
      return await callOnce(options, request, {
        origin,
        timeoutMs: Math.min(options.tryMs, leftMs),
      })
    } catch (error) {
      if (!(error instanceof S3ClientError)) throw error
      last = error
      if (isSkewed(error, options)) continue
      if (!error.isTransient) break
    }
  }
  throw last ?? lateError(request.what)
}

async function callOnce(
  options: S3ClientOptions,
  request: S3Call,
  { origin, timeoutMs }: { readonly origin: string; readonly timeoutMs: number },
): Promise<HttpAnswer> {
  const { clock, memory, network, signal } = options
  const { method, target, what, body = new Uint8Array(), answerSizeBytesMax } = request
  const { headers } = signRequest(
    {
      method,
      rawTarget: target,
      headers: ['host', new URL(origin).host, ...(request.headers ?? [])],
      payloadHash: digestHex('sha256', body),
    },
    {
      accessKeyId: options.accessKeyId,
      secret: options.secret,
      region: options.region,
      nowMs: clock.nowMs() + memory.clockOffsetMs,
    },
  )
  const sent = { origin, method, target, headers, body, timeoutMs, answerSizeBytesMax }
  try {
    const answer = await network.request(sent, signal)
    memory.noteAnswer(origin)
    const isWell = answer.status >= 200 && answer.status < 300
    if (!isWell || request.isError?.(answer) === true) throw statusError(what, answer)
    return answer
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof NetworkError)) throw error
    const failure = silentError(what, error)
    if (failure.isSilent) memory.noteSilence(origin, clock.monotonicMs())
    throw failure
  }
}

/** Whether the clocks differ too much, and the difference is known now: as SDKs do, by the server's date. */
function isSkewed({ answer }: S3ClientError, { clock, memory }: S3ClientOptions): boolean {
  if (answer.s3Code !== 'RequestTimeTooSkewed' || answer.date === null) return false
  const serverMs = parseHttpDate(answer.date)
  if (serverMs === null) return false
  memory.clockOffsetMs = serverMs - clock.nowMs()
  return true
}
