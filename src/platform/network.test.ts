// The real network against sockets of this machine: what goes over the wire, and each way to fail.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server,
  type Socket,
} from 'node:net'
import { test } from 'node:test'
import { NetworkError } from '../base/network.ts'
import type { HttpRequest, NetworkErrorCode } from '../base/network.ts'
import { FIRST } from '../../test/serve/certificates.ts'
import { openNetwork } from './network.ts'

type Handler = (req: IncomingMessage, res: ServerResponse) => void

/** A server that is gone, with all its connections, when it is disposed of. */
async function listening(server: Server): Promise<{ origin: string } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}

function answering(handler: Handler): Promise<{ origin: string } & AsyncDisposable> {
  return listening(createServer({ insecureHTTPParser: false }, handler))
}

/** Answers each connection's first bytes with these, and ends it. */
function saying(text: string): Promise<{ origin: string } & AsyncDisposable> {
  return listening(
    createNetServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.once('data', () => socket.end(text))
    }),
  )
}

function requestTo(origin: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return {
    origin,
    method: 'GET',
    target: '/',
    headers: [],
    body: new Uint8Array(),
    timeoutMs: 20_000,
    answerSizeBytesMax: 1000,
    ...more,
  }
}

async function codeOf(request: HttpRequest): Promise<NetworkErrorCode> {
  await using network = openNetwork()
  const error: unknown = await network.request(request).then(
    ({ status }) => assert.fail(`answered ${status}`),
    (error: unknown) => error,
  )
  assert.ok(error instanceof NetworkError, String(error))
  assert.ok(error.message.includes(request.origin), error.message)
  return error.code
}

test('target, headers and body go out as they are, and the answer comes back whole', async () => {
  let seen: unknown = null
  await using server = await answering((req, res) => {
    const pieces: Buffer[] = []
    req.on('data', (piece: Buffer) => pieces.push(piece))
    req.on('end', () => {
      seen = [req.method, req.url, req.rawHeaders, Buffer.concat(pieces).toString()]
      res.writeHead(207, ['X-Twice', 'a', 'x-twice', 'b', 'Content-Length', '3']).end('yes')
    })
  })
  await using network = openNetwork()
  const answer = await network.request(
    requestTo(server.origin, {
      method: 'PUT',
      target: '/a/../b//%2f?x=%20&y',
      headers: ['X-One', '1', 'x-one', '2'],
      body: Buffer.from('body'),
    }),
  )
  const host = server.origin.slice('http://'.length)
  assert.deepEqual(seen, [
    'PUT',
    '/a/../b//%2f?x=%20&y',
    ['Host', host, 'Content-Length', '4', 'X-One', '1', 'x-one', '2', 'Connection', 'keep-alive'],
    'body',
  ])
  assert.equal(answer.status, 207)
  assert.equal(answer.headers.get('x-twice'), 'a, b')
  assert.equal(Buffer.from(answer.body).toString(), 'yes')
})

test('a Host that is given is kept, and a redirect is answered, not followed', async () => {
  await using server = await answering((req, res) => {
    res.writeHead(301, { location: '/elsewhere', 'x-host': req.headers.host }).end()
  })
  await using network = openNetwork()
  const answer = await network.request(requestTo(server.origin, { headers: ['host', 'other'] }))
  assert.deepEqual([answer.status, answer.headers.get('location')], [301, '/elsewhere'])
  assert.equal(answer.headers.get('x-host'), 'other')
})

test('a connection is kept, and a long answer to HEAD is not too large', async () => {
  const sockets = new Set<unknown>()
  await using server = await answering((req, res) => {
    sockets.add(req.socket)
    res.writeHead(200, { 'content-length': '5000' }).end()
  })
  await using network = openNetwork()
  for (let count = 0; count < 3; count += 1) {
    const answer = await network.request(requestTo(server.origin, { method: 'HEAD' }))
    assert.equal(answer.headers.get('content-length'), '5000')
  }
  assert.equal(sockets.size, 1)
})

test('a kept connection that the other side closed is no failure of what may be repeated', async () => {
  let count = 0
  await using server = await answering((req, res) => {
    count += 1
    if (count === 2) req.socket.resetAndDestroy()
    else res.end('yes')
  })
  await using network = openNetwork()
  await network.request(requestTo(server.origin))
  assert.equal((await network.request(requestTo(server.origin))).status, 200)
  assert.equal(count, 3)
})

test('a POST is not repeated by itself', async () => {
  let count = 0
  await using server = await answering((req, res) => {
    count += 1
    if (count === 2) req.socket.resetAndDestroy()
    else res.end('yes')
  })
  await using network = openNetwork()
  await network.request(requestTo(server.origin))
  const posted = network.request(requestTo(server.origin, { method: 'POST' }))
  await assert.rejects(posted, { name: 'NetworkError', code: 'reset' })
  assert.equal(count, 2)
})

test('each way to fail has its code', async () => {
  await using full = await answering((_req, res) => res.end('x'.repeat(1001)))
  assert.equal(await codeOf(requestTo(full.origin)), 'too-large')
  await using endless = await answering((_req, res) => {
    res.write('x'.repeat(600))
    res.write('x'.repeat(600)) // and no length
  })
  assert.equal(await codeOf(requestTo(endless.origin)), 'too-large')
  await using other = await saying('220 mail.example ESMTP\r\n')
  assert.equal(await codeOf(requestTo(other.origin)), 'malformed')
  await using silent = await saying('')
  assert.equal(await codeOf(requestTo(silent.origin)), 'reset')
  await using cut = await saying('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
  assert.equal(await codeOf(requestTo(cut.origin)), 'reset')
  await using chunks = await saying(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
  )
  assert.equal(await codeOf(requestTo(chunks.origin)), 'reset')
  await using plain = await saying('HTTP/1.1 400 Bad Request\r\n\r\n')
  assert.equal(await codeOf(requestTo(plain.origin.replace('http:', 'https:'))), 'tls')
  await using switched = await saying(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
  )
  assert.equal(await codeOf(requestTo(switched.origin)), 'reset')
  assert.equal(await codeOf(requestTo('http://name.invalid')), 'unresolved')
})

test('TLS is spoken with who shows a certificate that is trusted, and with nobody else', async () => {
  const { cert, key } = FIRST
  await using server = await listening(
    createTlsServer({ cert, key }, (_req, res) => res.end('yes')),
  )
  const request = requestTo(server.origin.replace('http:', 'https:'))
  await using network = openNetwork({ ca: cert })
  assert.equal((await network.request(request)).status, 200)
  assert.equal(await codeOf(request), 'tls')
})

test('nobody listens: refused; nobody answers in time: timeout', async () => {
  const origin = await (async () => {
    await using gone = await answering(() => {})
    return gone.origin
  })()
  assert.equal(await codeOf(requestTo(origin)), 'refused')
  await using mute = await answering(() => {})
  assert.equal(await codeOf(requestTo(mute.origin, { timeoutMs: 20 })), 'timeout')
  await using dripping = await answering((_req, res) => res.write('x'))
  assert.equal(await codeOf(requestTo(dripping.origin, { timeoutMs: 50 })), 'timeout')
})

test('an abort ends it with its reason, before and within', async () => {
  const abort = new AbortController()
  await using server = await answering(() => abort.abort(new RangeError('enough')))
  await using network = openNetwork()
  await assert.rejects(network.request(requestTo(server.origin), abort.signal), RangeError)
  await assert.rejects(network.request(requestTo(server.origin), abort.signal), RangeError)
})

test('closing ends what is under way, and takes nothing new', async () => {
  let asked = (): void => {}
  const arrived = new Promise<void>((resolve) => (asked = resolve))
  await using server = await answering(() => asked())
  const network = openNetwork()
  const failed = assert.rejects(network.request(requestTo(server.origin)), { code: 'reset' })
  await arrived
  await network[Symbol.asyncDispose]()
  await failed
  await assert.rejects(network.request(requestTo(server.origin)), { code: 'unreachable' })
})
