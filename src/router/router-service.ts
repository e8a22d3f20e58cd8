// The router's implementation: admission before anything is read, then the pipeline; one watchdog
// over all requests, and an end that waits for those under way.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { REQUESTS_PER_WORKER_MAX } from '../base/limits.ts'
import { parseBaseDomains } from '../s3/request-target.ts'
import { S3Error } from '../s3/s3-error.ts'
import { SigningKeys } from '../s3/sign/signing-key.ts'
import { AccessLog } from './access-log.ts'
import { answerError, sendError } from './answer-error.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { DirectoryCache } from './directory-cache.ts'
import { Exchange } from './exchange.ts'
import { answerAdminOnly } from './health.ts'
import { HttpDate } from './http-clock.ts'
import { OnceASecond } from './once-a-second.ts'
import { answer } from './pipeline.ts'
import { RequestMetrics } from './request-metrics.ts'
import type { MetricsSnapshot, Router, RouterOptions } from './router.ts'
import type { Services } from './services.ts'
import { Watchdog } from './watchdog.ts'

/** Opens a router; all that it is given stays the caller's to close, after the router. */
export function openRouter(options: RouterOptions): Router {
  return new RouterService(options)
}

class RouterService implements Router {
  readonly #services: Services
  #isDraining = false
  #beginning: Exchange[] = []

  constructor(options: RouterOptions) {
    const { clock, random, settings } = options
    this.#services = {
      ...options,
      known: new DirectoryCache(options.directory),
      domains: parseBaseDomains(settings.domains),
      signingKeys: new SigningKeys(),
      metrics: new RequestMetrics(),
      accessLog: new AccessLog(settings.accessLog, clock, options.writeAccessLog),
      watchdog: new Watchdog(clock),
      date: new HttpDate(clock),
      troubles: new OnceASecond(),
      hostId: Buffer.from(random.bytes(24)).toString('base64'),
      newRequestId: requestIds(Buffer.from(random.bytes(4))),
    }
  }

  readonly onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    inTurn(res, () => this.#take(new Exchange(req, res, this.#services)))
  }

  readonly onCheckContinue = (req: IncomingMessage, res: ServerResponse): void => {
    inTurn(res, () => {
      const exchange = new Exchange(req, res, this.#services)
      exchange.expectsContinue = true
      this.#take(exchange)
    })
  }

  readonly onAdminRequest = (req: IncomingMessage, res: ServerResponse): void => {
    const exchange = new Exchange(req, res, this.#services)
    answerAdminOnly(exchange).catch((error: unknown) => answerError(exchange, error))
  }

  readonly onClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    answerBrokenRequest(error, socket, this.#services)
  }

  get inFlight(): number {
    return this.#services.watchdog.count
  }

  snapshot(): MetricsSnapshot {
    const { metrics, figures } = this.#services
    return metrics.snapshot(this.inFlight, figures())
  }

  async drain(): Promise<void> {
    this.#isDraining = true
    await this.#services.watchdog.idle()
    this.#services.accessLog.flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain()
    this.#services.watchdog.close()
  }

  /** With all that come in the same turn. */
  #begin(exchange: Exchange): void {
    if (this.#beginning.push(exchange) > 1) return
    this.#services.defer(() => {
      const batch = this.#beginning
      this.#beginning = []
      for (const each of batch) void answer(each)
    })
  }

  #take(exchange: Exchange): void {
    if (this.#isDraining) {
      exchange.res.shouldKeepAlive = false
      sendError(
        exchange,
        new S3Error('ServiceUnavailable', {
          message: 'This server is stopping. Try again.',
        }),
      )
    } else if (this.inFlight > REQUESTS_PER_WORKER_MAX) {
      this.#services.metrics.shed()
      sendError(exchange, new S3Error('SlowDown'))
    } else this.#begin(exchange)
  }
}

/**
 * A request that was sent behind another on its connection begins when that one is answered, since
 * it may rest on what that one writes; until then it has no socket. Source: RFC 9112, 9.3.2.
 */
function inTurn(res: ServerResponse, begin: () => void): void {
  if (res.socket === null) res.once('socket', begin)
  else begin()
}

/** Ids of 16 hex digits: half names the process, half counts. */
function requestIds(random: Buffer): () => string {
  const prefix = random.toString('hex').toUpperCase()
  let count = 0
  return () => {
    count = (count + 1) >>> 0
    return prefix + count.toString(16).toUpperCase().padStart(8, '0')
  }
}
