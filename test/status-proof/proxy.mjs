// A way from a site to one place, over loopback, that the proof can break: it cuts, says nothing,
// answers in the place's stead, delays answers, or changes a byte of them.

import http from 'node:http'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** Faults of a way. `picks` is asked for each request: which of them meet it. */
export const faults = {
  /** Every connection is reset. */
  cut: () => ({ kind: 'cut' }),
  /** Packets vanish: connections open, and nothing is answered. */
  silent: () => ({ kind: 'silent' }),
  /** S3's error in the place's stead. */
  answer: (status, code, picks) => ({ kind: 'answer', status, code, picks }),
  /** Answers come later. */
  delay: (delayMs, picks) => ({ kind: 'delay', delayMs, picks }),
  /** One bit of the body is another. */
  flip: (picks) => ({ kind: 'flip', picks }),
}

export class Proxy {
  #server
  #http
  #targetPort
  #fault = null
  #sockets = new Set()

  /** Listens on a free port. */
  static async open(targetPort) {
    const proxy = new Proxy(targetPort)
    await new Promise((done) => proxy.#server.listen(0, '127.0.0.1', done))
    return proxy
  }

  constructor(targetPort) {
    this.#targetPort = targetPort
    this.#http = http.createServer((request, response) => this.#serve(request, response))
    this.#http.keepAliveTimeout = 60_000
    this.#server = createServer((socket) => this.#connect(socket))
  }

  get origin() {
    return `http://127.0.0.1:${this.#server.address().port}`
  }

  break(fault) {
    this.#fault = fault
    if (fault.kind === 'cut') this.#reset()
  }

  heal() {
    const had = this.#fault?.kind
    this.#fault = null
    if (had === 'silent') this.#reset()
  }

  close() {
    this.#reset()
    this.#server.close()
  }

  #reset() {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  #connect(socket) {
    socket.on('error', () => {
      /* a client that left */
    })
    if (this.#fault?.kind === 'cut') {
      socket.resetAndDestroy()
      return
    }
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    this.#http.emit('connection', socket)
  }

  #serve(request, response) {
    const fault = this.#fault
    const isHit = fault !== null && (fault.picks?.(request) ?? true)
    request.on('error', () => response.destroy())
    if (isHit && fault.kind === 'silent') return
    if (isHit && fault.kind === 'answer') {
      request.resume().on('end', () => answerError(request, response, fault))
      return
    }
    const { headers, method, url } = request
    const sent = { host: '127.0.0.1', port: this.#targetPort, method, path: url, headers }
    const upstream = http.request({ ...sent, agent: false }, (answer) => {
      void this.#pass(answer, response, isHit ? fault : null)
    })
    upstream.on('error', () => response.destroy())
    response.on('close', () => upstream.destroy())
    request.pipe(upstream)
  }

  async #pass(answer, response, fault) {
    if (fault?.kind === 'delay') await pause(fault.delayMs)
    if (this.#fault?.kind === 'silent' || response.destroyed) return
    const headers = { ...answer.headers }
    delete headers.connection
    response.writeHead(answer.statusCode, headers)
    const isFlipped = fault?.kind === 'flip' && answer.statusCode === 200
    let isFirst = true
    answer.on('data', (piece) => {
      if (isFlipped && isFirst) piece[piece.length >> 1] ^= 1
      isFirst = false
      if (!response.write(piece)) answer.pause()
    })
    response.on('drain', () => answer.resume())
    answer.on('end', () => response.end())
    answer.on('error', () => response.destroy())
  }
}

function answerError(request, response, { code, status }) {
  const body =
    request.method === 'HEAD'
      ? ''
      : `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code>` +
        '<Message>The proof says so.</Message><RequestId>PROOF</RequestId></Error>'
  const headers = {
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
    'x-amz-request-id': 'PROOF',
  }
  response.writeHead(status, headers)
  response.end(body)
}
