// The suite on the memory engine, and on lmdb with readers of their own.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '../base/manual-clock.ts'
import type { Random } from '../base/random.ts'
import { openLmdbEngine, openLmdbReader } from '../engine/lmdb.ts'
import { openMemoryEngine } from '../engine/memory.ts'
import { openDirectoryReader } from './directory-reader.ts'
import { openDirectory } from './directory-service.ts'
import { directorySuite } from './directory-suite.ts'

directorySuite('memory', async () => {
  const engine = openMemoryEngine({ clock: new ManualClock(1_700_000_000_000) })
  return {
    directory: openDirectory({ engine, random: counting() }),
    openReader: () => openDirectoryReader(engine),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
})

directorySuite('lmdb', async () => {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-directory-'))
  const engine = await openLmdbEngine({ path, clock: new ManualClock(1_700_000_000_000) })
  const reader = await openLmdbReader(path)
  return {
    directory: openDirectory({ engine, random: counting() }),
    openReader: () => openDirectoryReader(reader),
    [Symbol.asyncDispose]: async () => {
      await reader[Symbol.asyncDispose]()
      await engine[Symbol.asyncDispose]()
      rmSync(path, { recursive: true, force: true })
    },
  }
})

/** Ids that differ are all that is asked of it here. */
function counting(): Random {
  let count = 0
  return {
    bytes: (size) => {
      count += 1
      const bytes = Buffer.alloc(size)
      bytes.writeUInt32BE(count, 0)
      return bytes
    },
    fraction: () => 0,
  }
}
