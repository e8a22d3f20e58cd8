// What the code asks of the network: one HTTP exchange at a time, raw target kept byte for byte. The
// real one stands in platform/, a simulated one in sim/.

export type NetworkErrorCode =
  | 'unresolved' // the name has no address, or nobody answered for it
  | 'refused' // the machine answered that nobody listens: its network works
  | 'unreachable' // no way there
  | 'reset' // the connection ended before the answer did
  | 'timeout' // no whole answer in time
  | 'tls' // the certificate, or the handshake
  | 'too-large' // the answer is longer than was asked for
  | 'malformed' // what answers does not speak HTTP

/** An exchange that came to no answer. Whether the request took effect is not known. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError'
  readonly code: NetworkErrorCode
  constructor(code: NetworkErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

export interface HttpRequest {
  /** `http://HOST[:PORT]` or `https://HOST[:PORT]`; nothing behind it. */
  readonly origin: string
  readonly method: string
  /** Path and query as they go over the wire: never normalised. */
  readonly target: string
  /** Name and value by turns. Host and Content-Length are added where they are missing. */
  readonly headers: readonly string[]
  readonly body: Uint8Array
  /** From the first packet to the last byte of the answer. */
  readonly timeoutMs: number
  /** Of the answer's body. */
  readonly answerSizeBytesMax: number
}

export interface HttpAnswer {
  readonly status: number
  /** Names in lower case; of a header that came more than once, the values joined by `, `. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
}

export interface Network {
  /** Redirects are answered, not followed. @throws NetworkError; the signal's reason when aborted */
  request(request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer>
}
