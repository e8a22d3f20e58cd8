// The memory driver passes the engine's suite.

import { engineSuite } from './engine-suite.ts'
import { createMemoryStore, openMemoryEngine, openMemoryReader } from './memory.ts'

engineSuite('memory', {
  abilities: { readers: true },
  create: async () => {
    const store = createMemoryStore()
    return {
      open: async (clock) => openMemoryEngine({ clock, store }),
      openReader: async () => openMemoryReader(store),
      remove: async () => {},
    }
  },
})
