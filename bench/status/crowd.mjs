// Slow clients, in a process of their own: who is cut comes back. Takes a port and how many; prints `here`
// when each of them was let in once, and from then on what they see, each second. Ends with its input.

import { connect } from 'node:net'
import { argv, stdin } from 'node:process'

const [, , port, count] = argv.map(Number)
const SECOND_MS = 1000
/** Opened at once; the kernel's queue of a listener is no longer. */
const WAVE = 250
const REQUEST = 'GET / HTTP/1.1\r\nhost: slow.example\r\n'

/** A byte of its header a second; a whole request whose answer is not read; nothing. */
const KINDS = [
  (socket) => {
    let sent = 0
    const timer = setInterval(() => socket.write(REQUEST[sent++] ?? 'x'), SECOND_MS)
    socket.on('close', () => clearInterval(timer))
  },
  (socket) => {
    socket.pause()
    socket.write(`${REQUEST}\r\n`)
  },
  () => undefined,
]

let openCount = 0
let cutCount = 0
let refusedCount = 0

function join(kind) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let isIn = false
    socket.on('error', () => undefined)
    socket.on('connect', () => {
      isIn = true
      openCount += 1
      kind(socket)
      resolve()
    })
    socket.on('close', () => {
      if (isIn) openCount -= 1
      if (isIn) cutCount += 1
      else refusedCount += 1
      setTimeout(() => void join(kind), SECOND_MS)
      resolve()
    })
  })
}

for (let began = 0; began < count; began += WAVE) {
  const wave = Array.from({ length: Math.min(WAVE, count - began) }, (_, index) =>
    join(KINDS[(began + index) % KINDS.length]),
  )
  await Promise.all(wave)
}
console.log('here')
setInterval(() => console.log(JSON.stringify({ openCount, cutCount, refusedCount })), SECOND_MS)
stdin.on('end', () => process.exit(0)).resume()
