// The memory driver: for tests and the simulator, with every fault of the real ones, asked of a
// hook before each batch. A store outlives its engines as a disk outlives processes.

import type { Clock } from '../base/clock.ts'
import type { CommitId } from '../base/id.ts'
import { Committer, type BatchDriver, type Writes } from './committer.ts'
import {
  EngineError,
  type Commit,
  type Committed,
  type Engine,
  type EngineReader,
  type EngineStatus,
  type LogEntry,
  type ReadRequest,
  type ReadResult,
  type Versionstamp,
} from './engine.ts'
import type { Head } from './head.ts'
import { MemoryStore } from './memory-store.ts'
import type { Base } from './overlay.ts'

/** What becomes of a batch, or of a change of the epoch, which is a batch of its own. */
export type BatchFault =
  | { readonly kind: 'none' }
  /** Takes this long; others go on waiting. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Nothing was done; may be tried again. */
  | { readonly kind: 'unavailable' }
  /** No space: nothing was done. Every later commit of this engine fails. */
  | { readonly kind: 'full' }
  /** The last step failed: the batch may be there. Every later commit of this engine fails. */
  | { readonly kind: 'failed'; readonly isApplied: boolean }
  /** The outcome is unknown now and shows `afterMs` later; until then nothing else commits. */
  | { readonly kind: 'unsure'; readonly isApplied: boolean; readonly afterMs: number }
  /** Another holder takes the epoch just before the batch. */
  | { readonly kind: 'stolen' }

export interface MemoryFaults {
  /**
   * Asked once before each batch; `batchIndex` counts from 0 in each engine. A batch waits for an
   * answer that is a promise: as long as it takes, or for ever where its process has died.
   */
  onBatch(batchIndex: number): BatchFault | Promise<BatchFault>
  /** Asked before each read; `unavailable` rejects it. */
  onRead?(): 'none' | 'unavailable'
}

export interface MemoryEngineOptions {
  readonly clock: Clock
  /** The store of an engine before; a new, empty one by default. */
  readonly store?: MemoryStore
  readonly faults?: MemoryFaults
  /** Told, once, of the error behind which nothing is committed any more. */
  readonly onEnd?: (error: EngineError) => void
}

/** A store to open engines on, one after another or at once. */
export function createMemoryStore(): MemoryStore {
  return new MemoryStore()
}

export function openMemoryEngine(options: MemoryEngineOptions): Engine {
  return new MemoryEngine(options)
}

/** What stands for another process that reads the same store. */
export function openMemoryReader(store: MemoryStore): EngineReader & AsyncDisposable {
  let isClosed = false
  return {
    read: async (request) => {
      if (isClosed) throw new EngineError('closed', 'engine: it is closed')
      return store.read(request)
    },
    [Symbol.asyncDispose]: async () => {
      isClosed = true
    },
  }
}

class MemoryDriver implements BatchDriver {
  private readonly store: MemoryStore
  private readonly clock: Clock
  private readonly faults: MemoryFaults | null
  private batchIndex = 0

  constructor(store: MemoryStore, { clock, faults }: MemoryEngineOptions) {
    this.store = store
    this.clock = clock
    this.faults = faults ?? null
  }

  async run(decide: (base: Base, head: Head) => Writes | null): Promise<void> {
    const asked = this.faults?.onBatch(this.batchIndex) ?? { kind: 'none' }
    this.batchIndex += 1
    const fault = asked instanceof Promise ? await asked : asked
    if (fault.kind === 'slow') await this.clock.sleep(fault.delayMs)
    await this.store.known()
    if (fault.kind === 'unavailable') throw new EngineError('unavailable', 'engine: out of reach')
    if (fault.kind === 'stolen') this.store.stealEpoch()
    const writes = decide(this.store, this.store.head)
    if (writes === null) return
    switch (fault.kind) {
      case 'full':
        throw new EngineError('full', 'engine: no space is left')
      case 'failed':
        if (fault.isApplied) this.store.apply(writes)
        throw new EngineError('failed', 'engine: the last step of a commit failed')
      case 'unsure':
        this.doubt(writes, fault.isApplied, fault.afterMs)
        throw new EngineError('unsure', 'engine: the connection was lost in a commit')
      case 'none':
      case 'slow':
      case 'stolen':
        this.store.apply(writes)
    }
  }

  private doubt(writes: Writes, isApplied: boolean, afterMs: number): void {
    const settle = this.store.startDoubt()
    this.clock.after(afterMs, () => {
      if (isApplied) this.store.apply(writes)
      settle()
    })
  }
}

class MemoryEngine implements Engine {
  private readonly store: MemoryStore
  private readonly faults: MemoryFaults | null
  private readonly committer: Committer
  private isClosed = false

  constructor(options: MemoryEngineOptions) {
    this.store = options.store ?? createMemoryStore()
    this.faults = options.faults ?? null
    this.committer = new Committer(
      new MemoryDriver(this.store, options),
      options.clock,
      this.store.head,
      options.onEnd,
    )
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    this.checkOpen()
    if (this.faults?.onRead?.() === 'unavailable') {
      throw new EngineError('unavailable', 'engine: out of reach')
    }
    return this.store.read(request)
  }

  commit<T>(commit: Commit<T>): Promise<Committed<T>> {
    return this.committer.commit(commit)
  }

  async log(after: Versionstamp, limit: number): Promise<LogEntry[]> {
    this.checkOpen()
    return this.store.logBehind(after, limit)
  }

  trim(to: Versionstamp): Promise<void> {
    return this.committer.trim(to)
  }

  fate(id: CommitId): Promise<Versionstamp | 'never'> {
    return this.committer.between(async () => {
      await this.store.known()
      return this.store.fate(id)
    })
  }

  takeEpoch(): Promise<number> {
    return this.committer.takeEpoch()
  }

  confirmClock(): Promise<void> {
    return this.committer.confirmClock()
  }

  status(): EngineStatus {
    return this.committer.status()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.committer.close()
    this.isClosed = true
  }

  private checkOpen(): void {
    if (this.isClosed) throw new EngineError('closed', 'engine: it is closed')
  }
}
