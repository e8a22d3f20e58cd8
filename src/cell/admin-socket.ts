// The admin socket: how commands reach a store that is served. It lies in the store's directory
// and only the user who serves may open it.

import { join } from 'node:path'
import { connectChannel, listenChannel } from '../platform/channel.ts'
import type { ChannelServer } from '../platform/channel.ts'
import type { Admin, Progress } from './admin.ts'
import { openRpcClient, serveRpc } from './rpc.ts'
import type { RpcMethods } from './rpc.ts'

const SOCKET_NAME = 'admin.sock'

/** Names of the admin's methods, whole by type: a new method is reachable or does not compile. */
const METHOD_NAMES: Readonly<Record<keyof Admin, true>> = {
  addUser: true,
  listUsers: true,
  removeUser: true,
  addKey: true,
  removeKey: true,
  listBuckets: true,
  bucketUsage: true,
  setQuota: true,
  status: true,
  verify: true,
}

/** Serves `admin` in the store's directory. */
export async function serveAdmin(folder: string, admin: Admin): Promise<ChannelServer> {
  const methods = Object.fromEntries(
    Object.keys(METHOD_NAMES).map((name) => {
      const method = admin[name as keyof Admin] as (
        argument: never,
        note: unknown,
      ) => Promise<unknown>
      return [name, async (argument: never, note: unknown) => await method(argument, note)]
    }),
  ) as RpcMethods
  return await listenChannel(join(folder, SOCKET_NAME), (channel) => serveRpc(channel, methods))
}

export interface ServedAdmin extends AsyncDisposable {
  readonly admin: Admin
}

/** The admin of the process that serves `folder`, or null where none does. */
export async function connectAdmin(folder: string): Promise<ServedAdmin | null> {
  const channel = await connectChannel(join(folder, SOCKET_NAME)).catch(() => null)
  if (channel === null) return null
  const client = openRpcClient(channel)
  const admin = Object.fromEntries(
    Object.keys(METHOD_NAMES).map((name) => [
      name,
      async (argument: unknown, note?: (progress: Progress) => void) =>
        await client.call(name, argument, note as ((value: unknown) => void) | undefined),
    ]),
  )
  return {
    admin: admin as unknown as Admin,
    [Symbol.asyncDispose]: async () => client.close(),
  }
}
