// The lmdb driver passes the engine's suite.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { engineSuite } from './engine-suite.ts'
import { openLmdbEngine, openLmdbReader } from './lmdb.ts'

engineSuite('lmdb', {
  abilities: { readers: true },
  create: async () => {
    const path = mkdtempSync(join(tmpdir(), 'holdfast-lmdb-'))
    return {
      open: (clock) => openLmdbEngine({ path, clock }),
      openReader: () => openLmdbReader(path),
      remove: async () => rmSync(path, { recursive: true, force: true }),
    }
  },
})
