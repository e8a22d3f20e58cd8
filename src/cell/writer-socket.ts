// The writer's contracts for the workers of its group: object-index's operations, the directory's
// and placement's cross a channel as plain values; reads never do.

import type { CommitId, ExtentId, WriterId } from '../base/id.ts'
import { Lru } from '../base/lru.ts'
import { DirectoryError } from '../directory/directory.ts'
import type {
  Directory,
  DirectoryOperation,
  DirectoryOutcome,
  DirectoryReader,
} from '../directory/directory.ts'
import { ObjectIndexError } from '../object-index/object-index.ts'
import type {
  IndexOperation,
  IndexOutcome,
  ObjectIndex,
  ObjectIndexErrorCode,
  ObjectIndexReader,
} from '../object-index/object-index.ts'
import { PlacementError } from '../placement/placement.ts'
import type {
  Lease,
  Placement,
  PlacementErrorCode,
  PlacementStatus,
} from '../placement/placement.ts'
import type { Channel } from '../platform/channel.ts'
import { extend } from './extend.ts'
import { RpcError, serveRpc } from './rpc.ts'
import type { RpcClient } from './rpc.ts'

/** Workers that ended and are remembered: hours of one that dies at each start. */
const ENDED_WORKERS_MAX = 10_000

export interface WriterParts {
  readonly index: ObjectIndex
  readonly directory: Directory
  readonly placement: Placement
}

/**
 * The workers that are connected, and those whose end the supervisor has told: their channels are
 * cut, and none is ever let in again, so that a process that comes back to life decides nothing.
 */
export class ConnectedWorkers {
  readonly #channels = new Map<WriterId, Channel>()
  readonly #ended = new Lru<WriterId, true>(ENDED_WORKERS_MAX)

  /** False for one that was ended. */
  admit(writerId: WriterId, channel: Channel): boolean {
    if (this.#ended.get(writerId) !== undefined) return false
    this.#channels.set(writerId, channel)
    channel.onClose(() => {
      if (this.#channels.get(writerId) === channel) this.#channels.delete(writerId)
    })
    return true
  }

  isEnded(writerId: WriterId): boolean {
    return this.#ended.get(writerId) !== undefined
  }

  /** Cuts its channel: what it sent and was not yet taken up is lost. */
  end(writerId: WriterId): void {
    this.#ended.set(writerId, true)
    this.#channels.get(writerId)?.destroy()
    this.#channels.delete(writerId)
  }
}

/** Serves the writer's half to one worker, which says first who it is. */
export function serveWriter(channel: Channel, parts: WriterParts, workers: ConnectedWorkers): void {
  let who: WriterId | null = null
  const own = <Argument>(run: (argument: Argument) => Promise<unknown>) => {
    return async (argument: Argument): Promise<unknown> => {
      if (who === null || workers.isEnded(who)) throw ended()
      return await run(argument)
    }
  }
  serveRpc(channel, {
    hello: async (writerId: WriterId) => {
      if (!workers.admit(writerId, channel)) throw ended()
      who = writerId
    },
    index: own(
      async ([operation, id]: [IndexOperation, CommitId]) => await parts.index.apply(operation, id),
    ),
    directory: own(async (operation: DirectoryOperation) => await parts.directory.apply(operation)),
    lease: own(async ([writerId, layout]: [WriterId, 'packed' | 'direct']) => {
      if (writerId !== who) throw ended()
      return await parts.placement.lease(writerId, layout)
    }),
    seal: own(async (extentId: ExtentId) => await parts.placement.seal(extentId)),
    sealAllOf: own(async (writerId: WriterId) => await parts.placement.sealAllOf(writerId)),
    placementStatus: own(async () => await parts.placement.status()),
  })
}

function ended(): RpcError {
  return new RpcError('RpcError', 'ended', 'the writer does not know this process, or has ended it')
}

/** A connection to the writer that is made anew when the writer is replaced. */
export interface WriterLink {
  /** Null while there is no writer. */
  readonly client: RpcClient | null
}

/**
 * Calls the writer. With no writer nothing was sent, so nothing was done: `unavailable`. A writer
 * that goes away before it answers leaves the outcome unknown: `unsure`.
 */
async function call(link: WriterLink, method: string, argument: unknown): Promise<unknown> {
  if (link.client === null || link.client.isClosed) {
    throw new RpcError('ChannelClosed', 'unavailable', 'the writer process is being replaced')
  }
  return await link.client.call(method, argument)
}

/** The index as a worker has it: reads here, operations at the writer. */
export function openIndexClient(reader: ObjectIndexReader, link: WriterLink): ObjectIndex {
  const apply = async (operation: IndexOperation, id: CommitId): Promise<IndexOutcome> => {
    try {
      return (await call(link, 'index', [operation, id])) as IndexOutcome
    } catch (error) {
      throw indexError(error)
    }
  }
  return extend(reader, { apply })
}

function indexError(error: unknown): unknown {
  if (!(error instanceof RpcError)) return error
  if (error.kind === 'ObjectIndexError') {
    return new ObjectIndexError(error.code as ObjectIndexErrorCode, error.message, error)
  }
  const code = error.code === 'unavailable' ? 'unavailable' : 'unsure'
  return new ObjectIndexError(code, error.message, error)
}

/** The directory as a worker has it. */
export function openDirectoryClient(reader: DirectoryReader, link: WriterLink): Directory {
  const apply = async (operation: DirectoryOperation): Promise<DirectoryOutcome> => {
    try {
      return (await call(link, 'directory', operation)) as DirectoryOutcome
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      const isOwn = error.kind === 'DirectoryError'
      const code = error.code === 'unavailable' ? 'unavailable' : 'unsure'
      throw new DirectoryError(
        isOwn ? (error.code as DirectoryError['code']) : code,
        error.message,
        error,
      )
    }
  }
  return extend(reader, { apply })
}

/** Placement as a worker has it. */
export function openPlacementClient(link: WriterLink): Placement {
  const ask = async (method: string, argument: unknown): Promise<unknown> => {
    try {
      return await call(link, method, argument)
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      const isOwn = error.kind === 'PlacementError'
      const code = isOwn ? (error.code as PlacementErrorCode) : 'index-unavailable'
      throw new PlacementError(code, error.message, error)
    }
  }
  return {
    lease: async (writerId, layout) => (await ask('lease', [writerId, layout])) as Lease,
    seal: async (extentId) => {
      await ask('seal', extentId)
    },
    sealAllOf: async (writerId) => {
      await ask('sealAllOf', writerId)
    },
    status: async () => (await ask('placementStatus', null)) as PlacementStatus,
  }
}
