// The processes of a group: forked, spoken to by messages, ended by pid. A child inherits the
// group's lock (and so keeps it as long as it lives) and ends by itself when its parent is gone.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import cluster from 'node:cluster'
import type { Worker } from 'node:cluster'
import { writeSync } from 'node:fs'
import { setPriority } from 'node:os'

export interface ChildOptions {
  /** Absolute path of a built entry. */
  readonly entry: string
  /** Descriptor of the group's lock; -1 where there is none. */
  readonly lockFd: number
  /** 'http': shares the group's listening ports, connections dealt in turn. */
  readonly role: 'http' | 'plain'
  readonly execArgv: readonly string[]
}

export interface Child {
  readonly pid: number
  send(message: unknown): void
  onMessage(receive: (message: unknown) => void): void
  /** Called once, when the process is gone. */
  onExit(gone: (how: { code: number | null; signal: string | null }) => void): void
  /** From now on a connection that it does not take up is closed, not kept for another. */
  stopDealing(): void
  /** SIGKILL: ends it at once, stopped or not. */
  kill(): void
}

/** Starts a child. Standard output and error are the parent's. */
export function spawnChild(options: ChildOptions): Child {
  const lock = options.lockFd < 0 ? [] : [options.lockFd]
  const stdio = ['ignore' as const, 'inherit' as const, 'inherit' as const, 'ipc' as const, ...lock]
  const execArgv = [...options.execArgv]
  if (options.role === 'plain') {
    const child = fork(options.entry, [], { stdio, execArgv, serialization: 'advanced' })
    return { ...wrap(child), stopDealing: () => undefined }
  }
  cluster.schedulingPolicy = cluster.SCHED_RR
  cluster.setupPrimary({
    exec: options.entry,
    args: [],
    stdio,
    execArgv,
    serialization: 'advanced',
  })
  const worker: Worker = cluster.fork()
  worker.on('error', () => undefined) // the runtime says again what `wrap` hears of its process
  const dealt = watchDealt(worker.process)
  return { ...wrap(worker.process), stopDealing: () => dealt.stop() }
}

interface DealtConnection {
  close(): void
}

/**
 * Closes the connections that a process was dealt and had not taken up when it died, or refused
 * once nobody takes any: the runtime forgets the former and queues the latter, and their clients
 * would wait for ever. It sends 'newconn' with a number, and hears `ack`, that number.
 * Source: Node.js, lib/internal/cluster/round_robin_handle.js. Guarded by: test/serve.
 */
function watchDealt(child: ChildProcess): { stop(): void } {
  const untaken = new Map<unknown, DealtConnection>()
  let isOver = false
  const send = child.send.bind(child) as (...args: unknown[]) => boolean
  child.send = (...args: unknown[]): boolean => {
    const [message, connection] = args as [{ act?: string; seq?: number }, DealtConnection?]
    if (message.act === 'newconn' && connection) untaken.set(message.seq, connection)
    return send(...args)
  }
  child.on('internalMessage', ({ ack, accepted }: { ack?: number; accepted?: boolean }) => {
    if (isOver && accepted === false) untaken.get(ack)?.close()
    untaken.delete(ack)
  })
  child.once('exit', () => {
    for (const connection of untaken.values()) connection.close()
  })
  return { stop: () => (isOver = true) }
}

/** What a child says first: before, its runtime would drop messages that nobody listens to. */
const BOUND = 'bound'

function wrap(child: ChildProcess): Omit<Child, 'stopDealing'> {
  let waiting: object[] | null = []
  const onExits: ((how: { code: number | null; signal: string | null }) => void)[] = []
  let isGone = false
  const end = (code: number | null, signal: string | null): void => {
    if (isGone) return
    isGone = true
    for (const gone of onExits) gone({ code, signal })
  }
  child.once('exit', end)
  child.on('error', () => {
    // A failed send is seen as the exit that follows; one that was never started has no other.
    if (child.pid === undefined) end(null, null)
  })
  child.on('message', (message) => {
    if (message !== BOUND || waiting === null) return
    for (const each of waiting) child.send(each)
    waiting = null
  })
  return {
    pid: child.pid ?? -1,
    send: (message) => {
      if (waiting !== null) waiting.push(message as object)
      else if (child.connected) child.send(message as object)
    },
    onMessage: (receive) => {
      child.on('message', (message) => {
        if (message !== BOUND) receive(message)
      })
    },
    onExit: (gone) => {
      onExits.push(gone)
    },
    kill: () => {
      child.kill('SIGKILL')
    },
  }
}

/** The parent as a child sees it. */
export interface Parent {
  send(message: unknown): void
  onMessage(receive: (message: unknown) => void): void
}

/**
 * Binds this process to its parent: signals that a terminal sends to the whole group are the
 * parent's to answer, and when the parent is gone, or at a defect, this process ends at once. It
 * ends by SIGKILL: one that exits in order waits for its threads, and with a transaction under way
 * they have been seen to wait for it.
 */
export function bindToParent(): Parent {
  const end = (): void => void process.kill(process.pid, 'SIGKILL')
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  // Before the runtime's own listener, which would exit in order.
  process.prependOnceListener('disconnect', end)
  if (!process.connected) end()
  process.once('uncaughtException', (error) => {
    writeSync(2, `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    end()
  })
  return {
    send: (message) => {
      if (process.connected) process.send?.(message)
    },
    onMessage: (receive) => {
      process.on('message', receive)
      process.send?.(BOUND)
    },
  }
}

/** Makes this process give way to all others of the machine. */
export function lowerPriority(): void {
  setPriority(10)
}
