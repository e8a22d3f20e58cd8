// A disk's relative paths. They are made by this program, never by a client: one that would leave
// the disk's folder is a programmer's error.

import { join } from 'node:path'
import { assert } from '../base/assert.ts'

/** The absolute path of `path` below `root`. The empty path is the root itself. */
export function confine(root: string, path: string): string {
  if (path === '') return root
  assert(!path.includes('\0'), 'a path has no NUL')
  for (const part of path.split('/')) {
    assert(part !== '' && part !== '.' && part !== '..', `a path stays in its folder: ${path}`)
  }
  return join(root, path)
}
