// Cuts the key space into ranges of about the same number of records, for scans by several
// processes. Sums say how many records buckets and extents have; within a bucket the keys' own
// first bytes say where to cut.

import { readId, type BucketId } from '../base/id.ts'
import type { EngineReader } from '../engine/engine.ts'
import { SPACE, after, idKey, spaceRange } from './keys.ts'
import { VisitorGuard, readEngine } from './reading.ts'
import { extents } from './read-extent.ts'
import { decodeSums, usageOf } from './sums.ts'

/** Keys in [start, end), as hex, so that it crosses processes. */
export interface ValidationRange {
  readonly start: string
  readonly end: string
}

const FIRST = Buffer.of(0x10)
const END = Buffer.of(0x80)
/** A bucket is cut where its keys' leading bytes branch; so many branches suffice. */
const BRANCHES_MIN = 64
const BRANCHES_MAX = 512
const DEPTH_MAX = 12
/** An object's record costs about this much of a reverse record's time. */
const OBJECT_WEIGHT = 1.6
/** Buckets whose sums are read, so that planning stays short; the rest counts as evenly spread. */
const BUCKETS_MAX = 10_000

/** The whole of the index's spaces. */
export function wholeIndex(): ValidationRange {
  return { start: FIRST.toString('hex'), end: END.toString('hex') }
}

interface Mark {
  /** A stretch of keys begins here … */
  readonly at: Buffer
  /** … and weighs this much up to the next. */
  readonly weight: number
}

/** Splits the key space into at most `count` ranges of about the same work. */
export async function planPartitions(
  engine: EngineReader,
  count: number,
): Promise<readonly ValidationRange[]> {
  const marks = (await Promise.all([bucketMarks(engine, count), extentMarks(engine)]))
    .flat()
    .sort((a, b) => Buffer.compare(a.at, b.at))
  const total = marks.reduce((sum, { weight }) => sum + weight, 0)
  const cuts: Buffer[] = [FIRST]
  let passed = 0
  for (const { at, weight } of marks) {
    if (passed >= (total * cuts.length) / count && cuts.length < count) cuts.push(at)
    passed += weight
  }
  return cuts
    .map((cut, index) => ({
      start: cut.toString('hex'),
      end: (cuts[index + 1] ?? END).toString('hex'),
    }))
    .filter(({ start, end }) => start !== end)
}

/**
 * About how many records a scan meets, for its progress: objects, versions and references by their
 * sums. What is not counted (uploads, parts, buckets) is little beside them.
 */
export async function estimateRecords(engine: EngineReader): Promise<number> {
  const sums = await bucketSums(engine)
  const uses = await extents(engine)
  return (
    sums.reduce((all, { objects, others }) => all + objects + others, 0) +
    uses.reduce((all, { references }) => all + references, 0)
  )
}

async function extentMarks(engine: EngineReader): Promise<Mark[]> {
  return (await extents(engine)).map(({ record, references }) => ({
    at: idKey(SPACE.reverse, record.extentId),
    weight: references,
  }))
}

interface BucketSize {
  readonly id: BucketId
  readonly objects: number
  readonly others: number
}

async function bucketSums(engine: EngineReader): Promise<BucketSize[]> {
  const sums: BucketSize[] = []
  const guard = new VisitorGuard()
  await readEngine(engine, {
    ranges: [
      {
        range: spaceRange(SPACE.bucketSum),
        limit: BUCKETS_MAX,
        visit: guard.wrap((key, value) => {
          const usage = usageOf(decodeSums(key, value))
          sums.push({ id: readId(key, 1), objects: usage.objects, others: usage.otherVersions })
          return 'next'
        }),
      },
    ],
  })
  guard.rethrow()
  return sums
}

async function bucketMarks(engine: EngineReader, count: number): Promise<Mark[]> {
  const sums = await bucketSums(engine)
  const all = sums.reduce((sum, { objects, others }) => sum + objects + others, 0)
  const marks: Mark[] = []
  for (const { id, objects, others } of sums) {
    for (const [space, records] of [
      [SPACE.current, objects],
      [SPACE.versions, others],
    ] as const) {
      const starts =
        records > all / (4 * count) && records > 10_000
          ? await branches(engine, space, id)
          : [idKey(space, id)]
      for (const at of starts) marks.push({ at, weight: (OBJECT_WEIGHT * records) / starts.length })
    }
  }
  return marks
}

/** Prefixes of the bucket's keys at the depth where there are enough of them to cut at. */
async function branches(engine: EngineReader, space: number, id: BucketId): Promise<Buffer[]> {
  const start = idKey(space, id)
  const end = after(start)
  let found: Buffer[] = [start]
  for (let depth = 1; depth <= DEPTH_MAX && found.length < BRANCHES_MIN; depth += 1) {
    const size = start.length + (await commonLength(engine, { start, end })) + depth
    const next: Buffer[] = []
    const guard = new VisitorGuard()
    await readEngine(engine, {
      ranges: [
        {
          range: { start, end },
          limit: BRANCHES_MAX,
          visit: guard.wrap((key) => {
            const prefix = Buffer.from(key.subarray(0, size))
            next.push(prefix)
            return key.length < size ? Buffer.concat([prefix, Buffer.of(0)]) : after(prefix)
          }),
        },
      ],
    })
    guard.rethrow()
    if (next.length >= BRANCHES_MAX) break
    found = next
  }
  found[0] = start
  return found
}

/** Bytes behind the bucket's id that all its keys share. */
async function commonLength(
  engine: EngineReader,
  range: { start: Buffer; end: Buffer },
): Promise<number> {
  const ends: Buffer[] = []
  const visit = (key: Buffer): 'stop' => {
    ends.push(Buffer.from(key.subarray(range.start.length)))
    return 'stop'
  }
  await readEngine(engine, {
    ranges: [
      { range, limit: 1, visit },
      { range, limit: 1, reverse: true, visit },
    ],
  })
  const [first, last] = ends
  if (first === undefined || last === undefined) return 0
  let size = 0
  while (size < first.length && first[size] === last[size]) size += 1
  return size
}
