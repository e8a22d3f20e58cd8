// Takes down what a run asks of its engines and what the memory driver answers, in the order in
// which the store was read and changed. It stands between engine and store, waits for nothing and
// draws nothing: a run that is recorded is the same run, event by event.

import type { Clock } from '../src/base/clock.ts'
import { ManualClock } from '../src/base/manual-clock.ts'
import type { CommitId } from '../src/base/id.ts'
import { ENGINE_KEY_SIZE_BYTES_MAX, FATE_KEPT_MS } from '../src/base/limits.ts'
import type { Writes } from '../src/engine/committer.ts'
import { EngineError, compareStamps } from '../src/engine/engine.ts'
import type {
  Commit,
  Decision,
  Engine,
  Entry,
  KeyRange,
  LogEntry,
  Mutation,
  Overlay,
  RangeRead,
  ReadRequest,
  ReadResult,
  Reads,
  Versionstamp,
} from '../src/engine/engine.ts'
import type { Head } from '../src/engine/head.ts'
import { keyBehind } from '../src/engine/key-text.ts'
import { openMemoryEngine } from '../src/engine/memory.ts'
import type { BatchFault } from '../src/engine/memory.ts'
import type { MemoryStore } from '../src/engine/memory-store.ts'
import type {
  ClockReading,
  CommitCall,
  Decided,
  DecideStep,
  EngineCall,
  RangeCall,
  Seen,
} from './engine-calls.ts'

/** The last look asks for the fates of so many that applied, and of those that did not. */
const LAST_FATES_MAX = 30
const LAST_LOG_ENTRIES = 100
const LAST_PAGE_ENTRIES = 100
const EVERY_KEY: KeyRange = {
  start: Buffer.alloc(0),
  end: Buffer.alloc(ENGINE_KEY_SIZE_BYTES_MAX + 1, 0xff),
}

type BatchCall = Extract<EngineCall, { readonly kind: 'batch' }>
type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type OpenCommit = Omit<Mutable<CommitCall>, 'steps'> & { steps: DecideStep[] }
type OpenBatch = Omit<Mutable<BatchCall>, 'commits'> & { commits: OpenCommit[] }

/** One run's. Given to the run, it fills; `finish` answers all of it. */
export class EngineRecording {
  /** A batch stands in it twice where it applied: where it was decided, and where it was there. */
  readonly #calls: EngineCall[] = []
  readonly #applied = new Map<CommitId, { stamp: Versionstamp; cellTimeMs: number }>()
  readonly #ids = new Set<CommitId>()
  readonly #ended = new Set<number>()
  #openings = 0
  #lastClock: ClockReading = { nowMs: 0, uptimeMs: 0 }
  #store: MemoryStore | null = null

  /** The next engine or reader over `store`. */
  opening(clock: Clock, store: MemoryStore): Opening {
    this.#store = store
    return new Opening(this, this.#openings++, { clock, store })
  }

  add(call: EngineCall): void {
    this.#calls.push(call)
    if (call.kind === 'close') this.#ended.add(call.opening)
  }

  noteClock(reading: ClockReading): ClockReading {
    this.#lastClock = reading
    return reading
  }

  noteDecided(id: CommitId): void {
    this.#ids.add(id)
  }

  noteApplied(id: CommitId, stamp: Versionstamp, cellTimeMs: number): void {
    this.#applied.set(id, { stamp, cellTimeMs })
  }

  /** The stamp of a commit which is too old for `fate`, by the time of `head`; null: it is not. */
  forgotten(id: CommitId, head: Head): Versionstamp | null {
    const made = this.#applied.get(id)
    if (made === undefined || made.cellTimeMs + FATE_KEPT_MS >= head.cellTimeMs) return null
    return made.stamp
  }

  /** All calls, and behind them a look at everything that the store holds in the end. */
  finish(): readonly EngineCall[] {
    if (this.#store !== null) this.#lookAtAll(this.#store)
    const met = new Set<EngineCall>()
    const closed = new Set<number>()
    const calls: EngineCall[] = []
    // From the last on: a batch that stands twice is there at its later place alone, and what shows
    // behind its process's death does so before its engine is closed.
    for (const call of this.#calls.toReversed()) {
      if (met.has(call)) continue
      met.add(call)
      const opening = call.kind === 'steal' ? null : call.opening
      const isLast = opening !== null && this.#ended.has(opening) && !closed.has(opening)
      if (isLast) {
        closed.add(opening)
        calls.push({ kind: 'close', opening })
      }
      if (call.kind !== 'close') calls.push(call)
    }
    return calls.toReversed()
  }

  #lookAtAll(store: MemoryStore): void {
    const { nowMs, uptimeMs } = this.#lastClock
    const clock = new ManualClock(uptimeMs)
    clock.setWall(nowMs)
    const opening = this.opening(clock, store)
    opening.engine(openMemoryEngine({ clock, store }))
    const { watched } = opening
    lookAtEntries(watched, 'forward')
    lookAtEntries(watched, 'reverse')
    let after = store.head.logStart
    while (compareStamps(after, store.head.versionstamp) < 0) {
      after = watched.logBehind(after, LAST_LOG_ENTRIES).at(-1)?.versionstamp ?? after
    }
    const made = [...this.#applied.keys()].slice(-LAST_FATES_MAX)
    const never = [...this.#ids].filter((id) => !this.#applied.has(id)).slice(-LAST_FATES_MAX)
    for (const id of [...made, ...never]) watched.fate(id)
    opening.end()
  }
}

/** One engine or reader, from its opening on. */
export class Opening {
  /** The store, but that all that is asked of it is noted. */
  readonly watched: MemoryStore
  readonly #recording: EngineRecording
  readonly #index: number
  readonly #clock: Clock
  readonly #store: MemoryStore
  /** The batch that is being decided, or was last; each run of the driver has its own. */
  #batch: OpenBatch | null = null
  readonly #batches = new Map<CommitId, OpenBatch>()
  #fault: BatchFault['kind'] = 'none'
  #isInDoubt = false

  constructor(
    recording: EngineRecording,
    index: number,
    { clock, store }: { readonly clock: Clock; readonly store: MemoryStore },
  ) {
    this.#recording = recording
    this.#index = index
    this.#clock = clock
    this.#store = store
    this.watched = this.#watch()
  }

  /** An engine is open: its commits are noted from now on. */
  engine(engine: Engine): void {
    const commit = engine.commit.bind(engine)
    engine.commit = (asked) => commit(this.#commit(asked))
    const { epoch, versionstamp, logStart, clockAlarm } = engine.status()
    const head = { epoch, versionstamp, logStart, clockAlarm }
    this.#add({ kind: 'open', opening: this.#index, clock: this.#reading(), head })
  }

  /** A reader is open. */
  reader(): void {
    this.#add({ kind: 'open-reader', opening: this.#index })
  }

  /** Its process is dead, or closed it. */
  end(): void {
    this.#add({ kind: 'close', opening: this.#index })
  }

  /** A run of the driver begins, and this will become of it. */
  noteFault({ kind }: BatchFault): void {
    this.#fault = kind
    this.#batch = null
  }

  /** The engine is at its end. */
  noteEnd({ code }: EngineError): void {
    if (code !== 'deposed') return
    this.#add({ kind: 'deposed', opening: this.#index, clock: this.#reading() })
  }

  #add(call: EngineCall): void {
    this.#recording.add(call)
  }

  #reading(): ClockReading {
    const reading = { nowMs: this.#clock.nowMs(), uptimeMs: this.#clock.uptimeMs() }
    return this.#recording.noteClock(reading)
  }

  #commit<T>(commit: Commit<T>): Commit<T> {
    let of: Overlay | null = null
    let overlay: WatchedOverlay | null = null
    let call: OpenCommit | null = null
    const decide = (given: Overlay): Decision<T> => {
      if (of !== given || overlay === null || call === null) {
        of = given
        overlay = new WatchedOverlay(given)
        call = this.#newCommit(commit, given)
      }
      const { steps } = call
      let decided: Decided = { kind: 'throw' }
      try {
        const decision = commit.decide(overlay)
        decided = keptDecision(decision)
        return decision
      } finally {
        steps.push({ seen: overlay.takeSeen(), decided })
        if (decided.kind === 'apply' && this.#batch !== null) this.#batch.outcome = 'lost'
      }
    }
    return { id: commit.id, reads: commit.reads, decide }
  }

  #newCommit({ id, reads }: Commit<unknown>, { nowMs, versionstamp }: Overlay): OpenCommit {
    const call = { id, reads: keptReads(reads), nowMs, versionstamp, steps: [], applied: null }
    let batch = this.#batch
    if (batch === null) {
      const clock = this.#reading()
      const { head } = this.#store
      batch = { kind: 'batch', opening: this.#index, clock, commits: [], outcome: 'none', head }
      this.#batch = batch
      this.#add(batch)
    }
    batch.commits.push(call)
    this.#batches.set(id, batch)
    this.#recording.noteDecided(id)
    return call
  }

  #watch(): MemoryStore {
    const store = this.#store
    const watched = {
      get head() {
        return store.head
      },
      get: (key: Uint8Array) => store.get(key),
      first: (range: KeyRange) => store.first(range),
      last: (range: KeyRange) => store.last(range),
      known: () => store.known(),
      apply: (writes: Writes) => this.#apply(writes),
      read: (request: ReadRequest) => this.#read(request),
      stealEpoch: () => {
        store.stealEpoch()
        this.#add({ kind: 'steal', epoch: store.head.epoch })
      },
      startDoubt: () => {
        const settle = store.startDoubt()
        this.#isInDoubt = true
        return () => {
          this.#isInDoubt = false
          settle()
        }
      },
      fate: (id: CommitId) => this.#fate(id),
      logBehind: (after: Versionstamp, limit: number) => this.#log(after, limit),
    }
    return watched as unknown as MemoryStore
  }

  #apply(writes: Writes): void {
    const before = this.#store.head
    this.#store.apply(writes)
    const { head, batch } = writes
    if (batch === null) {
      const kind = head.epoch > before.epoch ? 'epoch' : isTrim(before, head) ? 'trim' : 'confirm'
      const isHeard = !this.#isInDoubt && this.#fault !== 'failed'
      return this.#add({ kind, opening: this.#index, head, isHeard })
    }
    for (const { id, versionstamp } of batch.applied) {
      this.#recording.noteApplied(id, versionstamp, head.cellTimeMs)
      const noted = this.#batches.get(id)
      const commit = noted?.commits.find((each) => each.id === id)
      if (commit !== undefined) commit.applied = versionstamp
    }
    const noted = this.#batches.get(batch.applied[0]?.id as CommitId)
    if (noted === undefined) return
    noted.outcome = 'applied'
    noted.head = head
    if (this.#batch === noted) this.#batch = null
    this.#add(noted)
  }

  #read(request: ReadRequest): ReadResult {
    const visits = (request.ranges ?? []).map(() => [] as RangeCall['visits'][number][])
    const ranges = (request.ranges ?? []).map((range, at) => watchedRange(range, visits[at] ?? []))
    const keys = (request.keys ?? []).map((key) => Buffer.from(key))
    const asked = (request.ranges ?? []).map(({ range, limit, reverse }) => {
      return { range: keptRange(range), limit, reverse: reverse === true }
    })
    const result = this.#store.read({ keys, ranges })
    this.#add({
      kind: 'read',
      opening: this.#index,
      keys,
      values: result.values.map(keptValue),
      ranges: asked.map((each, at) => {
        return { ...each, visits: visits[at] ?? [], isWhole: result.isWhole[at] === true }
      }),
    })
    return result
  }

  #log(after: Versionstamp, limit: number): LogEntry[] {
    const call = { kind: 'log', opening: this.#index, after, limit } as const
    try {
      const page = this.#store.logBehind(after, limit)
      const answer = page.map(({ versionstamp, bytes }) => {
        return { versionstamp, bytes: Buffer.from(bytes) }
      })
      this.#add({ ...call, answer })
      return page
    } catch (error) {
      if (error instanceof EngineError) this.#add({ ...call, answer: error.code })
      throw error
    }
  }

  #fate(id: CommitId): Versionstamp | 'never' {
    const answer = this.#store.fate(id)
    const forgotten = this.#recording.forgotten(id, this.#store.head)
    this.#add({ kind: 'fate', opening: this.#index, id, answer, forgotten })
    return answer
  }
}

/** An overlay that keeps what it answered. */
class WatchedOverlay implements Overlay {
  readonly nowMs: number
  readonly versionstamp: Versionstamp
  readonly #overlay: Overlay
  #seen: Seen[] = []

  constructor(overlay: Overlay) {
    this.#overlay = overlay
    this.nowMs = overlay.nowMs
    this.versionstamp = overlay.versionstamp
  }

  get(key: Uint8Array): Buffer | null {
    const value = this.#overlay.get(key)
    this.#seen.push({ kind: 'get', key: Buffer.from(key), value: keptValue(value) })
    return value
  }

  first(range: KeyRange): Entry | null {
    const entry = this.#overlay.first(range)
    this.#seen.push({ kind: 'first', range: keptRange(range), entry: keptEntry(entry) })
    return entry
  }

  last(range: KeyRange): Entry | null {
    const entry = this.#overlay.last(range)
    this.#seen.push({ kind: 'last', range: keptRange(range), entry: keptEntry(entry) })
    return entry
  }

  sum(key: Uint8Array): readonly bigint[] {
    const sums = this.#overlay.sum(key)
    this.#seen.push({ kind: 'sum', key: Buffer.from(key), sums: [...sums] })
    return sums
  }

  /** What it answered since the last time. */
  takeSeen(): readonly Seen[] {
    const seen = this.#seen
    this.#seen = []
    return seen
  }
}

/** Reads all there is, page by page. */
function lookAtEntries(store: MemoryStore, direction: 'forward' | 'reverse'): void {
  const reverse = direction === 'reverse'
  let { start, end }: KeyRange = EVERY_KEY
  const visit: RangeRead['visit'] = (key) => {
    if (reverse) end = Buffer.from(key)
    else start = keyBehind(key)
    return 'next'
  }
  for (let isWhole = false; !isWhole;) {
    const read = { range: { start, end }, limit: LAST_PAGE_ENTRIES, reverse, visit }
    isWhole = store.read({ ranges: [read] }).isWhole[0] === true
  }
}

function isTrim(before: Head, after: Head): boolean {
  return compareStamps(before.logStart, after.logStart) < 0
}

function watchedRange(read: RangeRead, visits: RangeCall['visits'][number][]): RangeRead {
  const visit: RangeRead['visit'] = (key, value) => {
    const kept = { key: Buffer.from(key), value: Buffer.from(value) }
    const answer = read.visit(key, value)
    visits.push({ ...kept, answer: typeof answer === 'string' ? answer : Buffer.from(answer) })
    return answer
  }
  return { ...read, visit }
}

function keptValue(value: Buffer | null): Buffer | null {
  return value === null ? null : Buffer.from(value)
}

function keptEntry(entry: Entry | null): Entry | null {
  return entry && { key: Buffer.from(entry.key), value: Buffer.from(entry.value) }
}

function keptRange({ start, end }: KeyRange): KeyRange {
  return { start: Buffer.from(start), end: Buffer.from(end) }
}

function keptReads({ keys, firsts, lasts }: Reads): Reads {
  return {
    keys: (keys ?? []).map((key) => Buffer.from(key)),
    firsts: (firsts ?? []).map(keptRange),
    lasts: (lasts ?? []).map(keptRange),
  }
}

function keptDecision(decision: Decision<unknown>): Decided {
  if (decision.kind === 'refuse') return { kind: 'refuse' }
  if (decision.kind === 'more') return { kind: 'more', reads: keptReads(decision.reads) }
  return { kind: 'apply', mutations: decision.mutations.map(keptMutation) }
}

function keptMutation(mutation: Mutation): Mutation {
  const key = Buffer.from(mutation.key)
  if (mutation.kind === 'set') return { kind: 'set', key, value: Buffer.from(mutation.value) }
  return mutation.kind === 'sum' ? { ...mutation, key } : { kind: 'delete', key }
}
