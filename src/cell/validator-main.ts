// A validator process: scans one part of the index's key space beside a store that serves or not,
// and gives back plain tallies for its parent to merge.

import { validatePartition } from '../object-index/validate.ts'
import { openLmdbReader } from '../engine/lmdb.ts'
import { bindToParent, lowerPriority } from '../platform/child.ts'
import type { FromValidator, ToValidator } from './validate-apart.ts'

const parent = bindToParent()
const say = (message: FromValidator): void => parent.send(message)

async function scan({ indexFolder, partition }: ToValidator): Promise<void> {
  lowerPriority() // requests go first
  await using reader = await openLmdbReader(indexFolder)
  const partial = await validatePartition(reader, {
    partition,
    onProgress: ({ recordsDone }) => say({ kind: 'progress', recordsDone }),
  })
  say({ kind: 'done', partial })
}

parent.onMessage((message) => {
  scan(message as ToValidator).catch((error: unknown) =>
    say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  )
})
