// A crowd of readers, in a process of its own: each connection asks, takes the whole answer, and asks
// again; or goes and comes back as another. Takes a job as JSON, prints what it measured as JSON.

import { connect } from 'node:net'
import { argv } from 'node:process'

const HEAD_END = Buffer.from('\r\n\r\n')

class LoadError extends Error {
  name = 'LoadError'
}

/**
 * `request` is sent as it stands; every answer must have this `status`. One with TAG in it brings the tag of
 * the last whole answer, as a browser that kept it: then a whole one is as good, when the page is made anew.
 */
async function load({ connections, durationMs, isFresh, port, request, status }) {
  const latenciesMs = []
  const beganMs = performance.now()
  const endMs = beganMs + durationMs
  const before = process.cpuUsage()
  const reader = async () => {
    const job = { isFresh, port, request, status, tag: '""' }
    while (performance.now() < endMs) await read(job, endMs, latenciesMs)
  }
  await Promise.all(Array.from({ length: connections }, reader))
  const elapsedMs = performance.now() - beganMs
  const { system, user } = process.cpuUsage(before)
  latenciesMs.sort((a, b) => a - b)
  const at = (share) => latenciesMs[Math.floor(latenciesMs.length * share)]
  return {
    count: latenciesMs.length,
    elapsedMs,
    rate: (latenciesMs.length * 1000) / elapsedMs,
    p50: at(0.5),
    p99: at(0.99),
    clientCpuMs: (user + system) / 1000,
  }
}

/** One connection, until it is over or, with `isFresh`, one answer was taken. */
function read(job, endMs, latenciesMs) {
  const { isFresh, port, request, status } = job
  return new Promise((resolve, reject) => {
    let beganMs = performance.now()
    let head = Buffer.alloc(0)
    let left = null
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const send = () => {
      head = Buffer.alloc(0)
      left = null
      socket.write(request.replace('TAG', job.tag))
    }
    const taken = () => {
      latenciesMs.push(performance.now() - beganMs)
      if (isFresh || performance.now() >= endMs) {
        socket.destroy()
        return resolve()
      }
      beganMs = performance.now()
      send()
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('end', () => reject(new LoadError('the server closed a connection')))
    socket.on('data', (piece) => {
      if (left === null) {
        head = head.length === 0 ? piece : Buffer.concat([head, piece])
        const end = head.indexOf(HEAD_END)
        if (end < 0) return
        const text = head.latin1Slice(0, end)
        const isSame = text.startsWith('HTTP/1.1 304 ')
        const isRight =
          text.startsWith(`HTTP/1.1 ${status} `) || (status === 304 && text[9] === '2')
        if (!isRight) return reject(new LoadError(text))
        if (!isSame && status === 304) job.tag = /\r\netag: (\S+)/i.exec(text)?.[1]
        const size = isSame ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1])
        left = size - (head.length - end - HEAD_END.length)
      } else {
        left -= piece.length
      }
      if (left === 0) taken()
      else if (!(left > 0)) reject(new LoadError('an answer is not as long as it says'))
    })
  })
}

console.log(JSON.stringify(await load(JSON.parse(argv[2]))))
