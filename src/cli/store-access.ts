// How a command reaches a store: through the socket in DIR while it is served, else by taking
// DIR's lock and opening it here. Never both, and never neither without saying so.

import { resolve } from 'node:path'
import { AdminError } from '../cell/admin.ts'
import type { Admin } from '../cell/admin.ts'
import { connectAdmin } from '../cell/admin-socket.ts'
import { StoreInUse, StoreRefused } from '../cell/store-folder.ts'
import { RpcError } from '../cell/rpc.ts'
import { systemClock } from '../platform/clock.ts'
import { CliError } from './cli-error.ts'
import { VERSION } from './version.ts'

/** Runs `act` on the store in `folder`. @throws CliError for what an operator can put right */
export async function withAdmin<T>(folder: string, act: (admin: Admin) => Promise<T>): Promise<T> {
  const absolute = resolve(folder)
  try {
    return await reachStore(absolute, act, async () => {
      const { openOffline } = await import('../cell/offline.ts') // the engine, for those who need it
      await using offline = await openOffline(absolute, VERSION)
      return await act(offline.admin)
    })
  } catch (error) {
    throw asCliError(error)
  }
}

/** A server whose writer is replaced has the lock and no socket, for some seconds on a busy machine. */
const REACH_MS_MAX = 15_000
const REACH_RETRY_MS = 50

/**
 * Runs one of both, whichever the store lets in first: `throughServer` while it is served, `alone`
 * under its lock. @throws StoreRefused, and what they throw
 */
export async function reachStore<T>(
  folder: string,
  throughServer: (admin: Admin) => Promise<T>,
  alone: () => Promise<T>,
): Promise<T> {
  const startedAtMs = systemClock.monotonicMs()
  for (;;) {
    await using served = await connectAdmin(folder)
    if (served !== null) return await throughServer(served.admin)
    try {
      return await alone()
    } catch (error) {
      if (!(error instanceof StoreInUse)) throw error
      if (systemClock.monotonicMs() - startedAtMs >= REACH_MS_MAX) throw unreached(folder, error)
    }
    await systemClock.sleep(REACH_RETRY_MS)
  }
}

function unreached(folder: string, cause: unknown): StoreRefused {
  return new StoreRefused(
    `${folder} is in use by another holdfast that takes no commands: a server that is starting, or ` +
      'another command. Try again when it is done; if it is a server, its log says what it waits for',
    { cause },
  )
}

/** What the operator can put right becomes one line and exit code 2; a defect stays as it is. */
export function asCliError(error: unknown): unknown {
  if (error instanceof AdminError || error instanceof StoreRefused)
    return new CliError(error.message)
  if (!(error instanceof RpcError)) return error
  if (error.kind === 'AdminError') return new CliError(error.message)
  if (error.kind === 'ChannelClosed') {
    return new CliError('the server ended before it answered; try again', 1)
  }
  return new CliError(`the server could not do it: ${error.message}`, 1)
}
