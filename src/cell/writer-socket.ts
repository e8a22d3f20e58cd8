// The writer's contracts for the workers of its group: object-index's operations, the directory's
// and placement's cross a channel as plain values; reads never do.

import { newId } from '../base/id.ts'
import type { CommitId, ExtentId, WriterId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
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

export interface WriterParts {
  readonly index: ObjectIndex
  readonly directory: Directory
  readonly placement: Placement
}

/** Serves the writer's half to one worker; `onHello` learns who it is. */
export function serveWriter(
  channel: Channel,
  parts: WriterParts,
  onHello: (writerId: WriterId) => void,
): void {
  serveRpc(channel, {
    hello: async (writerId: WriterId) => {
      onHello(writerId)
    },
    index: async ([operation, id]: [IndexOperation, CommitId]) =>
      await parts.index.apply(operation, id),
    directory: async (operation: DirectoryOperation) => await parts.directory.apply(operation),
    lease: async ([writerId, layout]: [WriterId, 'packed' | 'direct']) =>
      await parts.placement.lease(writerId, layout),
    seal: async (extentId: ExtentId) => await parts.placement.seal(extentId),
    sealAllOf: async (writerId: WriterId) => await parts.placement.sealAllOf(writerId),
    placementStatus: async () => await parts.placement.status(),
  })
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
      const code = error.code === 'unavailable' ? 'unavailable' : 'unsure'
      throw new DirectoryError(code, error.message, error)
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

/** A fresh id for this process, under which it fills extents. */
export function drawWriterId(random: Random): WriterId {
  return newId<WriterId>(random)
}
