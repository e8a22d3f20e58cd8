// Starts the process group that serves a store: takes the store's lock, makes sure it is a store,
// and gives both to a supervisor whose children are this program's other entries.

import { newId } from '../base/id.ts'
import type { WriterId } from '../base/id.ts'
import { spawnChild } from '../platform/child.ts'
import { systemClock } from '../platform/clock.ts'
import { builtEntry } from '../platform/entry.ts'
import { findFreePort } from '../platform/http-server.ts'
import { openSystemRandom } from '../platform/random.ts'
import { openLog } from '../platform/log.ts'
import type { Role } from './messages.ts'
import type { Address, CellSettings } from './settings.ts'
import { lockStore, openStoreFolder, StoreRefused } from './store-folder.ts'
import { openSupervisor, rolesOf, StartRefused } from './supervisor.ts'

/** A null region is the store's own. */
export type GroupSettings = Omit<CellSettings, 'region'> & { readonly region: string | null }

export interface Group {
  readonly address: Address
  /** Null where health and metrics are served with S3. */
  readonly adminAddress: Address | null
  readonly region: string
  drain(): Promise<void>
  kill(): void
  /** Resolves with the reason should the group end by itself. */
  readonly failed: Promise<string>
}

/**
 * JavaScript heaps are small by design; what is large lies outside of them. V8 counts it all the same,
 * and with a limit that it draws from so small a heap it would mark all of it for every 16 MiB that
 * came in: the first limit spares a quarter of the CPU of a PUT of 8 MiB. Measured: docs/speed.md.
 */
const HEAP_OPTIONS = ['--max-semi-space-size=16', '--initial-old-space-size=64']

/**
 * Serves a store until drained or killed.
 * @throws StoreRefused where the directory is no store or is served already, or the start failed
 */
export async function startGroup(given: GroupSettings): Promise<Group> {
  const { superblock } = await openStoreFolder(given.folder)
  const { region } = superblock
  if (given.region !== null && given.region !== region) {
    throw new StoreRefused(
      `${given.folder} belongs to region ${region}, not ${given.region}; leave the region out, or ` +
        'name the right directory',
    )
  }
  const lock = await lockStore(given.folder)
  const settings = await fixPorts({ ...given, region })
  const log = openLog('supervisor', settings.logLevel)
  const random = openSystemRandom()
  const spawn = (role: Role) =>
    spawnChild({
      entry: builtEntry(role === 'writer' ? 'writer' : 'worker'),
      lockFd: lock.fd,
      role: role === 'writer' ? 'plain' : 'http',
      execArgv: HEAP_OPTIONS,
    })
  const supervisor = openSupervisor({
    settings,
    roles: rolesOf(settings.workerCount),
    clock: systemClock,
    spawn,
    drawWriterId: () => newId<WriterId>(random),
    log: (level, message, fields) => log[level](fields, message),
  })
  try {
    return {
      address: await supervisor.ready,
      adminAddress: settings.adminListen,
      region,
      drain: async () => {
        log.info('finishing what is under way')
        await supervisor.drain()
      },
      kill: () => supervisor.kill(),
      failed: supervisor.failed,
    }
  } catch (error) {
    if (error instanceof StartRefused) throw new StoreRefused(error.message)
    throw error
  }
}

/**
 * A free port in place of 0, drawn once for the life of the group: a replaced process serves where
 * the one before did.
 */
async function fixPorts(settings: CellSettings): Promise<CellSettings> {
  const { listen, adminListen } = settings
  const fix = async (address: Address): Promise<Address> =>
    address.port > 0 ? address : { ...address, port: await findFreePort(address.host) }
  try {
    const fixed = await fix(listen)
    return {
      ...settings,
      listen: fixed,
      adminListen: adminListen === null ? null : await fix(adminListen),
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StoreRefused(`no free port: ${reason}`)
  }
}
