// The engine as processes of a run have it: the memory driver over one store that outlives them,
// with every fault of the real ones. A batch takes time; one whose process dies before its time has
// passed was never there; one whose outcome is in doubt settles whether its process lives or not.

import type { Engines } from '../src/cell/engines.ts'
import type { Writes } from '../src/engine/committer.ts'
import type { Engine, EngineReader, ReadRequest, ReadResult } from '../src/engine/engine.ts'
import { openMemoryEngine, openMemoryReader } from '../src/engine/memory.ts'
import type { BatchFault } from '../src/engine/memory.ts'
import type { MemoryStore } from '../src/engine/memory-store.ts'
import type { EngineRecording, Opening } from './engine-recording.ts'
import type { Faults } from './faults.ts'
import { never } from './process.ts'
import type { SimProcess } from './process.ts'

const COMMIT_MS = [0.1, 5] as const
const SLOW_COMMIT_MS = [200, 8000] as const
const DOUBT_MS = [1, 5000] as const
/** Of looks at the log that see a few entries at a time. */
const SHORT_PAGE_SHARE = 0.3
const SHORT_PAGE_ENTRIES = 4
/** Of reads whose answer comes only when others may have committed. */
const LATE_READ_SHARE = 0.1
const LATE_READ_MS = [0.02, 3] as const

/** Who took the store's epoch last: nobody else's batch may get into the store. */
export class EpochHolder {
  readonly #onBreach: (process: SimProcess) => void
  #holder: SimProcess | null = null
  #epoch = 0

  constructor(onBreach: (process: SimProcess) => void) {
    this.#onBreach = onBreach
  }

  /** A batch that `process` is about to apply over the head of `epoch`. */
  note(process: SimProcess, epoch: number, { head }: Writes): void {
    if (epoch !== this.#epoch) this.#holder = null // it was stolen
    this.#epoch = head.epoch
    if (head.epoch > epoch) this.#holder = process
    else if (this.#holder !== process) this.#onBreach(process)
  }
}

export interface SimEngineParts {
  readonly faults: Faults
  readonly holder: EpochHolder
  /** Null: nothing is recorded. */
  readonly recording: EngineRecording | null
}

/** The ways of one process to the store's engine. */
export function simEngines(
  process: SimProcess,
  store: MemoryStore,
  { faults, holder, recording }: SimEngineParts,
): Engines {
  return {
    openEngine: async ({ onEnd }) => {
      await process.wait(0, 'open engine')
      const view = viewOf(store, process, holder)
      const opening = recording?.opening(process.clock, view) ?? null
      const engine = openMemoryEngine({
        // A doubt is the store's: it ends also when this process is dead.
        clock: { ...process.clock, after: process.world.clock.after },
        store: opening?.watched ?? view,
        onEnd: (error) => {
          opening?.noteEnd(error)
          onEnd(error)
        },
        faults: {
          onBatch: async () => noted(await drawFault(process, faults), opening),
          onRead: () => (faults.strikes('read-unavailable') ? 'unavailable' : 'none'),
        },
      })
      opening?.engine(engine)
      if (opening !== null) process.onDeath(() => opening.end())
      return withLateReads(withShortPages(engine, process), process)
    },
    openReader: async () => {
      await process.wait(0, 'open reader')
      const opening = recording?.opening(process.clock, store) ?? null
      opening?.reader()
      if (opening !== null) process.onDeath(() => opening.end())
      return withLateReads(openMemoryReader(opening?.watched ?? store), process)
    },
  }
}

function noted(fault: BatchFault, opening: Opening | null): BatchFault {
  opening?.noteFault(fault)
  return fault
}

/** What becomes of a batch, once its time has passed. */
async function drawFault(process: SimProcess, faults: Faults): Promise<BatchFault> {
  const { random } = faults
  const [low, high] = faults.strikes('engine-slow') ? SLOW_COMMIT_MS : COMMIT_MS
  await process.wait(random.spread(low, high), 'commit')
  const afterMs = random.spread(...DOUBT_MS)
  if (faults.strikes('unsure-applied')) return { kind: 'unsure', isApplied: true, afterMs }
  if (faults.strikes('unsure-lost')) return { kind: 'unsure', isApplied: false, afterMs }
  if (faults.strikes('commit-failed-applied')) return { kind: 'failed', isApplied: true }
  if (faults.strikes('commit-failed-lost')) return { kind: 'failed', isApplied: false }
  if (faults.strikes('engine-full')) return { kind: 'full' }
  if (faults.strikes('engine-unavailable')) return { kind: 'unavailable' }
  if (faults.strikes('epoch-stolen')) return { kind: 'stolen' }
  return { kind: 'none' }
}

/** Reads are of their moment, and may be answered a while later. */
function withLateReads<E extends EngineReader>(engine: E, process: SimProcess): E {
  const read = engine.read.bind(engine)
  engine.read = async (request: ReadRequest): Promise<ReadResult> => {
    if (!process.step()) return await never()
    const result = await read(request)
    if (process.random.chance(LATE_READ_SHARE)) {
      await process.wait(process.random.spread(...LATE_READ_MS), 'late read')
    }
    return result
  }
  return engine
}

/** A page of the log may have fewer entries than were asked for, and be followed by more. */
function withShortPages(engine: Engine, process: SimProcess): Engine {
  const log = engine.log.bind(engine)
  engine.log = async (after, limit) => {
    const { random } = process
    const isShort = random.chance(SHORT_PAGE_SHARE)
    return await log(after, isShort ? Math.min(limit, 1 + random.below(SHORT_PAGE_ENTRIES)) : limit)
  }
  return engine
}

/**
 * The store, but that who waits for the end of a doubt goes on as its own process, and that nobody
 * writes but the holder of the epoch.
 */
function viewOf(store: MemoryStore, process: SimProcess, holder: EpochHolder): MemoryStore {
  const view = {
    get head() {
      return store.head
    },
    get: store.get.bind(store),
    first: store.first.bind(store),
    last: store.last.bind(store),
    apply: (writes: Writes) => {
      holder.note(process, store.head.epoch, writes)
      store.apply(writes)
    },
    read: store.read.bind(store),
    stealEpoch: store.stealEpoch.bind(store),
    startDoubt: store.startDoubt.bind(store),
    fate: store.fate.bind(store),
    logBehind: store.logBehind.bind(store),
    known: async () => {
      while (store.isInDoubt) {
        await store.known()
        await process.wait(0, 'doubt ended')
      }
    },
  }
  return view as unknown as MemoryStore
}
