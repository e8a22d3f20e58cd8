// Sends prepared requests over kept connections, each connection one at a time (closed loop), and
// measures every answer: as little work as a client can do, so that the server is what is measured.

import { connect } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')

export class LoadError extends Error {
  name = 'LoadError'
}

/**
 * Replays for `durationMs`, or until `next` answers null.
 * `next()` gives { head: Buffer, body?: Buffer, isHead?: boolean }; every answer must be 2xx.
 * Answers { count, latenciesMs (sorted), elapsedMs, clientCpuMs }.
 */
export async function replay({ host, port, connections, durationMs, next }) {
  const latenciesMs = []
  const startedAt = performance.now()
  const cpuBefore = process.cpuUsage()
  const endAt = startedAt + durationMs
  const nextInTime = () => (performance.now() < endAt ? next() : null)
  await Promise.all(
    Array.from({ length: connections }, () => drive(host, port, nextInTime, latenciesMs)),
  )
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    count: latenciesMs.length,
    latenciesMs: latenciesMs.sort((a, b) => a - b),
    elapsedMs: performance.now() - startedAt,
    clientCpuMs: (user + system) / 1000,
  }
}

function drive(host, port, next, latenciesMs) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    let request = null
    let sentAt = 0
    let head = null // bytes of an answer's head that has not ended yet
    let left = 0 // body bytes still to come
    const send = () => {
      request = next()
      if (request === null) {
        socket.end()
        return resolve()
      }
      head = Buffer.alloc(0)
      sentAt = performance.now()
      socket.cork()
      socket.write(request.head)
      if (request.body !== undefined) socket.write(request.body)
      socket.uncork()
    }
    const done = () => {
      latenciesMs.push(performance.now() - sentAt)
      send()
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('close', () => reject(new LoadError('the server closed a connection')))
    socket.on('data', (piece) => {
      if (head !== null) {
        head = head.length === 0 ? piece : Buffer.concat([head, piece])
        const end = head.indexOf(HEAD_END)
        if (end < 0) return
        const text = head.latin1Slice(0, end)
        if (text[9] !== '2') return reject(new LoadError(head.toString('utf8')))
        left = request.isHead ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
        left -= head.length - end - HEAD_END.length
        head = null
      } else {
        left -= piece.length
      }
      if (left === 0) done()
      else if (left < 0) reject(new LoadError('an answer is longer than it says'))
    })
  })
}
