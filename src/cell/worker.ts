// What a worker process does from 'start' to 'drain': it opens a router over its half of the cell
// and serves HTTP at the group's port, and keeps its link to the writer alive.

import { join } from 'node:path'
import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { Closers } from '../base/closers.ts'
import {
  CONNECTIONS_PER_WORKER_MAX,
  DRAIN_MS_MAX,
  HEADER_TIMEOUT_MS,
  IDLE_CONNECTION_MS,
  READ_CACHE_SIZE_BYTES_MIN,
  READ_CACHE_SIZE_BYTES,
  REQUEST_HEADER_SIZE_BYTES_MAX,
} from '../base/limits.ts'
import type { WriterId } from '../base/id.ts'
import { connectChannel } from '../platform/channel.ts'
import type { Channel } from '../platform/channel.ts'
import type { Parent } from '../platform/child.ts'
import { deferToTurnsEnd } from '../platform/clock.ts'
import { listenHttp } from '../platform/http-server.ts'
import type { HttpServer } from '../platform/http-server.ts'
import { appendToOutput } from '../platform/output.ts'
import { openRouter } from '../router/router-service.ts'
import { attachRouter } from '../router/router.ts'
import type { MetricsSnapshot, Router } from '../router/router.ts'
import { openSoleWorker, openWorkerCell } from './embedded.ts'
import type { Ground, WorkerCell, WorkerGround } from './embedded.ts'
import { openLog } from '../platform/log.ts'
import type { Log } from '../platform/log.ts'
import type { FromChild, ToChild } from './messages.ts'
import type { Address, CellSettings } from './settings.ts'
import type { SyncTimes } from './sync-times.ts'
import { Link } from './writer-link.ts'
import { failStart, openGround, startWriter, WRITER_SOCKET } from './writer.ts'
import type { RunningWriter } from './writer.ts'

/** A port that cannot be listened at, or a certificate that cannot be used: the operator's to mend. */
class ListenRefused extends Error {
  override readonly name = 'ListenRefused'
}

/** One worker: everything between its port and its disk. */
class RunningWorker implements AsyncDisposable {
  readonly writer: RunningWriter | null
  readonly #router: Router
  readonly #server: HttpServer
  /** Null where it is the same. */
  readonly #admin: HttpServer | null
  readonly #clock: Clock
  readonly #syncTimes: SyncTimes
  readonly #closers: Closers
  #quiet: Promise<void> | null = null

  constructor(parts: {
    ground: Ground
    writer: RunningWriter | null
    router: Router
    server: HttpServer
    admin: HttpServer | null
    closers: Closers
  }) {
    this.#clock = parts.ground.clock
    this.#syncTimes = parts.ground.syncTimes
    this.writer = parts.writer
    this.#router = parts.router
    this.#server = parts.server
    this.#admin = parts.admin
    this.#closers = parts.closers
  }

  get port(): number {
    return this.#server.port
  }

  async snapshot(): Promise<MetricsSnapshot> {
    const { figures, histograms } = this.#router.snapshot()
    const ofWriter = this.writer === null ? [] : await this.writer.figures()
    return {
      figures: [...figures, ...ofWriter],
      histograms: [...histograms, this.#syncTimes.histogram()],
    }
  }

  /** Takes nothing new, finishes what is under way, cuts what takes too long. */
  quiesce(): Promise<void> {
    this.#quiet ??= this.#endRequests()
    return this.#quiet
  }

  async #endRequests(): Promise<void> {
    const { server } = this.#server
    const closed = Promise.all([this.#server.close(), this.#admin?.close()])
    const deadline = this.#clock.after(DRAIN_MS_MAX, () => server.closeAllConnections())
    await this.#router.drain()
    server.closeIdleConnections()
    await closed
    deadline.cancel()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.quiesce()
    await this.#closers[Symbol.asyncDispose]()
  }
}

type Gather = () => Promise<readonly MetricsSnapshot[]>

async function startWorker(
  { settings, role, writerId }: Extract<ToChild, { kind: 'start' }>,
  log: Log,
  gather: Gather,
): Promise<RunningWorker> {
  const ground = {
    ...(await openGround(settings, log)),
    cacheSizeBytes: Math.max(
      Math.floor(READ_CACHE_SIZE_BYTES / settings.workerCount),
      READ_CACHE_SIZE_BYTES_MIN,
    ),
  }
  const closers = new Closers()
  const writer = role === 'both' ? closers.use(await startWriter(settings, ground, log)) : null
  const cell = closers.use(await openCell(ground, writerId, writer, closers))
  const router = closers.use(
    openRouter({
      ...cell,
      clock: ground.clock,
      random: ground.random,
      log: {
        error: (message, fields) => log.error(fields, message),
        warn: (message, fields) => log.warn(fields, message),
      },
      writeAccessLog: appendToOutput,
      figures: () => [],
      gatherMetrics: gather,
      defer: deferToTurnsEnd,
      onFault: (fault) => {
        log.error({ err: fault }, 'a defect ended this process; it is replaced')
        throw fault
      },
      settings: {
        region: settings.region,
        domains: settings.domains,
        objectOwnership: settings.objectOwnership,
        accessLog: settings.accessLog,
        admin: settings.adminListen === null ? 'here' : 'elsewhere',
      },
    }),
  )
  const server = await listen(settings, settings.listen, log, (http) => attachRouter(http, router))
  const admin =
    settings.adminListen === null
      ? null
      : await listen({ ...settings, tls: null }, settings.adminListen, log, (http) =>
          http.on('request', router.onAdminRequest),
        )
  return new RunningWorker({ ground, writer, router, server, admin, closers })
}

async function openCell(
  ground: WorkerGround,
  writerId: WriterId,
  writer: RunningWriter | null,
  closers: Closers,
): Promise<WorkerCell> {
  if (writer !== null) return openSoleWorker(ground, writerId, writer.cell)
  const path = join(ground.folder, WRITER_SOCKET)
  const connect = async (): Promise<Channel> => await connectChannel(path)
  const link = closers.use(new Link({ connect, clock: ground.clock, writerId }))
  await link.open()
  return await openWorkerCell(ground, writerId, link)
}

async function listen(
  settings: CellSettings,
  address: Address,
  log: Log,
  attach: Parameters<typeof listenHttp>[1],
): Promise<HttpServer> {
  try {
    return await listenHttp(
      {
        ...address,
        tls: settings.tls,
        headerSizeBytesMax: REQUEST_HEADER_SIZE_BYTES_MAX,
        connectionsMax: CONNECTIONS_PER_WORKER_MAX,
        headersTimeoutMs: HEADER_TIMEOUT_MS,
        keepAliveMs: IDLE_CONNECTION_MS,
        onTlsError: (error) =>
          log.error(
            { err: error },
            'the changed certificate cannot be used; the one before stays in use',
          ),
        onTlsChange: (validTo) => log.info({ validTo }, 'the changed certificate is in use'),
      },
      attach,
    )
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ListenRefused(`cannot serve at ${address.host}:${address.port}: ${reason}`)
  }
}

/** Runs a worker process under its parent. */
export function runWorker(parent: Parent): void {
  const say = (message: FromChild): void => parent.send(message)
  const gatherings = new Map<number, (snapshots: readonly MetricsSnapshot[]) => void>()
  let nextGathering = 0
  const gather: Gather = async () =>
    await new Promise((resolve) => {
      const requestId = nextGathering++
      gatherings.set(requestId, resolve)
      say({ kind: 'gather', requestId })
    })
  let running: Promise<RunningWorker> | null = null
  const hear = async (message: ToChild): Promise<void> => {
    if (message.kind === 'start') {
      const { settings } = message
      running = startWorker(message, openLog('worker', settings.logLevel), gather)
      const { port } = await running
      return say({ kind: 'ready', address: { host: settings.listen.host, port } })
    }
    if (message.kind === 'ping') return say({ kind: 'pong', sequence: message.sequence })
    if (message.kind === 'gathered') {
      gatherings.get(message.requestId)?.(message.figures as readonly MetricsSnapshot[])
      gatherings.delete(message.requestId)
      return
    }
    assert(running !== null, 'a worker is started first')
    const worker = await running
    if (message.kind === 'writer-dead') return await worker.writer?.endWorker(message.writerId)
    if (message.kind === 'figures') {
      const figures = await worker.snapshot()
      return say({ kind: 'figures', requestId: message.requestId, figures })
    }
    if (message.kind === 'quiesce') await worker.quiesce()
    else await worker[Symbol.asyncDispose]()
    say({ kind: 'drained' })
  }
  parent.onMessage((message) => {
    const told = message as ToChild
    hear(told).catch((error: unknown) => {
      if (told.kind !== 'start') throw error
      failStart(say, error)
    })
  })
}
