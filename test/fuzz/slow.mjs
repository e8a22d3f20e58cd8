// Clients that hold a connection and send next to nothing: each must be answered or closed within a
// bound, while the store serves others.

import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { signedRequest } from './message.mjs'

const DRIP_MS = 1000

/** Name to bytes sent at once, and bytes that follow one a second for as long as it is open. */
function scripts(ctx) {
  const put = signedRequest(ctx, {
    method: 'PUT',
    path: `/${ctx.bucket}/slow`,
    body: Buffer.alloc(100_000),
  })
  const get = signedRequest(ctx, { method: 'GET', path: `/${ctx.bucket}/anchor` })
  const head = put.head.length
  return {
    'says nothing': [Buffer.alloc(0), Buffer.alloc(0)],
    'half a request line': [Buffer.from('GET /'), Buffer.alloc(0)],
    'drips a request line': [Buffer.from('GET /'), Buffer.alloc(3600, 'a')],
    'half a head': [get.head.subarray(0, 100), Buffer.alloc(0)],
    'drips headers': [get.head.subarray(0, -2), Buffer.from('x-a: b\r\n'.repeat(500))],
    'no body': [put.head, Buffer.alloc(0)],
    'half a body': [put.bytes.subarray(0, head + 50_000), Buffer.alloc(0)],
    'reads nothing': [Buffer.concat(Array(200).fill(get.bytes)), Buffer.alloc(0)],
  }
}

/** Opens one connection; resolves with the time until the peer ended it, null if it did not. */
async function holdOne(port, [first, drip], isReading, boundMs) {
  const startMs = performance.now()
  const socket = connect({ port, host: '127.0.0.1' })
  const ended = { afterMs: null }
  const end = () => {
    ended.afterMs ??= performance.now() - startMs
  }
  for (const event of ['end', 'close', 'error']) socket.on(event, end)
  if (isReading) socket.resume()
  else socket.pause()
  socket.write(first)
  for (let at = 0; ended.afterMs === null && performance.now() - startMs < boundMs; at++) {
    await pause(DRIP_MS)
    if (at < drip.length && ended.afterMs === null) socket.write(drip.subarray(at, at + 1))
  }
  socket.destroy()
  return ended.afterMs
}

/**
 * Holds `count` connections of each kind and answers, for each, its name and the seconds until the
 * store ended it (null: not within the bound). One that reads nothing is told of, not judged: the
 * store has done its part once the answers lie in the sockets.
 */
export async function holdSlowConnections(ctx, { count, boundMs }) {
  const held = Object.entries(scripts(ctx)).flatMap(([name, script]) =>
    Array.from({ length: count }, async () => {
      const isReading = name !== 'reads nothing'
      const endedMs = await holdOne(ctx.port, script, isReading, boundMs)
      return { name, isJudged: isReading, seconds: endedMs === null ? null : endedMs / 1000 }
    }),
  )
  return await Promise.all(held)
}
