// The suite on the memory engine, directly and through a structured clone.

import { MANIFEST_KEPT_MS } from '../base/limits.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { openMemoryEngine } from '../engine/memory.ts'
import { cloneObjectIndex } from './object-index-clone.ts'
import { openObjectIndex } from './object-index-service.ts'
import { objectIndexSuite } from './object-index-suite.ts'
import { SeededRandom, type OpenedIndex } from './suite-world.ts'

async function open(): Promise<OpenedIndex> {
  const clock = new ManualClock(1_700_000_000_000)
  const engine = openMemoryEngine({ clock })
  const index = openObjectIndex({ engine, clock, random: new SeededRandom(99) })
  return {
    index,
    engine,
    sweep: async () => {
      while (!(await index.sweep(100)).isDone) await clock.advance(1)
      await clock.advance(MANIFEST_KEPT_MS) // what is kept for a while goes too
      while (!(await index.sweep(100)).isDone) await clock.advance(1)
    },
    [Symbol.asyncDispose]: async () => {
      await index[Symbol.asyncDispose]()
      await engine[Symbol.asyncDispose]()
    },
  }
}

objectIndexSuite('memory', open)
objectIndexSuite('memory, cloned', async () => {
  const opened = await open()
  return {
    ...opened,
    index: cloneObjectIndex(opened.index),
    [Symbol.asyncDispose]: opened[Symbol.asyncDispose],
  }
})
