// A second look at what differed while the store served: small ranges in one snapshot together with
// their sums, which is exact under any writes; large ones between two readings of their sums, which
// is exact where the sums stood still.

import type { BucketId, ExtentId } from '../base/id.ts'
import type { EngineReader, KeyRange, RangeRead } from '../engine/engine.ts'
import { bucketKey } from './bucket-record.ts'
import { bucketSumKey } from './changes.ts'
import { extentKey, extentSumKey } from './extent-record.ts'
import { SPACE, bucketRange } from './keys.ts'
import { referencesOf } from './plan-extent.ts'
import { VisitorGuard, readEngine } from './reading.ts'
import { decodeSums } from './sums.ts'
import { bucketDifference, extentDifference, uploadDifference } from './validate-findings.ts'
import { BucketTally, ExtentTally, Tally } from './validate-tally.ts'

export type Recheck =
  | { readonly kind: 'same' }
  | { readonly kind: 'differs'; readonly difference: string }
  /** Written all the while, and too large for one snapshot. */
  | { readonly kind: 'unsettled' }

/** What one snapshot holds: about half a second's work. */
const SNAPSHOT_ENTRIES_MAX = 200_000
/** A range of a snapshot's read has room for as many more as are written meanwhile. */
const STRETCH_ENTRIES = 5_000
const STRETCH_ENTRIES_MAX = 10_000
const TRIES = 4

export async function recheckBucket(engine: EngineReader, id: BucketId): Promise<Recheck> {
  const ranges = [bucketRange(SPACE.current, id), bucketRange(SPACE.versions, id)]
  const sumKey = bucketSumKey(id)
  return recheck(engine, ranges, [sumKey], (tally, values) =>
    bucketDifference(
      tally.buckets.get(id) ?? new BucketTally(),
      decodeSums(sumKey, values[0] ?? null),
    ),
  )
}

/** Whether, in one snapshot, a bucket holds something and has no record. */
export async function isWithoutRecord(engine: EngineReader, id: BucketId): Promise<boolean> {
  let count = 0
  const visit = (): 'stop' => {
    count += 1
    return 'stop'
  }
  const spaces = [SPACE.current, SPACE.versions]
  const { values } = await readEngine(engine, {
    keys: [bucketKey(id)],
    ranges: spaces.map((space) => ({ range: bucketRange(space, id), limit: 1, visit })),
  })
  return values[0] === null && count > 0
}

export async function recheckExtent(engine: EngineReader, id: ExtentId): Promise<Recheck> {
  const sumKey = extentSumKey(id)
  return recheck(engine, [referencesOf(id)], [sumKey, extentKey(id)], (tally, values) =>
    extentDifference(
      tally.extents.get(id) ?? new ExtentTally(),
      decodeSums(sumKey, values[0] ?? null),
      values[1] !== null,
    ),
  )
}

export interface UploadDifferences {
  readonly differing: ReadonlyMap<BucketId, string>
  readonly areNamesWrong: boolean
}

/** Parts lie by upload, not by bucket: all of them are read again. */
export async function recheckUploads(
  engine: EngineReader,
  ids: ReadonlySet<BucketId>,
  areNamesWrong: boolean,
): Promise<UploadDifferences> {
  const differing = new Map<BucketId, string>()
  let areStillWrong = false
  const buckets = [...ids]
  const sumKeys = buckets.map(bucketSumKey)
  const range = { start: Buffer.of(SPACE.uploadName), end: Buffer.of(SPACE.sweep) }
  const found = await recheck(engine, [range], sumKeys, (tally, values) => {
    differing.clear()
    for (const [index, id] of buckets.entries()) {
      const sums = decodeSums(bucketSumKey(id), values[index] ?? null)
      const difference = uploadDifference(tally.buckets.get(id) ?? new BucketTally(), sums)
      if (difference !== null) differing.set(id, difference)
    }
    areStillWrong = areNamesWrong && tally.uploadNames.toHex() !== tally.uploadRecords.toHex()
    return differing.size > 0 || areStillWrong ? 'differs' : null
  })
  return found.kind === 'differs'
    ? { differing, areNamesWrong: areStillWrong }
    : { differing: new Map(), areNamesWrong: false }
}

type Compare = (tally: Tally, values: readonly (Buffer | null)[]) => string | null

async function recheck(
  engine: EngineReader,
  ranges: readonly KeyRange[],
  keys: readonly Buffer[],
  compare: Compare,
): Promise<Recheck> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const stretches = await stretchesOf(engine, ranges)
    const isOneSnapshot = stretches !== null
    const before = await readEngine(engine, { keys })
    const scanned =
      stretches === null ? await scan(engine, ranges) : await snapshot(engine, stretches, keys)
    if (scanned === null) continue
    const after = scanned.values ?? (await readEngine(engine, { keys })).values
    const difference = compare(scanned.tally, after)
    if (
      difference === null ||
      compare(scanned.tally, isOneSnapshot ? after : before.values) === null
    ) {
      return { kind: 'same' }
    }
    const isStill =
      isOneSnapshot ||
      keys.every((_, index) => isSame(before.values[index] ?? null, after[index] ?? null))
    if (isStill) return { kind: 'differs', difference }
  }
  return { kind: 'unsettled' }
}

function isSame(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b)
}

/** Ranges that are each of some thousand entries; null where all of them are too many. */
async function stretchesOf(
  engine: EngineReader,
  ranges: readonly KeyRange[],
): Promise<KeyRange[] | null> {
  const stretches: KeyRange[] = []
  let total = 0
  for (const { start, end } of ranges) {
    let from: Uint8Array = start
    for (;;) {
      let last: Buffer | null = null
      let count = 0
      const { isWhole } = await readEngine(engine, {
        ranges: [
          {
            range: { start: from, end },
            limit: STRETCH_ENTRIES,
            visit: (key) => {
              count += 1
              if (count === STRETCH_ENTRIES) last = Buffer.from(key)
              return 'next'
            },
          },
        ],
      })
      total += count
      if (total > SNAPSHOT_ENTRIES_MAX) return null
      if (isWhole[0] !== false || last === null) break
      const cut: Buffer = Buffer.concat([last, Buffer.of(0)])
      stretches.push({ start: from, end: cut })
      from = cut
    }
    stretches.push({ start: from, end })
  }
  return stretches
}

interface Scanned {
  readonly tally: Tally
  /** Of the keys, in the same snapshot; null where there was none. */
  readonly values: readonly (Buffer | null)[] | null
}

async function snapshot(
  engine: EngineReader,
  stretches: readonly KeyRange[],
  keys: readonly Buffer[],
): Promise<Scanned | null> {
  const tally = new Tally(0)
  const guard = new VisitorGuard()
  const ranges = stretches.map((range): RangeRead => ({
    range,
    limit: STRETCH_ENTRIES_MAX,
    visit: guard.wrap((key, value) => {
      tally.visit(key, value)
      return 'next'
    }),
  }))
  const { values, isWhole } = await readEngine(engine, { keys, ranges })
  guard.rethrow()
  // More came than a stretch has room for: cut anew.
  return isWhole.every((whole) => whole) ? { tally, values } : null
}

async function scan(engine: EngineReader, ranges: readonly KeyRange[]): Promise<Scanned> {
  const tally = new Tally(0)
  const guard = new VisitorGuard()
  for (const { start, end } of ranges) {
    let from: Uint8Array = start
    for (;;) {
      let last: Buffer | null = null
      let count = 0
      const { isWhole } = await readEngine(engine, {
        ranges: [
          {
            range: { start: from, end },
            limit: STRETCH_ENTRIES,
            visit: guard.wrap((key, value) => {
              tally.visit(key, value)
              count += 1
              if (count === STRETCH_ENTRIES) last = Buffer.from(key)
              return 'next'
            }),
          },
        ],
      })
      guard.rethrow()
      if (isWhole[0] !== false || last === null) break
      from = Buffer.concat([last, Buffer.of(0)])
    }
  }
  return { tally, values: null }
}
