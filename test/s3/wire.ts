// One connection to a server, byte by byte: what is written goes out as it is, and answers are read
// as HTTP/1.1 says, so that tests can send what no client library would.

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { S3Answer } from './answer.ts'

/** The connection ended where an answer should have been, or what came is not HTTP. */
class WireError extends Error {
  override readonly name = 'WireError'
}

const HEAD_END = '\r\n\r\n'

export class Wire {
  readonly #socket: Socket
  readonly #pieces: AsyncIterator<Buffer>
  #buffer: Buffer = Buffer.alloc(0)
  #hasEnded = false

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#pieces = socket.iterator({ destroyOnReturn: false })
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    socket.on('error', () => undefined) // a reset shows as an end to whoever reads
    socket.unref() // a test that failed leaves it behind
    return new Wire(socket)
  }

  /** Resolves when the kernel has the bytes, or the connection has ended. */
  async write(bytes: Uint8Array | string): Promise<void> {
    const raw = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    await new Promise<void>((resolve) => {
      if (this.#socket.destroyed) return resolve()
      this.#socket.once('close', resolve)
      this.#socket.write(raw, () => {
        this.#socket.off('close', resolve)
        resolve()
      })
    })
  }

  /** Says that no more will be written; answers can still be read. */
  halfClose(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** The next final answer to a request of this method. @throws WireError */
  async answer(method: string): Promise<S3Answer> {
    for (;;) {
      const answer = await this.next(method)
      if (answer.status >= 200) return answer
    }
  }

  /** The next answer, be it `100 Continue`. @throws WireError */
  async next(method: string): Promise<S3Answer> {
    const head = (await this.#until(HEAD_END)).toString('latin1')
    const [first = '', ...lines] = head.split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1])
    if (!(status >= 100)) throw new WireError(`no status line: ${first}`)
    const headers: [name: string, value: string][] = []
    for (const line of lines) {
      const colon = line.indexOf(':')
      if (colon < 1) throw new WireError(`no header: ${line}`)
      headers.push([line.slice(0, colon), line.slice(colon + 1).trim()])
    }
    const bare = new S3Answer(status, headers, Buffer.alloc(0))
    const hasBody = method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304
    return hasBody ? new S3Answer(status, headers, await this.#body(bare)) : bare
  }

  /** The head of the next answer and as many bytes of its body as asked for; the rest stays. */
  async start(sizeBytes: number): Promise<Buffer> {
    await this.#until(HEAD_END)
    return await this.take(sizeBytes)
  }

  /** Exactly so many bytes. @throws WireError */
  async take(sizeBytes: number): Promise<Buffer> {
    const parts = [this.#buffer]
    let has = this.#buffer.length
    while (has < sizeBytes) {
      const piece = await this.#more()
      if (piece === null) throw new WireError(`it ended after ${has} of ${sizeBytes} bytes`)
      parts.push(piece)
      has += piece.length
    }
    const all = Buffer.concat(parts)
    this.#buffer = all.subarray(sizeBytes)
    return all.subarray(0, sizeBytes)
  }

  /** All that comes until the peer ends the connection. */
  async rest(): Promise<Buffer> {
    const parts = [this.#buffer]
    for (let piece = await this.#more(); piece !== null; piece = await this.#more()) {
      parts.push(piece)
    }
    this.#buffer = Buffer.alloc(0)
    return Buffer.concat(parts)
  }

  async #body(head: S3Answer): Promise<Buffer> {
    if (head.header('transfer-encoding') === 'chunked') return await this.#chunks()
    const length = head.header('content-length')
    return length === null ? await this.rest() : await this.take(Number(length))
  }

  async #chunks(): Promise<Buffer> {
    const parts: Buffer[] = []
    for (;;) {
      const size = Number.parseInt((await this.#until('\r\n')).toString('latin1'), 16)
      parts.push(await this.take(size))
      await this.take(2)
      if (size === 0) return Buffer.concat(parts)
    }
  }

  /** The bytes before `mark`, which is taken too. */
  async #until(mark: string): Promise<Buffer> {
    for (;;) {
      const at = this.#buffer.indexOf(mark, 0, 'latin1')
      if (at >= 0) {
        const found = this.#buffer.subarray(0, at)
        this.#buffer = this.#buffer.subarray(at + mark.length)
        return found
      }
      const piece = await this.#more()
      if (piece === null) throw new WireError('the connection ended without an answer')
      this.#buffer = Buffer.concat([this.#buffer, piece])
    }
  }

  async #more(): Promise<Buffer | null> {
    if (this.#hasEnded) return null
    try {
      const { value, done } = await this.#pieces.next()
      if (done !== true) return value
    } catch {
      this.#socket.destroy() // reset: the same as an end to a reader
    }
    this.#hasEnded = true
    return null
  }
}
