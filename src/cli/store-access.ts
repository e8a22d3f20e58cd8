// How a command reaches a store: through the socket in DIR while it is served, else by taking
// DIR's lock and opening it here. Never both, and never neither without saying so.

import { resolve } from 'node:path'
import { AdminError } from '../cell/admin.ts'
import type { Admin } from '../cell/admin.ts'
import { connectAdmin } from '../cell/admin-socket.ts'
import { StoreRefused } from '../cell/store-folder.ts'
import { RpcError } from '../cell/rpc.ts'
import { CliError } from './cli-error.ts'
import { VERSION } from './version.ts'

/** Runs `act` on the store in `folder`. @throws CliError for what an operator can put right */
export async function withAdmin<T>(folder: string, act: (admin: Admin) => Promise<T>): Promise<T> {
  const absolute = resolve(folder)
  try {
    await using served = await connectAdmin(absolute)
    if (served !== null) return await act(served.admin)
    const { openOffline } = await import('../cell/offline.ts') // the engine, for those who need it
    await using offline = await openOffline(absolute, VERSION)
    return await act(offline.admin)
  } catch (error) {
    throw asCliError(error)
  }
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
