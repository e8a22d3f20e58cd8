// Raw TCP: sends bytes as they are and reads what comes back as HTTP/1.1, strictly.

import { connect } from 'node:net'

/** Once an answer is whole, how long the connection is watched for one that nobody asked for. */
const SETTLE_MS = 20

/**
 * Sends the pieces, each a write of its own, and collects bytes until the peer closes, a whole
 * answer has settled, or `boundMs` is over. Answers the bytes and how it ended: `closed` by the
 * peer, `answered`, or `silent`.
 */
export function exchange({ port, pieces, isHalfClosed, isHead, boundMs }) {
  return new Promise((done) => {
    const received = []
    const startMs = performance.now()
    let settle = null
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    const finish = (end) => {
      clearTimeout(settle)
      clearTimeout(bound)
      socket.destroy()
      done({ bytes: Buffer.concat(received), end, tookMs: performance.now() - startMs })
    }
    const bound = setTimeout(() => finish('silent'), boundMs)
    socket.on('connect', () => void sendPieces(socket, pieces, isHalfClosed))
    socket.on('data', (piece) => {
      received.push(piece)
      clearTimeout(settle)
      if (hasWholeAnswer(Buffer.concat(received), isHead)) {
        settle = setTimeout(() => finish('answered'), SETTLE_MS)
      }
    })
    socket.on('end', () => finish('closed'))
    socket.on('close', () => finish('closed'))
    socket.on('error', () => finish('closed'))
  })
}

async function sendPieces(socket, pieces, isHalfClosed) {
  for (const piece of pieces) {
    if (socket.destroyed) return
    await new Promise((sent) => socket.write(piece, () => setImmediate(sent)))
  }
  if (isHalfClosed) socket.end()
}

function hasWholeAnswer(bytes, isHead) {
  const { answers, rest, problem } = readAnswers(bytes, { isHead, isClosed: false })
  return problem !== null || (answers.some(({ status }) => status >= 200) && rest === 0)
}

/**
 * Reads all answers in `bytes`: `answers` that are whole, `rest` bytes of one that is not, and the
 * `problem` where they are not HTTP. With `isClosed`, a body without a length ends with the bytes.
 */
export function readAnswers(bytes, { isHead, isClosed }) {
  const answers = []
  let at = 0
  while (at < bytes.length) {
    const read = readAnswer(bytes.subarray(at), { isHead, isClosed })
    const rest = bytes.length - at
    if (read.problem !== undefined) return { answers, rest, problem: read.problem }
    if (read.needsMore) return { answers, rest, problem: null }
    answers.push(read.answer)
    at += read.length
  }
  return { answers, rest: 0, problem: null }
}

function readAnswer(bytes, { isHead, isClosed }) {
  const end = bytes.indexOf('\r\n\r\n')
  const shown = (text) => JSON.stringify(text.slice(0, 60))
  if (end < 0) {
    const text = bytes.toString('latin1')
    const isHttp = 'HTTP/1.1 '.startsWith(text.slice(0, 9))
    return isHttp ? { needsMore: true } : { problem: `not HTTP: ${shown(text)}` }
  }
  const [first, ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?$/.exec(first)?.[1]
  if (status === undefined) return { problem: `status line ${shown(first)}` }
  const headers = {}
  for (const line of lines) {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\0\r\n]*?)[ \t]*$/.exec(line)
    if (match === null) return { problem: `header line ${shown(line)}` }
    headers[match[1].toLowerCase()] = match[2]
  }
  const answer = { status: Number(status), headers, body: Buffer.alloc(0) }
  const start = end + 4
  if (answer.status < 200 || [204, 304].includes(answer.status) || isHead) {
    return { answer, length: start }
  }
  return readBody(bytes, start, answer, isClosed)
}

function readBody(bytes, start, answer, isClosed) {
  const { 'content-length': length, 'transfer-encoding': coding } = answer.headers
  if (length !== undefined && coding !== undefined) return { problem: 'two body lengths' }
  if (coding !== undefined) return readChunks(bytes, start, answer)
  if (length === undefined) {
    if (!isClosed) return { needsMore: true }
    return { answer: { ...answer, body: bytes.subarray(start) }, length: bytes.length }
  }
  if (!/^\d+$/.test(length)) return { problem: `Content-Length ${length}` }
  const end = start + Number(length)
  if (bytes.length < end) return { needsMore: true }
  return { answer: { ...answer, body: bytes.subarray(start, end) }, length: end }
}

function readChunks(bytes, start, answer) {
  const pieces = []
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return { needsMore: true }
    const size = /^([0-9a-fA-F]{1,8})$/.exec(bytes.toString('latin1', at, lineEnd))?.[1]
    if (size === undefined) return { problem: 'a broken chunk' }
    const from = lineEnd + 2
    const to = from + Number.parseInt(size, 16)
    if (bytes.length < to + 2) return { needsMore: true }
    if (bytes.toString('latin1', to, to + 2) !== '\r\n') return { problem: 'a chunk not ended' }
    if (to === from) return { answer: { ...answer, body: Buffer.concat(pieces) }, length: to + 2 }
    pieces.push(bytes.subarray(from, to))
    at = to + 2
  }
}
