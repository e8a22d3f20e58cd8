// Starts the process group that serves a store: takes the store's lock, makes sure it is a store,
// and gives both to a supervisor whose children are this program's other entries.

import { spawnChild } from '../platform/child.ts'
import { systemClock } from '../platform/clock.ts'
import { builtEntry } from '../platform/entry.ts'
import { openLog } from './log.ts'
import type { Role } from './messages.ts'
import type { CellSettings } from './settings.ts'
import { lockStore, openStoreFolder, StoreRefused } from './store-folder.ts'
import { openSupervisor, StartRefused } from './supervisor.ts'

export interface Group {
  readonly port: number
  drain(): Promise<void>
  kill(): void
  /** Resolves with the reason should the group end by itself. */
  readonly failed: Promise<string>
}

/** JavaScript heaps are small by design; what is large lies outside of them. */
const HEAP_OPTIONS = ['--max-semi-space-size=16']

/**
 * Serves a store until drained or killed.
 * @throws StoreRefused where the directory is no store or is served already, or the start failed
 */
export async function startGroup(settings: CellSettings): Promise<Group> {
  await openStoreFolder(settings.folder)
  const lock = await lockStore(settings.folder)
  const log = openLog('supervisor', settings.logLevel)
  const spawn = (role: Role) =>
    spawnChild({
      entry: builtEntry(role === 'writer' ? 'writer' : 'worker'),
      lockFd: lock.fd,
      role: role === 'writer' ? 'plain' : 'http',
      execArgv: HEAP_OPTIONS,
    })
  const supervisor = openSupervisor({
    settings,
    clock: systemClock,
    spawn,
    log: (level, message, fields) => log[level](fields, message),
  })
  try {
    const { port } = await supervisor.ready
    return {
      port,
      drain: async () => await supervisor.drain(),
      kill: () => supervisor.kill(),
      failed: new Promise(() => undefined),
    }
  } catch (error) {
    if (error instanceof StartRefused) throw new StoreRefused(error.message)
    throw error
  }
}
