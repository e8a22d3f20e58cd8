// The process group's parent: it starts the writer and the workers, replaces one that died or no
// longer answers, and ends them in order. It serves nothing and touches no data, so nothing that a
// request does can stop it.

import { assert, unreachable } from '../base/assert.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { WriterId } from '../base/id.ts'
import {
  RESTART_DELAY_MS_MAX,
  RESTART_STEADY_MS,
  WORKER_HANG_MS_MAX,
  WORKER_PING_MS,
} from '../base/limits.ts'
import type { Child } from '../platform/child.ts'
import type { FromChild, Role, ToChild } from './messages.ts'
import type { Address, CellSettings } from './settings.ts'

/** A group that cannot start: the message is the operator's, the exit code is 2. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused'
}

export interface SupervisorOptions {
  readonly settings: CellSettings
  readonly clock: Clock
  readonly spawn: (role: Role) => Child
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: object) => void
}

export interface Supervisor {
  /** Resolves when all children are ready, with the address they serve. @throws StartRefused */
  readonly ready: Promise<Address>
  /** Finishes what is under way, then ends the children, the writer last. */
  drain(): Promise<void>
  /** Ends all children at once. */
  kill(): void
}

/** One place in the group, filled by one process after another. */
interface Post {
  readonly role: Role
  child: Child
  writerId: WriterId | null
  isReady: boolean
  startedAtMs: number
  /** When it last answered, by the monotonic clock. */
  answeredAtMs: number
  /** Deaths in a row, each soon after its start. */
  failures: number
  onDrained: (() => void) | null
}

/** Starts the group. */
export function openSupervisor(options: SupervisorOptions): Supervisor {
  return new Group(options)
}

class Group implements Supervisor {
  readonly ready: Promise<Address>
  readonly #options: SupervisorOptions
  readonly #posts: Post[] = []
  readonly #gatherings = new Map<number, Gathering>()
  #nextGathering = 0
  #isEnding = false
  #address: Address | null = null
  #settleReady: { resolve: (address: Address) => void; reject: (error: Error) => void } | null
  #pulse: Timer | null = null
  #sequence = 0

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#settleReady = null
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
    const { workerCount } = options.settings
    assert(workerCount >= 1, 'a group has a worker')
    const workers: Role[] = Array.from({ length: workerCount }, () => 'http')
    for (const role of workerCount === 1 ? (['both'] as Role[]) : ['writer' as Role, ...workers]) {
      this.#posts.push(this.#fill({ role, failures: 0 }))
    }
    this.#beat()
  }

  #fill({ role, failures }: { role: Role; failures: number }): Post {
    const nowMs = this.#options.clock.monotonicMs()
    const child = this.#options.spawn(role)
    const post: Post = {
      role,
      child,
      failures,
      writerId: null,
      isReady: false,
      startedAtMs: nowMs,
      answeredAtMs: nowMs,
      onDrained: null,
    }
    child.onMessage((message) => this.#hear(post, message as FromChild))
    child.onExit((how) => this.#onExit(post, how))
    this.#tell(post, { kind: 'start', role, settings: this.#options.settings })
    return post
  }

  #tell(post: Post, message: ToChild): void {
    post.child.send(message)
  }

  #hear(post: Post, message: FromChild): void {
    post.answeredAtMs = this.#options.clock.monotonicMs()
    switch (message.kind) {
      case 'ready':
        post.isReady = true
        post.writerId = message.writerId
        this.#address = message.address ?? this.#address
        this.#settleIfReady()
        return
      case 'pong':
        return
      case 'drained':
        post.onDrained?.()
        return
      case 'refused':
        this.#refuse(message.message)
        return
      case 'gather':
        this.#gather(post, message.requestId)
        return
      case 'figures':
        this.#gatherings.get(message.requestId)?.add(message.figures)
        return
      default:
        unreachable(message)
    }
  }

  #settleIfReady(): void {
    if (this.#address === null || !this.#posts.every((post) => post.isReady)) return
    this.#settleReady?.resolve(this.#address)
    this.#settleReady = null
  }

  #refuse(message: string): void {
    this.#isEnding = true
    this.kill()
    this.#settleReady?.reject(new StartRefused(message))
    this.#settleReady = null
  }

  #onExit(post: Post, how: { code: number | null; signal: string | null }): void {
    if (this.#isEnding) {
      post.onDrained?.()
      return
    }
    const livedMs = this.#options.clock.monotonicMs() - post.startedAtMs
    const failures = livedMs < RESTART_STEADY_MS ? post.failures + 1 : 0
    this.#options.log('error', `a ${post.role} process ended and is replaced`, {
      pid: post.child.pid,
      ...how,
      livedMs: Math.round(livedMs),
    })
    for (const other of this.#posts) {
      if (post.writerId === null || other === post || other.role === 'http') continue
      this.#tell(other, { kind: 'writer-dead', writerId: post.writerId })
    }
    const delayMs = failures < 2 ? 0 : Math.min(100 * 2 ** failures, RESTART_DELAY_MS_MAX)
    this.#options.clock.after(delayMs, () => {
      if (this.#isEnding) return
      this.#posts[this.#posts.indexOf(post)] = this.#fill({ role: post.role, failures })
    })
  }

  /** Asks every child whether it lives; one that has not answered for too long is killed. */
  #beat(): void {
    this.#pulse = this.#options.clock.after(WORKER_PING_MS, () => {
      const nowMs = this.#options.clock.monotonicMs()
      for (const post of this.#posts) {
        const silentMs = nowMs - post.answeredAtMs
        if (silentMs > WORKER_HANG_MS_MAX) {
          this.#options.log('error', `a ${post.role} process no longer answers and is killed`, {
            pid: post.child.pid,
            silentMs: Math.round(silentMs),
          })
          post.child.kill()
        }
        this.#tell(post, { kind: 'ping', sequence: this.#sequence++ })
      }
      this.#beat()
    })
  }

  /** Collects every child's figures for the one that is asked for metrics. */
  #gather(asker: Post, requestId: number): void {
    const id = this.#nextGathering++
    const ready = this.#posts.filter((post) => post.isReady)
    const finish = (figures: readonly unknown[]): void => {
      timer.cancel()
      this.#gatherings.delete(id)
      this.#tell(asker, { kind: 'gathered', requestId, figures })
    }
    const gathering = new Gathering(ready.length, finish)
    const timer = this.#options.clock.after(WORKER_PING_MS, () => finish(gathering.figures))
    this.#gatherings.set(id, gathering)
    for (const post of ready) this.#tell(post, { kind: 'figures', requestId: id })
  }

  async drain(): Promise<void> {
    this.#isEnding = true
    const workers = this.#posts.filter((post) => post.role === 'http')
    await Promise.all(workers.map((post) => this.#drainPost(post)))
    const writers = this.#posts.filter((post) => post.role !== 'http')
    await Promise.all(writers.map((post) => this.#drainPost(post)))
    this.#pulse?.cancel()
  }

  /** Resolves when the child has drained, or is gone. */
  async #drainPost(post: Post): Promise<void> {
    await new Promise<void>((resolve) => {
      post.onDrained = resolve
      post.child.onExit(() => resolve())
      this.#tell(post, { kind: 'drain' })
    })
    post.child.kill()
  }

  kill(): void {
    this.#isEnding = true
    this.#pulse?.cancel()
    for (const post of this.#posts) post.child.kill()
  }
}

class Gathering {
  readonly figures: unknown[] = []
  readonly #expected: number
  readonly #finish: (figures: readonly unknown[]) => void
  constructor(expected: number, finish: (figures: readonly unknown[]) => void) {
    this.#expected = expected
    this.#finish = finish
  }

  add(figures: unknown): void {
    this.figures.push(figures)
    if (this.figures.length === this.#expected) this.#finish(this.figures)
  }
}
