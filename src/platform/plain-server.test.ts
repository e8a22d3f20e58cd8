import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import type { HttpAnswer } from '../base/network.ts'
import { listenPlain } from './plain-server.ts'
import type { PlainRequest, PlainServer, PlainServerOptions } from './plain-server.ts'

const OPTIONS: PlainServerOptions = {
  host: '127.0.0.1',
  port: 0,
  tls: null,
  headerSizeBytesMax: 16 * 1024,
  bodySizeBytesMax: 1000,
  answersMax: 1,
  connectionsMax: 50,
  bodiesMax: 10,
  headTimeoutMs: 10_000,
  transferTimeoutMs: 10_000,
  idleMs: 60_000,
  drainMsMax: 5_000,
  onTlsError: () => undefined,
  onTlsChange: () => undefined,
  onDefect: () => undefined,
}

function say(text: string, status = 200): HttpAnswer {
  return { status, headers: new Map([['content-type', 'text/plain']]), body: Buffer.from(text) }
}

function echo({ body, headers, method, target }: PlainRequest): HttpAnswer {
  return say(`${method} ${target} ${headers.get('x-name') ?? ''} ${Buffer.from(body).toString()}`)
}

function url({ port }: PlainServer, path = '/'): string {
  return `http://127.0.0.1:${port}${path}`
}

async function open({ port }: PlainServer): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

test('a request comes as plain values, and its answer goes back', async () => {
  await using server = await listenPlain(OPTIONS, echo)
  const got = await fetch(url(server, '/a//b?c=%20d'), { headers: { 'X-Name': 'x' } })
  assert.equal(await got.text(), 'GET /a//b?c=%20d x ')
  assert.equal(got.headers.get('content-type'), 'text/plain')
  const posted = await fetch(url(server), { method: 'POST', body: 'hello' })
  assert.equal(await posted.text(), 'POST /  hello')
  const head = await fetch(url(server), { method: 'HEAD' })
  assert.equal(await head.text(), '')
  assert.equal(head.headers.get('content-length'), '8')
})

test('a body that is too large is refused, told beforehand or not', async () => {
  await using server = await listenPlain(OPTIONS, echo)
  const body = 'x'.repeat(1001)
  assert.equal((await fetch(url(server), { method: 'POST', body })).status, 413)
  const stream = new ReadableStream({
    start: (controller) => {
      controller.enqueue(Buffer.from(body))
      controller.close()
    },
  })
  const init = { method: 'POST', body: stream, duplex: 'half' } as RequestInit
  assert.equal((await fetch(url(server), init)).status, 413)
  const fits = await fetch(url(server), { method: 'POST', body: 'x'.repeat(1000) })
  assert.equal(fits.status, 200)
})

test('a defect of the handler is told and answered 500; the listener goes on', async () => {
  const defects: unknown[] = []
  const options = { ...OPTIONS, onDefect: (error: unknown) => defects.push(error) }
  await using server = await listenPlain(options, ({ target }) => {
    if (target === '/now') throw new RangeError('now')
    if (target === '/later') return Promise.reject(new RangeError('later'))
    return say('well')
  })
  assert.equal((await fetch(url(server, '/now'))).status, 500)
  assert.equal((await fetch(url(server, '/later'))).status, 500)
  assert.equal(await (await fetch(url(server, '/'))).text(), 'well')
  assert.deepEqual(defects.map(String), ['RangeError: now', 'RangeError: later'])
})

test('a crowd of connections that ask nothing does not keep out who asks', async () => {
  await using server = await listenPlain(OPTIONS, echo)
  const slow = await Promise.all(Array.from({ length: 200 }, async () => await open(server)))
  const half = await open(server)
  half.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhe')
  const answer = await fetch(url(server), { method: 'POST', body: 'post' })
  assert.equal(await answer.text(), 'POST /  post')
  assert.ok(server.connectionCount <= 50, String(server.connectionCount))
  assert.ok(server.shedCount >= 152, String(server.shedCount))
  for (const socket of [...slow, half]) socket.destroy()
})

test('with too many handlers at work a post is told to come again; who reads is not', async () => {
  let release: (answer: HttpAnswer) => void = () => undefined
  let begun: () => void = () => undefined
  const isWaiting = new Promise<void>((resolve) => (begun = resolve))
  await using server = await listenPlain(OPTIONS, ({ target }) => {
    if (target !== '/wait') return say('at once')
    begun()
    return new Promise((resolve) => (release = resolve))
  })
  const waiting = fetch(url(server, '/wait'), { method: 'POST', body: 'x' })
  await isWaiting
  assert.equal((await fetch(url(server), { method: 'POST', body: 'x' })).status, 503)
  assert.equal((await fetch(url(server))).status, 200)
  release(say('done'))
  assert.equal(await (await waiting).text(), 'done')
  assert.equal((await fetch(url(server), { method: 'POST', body: 'x' })).status, 200)
})

test('an end lets what is under way be answered, and cuts who only waits', async () => {
  let release: (answer: HttpAnswer) => void = () => undefined
  let begun: () => void = () => undefined
  const isWaiting = new Promise<void>((resolve) => (begun = resolve))
  const server = await listenPlain(OPTIONS, () => {
    begun()
    return new Promise((resolve) => (release = resolve))
  })
  const idle = await open(server)
  const idleClosed = once(idle, 'close')
  const waiting = fetch(url(server))
  await isWaiting
  const ended = server[Symbol.asyncDispose]()
  await idleClosed
  release(say('still answered'))
  assert.equal(await (await waiting).text(), 'still answered')
  await ended
  await assert.rejects(fetch(url(server)))
  await server[Symbol.asyncDispose]()
})
