// The machine's own network: HTTP over TCP or TLS, connections kept and used again. One exchange at
// a time a connection, bounded in time and size; what fails is told by one closed list of codes.

import { lookup as lookupName } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as TlsAgent, request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'
import { NetworkError } from '../base/network.ts'
import type { HttpAnswer, HttpRequest, Network, NetworkErrorCode } from '../base/network.ts'

export interface NetworkOptions {
  /** Authorities to trust beside the usual ones, PEM; null: the usual ones alone. */
  readonly ca: string | null
}

/** Open connections to one origin; more exchanges wait for one, and their time runs meanwhile. */
const CONNECTIONS_PER_ORIGIN_MAX = 64
/** Idle ones that are kept; the rest is closed. */
const IDLE_PER_ORIGIN_MAX = 8
/** Of a name with several addresses, how long one is tried before the next; Node's 250 ms is less than a far
 * host's handshake takes at a lost packet. */
const ADDRESS_TRY_MS = 1500

/** The real network. Disposing of it ends what is under way. */
export function openNetwork(options: NetworkOptions = { ca: null }): Network & AsyncDisposable {
  const common = {
    keepAlive: true,
    maxSockets: CONNECTIONS_PER_ORIGIN_MAX,
    maxFreeSockets: IDLE_PER_ORIGIN_MAX,
    scheduling: 'lifo',
    noDelay: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ADDRESS_TRY_MS,
    lookup: shareLookups(),
  } as const
  const agents = {
    http: new Agent(common),
    https: new TlsAgent(
      options.ca === null ? common : { ...common, ca: [...rootCertificates, options.ca] },
    ),
  }
  const underWay = new Map<Exchange, Promise<HttpAnswer>>()
  let isOpen = true
  const exchangeOnce = async (request: HttpRequest, signal: AbortSignal | undefined) => {
    const exchange = new Exchange(request, agents, signal)
    underWay.set(exchange, exchange.answer)
    try {
      return await exchange.answer
    } finally {
      underWay.delete(exchange)
    }
  }
  return {
    request: async (request, signal) => {
      signal?.throwIfAborted()
      if (!isOpen) throw new NetworkError('unreachable', 'the network is closed')
      try {
        return await exchangeOnce(request, signal)
      } catch (error) {
        // The other side closed a kept connection while this was on its way: no failure of either.
        if (!(error instanceof KeptConnectionLost) || !isOpen) throw error
        return await exchangeOnce(request, signal)
      }
    },
    [Symbol.asyncDispose]: async () => {
      isOpen = false
      for (const exchange of underWay.keys()) exchange.fail('reset', 'the network was closed')
      await Promise.allSettled(underWay.values())
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

/** Thrown where the same may be asked again at once, over another connection. */
class KeptConnectionLost extends NetworkError {}

interface Agents {
  readonly http: Agent
  readonly https: TlsAgent
}

/** One request and its answer. */
class Exchange {
  readonly answer: Promise<HttpAnswer>
  readonly #request: HttpRequest
  readonly #sent: ClientRequest
  readonly #pieces: Buffer[] = []
  #sizeBytes = 0
  #res: IncomingMessage | null = null
  #resolve!: (answer: HttpAnswer) => void
  #reject!: (error: unknown) => void

  constructor(request: HttpRequest, agents: Agents, signal: AbortSignal | undefined) {
    this.#request = request
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#sent = openRequest(request, agents)
    const sayTimeout = `no whole answer in ${request.timeoutMs} ms`
    const timer = setTimeout(() => this.fail('timeout', sayTimeout), request.timeoutMs)
    const onAbort = (): void => this.#end(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    // However it ends, the request closes last.
    this.#sent.once('close', () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.fail('reset', 'the connection ended')
    })
    this.#sent.on('error', (error) => {
      if (this.#res === null) this.#failBy(error)
      // Else the answer tells: a server may refuse and stop to read a body that is still being sent.
    })
    this.#sent.once('response', (res) => this.#read(res))
    this.#sent.end(request.body)
  }

  /** Ends it, unless it has ended. */
  fail(code: NetworkErrorCode, why: string, cause?: unknown): void {
    this.#end(new NetworkError(code, this.#say(why), cause))
  }

  #end(reason: unknown): void {
    this.#reject(reason) // the first word counts
    this.#sent.destroy()
  }

  #say(why: string): string {
    const { method, origin, target } = this.#request
    return `${method} ${origin}${target}: ${why}`
  }

  #failBy(error: Error): void {
    const code = codeOf(error, this.#request.origin)
    const isKept = this.#sent.reusedSocket && code === 'reset'
    if (!isKept || !REPEATABLE.has(this.#request.method)) {
      this.fail(code, error.message, error)
      return
    }
    this.#end(new KeptConnectionLost(code, this.#say(error.message), error))
  }

  #read(res: IncomingMessage): void {
    this.#res = res
    const sizeBytesMax = this.#request.answerSizeBytesMax
    const announced = Number(res.headers['content-length'] ?? 0)
    const isTooLarge = this.#request.method !== 'HEAD' && announced > sizeBytesMax
    if (isTooLarge) {
      this.fail('too-large', `${announced} bytes, ${sizeBytesMax} are the most`)
      return
    }
    res.on('data', (piece: Buffer) => {
      this.#sizeBytes += piece.length
      this.#pieces.push(piece)
      if (this.#sizeBytes > sizeBytesMax) {
        this.fail('too-large', `more than ${sizeBytesMax} bytes`)
      }
    })
    res.once('error', (error) =>
      this.fail(codeOf(error, this.#request.origin), error.message, error),
    )
    res.once('close', () => this.fail('reset', 'the connection ended within the answer'))
    res.once('end', () => {
      if (!res.complete) return // `close` follows
      const body = Buffer.concat(this.#pieces)
      this.#resolve({ status: res.statusCode ?? 0, headers: headersOf(res.rawHeaders), body })
    })
  }
}

function openRequest(request: HttpRequest, agents: Agents): ClientRequest {
  const url = new URL(request.origin)
  const isTls = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const options = {
    host,
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    method: request.method,
    path: request.target,
    headers: withNeeded(request, url.host),
  }
  return isTls
    ? requestHttps({ ...options, agent: agents.https })
    : requestHttp({ ...options, agent: agents.http })
}

/** The headers with what HTTP needs; as a flat list they go out as they are. */
function withNeeded({ body, headers, method }: HttpRequest, host: string): readonly string[] {
  const names = new Set(
    headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()),
  )
  const added: string[] = []
  if (!names.has('host')) added.push('Host', host)
  const hasBody = body.length > 0 || method === 'PUT' || method === 'POST'
  if (hasBody && !names.has('content-length')) added.push('Content-Length', String(body.length))
  return [...added, ...headers]
}

function headersOf(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>()
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    const value = raw[index + 1] ?? ''
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return headers
}

function codeOf(error: Error, origin: string): NetworkErrorCode {
  if (error instanceof NetworkError) return error.code
  // Of a name's several addresses: that one refused says more than that another has no way.
  if (error instanceof AggregateError) {
    const codes = error.errors.map((each) => codeOf(each as Error, origin))
    return (
      ['refused' as const, 'timeout' as const].find((code) => codes.includes(code)) ??
      codes[0] ??
      'unreachable'
    )
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const known = CODES[code]
  if (known !== undefined) return known
  if (code.startsWith('EAI_')) return 'unresolved'
  if (code.startsWith('HPE_')) return 'malformed'
  return origin.startsWith('https:') ? 'tls' : 'reset'
}

const CODES: Readonly<Record<string, NetworkErrorCode>> = {
  ENOTFOUND: 'unresolved',
  ENODATA: 'unresolved',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable', // a firewall of this machine
  EPERM: 'unreachable',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  HPE_INVALID_EOF_STATE: 'reset',
  HPE_HEADER_OVERFLOW: 'too-large',
}

/** What does the same when done twice. Source: RFC 9110, 9.2.2. */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE'])

type LookupDone = (error: Error | null, addresses: LookupAddress[]) => void

/**
 * Lookups of one name share one answer while it is awaited: with a resolver that hangs, the machine's few
 * threads for names would else be busy with the same one, and all other names wait.
 */
function shareLookups(): LookupFunction {
  const waiting = new Map<string, LookupDone[]>()
  return (name, options, done) => {
    const answer: LookupDone = (error, addresses) => {
      const [first] = addresses
      if (error !== null || first === undefined) done(error ?? nothingFound(name), '', 0)
      else if (options.all === true) done(null, addresses)
      else done(null, first.address, first.family)
    }
    const key = `${options.family ?? 0} ${options.hints ?? 0} ${name}`
    const others = waiting.get(key)
    if (others !== undefined) {
      others.push(answer)
      return
    }
    const all = [answer]
    waiting.set(key, all)
    lookupName(name, { ...options, all: true }, (error, addresses) => {
      waiting.delete(key)
      for (const each of all) each(error, error === null ? addresses : [])
    })
  }
}

function nothingFound(name: string): NetworkError {
  return new NetworkError('unresolved', `${name} has no address`)
}
