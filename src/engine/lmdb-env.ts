// An LMDB environment: the one file that knows lmdb. It opens the databases, reads keys and ranges
// without copies where that is safe, and runs write transactions. Measured: bench/engine/README.md.

import * as lmdb from 'lmdb'
import { assert } from '../base/assert.ts'
import { ENGINE_KEY_SIZE_BYTES_MAX } from '../base/limits.ts'
import { EngineError, type Entry, type KeyRange, type RangeRead } from './engine.ts'
import { keyBehind } from './key-text.ts'
import { SharedMemory, type EntrySizes } from './lmdb-memory.ts'
import { checkBounds, checkSeek } from './range.ts'

/** A database of the environment; what is used of lmdb's own class, with its parameters. */
export interface Database {
  putSync(key: Uint8Array, value: Uint8Array, options?: PutOptions): boolean
  removeSync(key: Uint8Array): boolean
  /** In memory that the next read overwrites. */
  getBinaryFast(key: Uint8Array): Uint8Array | undefined
  getRange(options: RangeOptions): { iterate(): Iterator<EntrySizes> }
}

interface PutOptions {
  /** The key is behind all there are. */
  readonly append: boolean
}

interface RangeOptions {
  readonly start: Uint8Array
  readonly end: Uint8Array
  readonly reverse?: boolean
  readonly exclusiveStart?: boolean
  readonly inclusiveEnd?: boolean
}

interface Root {
  openDB(name: string, options: object): Database | undefined
  childTransaction<T>(run: () => T): Promise<T>
  transactionSync<T>(run: () => T): T
  ensureReadTxn(): void
  readerCheck(): number
  useReadTransaction(): { readonly address: number; done(): void }
  close(): Promise<void>
}

const NATIVE = lmdb as unknown as { readonly nativeAddon: { resetTxn(address: number): void } }
const DATABASES = ['entries', 'log', 'fates', 'meta'] as const
type DatabaseName = (typeof DATABASES)[number]
/** lmdb's MDB_PAGE_NOTFOUND, MDB_CORRUPTED, MDB_INVALID and MDB_VERSION_MISMATCH. */
const DAMAGED: readonly number[] = [-30797, -30796, -30793, -30794]
/** Reading processes, threads and validators at once; a slot takes 64 bytes. */
const READERS_MAX = 256

/** How an environment is opened. */
export type EnvironmentMode = 'write' | 'read'

export class Environment {
  readonly entries: Database
  readonly log: Database
  readonly fates: Database
  readonly meta: Database
  private readonly root: Root
  private readonly shared: SharedMemory = new SharedMemory()
  private readonly readTxnAddress: number
  private closed: Promise<void> | null = null

  /** Makes the folder and its databases in mode `write`. @throws EngineError `unavailable` */
  constructor(path: string, mode: EnvironmentMode) {
    const codec = this.shared.codec()
    const isReadOnly = mode === 'read'
    try {
      this.root = lmdb.open({
        path,
        noSubdir: false,
        readOnly: isReadOnly,
        overlappingSync: false,
        noMemInit: true,
        maxDbs: DATABASES.length,
        maxReaders: READERS_MAX,
        ...codec,
      }) as unknown as Root
    } catch (cause) {
      throw new EngineError('unavailable', `${path}: the engine's files cannot be opened`, cause)
    }
    const database = (name: DatabaseName): Database => {
      const found = this.root.openDB(name, { ...codec })
      if (found !== undefined) return found
      void this.close()
      throw new EngineError('unavailable', `${path}: holds no engine`)
    }
    this.entries = database('entries')
    this.log = database('log')
    this.fates = database('fates')
    this.meta = database('meta')
    const transaction = this.root.useReadTransaction()
    transaction.done()
    this.readTxnAddress = transaction.address
    // Opening looked at a snapshot; the first read takes one of its own.
    NATIVE.nativeAddon.resetTxn(this.readTxnAddress)
  }

  /**
   * Reads of one snapshot, which has all that was committed before, and is given back at once: a
   * commit uses no page again that a snapshot may still show, and whoever is killed while it holds
   * one holds it until `dropDeadReaders`. lmdb gives it back by a timer.
   */
  inSnapshot<T>(read: () => T): T {
    assert(!this.shared.isLent, 'a visitor does not read')
    if (this.closed !== null) throw new EngineError('closed', 'engine: it is closed')
    this.root.ensureReadTxn()
    try {
      return read()
    } finally {
      NATIVE.nativeAddon.resetTxn(this.readTxnAddress)
    }
  }

  /** Gives back the snapshots of processes that are no more. */
  dropDeadReaders(): void {
    this.root.readerCheck()
  }

  /** A copy, the caller's to keep. */
  get(database: Database, key: Uint8Array): Buffer | null {
    const found = reading(() => database.getBinaryFast(key))
    return found === undefined ? null : this.shared.copyOfValue(found)
  }

  first(database: Database, range: KeyRange): Entry | null {
    return this.firstOf(database, forward(range))
  }

  last(database: Database, range: KeyRange): Entry | null {
    return range.end.length === 0 ? null : this.firstOf(database, backward(range))
  }

  private firstOf(database: Database, options: RangeOptions): Entry | null {
    const iterator = database.getRange(options).iterate()
    try {
      const { done, value } = reading(() => iterator.next())
      return done === true ? null : this.shared.copyOf(value)
    } finally {
      iterator.return?.()
    }
  }

  /** Answers whether the range's end was reached. */
  visit(database: Database, { range, limit, reverse, visit }: RangeRead): boolean {
    const direction = reverse === true ? backward : forward
    let rest = range
    let left = limit
    while (rest.end.length > 0) {
      const iterator = database.getRange(direction(rest)).iterate()
      let answer: ReturnType<RangeRead['visit']> = 'next'
      try {
        while (answer === 'next' && left > 0) {
          const { done, value } = reading(() => iterator.next())
          if (done === true) return true
          left -= 1
          answer = this.shared.lend(value, visit)
        }
      } finally {
        iterator.return?.()
      }
      if (left === 0 || answer === 'stop' || answer === 'next') return false
      checkBounds(answer)
      checkSeek(this.shared.isAhead(answer, reverse === true))
      if (reverse === true) rest = { start: rest.start, end: keyBehind(answer) }
      else rest = { start: Buffer.from(answer), end: rest.end }
    }
    return true
  }

  /**
   * Runs `write` in a transaction; resolves when it is durable. Grouped with nothing else. What
   * `write` throws undoes it, for which it is a child's: lmdb commits its own as far as it came.
   */
  transact(write: () => void): Promise<void> {
    return this.root.childTransaction(write)
  }

  /** The same, holding up this thread until it is durable. What `write` throws undoes it. */
  transactSync(write: () => void): void {
    this.root.transactionSync(write)
  }

  /** Nothing may be under way. Twice is once. */
  close(): Promise<void> {
    this.closed ??= this.root.close()
    return this.closed
  }
}

/** @throws EngineError in place of lmdb's errors, which alone have numbers for codes */
function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause) || typeof cause.code !== 'number') {
      throw cause
    }
    const code = DAMAGED.includes(cause.code) ? 'corrupt' : 'unavailable'
    throw new EngineError(code, `engine: a read failed: ${cause.message}`, cause)
  }
}

/** From the first key on. A bound longer than any key is put before the keys that it is behind. */
function forward({ start, end }: KeyRange): RangeOptions {
  return end.length <= ENGINE_KEY_SIZE_BYTES_MAX
    ? { start, end }
    : { start, end: end.subarray(0, ENGINE_KEY_SIZE_BYTES_MAX), inclusiveEnd: true }
}

/** From the last key before `end` on. */
function backward({ start, end }: KeyRange): RangeOptions {
  const isClipped = start.length > ENGINE_KEY_SIZE_BYTES_MAX
  return {
    start: end,
    end: isClipped ? start.subarray(0, ENGINE_KEY_SIZE_BYTES_MAX) : start,
    reverse: true,
    exclusiveStart: true,
    inclusiveEnd: !isClipped,
  }
}
