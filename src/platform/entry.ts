// Where this program's other processes begin: built entries beside the one that runs.

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Absolute path of a built entry: 'writer', 'worker', 'validator'. */
export function builtEntry(name: 'writer' | 'worker' | 'validator'): string {
  return join(dirname(fileURLToPath(import.meta.url)), `${name}.js`)
}
