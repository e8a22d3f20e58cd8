// What becomes of a request body that nobody read. A short rest is read and thrown away, so that
// the connection stays usable; of a long one as much as lets the client see its answer before the
// connection ends, since closing a socket with unread bytes resets it.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Watchdog, Watched } from './watchdog.ts'

/** A rest up to this is read, and the connection kept. */
const DRAIN_SIZE_BYTES_MAX = 256 * 1024
/** Of a longer one at most this is read before the connection is cut. */
const LINGER_SIZE_BYTES_MAX = 16 * 1024 * 1024
/** And for at most this long. */
const LINGER_MS_MAX = 5000

/** none: there is no body. cut: the client still waits for leave to send it. */
export type Unread = 'none' | 'drain' | 'linger' | 'cut'

/** How an answer to a request that has not arrived whole has to end. */
export function planUnread(
  req: IncomingMessage,
  state: {
    readonly expectsContinue: boolean
    readonly body: { readonly receivedBytes: number } | null
  },
): Unread {
  const sizeBytes = bodySize(req.rawHeaders)
  if (sizeBytes === 0) return 'none'
  // Whether the client sends its body all the same cannot be known, nor where a request begins.
  if (state.expectsContinue) return 'cut'
  const restBytes = sizeBytes - (state.body?.receivedBytes ?? 0)
  return restBytes <= DRAIN_SIZE_BYTES_MAX ? 'drain' : 'linger'
}

/** Infinite for a chunked body. */
function bodySize(rawHeaders: readonly string[]): number {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    if (name === 'content-length') return Number(rawHeaders[i + 1])
    if (name === 'transfer-encoding') return Number.POSITIVE_INFINITY
  }
  return 0
}

/** Reads the rest of a request away. */
export class Linger implements Watched {
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #watchdog: Watchdog
  readonly #untilMs: number
  #leftBytes = LINGER_SIZE_BYTES_MAX

  constructor(req: IncomingMessage, res: ServerResponse, watchdog: Watchdog) {
    this.#req = req
    this.#res = res
    this.#watchdog = watchdog
    this.#untilMs = watchdog.nowMs() + LINGER_MS_MAX
    req.removeAllListeners('data')
    req.on('data', (piece: Uint8Array) => {
      this.#leftBytes -= piece.length
      if (this.#leftBytes < 0) this.#cut()
    })
    req.once('end', () => this.#end())
    req.once('close', () => this.#end())
    req.resume()
  }

  check(nowMs: number): void {
    if (nowMs > this.#untilMs) this.#cut()
  }

  #end(): void {
    this.#watchdog.remove(this)
    if (!this.#res.writableEnded) this.#res.end()
  }

  #cut(): void {
    this.#watchdog.remove(this)
    this.#req.socket.destroy()
  }
}
