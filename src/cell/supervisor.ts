// The process group's parent: it starts the writer and the workers, replaces one that died or no
// longer answers, and ends them in order. It serves nothing and touches no data, so nothing that a
// request does can stop it.

import { assert, unreachable } from '../base/assert.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { WriterId } from '../base/id.ts'
import {
  DRAIN_MS_MAX,
  GROUP_STARTS_MAX,
  RESTART_DELAY_MS_MAX,
  RESTART_STEADY_MS,
  WORKER_BOOT_MS_MAX,
  WORKER_HANG_MS_MAX,
  WORKER_PING_MS,
  WRITER_APART_WORKERS_MIN,
  WRITER_STARTS_MAX,
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
  /** The group's places: see `rolesOf`. */
  readonly roles: readonly Role[]
  readonly clock: Clock
  readonly spawn: (role: Role) => Child
  /** An id that no process had before; under it a child fills extents. */
  readonly drawWriterId: () => WriterId
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: object) => void
}

export interface Supervisor {
  /** Resolves when all children are ready, with the address they serve. @throws StartRefused */
  readonly ready: Promise<Address>
  /** Resolves with the reason when the group, once ready, cannot go on; its children are ended. */
  readonly failed: Promise<string>
  /** Finishes what is under way, then ends the children, the writer last. */
  drain(): Promise<void>
  /** Ends all children at once. */
  kill(): void
}

type Refusal = Extract<FromChild, { kind: 'refused' }>

/** One place in the group, filled by one process after another. */
interface Post {
  readonly role: Role
  readonly child: Child
  readonly writerId: WriterId
  readonly startedAtMs: number
  state: 'starting' | 'ready' | 'gone'
  /** When it last answered, by the monotonic clock. */
  answeredAtMs: number
  hasAnswered: boolean
  /** Processes of this place that ended in a row, each before it was ready or soon after. */
  failures: number
  /** What it said when it could not start. */
  refusal: Refusal | null
  onDrained: (() => void) | null
}

/**
 * The places of a group that serves with so many workers. Few cores have no room for a process that
 * only commits: the first worker does it beside its requests. Source: decision 8.
 */
export function rolesOf(workerCount: number): readonly Role[] {
  assert(workerCount >= 1, 'a group has a worker')
  const isApart = workerCount >= WRITER_APART_WORKERS_MIN
  const others = Array.from(
    { length: isApart ? workerCount : workerCount - 1 },
    () => 'http' as const,
  )
  return [isApart ? 'writer' : 'both', ...others]
}

/** What people call a process. */
const NAMES: Readonly<Record<Role, string>> = {
  writer: 'writer',
  http: 'worker',
  both: 'first worker',
}

/** Starts the group. */
export function openSupervisor(options: SupervisorOptions): Supervisor {
  return new Group(options)
}

class Group implements Supervisor {
  readonly ready: Promise<Address>
  readonly failed: Promise<string>
  readonly #options: SupervisorOptions
  readonly #posts: Post[] = []
  readonly #gatherings = new Map<number, Gathering>()
  readonly #timers = new Set<Timer>()
  #nextGathering = 0
  #isEnding = false
  #address: Address | null = null
  /** Null once the group was ready, or refused. */
  #settleReady: { resolve: (address: Address) => void; reject: (error: Error) => void } | null =
    null
  #fail: (reason: string) => void = () => undefined
  #sequence = 0

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
    this.failed = new Promise((resolve) => {
      this.#fail = resolve
    })
    for (const role of options.roles) this.#posts.push(this.#fill({ role, failures: 0 }))
    this.#beat()
  }

  #fill({ role, failures }: { role: Role; failures: number }): Post {
    const nowMs = this.#options.clock.monotonicMs()
    const post: Post = {
      role,
      failures,
      child: this.#options.spawn(role),
      writerId: this.#options.drawWriterId(),
      state: 'starting',
      startedAtMs: nowMs,
      answeredAtMs: nowMs,
      hasAnswered: false,
      refusal: null,
      onDrained: null,
    }
    post.child.onMessage((message) => this.#hear(post, message as FromChild))
    post.child.onExit((how) => this.#onExit(post, how))
    const { settings } = this.#options
    // A store that served is validated beside its service: its clients do not wait again.
    const given = this.#settleReady === null ? { ...settings, start: 'serve' as const } : settings
    this.#tell(post, { kind: 'start', role, writerId: post.writerId, settings: given })
    return post
  }

  #tell(post: Post, message: ToChild): void {
    if (post.state !== 'gone') post.child.send(message)
  }

  /** A timer that ends with the group. */
  #after(delayMs: number, fire: () => void): Timer {
    const timer = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(timer)
      fire()
    })
    this.#timers.add(timer)
    return timer
  }

  #hear(post: Post, message: FromChild): void {
    post.answeredAtMs = this.#options.clock.monotonicMs()
    post.hasAnswered = true
    switch (message.kind) {
      case 'ready':
        post.state = 'ready'
        this.#address = message.address ?? this.#address
        this.#settleIfReady()
        return
      case 'pong':
        return
      case 'drained':
        post.onDrained?.()
        return
      case 'refused':
        this.#onRefusal(post, message)
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
    if (this.#address === null || !this.#posts.every((post) => post.state === 'ready')) return
    this.#settleReady?.resolve(this.#address)
    this.#settleReady = null
  }

  /**
   * A group that never served ends with the child's own words, and so does one whose store cannot
   * be opened any more. A port or certificate that fails a replaced worker does not take the others
   * with it: it is tried again.
   */
  #onRefusal(post: Post, refusal: Refusal): void {
    const { subject, message } = refusal
    post.refusal = refusal
    if (this.#settleReady !== null || subject === 'store') return this.#end(message)
    this.#options.log('error', `a replaced ${NAMES[post.role]} process cannot start: ${message}`, {
      pid: post.child.pid,
    })
    post.child.kill()
  }

  /** Ends a group that cannot go on. */
  #end(reason: string): void {
    this.kill()
    if (this.#settleReady === null) this.#fail(reason)
    else this.#settleReady.reject(new StartRefused(reason))
    this.#settleReady = null
  }

  #onExit(post: Post, how: { code: number | null; signal: string | null }): void {
    const wasReady = post.state === 'ready'
    post.state = 'gone'
    post.onDrained?.()
    if (this.#isEnding) return
    const livedMs = this.#options.clock.monotonicMs() - post.startedAtMs
    const failures = wasReady && livedMs >= RESTART_STEADY_MS ? 0 : post.failures + 1
    this.#options.log('error', `a ${NAMES[post.role]} process ended and is replaced`, {
      pid: post.child.pid,
      ...how,
      livedMs: Math.round(livedMs),
    })
    for (const other of this.#posts) {
      if (other === post || other.role === 'http') continue
      this.#tell(other, { kind: 'writer-dead', writerId: post.writerId })
    }
    const startsMax = this.#settleReady !== null ? GROUP_STARTS_MAX : WRITER_STARTS_MAX
    const isCurable = post.refusal?.subject === 'listener' || post.role === 'http'
    const mustStart = this.#settleReady !== null || !isCurable
    if (mustStart && !wasReady && failures >= startsMax) {
      const last =
        post.refusal?.message ?? (how.signal === null ? `exit code ${how.code}` : how.signal)
      this.#end(`a ${NAMES[post.role]} process ended ${failures} times at its start: ${last}`)
      return
    }
    const delayMs = failures < 2 ? 0 : Math.min(100 * 2 ** failures, RESTART_DELAY_MS_MAX)
    this.#after(delayMs, () => {
      this.#posts[this.#posts.indexOf(post)] = this.#fill({ role: post.role, failures })
    })
  }

  /** Asks every child whether it lives; one that has not answered for too long is killed. */
  #beat(): void {
    const dueMs = this.#options.clock.monotonicMs() + WORKER_PING_MS
    this.#after(WORKER_PING_MS, () => {
      const nowMs = this.#options.clock.monotonicMs()
      // Stopped itself, this process could not hear: that time is nobody's silence.
      const deafMs = nowMs - dueMs > WORKER_PING_MS ? nowMs - dueMs : 0
      for (const post of this.#posts) {
        if (post.state === 'gone') continue
        post.answeredAtMs += deafMs
        const silentMs = nowMs - post.answeredAtMs
        if (silentMs > (post.hasAnswered ? WORKER_HANG_MS_MAX : WORKER_BOOT_MS_MAX)) {
          this.#options.log(
            'error',
            `a ${NAMES[post.role]} process no longer answers and is killed`,
            {
              pid: post.child.pid,
              silentMs: Math.round(silentMs),
            },
          )
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
    const ready = this.#posts.filter((post) => post.state === 'ready')
    const finish = (figures: readonly unknown[]): void => {
      timer.cancel()
      this.#timers.delete(timer)
      this.#gatherings.delete(id)
      this.#tell(asker, { kind: 'gathered', requestId, figures })
    }
    const gathering = new Gathering(ready.length, finish)
    const timer = this.#after(WORKER_PING_MS, () => finish(gathering.figures))
    this.#gatherings.set(id, gathering)
    for (const post of ready) this.#tell(post, { kind: 'figures', requestId: id })
  }

  async drain(): Promise<void> {
    this.#isEnding = true
    for (const post of this.#posts) post.child.stopDealing()
    await Promise.all(
      this.#posts.map(async (post) => {
        if (post.role === 'http') await this.#drainPost(post)
        if (post.role === 'both') await this.#ask(post, 'quiesce')
      }),
    )
    const writers = this.#posts.filter((post) => post.role !== 'http')
    await Promise.all(writers.map((post) => this.#drainPost(post)))
    this.kill()
  }

  /**
   * Ends a child once it has drained, has died, or takes longer than requests are given. It is ended
   * by SIGKILL in any case: a process that ends by itself can hang in its last transaction.
   */
  async #drainPost(post: Post): Promise<void> {
    if (post.state === 'gone') return
    await this.#ask(post, 'drain')
    post.child.kill()
  }

  /** Resolves when the child has drained or died, or takes too long. */
  async #ask(post: Post, kind: 'quiesce' | 'drain'): Promise<void> {
    if (post.state === 'gone') return
    await new Promise<void>((resolve) => {
      const timer = this.#after(DRAIN_MS_MAX + WORKER_HANG_MS_MAX, () => {
        this.#options.log(
          'error',
          `a ${NAMES[post.role]} process does not come to its end; killed`,
          {
            pid: post.child.pid,
          },
        )
        post.child.kill()
        resolve()
      })
      post.onDrained = () => {
        timer.cancel()
        resolve()
      }
      this.#tell(post, { kind })
    })
  }

  kill(): void {
    this.#isEnding = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    for (const post of this.#posts) if (post.state !== 'gone') post.child.kill()
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
