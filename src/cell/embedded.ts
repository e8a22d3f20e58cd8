// The wiring of one machine: which implementation stands behind which contract, in the process that
// commits and in those that serve.

import type { Clock } from '../base/clock.ts'
import { Closers } from '../base/closers.ts'
import type { Disk } from '../base/disk.ts'
import type { WriterId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
import { openDirectoryReader } from '../directory/directory-reader.ts'
import { openDirectory } from '../directory/directory-service.ts'
import type { Directory } from '../directory/directory.ts'
import type { Engine } from '../engine/engine.ts'
import { openGateway } from '../gateway/gateway-service.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { openArchiver } from '../object-index/archive.ts'
import type { Archiver } from '../object-index/archive.ts'
import { openObjectIndexReader } from '../object-index/object-index-reader.ts'
import { openObjectIndex } from '../object-index/object-index-service.ts'
import type { ObjectIndexService } from '../object-index/object-index-service.ts'
import type { ObjectIndex } from '../object-index/object-index.ts'
import { findReferences } from '../object-index/rebuild-references.ts'
import { openPlacement } from '../placement/placement-service.ts'
import type { PlacementService } from '../placement/placement-service.ts'
import { PlacementError } from '../placement/placement.ts'
import type { Placement } from '../placement/placement.ts'
import { openStorage } from '../storage/storage-service.ts'
import type { Storage } from '../storage/storage.ts'
import type { Engines } from './engines.ts'
import { StoreRefused } from './store-folder.ts'
import type { SyncTimes } from './sync-times.ts'
import { openDirectoryClient, openIndexClient, openPlacementClient } from './writer-socket.ts'
import type { WriterLink } from './writer-socket.ts'

/** What the platform gives every process. */
export interface Ground {
  readonly folder: string
  readonly driveId: string
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly engines: Engines
  /** Runs `act` behind all that this turn of the event loop still has to read. */
  readonly defer: (act: () => void) => void
  /** Of this process; its disk's are in it. */
  readonly syncTimes: SyncTimes
  readonly report: (message: string) => void
}

/** What a process that serves has besides. */
export interface WorkerGround extends Ground {
  /** Of small bodies that were read. */
  readonly cacheSizeBytes: number
}

/** The process that commits: everything that decides, and the loops in the background. */
export interface WriterCell extends AsyncDisposable {
  readonly engine: Engine
  readonly index: ObjectIndexService
  readonly directory: Directory
  readonly placement: PlacementService
  readonly storage: Storage
  readonly archiver: Archiver
}

/** Opens the writer's half: takes the epoch, seals what dead writers left, starts the loops. */
export async function openWriterCell(ground: Ground): Promise<WriterCell> {
  const { clock, random, disk, driveId, report } = ground
  const nextTurn = async (): Promise<void> => await new Promise((resolve) => ground.defer(resolve))
  const closers = new Closers()
  const engine = closers.use(
    await ground.engines.openEngine({
      clock,
      onSync: (durationMs) => ground.syncTimes.record('index', durationMs),
      onEnd: (error) => endSoon(clock, error),
    }),
  )
  await engine.takeEpoch()
  const index = closers.use(openObjectIndex({ engine, random, clock }))
  const directory = openDirectory({ engine, random })
  const storage = closers.use(openStorage({ disk, clock, random }))
  let started: Archiver | null = null
  const placement = closers.use(
    openPlacement({
      index,
      storage,
      disk,
      clock,
      random,
      driveId,
      findReferences: async (extentIds, signal) =>
        await findReferences(engine, extentIds, signal, nextTurn),
      options: {
        report,
        pause: nextTurn,
        isBusy: () => engine.status().queueLength > 0,
        mayExpire: () => started !== null && mayExpire(engine, started),
      },
    }),
  )
  await placement.start().catch(refuseForeign)
  const archiver = closers.use(
    openArchiver({
      engine,
      index,
      storage,
      clock,
      random,
      filler: placement.openFiller(),
      options: { report, hasRoom: (sizeBytes) => sizeBytes <= placement.roomBytes() },
    }),
  )
  await archiver.start()
  started = archiver
  const sweeping = new AbortController()
  const swept = index.runSweeper(sweeping.signal).catch((error: unknown) => {
    if (!sweeping.signal.aborted) endSoon(clock, error)
  })
  closers.defer(async () => {
    sweeping.abort()
    await swept
  })
  return {
    engine,
    index,
    directory,
    placement,
    storage,
    archiver,
    [Symbol.asyncDispose]: async () => await closers[Symbol.asyncDispose](),
  }
}

/** An index that is not the drive's own is no failure that another try would cure. */
function refuseForeign(cause: unknown): never {
  if (!(cause instanceof PlacementError) || cause.code !== 'foreign-index') throw cause
  throw new StoreRefused(cause.message, { cause })
}

/**
 * Whether bytes may go: not while the clock is in doubt, nor while a rebuild from the archive would
 * still name what was parked since.
 */
function mayExpire(engine: Engine, archiver: Archiver): boolean {
  return engine.status().clockAlarm === null && !archiver.status().isBehind
}

/** Time for answers that are on their way. */
const END_MS = 100

/** Ends this process by an error that nobody can handle: its successor opens everything anew. */
function endSoon(clock: Clock, error: unknown): void {
  clock.after(END_MS, () => {
    throw error
  })
}

/** What a worker's router stands on. */
export interface WorkerCell extends AsyncDisposable {
  readonly index: ObjectIndex
  readonly directory: Directory
  readonly placement: Placement
  readonly gateway: Gateway
}

/** A worker beside a writer process: reads here, operations over the link. */
export async function openWorkerCell(
  ground: WorkerGround,
  writerId: WriterId,
  link: WriterLink,
): Promise<WorkerCell> {
  const closers = new Closers()
  const reader = closers.use(await ground.engines.openReader())
  const index = openIndexClient(openObjectIndexReader(reader), link)
  const directory = openDirectoryClient(openDirectoryReader(reader), link)
  const placement = openPlacementClient(link)
  return finishWorker(ground, writerId, { index, directory, placement }, closers)
}

/** A worker that is its own writer. */
export function openSoleWorker(
  ground: WorkerGround,
  writerId: WriterId,
  writer: WriterCell,
): WorkerCell {
  return finishWorker(ground, writerId, writer, new Closers())
}

function finishWorker(
  ground: WorkerGround,
  writerId: WriterId,
  parts: { index: ObjectIndex; directory: Directory; placement: Placement },
  closers: Closers,
): WorkerCell {
  const { clock, random, disk, cacheSizeBytes } = ground
  const { index, directory, placement } = parts
  const storage = closers.use(openStorage({ disk, clock, random }))
  const gateway = closers.use(
    openGateway({ index, placement, storage, clock, random, writerId, cacheSizeBytes }),
  )
  return {
    index,
    directory,
    placement,
    gateway,
    [Symbol.asyncDispose]: async () => await closers[Symbol.asyncDispose](),
  }
}
