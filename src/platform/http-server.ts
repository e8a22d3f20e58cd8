// Listening sockets for HTTP: plain or TLS, certificates read again when their files change, and an
// end that finishes what is under way.

import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createNetServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { HTTP_ACCEPT_QUEUE_MAX } from '../base/limits.ts'

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null
  /** Bytes of request line and headers; more is answered 431. */
  readonly headerSizeBytesMax: number
  /** Open connections of this process; more are refused. */
  readonly connectionsMax: number
  readonly headersTimeoutMs: number
  /** Silence on a kept connection after which it is closed. */
  readonly keepAliveMs: number
  /** Told when a changed certificate could not be used; the old one stays. */
  readonly onTlsError: (error: unknown) => void
  /** Told when a changed certificate is in use, with the end of its validity. */
  readonly onTlsChange: (validTo: string) => void
}

type WatchOptions = Pick<ListenOptions, 'onTlsError' | 'onTlsChange'> & {
  readonly tls: NonNullable<ListenOptions['tls']>
}

export interface HttpServer {
  readonly server: Server
  readonly port: number
  /** Stops listening, lets requests under way end, closes idle connections. */
  close(): Promise<void>
}

/** How often certificate files are looked at. */
const TLS_POLL_MS = 2000

/**
 * Listens, with the listeners that `attach` adds before the first connection.
 * @throws the kernel's error (EADDRINUSE, EACCES), or TLS's on a bad certificate
 */
export async function listenHttp(
  options: ListenOptions,
  attach: (server: Server) => void,
): Promise<HttpServer> {
  const common = {
    maxHeaderSize: options.headerSizeBytesMax,
    noDelay: true,
    headersTimeout: options.headersTimeoutMs,
    requestTimeout: 0,
    keepAliveTimeout: options.keepAliveMs,
    joinDuplicateHeaders: false,
    requireHostHeader: false, // the router answers that, in S3's form
    highWaterMark: 128 * 1024,
  }
  const server: Server =
    options.tls === null
      ? createServer(common)
      : createTlsServer({ ...common, ...readPair(options.tls) })
  server.maxConnections = options.connectionsMax
  attach(server)
  const { tls } = options
  const poll = tls === null ? null : watchPair(server, { ...options, tls })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const { host, port } = options
    server.listen({ host, port, backlog: HTTP_ACCEPT_QUEUE_MAX }, resolve)
  })
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close: async () => {
      if (poll !== null) clearInterval(poll)
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      })
    },
  }
}

/** A port of `host` that nobody listens at now. @throws the kernel's error */
export async function findFreePort(host: string): Promise<number> {
  const probe = createNetServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject)
    probe.listen(0, host, resolve)
  })
  const { port } = probe.address() as AddressInfo
  await new Promise<void>((resolve) => probe.close(() => resolve()))
  return port
}

function readPair({ certFile, keyFile }: { certFile: string; keyFile: string }) {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) }
}

/** Takes a new pair when either file has changed and both fit; connections under way stay. */
function watchPair(server: Server, { tls, onTlsChange, onTlsError }: WatchOptions): NodeJS.Timeout {
  const { certFile, keyFile } = tls
  const stamp = (): string =>
    [certFile, keyFile]
      .map((name) => statSync(name))
      .map(({ mtimeMs, ino, size }) => `${mtimeMs} ${ino} ${size}`)
      .join(' ')
  let seen = stamp()
  let told = ''
  const poll = setInterval(() => {
    try {
      const now = stamp()
      if (now === seen) return
      seen = now
      const pair = readPair(tls)
      ;(server as unknown as { setSecureContext: (pair: object) => void }).setSecureContext(pair)
      told = ''
      onTlsChange(new X509Certificate(pair.cert).validTo)
    } catch (error) {
      // A file that stays away is looked for again and again, and told of once.
      if (String(error) !== told) onTlsError(error)
      told = String(error)
    }
  }, TLS_POLL_MS)
  poll.unref()
  return poll
}
