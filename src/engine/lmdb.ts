// The lmdb driver: one environment that the writer process opens for commits and any number of
// processes for reads. A batch of commits is one transaction and one fdatasync.

import type { Clock } from '../base/clock.ts'
import { ID_SIZE_BYTES, writeId, type CommitId } from '../base/id.ts'
import { FATE_KEPT_MS, RANGE_READ_ENTRIES_MAX } from '../base/limits.ts'
import { Committer, type BatchDriver, type Writes } from './committer.ts'
import {
  EngineError,
  type Commit,
  type Committed,
  type Engine,
  type EngineReader,
  type EngineStatus,
  type KeyRange,
  type LogEntry,
  type ReadRequest,
  type ReadResult,
  type Versionstamp,
} from './engine.ts'
import { FRESH_HEAD, decodeHead, encodeHead, type Head } from './head.ts'
import { keyBehind } from './key-text.ts'
import { Environment } from './lmdb-env.ts'
import { logEntryStamp, encodeLogEntry } from './log-entry.ts'
import { LOG_PAGE_SIZE_BYTES, checkLogLimit, checkLogPage } from './log-page.ts'
import type { Base } from './overlay.ts'
import { checkKey, checkRange } from './range.ts'
import {
  STAMP_SIZE_BYTES,
  readStamp,
  readUint64,
  stampText,
  writeStamp,
  writeUint64,
} from './stamp.ts'

export interface LmdbEngineOptions {
  /** The environment's folder; made where it does not exist. */
  readonly path: string
  readonly clock: Clock
  /** Told how long each transaction took from its last write until it was durable. */
  readonly onSync?: (durationMs: number) => void
  /** Told, once, why nothing is committed any more: the engine must be opened anew. */
  readonly onEnd?: (error: EngineError) => void
}

const HEAD_KEY: Buffer = Buffer.from('head')
const FATE_SIZE_BYTES: number = ID_SIZE_BYTES + STAMP_SIZE_BYTES
const TIME_SIZE_BYTES = 8
/** Pages are wasted for so long at most behind the death of a process that reads. */
const READERS_CHECK_PERIOD_MS = 1000
const LAST_STAMP: Versionstamp = { incarnation: 2 ** 52, sequence: 0 }

/** Opens for commits and reads. One process does so at a time; the kernel's lock is its fence. */
export async function openLmdbEngine(options: LmdbEngineOptions): Promise<Engine> {
  const environment = new Environment(options.path, 'write')
  try {
    return new LmdbEngine(environment, options)
  } catch (error) {
    await environment.close()
    throw error
  }
}

/** Opens an environment that a writer has made, for reads alone; its reads see every commit. */
export async function openLmdbReader(path: string): Promise<EngineReader & AsyncDisposable> {
  const environment = new Environment(path, 'read')
  return {
    read: async (request) => readEnvironment(environment, request),
    [Symbol.asyncDispose]: async () => await environment.close(),
  }
}

function readEnvironment(environment: Environment, { keys, ranges }: ReadRequest): ReadResult {
  const { entries } = environment
  return environment.inSnapshot(() => {
    const values = (keys ?? []).map((key) => {
      checkKey(key)
      return environment.get(entries, key)
    })
    const isWhole = (ranges ?? []).map((range) => {
      checkRange(range)
      return environment.visit(entries, range)
    })
    return { values, isWhole }
  })
}

function headOf(environment: Environment): Head {
  const bytes = environment.get(environment.meta, HEAD_KEY)
  return bytes === null ? FRESH_HEAD : decodeHead(bytes)
}

class LmdbDriver implements BatchDriver {
  private readonly environment: Environment
  private readonly base: Base
  private readonly options: LmdbEngineOptions
  /** Opening the environment has checked them. */
  private readersCheckedAtMs: number

  constructor(environment: Environment, options: LmdbEngineOptions) {
    this.environment = environment
    this.options = options
    this.readersCheckedAtMs = options.clock.monotonicMs()
    const { entries } = environment
    this.base = {
      get: (key) => environment.get(entries, key),
      first: (range) => environment.first(entries, range),
      last: (range) => environment.last(entries, range),
    }
  }

  async run(decide: (base: Base, head: Head) => Writes | null): Promise<void> {
    const { clock, onSync } = this.options
    let writtenAtMs: number | null = null
    this.dropDeadReaders()
    try {
      await this.environment.transact(() => {
        const head = headOf(this.environment)
        const writes = decide(this.base, head)
        if (writes === null) return
        this.write(writes, head)
        writtenAtMs = clock.monotonicMs()
      })
      if (writtenAtMs !== null) onSync?.(clock.monotonicMs() - writtenAtMs)
    } catch (error) {
      if (error instanceof Error && !isWriteError(error)) throw error
      throw commitError(error, await reasonOf(error))
    }
  }

  /** Else each commit behind the death of a reading process would need pages of its own. */
  private dropDeadReaders(): void {
    const nowMs = this.options.clock.monotonicMs()
    if (nowMs < this.readersCheckedAtMs + READERS_CHECK_PERIOD_MS) return
    this.readersCheckedAtMs = nowMs
    this.environment.dropDeadReaders()
  }

  private write({ head, batch }: Writes, before: Head): void {
    const { entries, log, meta } = this.environment
    if (batch !== null) {
      for (const { key, value, isInBase } of batch.changes()) {
        if (value !== null) entries.putSync(key, value)
        else if (isInBase) entries.removeSync(key)
      }
      for (const { id, versionstamp, mutations } of batch.applied) {
        const entry = encodeLogEntry({ id, versionstamp, cellTimeMs: head.cellTimeMs }, mutations)
        if (!log.putSync(stampKey(versionstamp), entry, { append: true })) {
          throw new EngineError('corrupt', `engine: its log is ahead of ${stampText(versionstamp)}`)
        }
      }
      this.writeFates(batch.applied, head)
    }
    const { incarnation } = head.logStart
    for (let at = before.logStart.sequence + 1; at <= head.logStart.sequence; at++) {
      log.removeSync(stampKey({ incarnation, sequence: at }))
    }
    meta.putSync(HEAD_KEY, encodeHead(head))
  }

  /** One record a batch; the oldest go with time, two for each that comes. */
  private writeFates(
    applied: readonly { readonly id: CommitId; readonly versionstamp: Versionstamp }[],
    head: Head,
  ): void {
    const { fates } = this.environment
    const record = Buffer.allocUnsafe(TIME_SIZE_BYTES + applied.length * FATE_SIZE_BYTES)
    writeUint64(head.cellTimeMs, record, 0)
    applied.forEach(({ id, versionstamp }, index) => {
      const at = TIME_SIZE_BYTES + index * FATE_SIZE_BYTES
      writeStamp(versionstamp, record, writeId(id, record, at))
    })
    fates.putSync(stampKey(head.versionstamp), record)
    for (let count = 0; count < 2; count++) {
      const oldest = this.environment.first(fates, everyStamp())
      if (oldest === null) return
      if (readUint64(oldest.value, 0) + FATE_KEPT_MS >= head.cellTimeMs) return
      fates.removeSync(oldest.key)
    }
  }
}

/** What lmdb itself throws has a number or a commit error; the code's own errors have neither. */
function isWriteError(error: Error): boolean {
  return 'commitError' in error || ('code' in error && typeof error.code !== 'string')
}

/**
 * Why a commit failed: lmdb rejects a promise of its own with that, in the turn in which it rejects
 * the transaction's. Not waited for longer, as some numbers of errors it takes for progress.
 */
async function reasonOf(failure: unknown): Promise<unknown> {
  if (!(failure instanceof Error && 'commitError' in failure)) return failure
  let reason: unknown = failure
  Promise.resolve(failure.commitError).catch((cause: unknown) => {
    reason = cause
  })
  for (let step = 0; step < 8; step += 1) await Promise.resolve()
  return reason
}

function commitError(cause: unknown, reason: unknown): EngineError {
  const text = reason instanceof Error ? reason.message : String(reason)
  const isFull = /no space left|ENOSPC|MDB_MAP_FULL|quota/i.test(text)
  return new EngineError(isFull ? 'full' : 'failed', `engine: a commit failed: ${text}`, cause)
}

function stampKey(stamp: Versionstamp): Buffer {
  const key = Buffer.allocUnsafe(STAMP_SIZE_BYTES)
  writeStamp(stamp, key, 0)
  return key
}

function everyStamp(): { start: Buffer; end: Buffer } {
  return { start: Buffer.alloc(1), end: stampKey(LAST_STAMP) }
}

class LmdbEngine implements Engine {
  private readonly environment: Environment
  private readonly committer: Committer
  private isClosed = false

  constructor(environment: Environment, options: LmdbEngineOptions) {
    this.environment = environment
    const driver = new LmdbDriver(environment, options)
    const head = environment.inSnapshot(() => headOf(environment))
    this.committer = new Committer(driver, options.clock, head, options.onEnd)
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    this.checkOpen()
    return readEnvironment(this.environment, request)
  }

  commit<T>(commit: Commit<T>): Promise<Committed<T>> {
    return this.committer.commit(commit)
  }

  async log(after: Versionstamp, limit: number): Promise<LogEntry[]> {
    this.checkOpen()
    checkLogLimit(limit)
    const { environment } = this
    const page: LogEntry[] = []
    let sizeBytes = 0
    const start = stampKey({ incarnation: after.incarnation, sequence: after.sequence + 1 })
    const head = environment.inSnapshot(() => {
      environment.visit(environment.log, {
        range: { start, end: stampKey(LAST_STAMP) },
        limit,
        visit: (_, value) => {
          const bytes = Buffer.from(value)
          page.push({ versionstamp: logEntryStamp(bytes), bytes })
          sizeBytes += bytes.length
          return sizeBytes >= LOG_PAGE_SIZE_BYTES ? 'stop' : 'next'
        },
      })
      return headOf(environment)
    })
    checkLogPage(page, after, head)
    return page
  }

  trim(to: Versionstamp): Promise<void> {
    return this.committer.trim(to)
  }

  fate(id: CommitId): Promise<Versionstamp | 'never'> {
    return this.committer.between(async () => this.findFate(id))
  }

  /** Walks the records of the last 15 minutes; asked for only after a crash. */
  private findFate(id: CommitId): Versionstamp | 'never' {
    const wanted = Buffer.alloc(ID_SIZE_BYTES)
    writeId(id, wanted, 0)
    const { environment } = this
    const found: Versionstamp[] = []
    let range: KeyRange = everyStamp()
    return environment.inSnapshot(() => {
      for (;;) {
        const isWhole = environment.visit(environment.fates, {
          range,
          limit: RANGE_READ_ENTRIES_MAX,
          visit: (key, value) => {
            range = { start: keyBehind(key), end: range.end }
            const stamp = stampIn(value, wanted)
            if (stamp === null) return 'next'
            found.push(stamp)
            return 'stop'
          },
        })
        if (isWhole || found.length > 0) return found[0] ?? 'never'
      }
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
    await this.environment.close()
  }

  private checkOpen(): void {
    if (this.isClosed) throw new EngineError('closed', 'engine: it is closed')
  }
}

/** The stamp of a commit in a fates record, or null. */
function stampIn(record: Buffer, wanted: Buffer): Versionstamp | null {
  for (let at = TIME_SIZE_BYTES; at < record.length; at += FATE_SIZE_BYTES) {
    if (record.compare(wanted, 0, ID_SIZE_BYTES, at, at + ID_SIZE_BYTES) === 0) {
      return readStamp(record, at + ID_SIZE_BYTES)
    }
  }
  return null
}
