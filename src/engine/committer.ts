// The group committer, the same for every driver: a queue of commits, of which one batch is in flight
// at a time, decided as late as the driver's transaction allows. Epoch, cell time and log are its
// concern; transactions are the driver's.

import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { COMMIT_QUEUE_LENGTH_MAX } from '../base/limits.ts'
import { Pending, decideBatch, type AnyPending, type Batch } from './batch.ts'
import { CellClock } from './cell-clock.ts'
import {
  EngineError,
  type Commit,
  type Committed,
  type EngineStatus,
  type Versionstamp,
} from './engine.ts'
import type { Head } from './head.ts'
import type { Base } from './overlay.ts'
import { compareStamps, stampText } from './stamp.ts'

/** What one transaction writes; its log entries stand behind those there are. */
export interface Writes {
  readonly head: Head
  readonly batch: Batch | null
}

export interface BatchDriver {
  /**
   * Opens a transaction, has `decide` read in it, writes what it answers, and resolves when that is
   * durable; for null it writes nothing. `decide` may be called again, its last answer counts.
   * Where `writes.head.logStart` moves, the log entries up to it go. One run at a time.
   * @throws EngineError `unavailable`, `unsure`; `full` and `failed` end the engine
   */
  run(decide: (base: Base, head: Head) => Writes | null): Promise<void>
}

/** Log entries that one transaction trims at most; they take about 2 ms. */
const TRIM_ENTRIES_MAX = 1000

interface Task {
  /** Commits that came before it. */
  readonly behind: number
  readonly run: () => Promise<void>
}

export class Committer {
  private readonly driver: BatchDriver
  private readonly onEnd: (error: EngineError) => void
  private readonly cellClock: CellClock
  private readonly queue: AnyPending[] = []
  private readonly tasks: Task[] = []
  /** Commits that came, and commits that were answered. */
  private arrived = 0
  private answered = 0
  private running: Promise<void> | null = null
  private isClosing = false
  /** Why nothing is committed any more. */
  private end: EngineError | null = null
  private head: Head
  /** The epoch under which this engine commits. */
  private epoch: number
  /** Whether anything was committed under it. */
  private isHolder = false
  /** Raised, but not yet in the head of a batch. */
  private alarm: string | null
  private commits = 0
  private batches = 0

  /** `onEnd` is told, once, of the error behind which nothing is committed any more. */
  constructor(
    driver: BatchDriver,
    clock: Clock,
    head: Head,
    onEnd: (error: EngineError) => void = () => undefined,
  ) {
    this.driver = driver
    this.onEnd = onEnd
    this.cellClock = new CellClock(clock)
    this.head = head
    this.epoch = head.epoch
    this.alarm = this.cellClock.alarmAtOpen(head.cellTimeMs)
  }

  commit<T>(commit: Commit<T>): Promise<Committed<T>> {
    const pending = new Pending(commit)
    const refusal = this.refusal()
    if (refusal !== null) pending.fail(refusal)
    else if (this.queue.length >= COMMIT_QUEUE_LENGTH_MAX) {
      pending.fail(
        new EngineError(
          'unavailable',
          `engine: ${COMMIT_QUEUE_LENGTH_MAX} commits wait already; try again`,
        ),
      )
    } else {
      this.queue.push(pending)
      this.arrived += 1
      this.wake()
    }
    return pending.settled
  }

  /** Runs `task` between two batches, when all commits before it are settled. */
  async between<T>(task: () => Promise<T>): Promise<T> {
    const refusal = this.refusal()
    if (refusal !== null) throw refusal
    return new Promise<T>((resolve, reject) => {
      const run = async (): Promise<void> => {
        try {
          resolve(await task())
        } catch (error) {
          reject(error)
        }
      }
      this.tasks.push({ behind: this.arrived, run })
      this.wake()
    })
  }

  takeEpoch(): Promise<number> {
    return this.between(async () => {
      let epoch = 0
      await this.transact((_, head) => {
        if (!this.isHolder) this.epoch = head.epoch // who never committed cannot be deposed
        this.checkEpoch(head)
        epoch = head.epoch + 1
        return { head: { ...head, epoch }, batch: null }
      })
      this.epoch = epoch
      return epoch
    })
  }

  confirmClock(): Promise<void> {
    return this.between(async () => {
      await this.changeHead((head) => ({ ...head, clockAlarm: null }))
      this.alarm = null
    })
  }

  /** Trims in steps, each a transaction of its own, so that commits go on in between. */
  async trim(to: Versionstamp): Promise<void> {
    for (let isDone = false; !isDone;) {
      isDone = await this.between(async () => {
        const { logStart, versionstamp } = await this.changeHead((head) => {
          if (compareStamps(to, head.logStart) <= 0) return null
          if (compareStamps(to, head.versionstamp) > 0) return null
          const sequence = Math.min(to.sequence, head.logStart.sequence + TRIM_ENTRIES_MAX)
          return {
            ...head,
            logStart: sequence === to.sequence ? to : { ...head.logStart, sequence },
          }
        })
        // Judged by what the store holds: a batch of unknown outcome may have shown since.
        assert(
          compareStamps(to, versionstamp) <= 0,
          `the log ends at ${stampText(versionstamp)}, before ${stampText(to)}`,
        )
        return compareStamps(to, logStart) <= 0
      })
    }
  }

  status(): EngineStatus {
    const { versionstamp, logStart, clockAlarm } = this.head
    return {
      epoch: this.epoch,
      versionstamp,
      logStart,
      commits: this.commits,
      batches: this.batches,
      queueLength: this.queue.length,
      clockAlarm: this.alarm ?? clockAlarm,
    }
  }

  /** Refuses what is new, and resolves when all that was accepted is settled. */
  async close(): Promise<void> {
    this.isClosing = true
    await this.running
  }

  private refusal(): EngineError | null {
    if (this.end !== null) return new EngineError(this.end.code, this.end.message, this.end)
    return this.isClosing ? new EngineError('closed', 'engine: it is closed') : null
  }

  private wake(): void {
    this.running ??= this.runAll()
  }

  private async runAll(): Promise<void> {
    await Promise.resolve() // what comes in the same turn is of the same batch
    while (this.queue.length > 0 || this.tasks.length > 0) {
      const task = this.tasks[0]
      if (task === undefined || task.behind > this.answered) await this.runBatch()
      else {
        this.tasks.shift()
        await task.run()
      }
    }
    this.running = null
  }

  private async runBatch(): Promise<void> {
    let taken = 0
    try {
      await this.transact((base, head) => {
        const { nowMs, alarm } = this.cellClock.tick(head.cellTimeMs)
        this.alarm ??= alarm
        this.checkEpoch(head)
        const decided = decideBatch(this.queue, base, head.versionstamp, nowMs)
        taken = decided.taken
        return decided.batch === null ? null : this.writesOf(head, decided.batch)
      })
    } catch (error) {
      // Without a decision nothing was begun: the error is the answer to all that wait.
      for (const pending of this.take(taken > 0 ? taken : this.queue.length)) pending.fail(error)
      return
    }
    for (const pending of this.take(taken)) pending.settle()
  }

  private take(count: number): readonly AnyPending[] {
    this.answered += count
    return this.queue.splice(0, count)
  }

  private writesOf(head: Head, batch: Batch): Writes {
    const versionstamp = batch.applied.at(-1)?.versionstamp ?? head.versionstamp
    return {
      batch,
      head: {
        ...head,
        versionstamp,
        cellTimeMs: batch.cellTimeMs,
        clockAlarm: this.alarm ?? head.clockAlarm,
      },
    }
  }

  /** Commits a change of the head alone; null: there is none. Answers the head as it then is. */
  private async changeHead(change: (head: Head) => Head | null): Promise<Head> {
    let after: Head | null = null
    await this.transact((_, head) => {
      this.checkEpoch(head)
      const changed = change(head)
      after = changed ?? head
      return changed === null ? null : { head: changed, batch: null }
    })
    assert(after !== null, 'a transaction has asked for its writes')
    return after
  }

  /** One transaction. What `decide` throws is thrown here, and nothing is written. */
  private async transact(decide: (base: Base, head: Head) => Writes | null): Promise<void> {
    if (this.end !== null) throw this.end
    let writes: Writes | null = null
    try {
      await this.driver.run((base, head) => {
        writes = decide(base, head)
        return writes
      })
    } catch (error) {
      throw this.afterError(error)
    }
    this.count(writes)
  }

  private count(writes: Writes | null): void {
    if (writes === null) return
    this.isHolder = true
    this.head = writes.head
    if (this.head.clockAlarm !== null) this.alarm = null
    this.commits += writes.batch?.applied.length ?? 0
    this.batches += writes.batch === null ? 0 : 1
  }

  private checkEpoch(head: Head): void {
    if (head.epoch === this.epoch) return
    throw this.endWith(
      new EngineError(
        'deposed',
        `engine: its epoch ${this.epoch} was taken over by epoch ${head.epoch}`,
      ),
    )
  }

  private endWith(error: EngineError): EngineError {
    this.end = error
    this.onEnd(error)
    return error
  }

  /** Unavailable and unsure pass; any other error is the last of this engine. */
  private afterError(error: unknown): unknown {
    const code = error instanceof EngineError ? error.code : null
    if (code === 'unavailable' || code === 'unsure') return error
    if (this.end === null) {
      this.endWith(
        new EngineError('failed', 'engine: a commit failed; it must be opened again', error),
      )
    }
    return error
  }
}
