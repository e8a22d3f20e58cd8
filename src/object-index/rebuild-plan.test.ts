// What of an archive brings the index back, decided from heads alone: overlapping pieces, holes, and
// where one incarnation ends because a rebuild went on from there in the next.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BlobId } from '../base/id.ts'
import type { Cursor } from './object-index.ts'
import {
  LogChain,
  planRebuild,
  wholeCheckpointsIn,
  type FoundLog,
  type FoundPage,
} from './rebuild-plan.ts'

const LOCATION = {
  extentId: '0'.repeat(32) as never,
  offset: 0,
  headerSizeBytes: 80,
  dataSizeBytes: 1,
  checksum: 0,
}
let blobs = 0

function at(incarnation: number, sequence: number): Cursor {
  return { incarnation, sequence }
}

function blobId(): BlobId {
  blobs += 1
  return String(blobs).padStart(32, '0') as BlobId
}

/** Entries `first` to `last` of an incarnation; `previous` where another one came before. */
function log(incarnation: number, first: number, last: number, previous?: Cursor): FoundLog {
  return {
    blobId: blobId(),
    location: LOCATION,
    level: 0,
    head: {
      kind: 'log',
      previous: previous ?? at(incarnation, first - 1),
      first: at(incarnation, first),
      last: at(incarnation, last),
      isRoot: incarnation === 1 && first === 1,
      entryCount: last - first + 1,
      lastTimeMs: 0,
    },
  }
}

function pages(id: string, start: Cursor, numbers: readonly number[], end: Cursor | null) {
  return numbers.map((page): FoundPage => ({
    blobId: blobId(),
    location: LOCATION,
    head: {
      kind: 'checkpoint',
      checkpointId: id.repeat(32),
      start,
      page,
      recordCount: 1,
      exactAt: null,
      end: page === Math.max(...numbers) ? end : null,
    },
  }))
}

/** The way from `start`: `incarnation.first..upTo` of each piece. */
function way(chain: LogChain, start: Cursor): readonly string[] {
  const steps: string[] = []
  for (let step = chain.next(start); step !== null; step = chain.next(step.upTo)) {
    const { first } = step.log.head
    steps.push(`${first.incarnation}.${first.sequence}..${step.upTo.sequence}`)
  }
  return steps
}

test('pieces follow each other in order, however they were found', () => {
  const chain = new LogChain([log(1, 11, 20), log(1, 21, 30), log(1, 1, 10)])
  assert.deepEqual(chain.root(), at(1, 0))
  assert.deepEqual(way(chain, at(1, 0)), ['1.1..10', '1.11..20', '1.21..30'])
  assert.deepEqual(chain.reach(at(1, 0)), at(1, 30))
  assert.equal(chain.gapBehind(at(1, 30)), null)
})

test('of overlapping pieces the one that reaches furthest is taken', () => {
  const chain = new LogChain([log(1, 1, 10), log(1, 5, 7), log(1, 5, 25), log(1, 1, 3)])
  assert.deepEqual(way(chain, at(1, 0)), ['1.1..10', '1.5..25'])
  assert.deepEqual(way(chain, at(1, 25)), [])
})

test('a hole is not stepped over, and is named', () => {
  const chain = new LogChain([log(1, 1, 10), log(1, 12, 20)])
  assert.deepEqual(chain.reach(at(1, 0)), at(1, 10))
  assert.match(chain.gapBehind(at(1, 10)) ?? '', /1\.10 are missing.*1\.12/)
})

test('a piece that cannot be read is left out, and another one goes its way', () => {
  const bad = log(1, 1, 20)
  const chain = new LogChain([bad, log(1, 1, 10), log(1, 11, 20)])
  assert.deepEqual(way(chain, at(1, 0)), ['1.1..20'])
  chain.drop(bad)
  assert.deepEqual(way(chain, at(1, 0)), ['1.1..10', '1.11..20'])
})

test('where a rebuild went on, the entries that it did not know of count no more', () => {
  // The first rebuild ended at 1.15, within a piece; incarnation 2 goes on from there.
  const logs = [
    log(1, 1, 10),
    log(1, 11, 20),
    log(1, 21, 30),
    log(2, 1, 5, at(1, 15)),
    log(2, 6, 9),
  ]
  const chain = new LogChain(logs)
  assert.deepEqual(way(chain, at(1, 0)), ['1.1..10', '1.11..15', '2.1..5', '2.6..9'])
  assert.deepEqual(chain.reach(at(1, 3)), at(2, 9))
  assert.equal(chain.gapBehind(at(2, 9)), null)
})

test('a rebuild of a rebuild follows the newest line alone', () => {
  const logs = [
    log(1, 1, 10),
    log(2, 1, 10, at(1, 8)),
    log(3, 1, 10, at(2, 4)),
    log(3, 11, 12),
    log(2, 11, 99),
  ]
  assert.deepEqual(way(new LogChain(logs), at(1, 0)), ['1.1..8', '2.1..4', '3.1..10', '3.11..12'])
})

test('a checkpoint is whole with every page of one id and an end', () => {
  const start = at(1, 10)
  const whole = (found: readonly FoundPage[]): number => wholeCheckpointsIn(found).length
  assert.equal(whole(pages('a', start, [0, 1, 2], at(1, 20))), 1)
  assert.equal(whole(pages('a', start, [2, 0, 1], at(1, 20))), 1)
  assert.equal(whole(pages('a', start, [0, 1, 2], null)), 0)
  assert.equal(whole(pages('a', start, [0, 2], at(1, 20))), 0)
  assert.equal(whole(pages('a', start, [1, 2], at(1, 20))), 0)
  const two = [...pages('a', start, [0], null), ...pages('b', start, [1], at(1, 20))]
  assert.equal(whole(two), 0, 'pages of two tries do not mix')
  const twice = [...pages('a', start, [0, 1], at(1, 20)), ...pages('a', start, [0], null)]
  assert.equal(whole(twice), 1, 'a page may be found twice')
})

test('the newest checkpoint is taken that the log makes whole, else the log from its beginning', () => {
  const found = wholeCheckpointsIn([
    ...pages('a', at(1, 5), [0, 1], at(1, 8)),
    ...pages('b', at(1, 15), [0, 1], at(1, 25)),
  ])
  const plan = (...logs: FoundLog[]) => planRebuild(found, new LogChain(logs))
  assert.deepEqual(plan(log(1, 1, 30))?.start, at(1, 15))
  assert.deepEqual(plan(log(1, 1, 25))?.start, at(1, 15))
  assert.deepEqual(plan(log(1, 1, 24))?.start, at(1, 5), 'its last entry is missing')
  assert.deepEqual(plan(log(1, 6, 8))?.start, at(1, 5))
  assert.deepEqual(plan(log(1, 1, 7))?.checkpoint, null)
  assert.deepEqual(plan(log(1, 1, 7))?.start, at(1, 0))
  assert.equal(plan(log(1, 7, 8)), null, 'nothing brings that back')
  assert.equal(planRebuild([], new LogChain([])), null)
})
