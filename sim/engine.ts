// The engine as processes of a run have it: the memory driver over one store that outlives them,
// with every fault of the real ones. A batch takes time; one whose process dies before its time has
// passed was never there; one whose outcome is in doubt settles whether its process lives or not.

import type { Engines } from '../src/cell/engines.ts'
import type { EngineReader, ReadRequest, ReadResult } from '../src/engine/engine.ts'
import { openMemoryEngine, openMemoryReader } from '../src/engine/memory.ts'
import type { BatchFault } from '../src/engine/memory.ts'
import type { MemoryStore } from '../src/engine/memory-store.ts'
import type { Faults } from './faults.ts'
import { never } from './process.ts'
import type { SimProcess } from './process.ts'

const COMMIT_MS = [0.1, 5] as const
const SLOW_COMMIT_MS = [200, 8000] as const
const DOUBT_MS = [1, 5000] as const
/** Of reads whose answer comes only when others may have committed. */
const LATE_READ_SHARE = 0.1
const LATE_READ_MS = [0.02, 3] as const

/** The ways of one process to the store's engine. */
export function simEngines(process: SimProcess, store: MemoryStore, faults: Faults): Engines {
  return {
    openEngine: async ({ onEnd }) => {
      await process.wait(0, 'open engine')
      const engine = openMemoryEngine({
        // A doubt is the store's: it ends also when this process is dead.
        clock: { ...process.clock, after: process.world.clock.after },
        store: viewOf(store, process),
        onEnd,
        faults: {
          onBatch: async () => await drawFault(process, faults),
          onRead: () => (faults.strikes('read-unavailable') ? 'unavailable' : 'none'),
        },
      })
      return withLateReads(engine, process)
    },
    openReader: async () => {
      await process.wait(0, 'open reader')
      return withLateReads(openMemoryReader(store), process)
    },
  }
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

/** The store, but that who waits for the end of a doubt goes on as its own process. */
function viewOf(store: MemoryStore, process: SimProcess): MemoryStore {
  const view = {
    get head() {
      return store.head
    },
    get: store.get.bind(store),
    first: store.first.bind(store),
    last: store.last.bind(store),
    apply: store.apply.bind(store),
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
