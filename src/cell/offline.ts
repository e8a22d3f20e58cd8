// A store opened by a command while nobody serves it, under its lock: whole, as the writer opens it,
// or for reading alone, whatever is damaged in it.

import { join } from 'node:path'
import { Closers } from '../base/closers.ts'
import { EngineError } from '../engine/engine.ts'
import { openLmdbEngine, openLmdbReader } from '../engine/lmdb.ts'
import { openObjectIndexReader } from '../object-index/object-index-reader.ts'
import { deferToTurnsEnd, systemClock } from '../platform/clock.ts'
import { openSystemRandom } from '../platform/random.ts'
import { openStorage } from '../storage/storage-service.ts'
import { openAdmin } from './admin.ts'
import type { Admin, ValidationStatus } from './admin.ts'
import type { ServedAdmin } from './admin-socket.ts'
import { openWriterCell } from './embedded.ts'
import type { Ground } from './embedded.ts'
import { lmdbEngines } from './engines.ts'
import { INDEX_FOLDER, lockStore, openStoreFolder, requireIndex } from './store-folder.ts'
import { SyncTimes } from './sync-times.ts'
import { verifyStore } from './verify-store.ts'
import type { VerifyParts } from './verify-store.ts'
import type { VerifyReport } from './verify.ts'
import { describeStore } from './writer.ts'

/** @throws StoreRefused where it is no store; StoreInUse at once, before anything is done */
export async function openOffline(folder: string, version: string): Promise<ServedAdmin> {
  const { disk, superblock } = await openStoreFolder(folder)
  const closers = new Closers()
  const lock = await lockStore(folder, 0)
  closers.defer(async () => await lock.release())
  const ground: Ground = {
    folder,
    disk,
    clock: systemClock,
    random: openSystemRandom(),
    driveId: superblock.driveId,
    engines: lmdbEngines(folder),
    defer: deferToTurnsEnd,
    syncTimes: new SyncTimes(),
    report: () => undefined,
  }
  const cell = closers.use(await openWriterCell(ground))
  const settings = { version, region: superblock.region, isServed: false }
  const validation: ValidationStatus = { state: 'waiting' }
  const admin = openAdmin({
    ...cell,
    clock: ground.clock,
    random: ground.random,
    status: async () => await describeStore(settings, ground, { ...cell, validation }),
    verify: async (request, note) =>
      await verifyStore(ground, { ...cell, openLog: async () => cell.engine }, request, note),
  })
  return { admin, [Symbol.asyncDispose]: async () => await closers[Symbol.asyncDispose]() }
}

/**
 * Verifies a store that is not served, and changes nothing in it: no epoch is taken, nothing sealed
 * and nothing swept, so that damage which keeps a server from starting is found and named too.
 * @throws StoreRefused where it is no store; StoreInUse at once, before anything is done
 */
export async function verifyOffline(
  folder: string,
  ...[request, note]: Parameters<Admin['verify']>
): Promise<VerifyReport> {
  const { disk } = await openStoreFolder(folder)
  requireIndex(folder)
  await using closers = new Closers()
  const lock = await lockStore(folder, 0)
  closers.defer(async () => await lock.release())
  const path = join(folder, INDEX_FOLDER)
  const clock = systemClock
  try {
    const { engine, openLog } = await openForReading(path, closers)
    const storage = closers.use(openStorage({ disk, clock, random: openSystemRandom() }))
    const parts = { engine, openLog, storage, index: openObjectIndexReader(engine) }
    return await verifyStore({ folder, clock }, parts, request, note)
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause
    const finding = { kind: 'unread', what: 'the index', message: `${cause.message}; run rebuild` }
    return { records: 0, blobs: 0, blobBytes: 0, durationMs: 0, findings: [finding], isCut: false }
  }
}

/** The engine that reads the log too; where its head is damaged, one that reads the rest. */
async function openForReading(
  path: string,
  closers: Closers,
): Promise<Pick<VerifyParts, 'engine' | 'openLog'>> {
  try {
    const engine = closers.use(await openLmdbEngine({ path, clock: systemClock }))
    return { engine, openLog: async () => engine }
  } catch (cause) {
    if (!(cause instanceof EngineError) || cause.code !== 'corrupt') throw cause
    return {
      engine: closers.use(await openLmdbReader(path)),
      openLog: async () => await Promise.reject(cause),
    }
  }
}
