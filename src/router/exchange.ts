// One request and its answer on the wire: ids, the head of every answer, writing without copies,
// what happens to a body that nobody read, and the record of it all when it has ended.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { BODY_SILENCE_MS, REQUEST_DEADLINE_MS } from '../base/limits.ts'
import type { RequestTarget } from '../s3/request-target.ts'
import type { S3Operation } from '../s3/s3-operation.ts'
import { Linger, planUnread } from './linger.ts'
import type { RequestBody } from './request-body.ts'
import { RouterError } from './router-error.ts'
import type { Services } from './services.ts'
import type { Watched } from './watchdog.ts'

const NO_FIELDS: readonly string[] = []
const XML_TYPE: readonly string[] = ['Content-Type', 'application/xml']

/** Name and value of each header in turn, as `writeHead` takes them. */
export type HeaderFields = readonly string[]

/** One request. Exactly one of `send`, `sendHead`, `start` and `destroy` answers it. */
export class Exchange implements Watched {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly services: Services
  readonly requestId: string
  readonly startedMs: number
  /** The client holds its body back until it is told to send it. */
  expectsContinue: boolean
  // Known as the pipeline goes on, and kept for the log.
  target: RequestTarget | null = null
  operation: S3Operation | null = null
  accountId: string | null = null
  errorCode: string | null = null
  body: RequestBody | null = null
  /** A transfer is under way, or bytes are copied: the deadline does not count. */
  isLong = false
  /** Called by the watchdog when the deadline is over. */
  onDeadline: (() => void) | null = null

  #status = 0
  #bytesOut = 0
  #isEnded = false
  #abort: AbortController | null = null
  #writing: { readonly sinceMs: number; readonly reject: (error: RouterError) => void } | null =
    null

  constructor(req: IncomingMessage, res: ServerResponse, services: Services) {
    this.req = req
    this.res = res
    this.services = services
    this.requestId = services.newRequestId()
    this.startedMs = services.watchdog.nowMs()
    this.expectsContinue = false
    services.watchdog.count += 1
    services.watchdog.add(this)
  }

  /** Whether the head of an answer has gone out, or never will. */
  get isAnswered(): boolean {
    return this.#status !== 0 || this.#isEnded
  }

  get isHead(): boolean {
    return this.req.method === 'HEAD'
  }

  /** Whether the client came by TLS. */
  get isSecure(): boolean {
    return 'encrypted' in this.req.socket
  }

  /** Aborted when the client goes away or the deadline passes. Made when first asked for. */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController()
      this.res.once('close', () => this.#onClose())
      if (this.res.destroyed || this.#isEnded) this.#abort.abort(gone())
    }
    return this.#abort.signal
  }

  /** A whole answer with a body, whose Content-Length is set here. */
  send(status: number, fields: HeaderFields, body: string | Uint8Array): void {
    if (this.isAnswered) return
    const sizeBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length
    const head = this.#head(fields)
    head.push('Content-Length', String(sizeBytes))
    this.#finish(status, head, body, sizeBytes)
  }

  /** 200 with an XML document, and `fields` behind its type. */
  sendDocument(document: string, fields: HeaderFields = NO_FIELDS): void {
    this.send(200, [...XML_TYPE, ...fields], document)
  }

  /** A whole answer without a body: `fields` say the Content-Length, if any. */
  sendHead(status: number, fields: HeaderFields = NO_FIELDS): void {
    if (this.isAnswered) return
    this.#finish(status, this.#head(fields), null, 0)
  }

  /** A whole answer whose body nobody changes any more. `fields` say the Content-Length. */
  sendWhole(status: number, fields: HeaderFields, body: Uint8Array): void {
    if (!this.isAnswered) this.#finish(status, this.#head(fields), body, body.length)
  }

  /**
   * A whole answer whose body is in memory that is the caller's again when this resolves. `fields`
   * say the Content-Length. @throws RouterError
   */
  async sendPiece(status: number, fields: HeaderFields, piece: Uint8Array): Promise<void> {
    if (this.isAnswered) return
    const { res } = this
    this.#status = status
    this.#bytesOut = piece.length
    res.writeHead(status, this.#head(fields))
    res.end(piece)
    if (!res.writableFinished) await this.#flushed()
    this.#end()
  }

  /** Sends the head of an answer whose body follows by `write`. */
  start(status: number, fields: HeaderFields): void {
    if (this.isAnswered) throw new RouterError('deadline', 'the request was answered before')
    this.isLong = true
    this.#status = status
    this.res.writeHead(status, this.#head(fields))
  }

  /** Resolves when the kernel has taken the piece. @throws RouterError */
  write(piece: Uint8Array | string): Promise<void> {
    return new Promise((resolve, reject) => {
      const sinceMs = this.services.watchdog.nowMs()
      if (this.#isEnded || this.res.destroyed) return reject(gone())
      void this.signal // so that a client that goes away is heard of
      this.#writing = { sinceMs, reject }
      this.#bytesOut += piece.length
      this.res.write(piece, (error) => {
        this.#writing = null
        if (error === null || error === undefined) resolve()
        else reject(gone(error))
      })
    })
  }

  /** Ends what `start` began. */
  finish(): void {
    this.res.end()
    this.#end()
  }

  /** Cuts the connection: an answer under way can no longer look whole. */
  destroy(errorCode: string): void {
    this.errorCode ??= errorCode
    this.res.destroy()
    this.req.socket.destroy()
    this.#end()
  }

  /** Lets the client send its body, if it waits for that. */
  sendContinue(): void {
    if (!this.expectsContinue) return
    this.expectsContinue = false
    this.res.writeContinue()
  }

  check(nowMs: number): void {
    const { body } = this
    if (this.#writing !== null && nowMs - this.#writing.sinceMs > BODY_SILENCE_MS) {
      this.#writing.reject(
        new RouterError('slow-client', `the client took no byte for ${BODY_SILENCE_MS} ms`),
      )
      this.destroy('slow-client')
      return
    }
    body?.check(nowMs)
    if (this.isLong || body !== null || nowMs - this.startedMs < REQUEST_DEADLINE_MS) return
    this.isLong = true // once
    this.#abort?.abort(new RouterError('deadline', 'the request took too long'))
    this.onDeadline?.()
  }

  #head(fields: HeaderFields): string[] {
    const { services } = this
    const head = [
      'x-amz-request-id',
      this.requestId,
      'x-amz-id-2',
      services.hostId,
      'Date',
      services.date.text(),
      'Server',
      'Holdfast',
    ]
    for (const field of fields) head.push(field)
    return head
  }

  #finish(
    status: number,
    head: string[],
    body: string | Uint8Array | null,
    sizeBytes: number,
  ): void {
    const { req, res } = this
    this.#status = status
    this.#bytesOut = this.isHead ? 0 : sizeBytes
    const unread = req.complete ? 'none' : planUnread(req, this)
    if (unread === 'cut' || unread === 'linger') head.push('Connection', 'close')
    res.writeHead(status, head)
    if (unread === 'linger') {
      // The client gets its answer whole; the connection ends once it stops sending, or soon.
      if (body !== null && !this.isHead) res.write(body)
      else res.flushHeaders()
    } else if (body === null || this.isHead) res.end()
    else res.end(body)
    if (unread === 'drain' || unread === 'linger') {
      this.services.watchdog.add(new Linger(req, res, this.services.watchdog))
    }
    if (res.writableLength === 0) this.#end()
    else this.#endOnceTaken()
  }

  /** What the client has not taken is in memory: the request counts, and is watched, until then. */
  #endOnceTaken(): void {
    const { res, services } = this
    this.#writing = { sinceMs: services.watchdog.nowMs(), reject: () => undefined }
    res.once('finish', () => this.#end())
    res.once('close', () => this.#end())
  }

  /** Resolves when all of an ended answer is with the kernel. */
  #flushed(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { res } = this
      this.#writing = { sinceMs: this.services.watchdog.nowMs(), reject }
      res.once('finish', resolve)
      res.once('close', () => {
        if (!res.writableFinished) reject(gone())
      })
      if (res.destroyed) reject(gone())
    })
  }

  #onClose(): void {
    if (this.#isEnded) return
    const error = gone()
    this.#abort?.abort(error)
    this.#writing?.reject(error)
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#writing = null
    const { services, target, operation, errorCode } = this
    const durationMs = services.watchdog.nowMs() - this.startedMs
    const bytesIn = this.body?.receivedBytes ?? 0
    const bytesOut = this.#bytesOut
    services.metrics.record(operation, this.#status, { durationMs, bytesIn, bytesOut })
    if (services.accessLog.wants(errorCode)) {
      services.accessLog.add({
        time: new Date(services.clock.nowMs()).toISOString(),
        requestId: this.requestId,
        remote: this.req.socket.remoteAddress ?? '',
        account: this.accountId,
        operation,
        method: this.req.method ?? '',
        bucket: target?.bucket ?? null,
        key: target?.key ?? null,
        status: this.#status,
        error: errorCode,
        bytesIn,
        bytesOut,
        ms: Math.round(durationMs * 100) / 100,
      })
    }
    services.watchdog.remove(this)
    services.watchdog.leave()
  }
}

function gone(cause?: unknown): RouterError {
  return new RouterError('client-gone', 'the client ended its connection', cause)
}
