// Answers a request with an error: S3's XML, its headers, and a line in the log for what is ours.

import { renderError } from '../s3/error-xml.ts'
import { S3_ERRORS, S3Error } from '../s3/s3-error.ts'
import type { Exchange } from './exchange.ts'
import { RouterError } from './router-error.ts'
import { toS3Error } from './to-s3-error.ts'

/** Ends a request that failed, whatever it failed with and however far its answer has come. */
export function answerError(exchange: Exchange, thrown: unknown): void {
  if (thrown instanceof RouterError) return exchange.destroy(thrown.code)
  const failure = exchange.body?.failure ?? null
  const known = failure ?? toS3Error(thrown)
  const error = known ?? new S3Error('InternalError', { cause: thrown })
  if (error.status === 500) logFault(exchange, error)
  else if (error.status > 500) logTrouble(exchange, error)
  if (exchange.isAnswered) exchange.destroy(error.code)
  else sendError(exchange, error)
  if (known === null) exchange.services.onFault(thrown)
}

/** Sends an error that nothing was sent before. */
export function sendError(exchange: Exchange, error: S3Error): void {
  exchange.errorCode = error.code
  const fields = ['Content-Type', 'application/xml']
  for (const name of Object.keys(error.headers)) fields.push(name, error.headers[name] ?? '')
  const { retryAfterSec } = S3_ERRORS[error.code]
  if (retryAfterSec !== undefined) fields.push('Retry-After', String(retryAfterSec))
  if (error.status === 304 || exchange.isHead) return exchange.sendHead(error.status, fields)
  const {
    requestId,
    services: { hostId },
    target,
  } = exchange
  const resource =
    target === null || target.bucket === null
      ? '/'
      : target.key === null
        ? `/${target.bucket}`
        : `/${target.bucket}/${target.key}`
  exchange.send(error.status, fields, renderError(error, { requestId, hostId, resource }))
}

/** Why the store cannot serve, at most once a second: there may be thousands a second of them. */
function logTrouble(exchange: Exchange, error: S3Error): void {
  const { services, requestId, operation } = exchange
  const cause = rootOf(error)
  if (cause === null) return
  const requests = services.troubles.take(services.watchdog.nowMs())
  if (requests === 0) return
  const { name, message } = cause
  services.log.warn('the store cannot serve a request; the like of it is logged once a second', {
    requestId,
    operation,
    code: error.code,
    error: name,
    detail: message,
    requests,
  })
}

/** The error that is furthest down; null where the answer has no cause but itself. */
function rootOf(error: S3Error): Error | null {
  let root: Error | null = null
  for (let { cause } = error as Error; cause instanceof Error; { cause } = cause) root = cause
  return root
}

function logFault(exchange: Exchange, error: S3Error): void {
  const { cause } = error
  exchange.services.log.error(error.message, {
    requestId: exchange.requestId,
    operation: exchange.operation,
    ...(cause instanceof Error
      ? { error: cause.name, detail: cause.message, stack: cause.stack }
      : {}),
  })
}
