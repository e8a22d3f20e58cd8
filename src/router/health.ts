// `/-/health/live`, `/-/health/ready` and `/-/metrics`. No bucket can be named `-`, so they can
// stand beside S3 on one listener.

import type { BucketId } from '../base/id.ts'
import { parseTarget, type RequestTarget } from '../s3/request-target.ts'
import { S3Error } from '../s3/s3-error.ts'
import { sendError } from './answer-error.ts'
import type { Exchange } from './exchange.ts'
import { renderMetrics } from './metrics-text.ts'
import type { Services } from './services.ts'
import { toS3Error } from './to-s3-error.ts'

/** Never a bucket's: asked for to see whether the index answers. */
const NO_BUCKET = '0'.repeat(32) as BucketId

/** Whether a request is for the operator, not for S3. */
export function isAdminTarget(target: RequestTarget): boolean {
  return target.bucket === '-' && target.style === 'path'
}

/** Answers a request for the operator; anything that is none of the three is 404. */
export async function answerAdmin(exchange: Exchange, target: RequestTarget): Promise<void> {
  const { req, services } = exchange
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    return sendError(exchange, new S3Error('MethodNotAllowed', { headers: { allow: 'GET, HEAD' } }))
  }
  switch (target.rawPath) {
    case '/-/health/live':
      return sendJson(exchange, 200, { status: 'live' })
    case '/-/health/ready': {
      const state = await readiness(services)
      const isReady = Object.values(state).every((text) => text === 'serving')
      return sendJson(exchange, isReady ? 200 : 503, {
        status: isReady ? 'ready' : 'not-ready',
        ...state,
      })
    }
    case '/-/metrics': {
      const { gatherMetrics, metrics, watchdog, figures } = services
      const snapshots =
        gatherMetrics === null
          ? [metrics.snapshot(watchdog.count, figures())]
          : await gatherMetrics()
      return exchange.send(
        200,
        ['Content-Type', 'text/plain; version=0.0.4; charset=utf-8'],
        await renderMetrics(snapshots),
      )
    }
    default:
      return sendJson(exchange, 404, { status: 'not-found' })
  }
}

/** The same for a listener of its own, where anything else is 404. */
export async function answerAdminOnly(exchange: Exchange): Promise<void> {
  await answerAdmin(exchange, parseTarget(exchange.req.url ?? '', null, []))
}

/** What each subsystem says of itself: `serving`, or what is wrong. */
async function readiness(services: Services): Promise<Readonly<Record<string, string>>> {
  const { index, placement, known } = services
  const state = async (ask: () => Promise<unknown>): Promise<string> => {
    try {
      await ask()
      return 'serving'
    } catch (error) {
      const known = toS3Error(error)
      if (known === null) throw error
      return known.code
    }
  }
  return {
    index: await state(async () => await index.bucket(NO_BUCKET)),
    directory: await state(async () => await known.find(null, null)),
    placement: placement === null ? 'serving' : await state(async () => await placement.status()),
  }
}

function sendJson(exchange: Exchange, status: number, value: object): void {
  exchange.send(
    status,
    ['Content-Type', 'application/json', 'Cache-Control', 'no-store'],
    `${JSON.stringify(value)}\n`,
  )
}
