// A store opened by a command while nobody serves it: under its lock, without background work.

import { Closers } from '../base/closers.ts'
import { systemClock } from '../platform/clock.ts'
import { openSystemRandom } from '../platform/random.ts'
import { openAdmin } from './admin.ts'
import type { ServedAdmin } from './admin-socket.ts'
import { openWriterCell } from './embedded.ts'
import type { Ground } from './embedded.ts'
import { lockStore, openStoreFolder } from './store-folder.ts'
import { verifyStore } from './verify-store.ts'
import { describeStore } from './writer.ts'

/** @throws StoreRefused where it is no store, or in use */
export async function openOffline(folder: string, version: string): Promise<ServedAdmin> {
  const { disk, superblock } = await openStoreFolder(folder)
  const closers = new Closers()
  const lock = await lockStore(folder)
  closers.defer(async () => await lock.release())
  const ground: Ground = {
    folder,
    disk,
    clock: systemClock,
    random: openSystemRandom(),
    driveId: superblock.driveId,
    report: () => undefined,
  }
  const cell = closers.use(await openWriterCell(ground))
  const settings = { version, region: superblock.region, isServed: false }
  const admin = openAdmin({
    ...cell,
    clock: ground.clock,
    random: ground.random,
    status: async () => await describeStore(settings, ground, cell),
    verify: async (request, note) => await verifyStore(ground, cell, request, note),
  })
  return { admin, [Symbol.asyncDispose]: async () => await closers[Symbol.asyncDispose]() }
}
