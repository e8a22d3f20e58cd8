// Calls over a channel: what lets a contract's client stand in one process and its service in
// another. Values cross as structured clones, errors as name, code and message.

import { assert, AssertionError } from '../base/assert.ts'
import type { Channel } from '../platform/channel.ts'

type Call = readonly [callId: number, method: string, argument: unknown]
type Answer = readonly [callId: number, kind: 'ok' | 'error' | 'note', value: unknown]

/** An operating error as it crossed: the client turns it into its contract's own class. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  /** The remote error's class name, or 'ChannelClosed' where no answer came. */
  readonly kind: string
  readonly code: string
  constructor(kind: string, code: string, message: string) {
    super(message)
    this.kind = kind
    this.code = code
  }
}

export type RpcMethod = (argument: never, note: (value: unknown) => void) => Promise<unknown>
export type RpcMethods = Readonly<Record<string, RpcMethod>>

/** Answers calls that come over `channel` with `methods`. */
export function serveRpc(channel: Channel, methods: RpcMethods): void {
  channel.onValue((value) => {
    const [callId, name, argument] = value as Call
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined
    if (method === undefined) {
      channel.send([callId, 'error', { kind: 'RpcError', code: 'no-such-method', message: name }])
      return
    }
    const note = (progress: unknown): void => channel.send([callId, 'note', progress])
    method(argument as never, note).then(
      (result) => channel.send([callId, 'ok', result]),
      (error: unknown) => {
        if (isDefect(error)) throw error // not the caller's: this process ends and is replaced
        channel.send([callId, 'error', describe(error)])
      },
    )
  })
}

/** What no contract names: a programmer's error. Operating errors have classes of their own. */
function isDefect(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof AssertionError) return true
  return (
    error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
  )
}

function describe(error: unknown): { kind: string; code: string; message: string } {
  assert(error instanceof Error, 'only errors are thrown')
  const code = 'code' in error ? String(error.code) : ''
  return { kind: error.name, code, message: error.message }
}

export interface RpcClient {
  /**
   * Calls a method; `onNote` gets its progress. @throws RpcError, with kind 'ChannelClosed' where
   * the peer went away: whether the call was carried out is then unknown.
   */
  call(method: string, argument: unknown, onNote?: (value: unknown) => void): Promise<unknown>
  readonly isClosed: boolean
  close(): void
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: RpcError) => void
  readonly onNote: ((value: unknown) => void) | undefined
}

/** A client over a channel that is open. */
export function openRpcClient(channel: Channel): RpcClient {
  const waiting = new Map<number, Waiting>()
  let nextId = 0
  let isClosed = false
  const closedError = (): RpcError =>
    new RpcError('ChannelClosed', 'closed', 'the serving process went away')
  channel.onValue((value) => {
    const [callId, kind, result] = value as Answer
    const call = waiting.get(callId)
    if (call === undefined) return
    if (kind === 'note') return call.onNote?.(result)
    waiting.delete(callId)
    if (kind === 'ok') return call.resolve(result)
    const error = result as { kind: string; code: string; message: string }
    call.reject(new RpcError(error.kind, error.code, error.message))
  })
  channel.onClose(() => {
    isClosed = true
    for (const call of waiting.values()) call.reject(closedError())
    waiting.clear()
  })
  return {
    call: (method, argument, onNote) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(closedError())
        const callId = nextId++
        waiting.set(callId, { resolve, reject, onNote })
        channel.send([callId, method, argument])
      }),
    get isClosed() {
      return isClosed
    },
    close: () => channel.end(),
  }
}
