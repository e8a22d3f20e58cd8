// What the writer process does from 'start' to 'drain', also when a sole worker is the writer: it
// opens the writer's half of the cell and serves it at two sockets, the workers' and the admin's.

import { join } from 'node:path'
import type { WriterId } from '../base/id.ts'
import { deferToTurnsEnd, systemClock } from '../platform/clock.ts'
import { listenChannel } from '../platform/channel.ts'
import type { Parent } from '../platform/child.ts'
import { openSystemRandom } from '../platform/random.ts'
import { Closers } from '../base/closers.ts'
import type { Figure } from '../router/router.ts'
import { openAdmin } from './admin.ts'
import type { AdminParts, ValidationStatus } from './admin.ts'
import { serveAdmin } from './admin-socket.ts'
import { figuresOf } from './figures.ts'
import { openWriterCell } from './embedded.ts'
import type { Ground, WriterCell } from './embedded.ts'
import { lmdbEngines } from './engines.ts'
import { setRootKey } from './init-store.ts'
import { openLog } from '../platform/log.ts'
import type { Log } from '../platform/log.ts'
import type { FromChild, ToChild } from './messages.ts'
import type { CellSettings } from './settings.ts'
import { StartValidation } from './start-validation.ts'
import { openStoreFolder } from './store-folder.ts'
import { SyncTimes, timeSyncs } from './sync-times.ts'
import { verifyStore } from './verify-store.ts'
import { ConnectedWorkers, serveWriter } from './writer-socket.ts'

/** The workers' way to the writer, in the store's directory. */
export const WRITER_SOCKET = 'writer.sock'

/** A process's share of the ground: its own disk buffers, the system's clock and randomness. */
export async function openGround(settings: CellSettings, log: Log): Promise<Ground> {
  const { disk, superblock } = await openStoreFolder(settings.folder)
  const syncTimes = new SyncTimes()
  return {
    folder: settings.folder,
    driveId: superblock.driveId,
    clock: systemClock,
    random: openSystemRandom(),
    disk: timeSyncs(disk, systemClock, syncTimes),
    engines: lmdbEngines(settings.folder),
    defer: deferToTurnsEnd,
    syncTimes,
    report: (message) => log.warn(message),
  }
}

/** The running writer: its cell, and who is connected. */
export interface RunningWriter extends AsyncDisposable {
  /** What it shows at /-/metrics. */
  figures(): Promise<readonly Figure[]>
  readonly cell: WriterCell
  /** Ends a dead worker's channel and seals its extents. */
  endWorker(writerId: WriterId): Promise<void>
}

/** Opens the writer's half and serves it. */
export async function startWriter(
  settings: CellSettings,
  ground: Ground,
  log: Log,
): Promise<RunningWriter> {
  const closers = new Closers()
  const cell = closers.use(await openWriterCell(ground))
  if (settings.rootKey !== null) await setRootKey(cell.directory, settings.rootKey)
  const validation = closers.use(new StartValidation({ ...ground, engine: cell.engine, log }))
  if (settings.start === 'strict') await validation.requireSound()
  else validation.startBeside()
  const workers = new ConnectedWorkers()
  const socket = await listenChannel(join(settings.folder, WRITER_SOCKET), (channel) =>
    serveWriter(channel, cell, workers),
  )
  closers.defer(async () => await socket.close())
  const admin = openAdmin({
    ...cell,
    clock: ground.clock,
    random: ground.random,
    status: async () =>
      await describeStore(settings, ground, { ...cell, validation: validation.status }),
    verify: async (request, note) =>
      await verifyStore(ground, { ...cell, openLog: async () => cell.engine }, request, note),
  })
  const adminSocket = await serveAdmin(settings.folder, admin)
  closers.defer(async () => await adminSocket.close())
  return {
    cell,
    figures: async () => await figuresOf(cell, validation.status),
    endWorker: async (writerId) => {
      workers.end(writerId)
      await cell.placement.sealAllOf(writerId)
    },
    [Symbol.asyncDispose]: async () => await closers[Symbol.asyncDispose](),
  }
}

/** What `holdfast info` shows of the parts. */
export async function describeStore(
  settings: Pick<CellSettings, 'version' | 'region'> & { readonly isServed?: boolean },
  ground: Ground,
  cell: WriterCell & { readonly validation: ValidationStatus },
): ReturnType<AdminParts['status']> {
  const { epoch, versionstamp, clockAlarm } = cell.engine.status()
  const { cursor } = cell.archiver.status()
  return {
    version: settings.version,
    region: settings.region,
    driveId: ground.driveId,
    isServed: settings.isServed ?? true,
    epoch,
    position: `${versionstamp.incarnation}.${versionstamp.sequence}`,
    archivedTo: `${cursor.incarnation}.${cursor.sequence}`,
    clockAlarm,
    validation: cell.validation,
    placement: await cell.placement.status(),
  }
}

/** Runs the writer process under its parent. */
export function runWriter(parent: Parent): void {
  const say = (message: FromChild): void => parent.send(message)
  let ground: Ground | null = null
  let running: Promise<RunningWriter> | null = null
  const hear = async (message: ToChild): Promise<void> => {
    if (message.kind === 'start') {
      const log = openLog('writer', message.settings.logLevel)
      ground = await openGround(message.settings, log)
      running = startWriter(message.settings, ground, log)
      await running
      return say({ kind: 'ready', address: null })
    }
    if (message.kind === 'ping') return say({ kind: 'pong', sequence: message.sequence })
    const writer = await running
    if (writer === null || ground === null) return
    if (message.kind === 'writer-dead') return await writer.endWorker(message.writerId)
    if (message.kind === 'figures') {
      const histograms = [ground.syncTimes.histogram()]
      const figures = { figures: await writer.figures(), histograms }
      return say({ kind: 'figures', requestId: message.requestId, figures })
    }
    if (message.kind === 'drain') {
      await writer[Symbol.asyncDispose]()
      say({ kind: 'drained' })
    }
  }
  parent.onMessage((message) => {
    const told = message as ToChild
    hear(told).catch((error: unknown) => {
      if (told.kind !== 'start') throw error
      failStart(say, error)
    })
  })
}

/** Errors of a start that the operator must put right; any other is a defect, and is tried again. */
const REFUSALS: Readonly<Record<string, 'store' | 'listener'>> = {
  StoreRefused: 'store',
  AdminError: 'store',
  ListenRefused: 'listener',
}
const REFUSAL_CODES: readonly string[] = ['corrupt', 'foreign-index']
const CORRUPT_NEXT =
  'Without it the store cannot start: look at all the damage with `holdfast verify DIR`, and make ' +
  'the index anew from the data with `holdfast rebuild DIR`'

/** What a child cannot start with: refused for the operator, else it ends and is replaced. */
export function failStart(say: (message: FromChild) => void, error: unknown): void {
  if (!(error instanceof Error)) throw error
  const code = 'code' in error ? String(error.code) : ''
  const subject = REFUSALS[error.name] ?? (REFUSAL_CODES.includes(code) ? 'store' : undefined)
  if (subject === undefined) throw error
  const message = code === 'corrupt' ? `${error.message}. ${CORRUPT_NEXT}` : error.message
  say({ kind: 'refused', subject, message })
}
