// A worker's way to the writer of its group: a channel that is made anew whenever it ends.

import type { Clock } from '../base/clock.ts'
import type { WriterId } from '../base/id.ts'
import type { Channel } from '../platform/channel.ts'
import { openRpcClient, RpcError } from './rpc.ts'
import type { RpcClient } from './rpc.ts'
import type { WriterLink } from './writer-socket.ts'

const LINK_RETRY_MS = 20

export interface LinkParts {
  /** @throws an error of the kernel, with a `syscall`, while there is no writer */
  readonly connect: () => Promise<Channel>
  readonly clock: Clock
  readonly writerId: WriterId
}

/** A worker's link to the writer; made anew for ever while the worker runs. */
export class Link implements WriterLink, AsyncDisposable {
  client: RpcClient | null = null
  readonly #parts: LinkParts
  #isEnding = false

  constructor(parts: LinkParts) {
    this.#parts = parts
  }

  /** Resolves when the link stands for the first time, and keeps it standing. */
  async open(): Promise<void> {
    while (!this.#isEnding) {
      if (await this.#connect().catch(isOperating)) return
      await this.#parts.clock.sleep(LINK_RETRY_MS)
    }
  }

  /** A writer may go away between any two steps: the next attempt finds its successor. */
  async #connect(): Promise<true> {
    const channel = await this.#parts.connect()
    const client = openRpcClient(channel)
    channel.onClose(() => {
      if (this.client !== client) return
      this.client = null
      void this.open()
    })
    try {
      await client.call('hello', this.#parts.writerId)
    } catch (error) {
      channel.destroy()
      throw error
    }
    if (this.#isEnding) channel.destroy()
    this.client = client
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true
    this.client?.close()
  }
}

/** False: to be tried again. A defect is none of these, and ends the process. */
function isOperating(error: unknown): false {
  if (error instanceof RpcError || (error instanceof Error && 'syscall' in error)) return false
  throw error
}
