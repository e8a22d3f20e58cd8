// A listener whose requests and answers are plain values: a handler gets each request whole, its
// body bounded, and answers at once or by a promise. For small sites that a crowd must not stop:
// see connection-crowd.ts.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { HttpAnswer } from '../base/network.ts'
import { ConnectionCrowd } from './connection-crowd.ts'
import type { CrowdLimits } from './connection-crowd.ts'
import { listenHttp } from './http-server.ts'
import type { ListenOptions } from './http-server.ts'

export interface PlainRequest {
  readonly method: string
  /** Path and query as they came. */
  readonly target: string
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
}

export interface PlainServerOptions extends CrowdLimits {
  readonly host: string
  readonly port: number
  readonly tls: ListenOptions['tls']
  readonly headerSizeBytesMax: number
  readonly bodySizeBytesMax: number
  /** Handlers at work at once; with more, a request that brings a body is answered 503. */
  readonly answersMax: number
  /** At the end: how long handlers at work are waited for. */
  readonly drainMsMax: number
  readonly onTlsError: ListenOptions['onTlsError']
  readonly onTlsChange: ListenOptions['onTlsChange']
  /** Told of a handler's defect; the request was answered 500. */
  readonly onDefect: (error: unknown) => void
}

export interface PlainServer extends AsyncDisposable {
  readonly port: number
  readonly connectionCount: number
  /** Connections that were too slow, or had to go for others. */
  readonly shedCount: number
}

type Handler = (request: PlainRequest) => HttpAnswer | Promise<HttpAnswer>

/** How often slow connections are looked for. */
const SWEEP_MS = 1000
/** Places beyond the crowd's, as a share of them, for connections that were ended and are not closed yet. */
const CLOSING_SHARE = 1 / 8
const CLOSING_MIN = 32
const NO_BODY = new Uint8Array(0)

/** @throws the kernel's error (EADDRINUSE, EACCES), or TLS's on a bad certificate */
export async function listenPlain(
  options: PlainServerOptions,
  answer: Handler,
): Promise<PlainServer> {
  const listener = new Listener(options, answer)
  const closingMax = Math.max(CLOSING_MIN, Math.ceil(options.connectionsMax * CLOSING_SHARE))
  const http = await listenHttp(
    {
      ...options,
      connectionsMax: options.connectionsMax + closingMax,
      headersTimeoutMs: options.headTimeoutMs,
      keepAliveMs: options.idleMs,
    },
    (server) => listener.attach(server),
  )
  const sweeping = setInterval(() => listener.crowd.sweep(performance.now()), SWEEP_MS)
  sweeping.unref()
  let closing: Promise<void> | null = null
  const close = async (): Promise<void> => {
    const closed = http.close()
    await listener.drain()
    await closed
    clearInterval(sweeping)
  }
  return {
    port: http.port,
    get connectionCount() {
      return listener.crowd.count
    },
    get shedCount() {
      return listener.crowd.shedCount
    },
    [Symbol.asyncDispose]: async () => await (closing ??= close()),
  }
}

class Listener {
  readonly crowd: ConnectionCrowd
  readonly #options: PlainServerOptions
  readonly #answer: Handler
  /** Header lists of answers that are given again and again. */
  readonly #heads = new WeakMap<HttpAnswer, string[]>()
  #answersCount = 0
  #isDraining = false
  #onEmpty: (() => void) | null = null

  constructor(options: PlainServerOptions, answer: Handler) {
    this.#options = options
    this.#answer = answer
    this.crowd = new ConnectionCrowd(options)
  }

  attach(server: Server): void {
    server.on('connection', (socket: Socket) => {
      const key = keyOf(socket)
      this.crowd.enter(key, socket, performance.now())
      socket.once('close', () => this.#leave(key, socket))
    })
    server.on('request', (req: IncomingMessage, res: ServerResponse) => this.#take(req, res))
  }

  /** Lets handlers at work end and their answers be taken; everything else is cut. */
  async drain(): Promise<void> {
    this.#isDraining = true
    this.crowd.clear({ isAnsweredToo: false })
    if (this.crowd.count > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#options.drainMsMax)
        this.#onEmpty = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.crowd.clear({ isAnsweredToo: true })
  }

  #leave(key: string, socket: Socket): void {
    this.crowd.leave(key, socket)
    if (this.crowd.count === 0) this.#onEmpty?.()
  }

  #take(req: IncomingMessage, res: ServerResponse): void {
    const key = keyOf(req.socket)
    const hasBody = 'content-length' in req.headers || 'transfer-encoding' in req.headers
    if (!hasBody || req.headers['content-length'] === '0')
      return this.#handle(req, res, key, NO_BODY)
    this.crowd.turn(key, 'sending', performance.now())
    const { bodySizeBytesMax } = this.#options
    if (Number(req.headers['content-length'] ?? 0) > bodySizeBytesMax) return refuseBody(req, res)
    const pieces: Buffer[] = []
    let sizeBytes = 0
    req.on('data', (piece: Buffer) => {
      sizeBytes += piece.length
      if (sizeBytes <= bodySizeBytesMax) pieces.push(piece)
      else if (!res.headersSent) refuseBody(req, res)
    })
    req.once('end', () => {
      if (sizeBytes <= bodySizeBytesMax) this.#handle(req, res, key, Buffer.concat(pieces))
    })
    // A client that goes away in the middle of its body: nobody is left to tell.
    req.once('error', () => res.destroy())
  }

  #handle(req: IncomingMessage, res: ServerResponse, key: string, body: Uint8Array): void {
    if (body.length > 0 && this.#answersCount >= this.#options.answersMax) {
      return this.#send(req, res, key, plainText(503, 'too many posts at once; try again'))
    }
    let answer: HttpAnswer | Promise<HttpAnswer>
    try {
      answer = this.#answer({
        method: req.method ?? '',
        target: req.url ?? '',
        headers: headersOf(req),
        body,
      })
    } catch (error) {
      answer = this.#fail(error)
    }
    if (!(answer instanceof Promise)) return this.#send(req, res, key, answer)
    void this.#await(req, res, key, answer)
  }

  async #await(
    req: IncomingMessage,
    res: ServerResponse,
    key: string,
    promise: Promise<HttpAnswer>,
  ): Promise<void> {
    this.crowd.turn(key, 'answered', performance.now())
    this.#answersCount += 1
    const answer = await promise.catch((error: unknown) => this.#fail(error))
    this.#send(req, res, key, answer)
    this.#answersCount -= 1
  }

  #fail(error: unknown): HttpAnswer {
    this.#options.onDefect(error)
    return plainText(500, 'internal error')
  }

  #send(req: IncomingMessage, res: ServerResponse, key: string, answer: HttpAnswer): void {
    if (res.destroyed) return
    let head = this.#heads.get(answer)
    if (head === undefined) {
      head = [...answer.headers].flat()
      if (answer.status !== 304) head.push('content-length', String(answer.body.length))
      this.#heads.set(answer, head)
    }
    if (this.#isDraining) res.shouldKeepAlive = false
    res.writeHead(answer.status, head)
    if (req.method === 'HEAD' || answer.status === 304) res.end()
    else res.end(answer.body)
    const isTaken = res.writableFinished || req.socket.writableLength === 0
    this.crowd.turn(key, isTaken ? 'waiting' : 'taking', performance.now())
    if (isTaken && !this.#isDraining) return
    res.once('finish', () => {
      this.crowd.turn(key, 'waiting', performance.now())
      if (this.#isDraining) req.socket.destroySoon()
    })
  }
}

/** A body that is too large is not read to its end. */
function refuseBody(req: IncomingMessage, res: ServerResponse): void {
  const { body, headers, status } = plainText(413, 'the request is too large')
  res.writeHead(status, [...headers, ['connection', 'close']].flat())
  res.end(body)
  req.resume()
}

function plainText(status: number, text: string): HttpAnswer {
  return {
    status,
    headers: new Map([['content-type', 'text/plain; charset=utf-8']]),
    body: Buffer.from(`${text}\n`),
  }
}

function headersOf(req: IncomingMessage): Map<string, string> {
  const headers = new Map<string, string>()
  for (const name in req.headers) {
    const value = req.headers[name]
    if (value !== undefined) headers.set(name, typeof value === 'string' ? value : value.join(', '))
  }
  return headers
}

/** The same for a connection and for what TLS makes of it. */
function keyOf(socket: Socket): string {
  return `${socket.remotePort ?? 0} ${socket.remoteAddress ?? ''}`
}
