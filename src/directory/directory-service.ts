// The directory embedded in a cell's engine: names, accounts and keys in spaces 0x80 to 0x8f. Every
// change is one commit, which raises the generation.

import { newId, type CommitId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
import type { Engine } from '../engine/engine.ts'
import type { Directory } from './directory.ts'
import { directoryError, openDirectoryReader } from './directory-reader.ts'
import { planDirectory } from './plan-directory.ts'

export interface DirectoryOptions {
  readonly engine: Pick<Engine, 'read' | 'commit'>
  readonly random: Random
}

/** Opens the directory; the engine stays the caller's to close. */
export function openDirectory(options: DirectoryOptions): Directory {
  const { engine, random } = options
  return {
    ...openDirectoryReader(engine),
    apply: async (operation) => {
      try {
        const id = newId<CommitId>(random)
        const { result } = await engine.commit({ id, ...planDirectory(operation) })
        if (typeof result !== 'string') throw result.error
        return result
      } catch (cause) {
        throw directoryError(cause)
      }
    },
  }
}
