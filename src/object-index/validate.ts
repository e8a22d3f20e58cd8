// Validation of the whole index: every record's checksum, every bucket's counts, bytes and set
// hash, and the reverse records both ways. Partitions of the key space can be scanned by separate
// processes; what they found is merged here and compared. It runs while the store serves: what
// differs is looked at again in one moment, so a write under way is never a finding.

import type { BucketId, ExtentId } from '../base/id.ts'
import type { EngineReader } from '../engine/engine.ts'
import { wholeIndex, type ValidationRange } from './partition.ts'
import { VisitorGuard, readEngine } from './reading.ts'
import { HashSum } from './set-hash.ts'
import {
  Findings,
  bucketDifference,
  extentDifference,
  uploadDifference,
  type ValidationFinding,
} from './validate-findings.ts'
import { findDangling, findReferences } from './validate-references.ts'
import {
  isWithoutRecord,
  recheckBucket,
  recheckExtent,
  recheckUploads,
  type Recheck,
} from './validate-recheck.ts'
import { BucketTally, ExtentTally, Tally } from './validate-tally.ts'

export { estimateRecords, planPartitions, type ValidationRange } from './partition.ts'
export type { ValidationFinding } from './validate-findings.ts'

export interface ValidationProgress {
  readonly recordsDone: number
}

export interface ValidationOptions {
  /** The part of the key space to scan; from `planPartitions`, or all of it by default. */
  readonly partition?: ValidationRange
  readonly onProgress?: (progress: ValidationProgress) => void
  readonly signal?: AbortSignal
  /** Findings kept at most; more are counted. 1,000 by default. */
  readonly findingsMax?: number
  /**
   * 'quiet': nobody writes, and every difference is a finding. 'serving' (the default): what
   * differs is read again in one snapshot, or until its sums stand still.
   */
  readonly mode?: 'quiet' | 'serving'
}

/** What one partition's scan found: plain values that may cross a process, also as JSON. */
export interface PartialValidation {
  readonly recordsDone: number
  readonly damages: readonly { readonly what: string; readonly message: string }[]
  readonly damageCount: number
  readonly buckets: readonly PlainBucket[]
  readonly extents: readonly PlainExtent[]
  /** Sums in decimal. */
  readonly bucketSums: readonly (readonly [BucketId, readonly string[]])[]
  readonly extentSums: readonly (readonly [ExtentId, readonly string[]])[]
  readonly extentRecords: readonly ExtentId[]
  readonly bucketRecords: readonly BucketId[]
  /** Hex of the set hashes: manifests' references and upload names, from both sides. */
  readonly hashes: readonly [string, string, string, string]
}
type PlainBucket = readonly [BucketId, readonly number[], string]
type PlainExtent = readonly [ExtentId, readonly number[], string, string]

export interface ValidationReport {
  readonly isSound: boolean
  readonly recordsDone: number
  readonly objects: number
  readonly otherVersions: number
  readonly references: number
  readonly findings: readonly ValidationFinding[]
  readonly findingCount: number
  /** Buckets too large for one snapshot that were written all the while: validate them again. */
  readonly unsettledBuckets: number
}

const PAGE_ENTRIES = 2000
const FINDINGS_MAX = 1000

/** Scans one partition, in pages that each have a snapshot of their own. */
export async function validatePartition(
  engine: EngineReader,
  options: ValidationOptions = {},
): Promise<PartialValidation> {
  const tally = new Tally(options.findingsMax ?? FINDINGS_MAX)
  const partition = options.partition ?? wholeIndex()
  let start: Buffer = Buffer.from(partition.start, 'hex')
  const end = Buffer.from(partition.end, 'hex')
  const last: Buffer = Buffer.alloc(2048)
  for (;;) {
    options.signal?.throwIfAborted()
    let lastSize = 0
    const guard = new VisitorGuard()
    const { isWhole } = await readEngine(engine, {
      ranges: [
        {
          range: { start, end },
          limit: PAGE_ENTRIES,
          visit: guard.wrap((key, value) => {
            lastSize = key.copy(last)
            tally.visit(key, value)
            return 'next'
          }),
        },
      ],
    })
    guard.rethrow()
    options.onProgress?.({ recordsDone: tally.recordsDone })
    if (isWhole[0] !== false || lastSize === 0) return plain(tally)
    start = Buffer.concat([last.subarray(0, lastSize), Buffer.of(0)])
  }
}

function plain(tally: Tally): PartialValidation {
  return {
    recordsDone: tally.recordsDone,
    damages: tally.damages,
    damageCount: tally.damageCount,
    buckets: [...tally.buckets].map(([id, bucket]): PlainBucket => [
      id,
      [
        bucket.objects,
        bucket.bytes,
        bucket.otherVersions,
        bucket.otherBytes,
        bucket.uploadBytes,
        bucket.partBytes,
        bucket.manifestBytes,
      ],
      bucket.hash.toHex(),
    ]),
    extents: [...tally.extents].map(([id, extent]): PlainExtent => [
      id,
      [extent.references, extent.bytes],
      extent.reverse.toHex(),
      extent.forward.toHex(),
    ]),
    bucketSums: [...tally.bucketSums].map(([id, sums]) => [id, sums.map(String)]),
    extentSums: [...tally.extentSums].map(([id, sums]) => [id, sums.map(String)]),
    extentRecords: [...tally.extentRecords],
    bucketRecords: [...tally.bucketRecords],
    hashes: [
      tally.manifestForward.toHex(),
      tally.manifestReverse.toHex(),
      tally.uploadNames.toHex(),
      tally.uploadRecords.toHex(),
    ],
  }
}

/** All partitions' findings as one; their ranges cover the key space and do not meet. */
interface Merged {
  readonly buckets: Map<BucketId, BucketTally>
  readonly extents: Map<ExtentId, ExtentTally>
  readonly bucketSums: Map<BucketId, readonly bigint[]>
  readonly extentSums: Map<ExtentId, readonly bigint[]>
  readonly extentRecords: Set<ExtentId>
  readonly bucketRecords: Set<BucketId>
  readonly hashes: readonly HashSum[]
}

function mergeAll(parts: readonly PartialValidation[]): Merged {
  const merged: Merged = {
    buckets: new Map(),
    extents: new Map(),
    bucketSums: new Map(
      parts.flatMap((part) => part.bucketSums).map(([id, sums]) => [id, sums.map(BigInt)]),
    ),
    extentSums: new Map(
      parts.flatMap((part) => part.extentSums).map(([id, sums]) => [id, sums.map(BigInt)]),
    ),
    extentRecords: new Set(parts.flatMap((part) => part.extentRecords)),
    bucketRecords: new Set(parts.flatMap((part) => part.bucketRecords)),
    hashes: [0, 1, 2, 3].map(() => new HashSum()),
  }
  for (const part of parts) {
    for (const [id, counts, hash] of part.buckets) {
      const into = getOr(merged.buckets, id, () => new BucketTally())
      into.objects += counts[0] ?? 0
      into.bytes += counts[1] ?? 0
      into.otherVersions += counts[2] ?? 0
      into.otherBytes += counts[3] ?? 0
      into.uploadBytes += counts[4] ?? 0
      into.partBytes += counts[5] ?? 0
      into.manifestBytes += counts[6] ?? 0
      into.hash.addHex(hash)
    }
    for (const [id, counts, reverse, forward] of part.extents) {
      const into = getOr(merged.extents, id, () => new ExtentTally())
      into.references += counts[0] ?? 0
      into.bytes += counts[1] ?? 0
      into.reverse.addHex(reverse)
      into.forward.addHex(forward)
    }
    for (const [index, hash] of part.hashes.entries()) merged.hashes[index]?.addHex(hash)
  }
  return merged
}

function getOr<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

/** Compares what the partitions found with the sums, and names what differs. */
export async function mergeValidation(
  engine: EngineReader,
  parts: readonly PartialValidation[],
  options: ValidationOptions = {},
): Promise<ValidationReport> {
  const merged = mergeAll(parts)
  const findings = new Findings(options.findingsMax ?? FINDINGS_MAX)
  for (const part of parts) {
    for (const { what, message } of part.damages) findings.add('corrupt-record', what, message)
    findings.count += part.damageCount - part.damages.length
  }
  const isQuiet = options.mode === 'quiet'
  const unsettledBuckets = await compareBuckets(engine, merged, findings, isQuiet)
  await compareBucketRecords(engine, merged, findings)
  await compareExtents(engine, merged, findings, options)
  await compareUploads(engine, merged, findings, options)
  const total = (pick: (bucket: BucketTally) => number): number =>
    [...merged.buckets.values()].reduce((sum, bucket) => sum + pick(bucket), 0)
  return {
    isSound: findings.count === 0 && unsettledBuckets === 0,
    recordsDone: parts.reduce((sum, part) => sum + part.recordsDone, 0),
    objects: total((bucket) => bucket.objects),
    otherVersions: total((bucket) => bucket.otherVersions),
    references: [...merged.extents.values()].reduce((sum, extent) => sum + extent.references, 0),
    findings: findings.kept,
    findingCount: findings.count,
    unsettledBuckets,
  }
}

const NO_SUMS: readonly bigint[] = Array.from({ length: 8 }, () => 0n)

/** Answers how many buckets could not be judged. */
async function compareBuckets(
  engine: EngineReader,
  merged: Merged,
  findings: Findings,
  isQuiet: boolean,
): Promise<number> {
  let unsettled = 0
  for (const id of new Set([...merged.buckets.keys(), ...merged.bucketSums.keys()])) {
    const found = merged.buckets.get(id) ?? new BucketTally()
    const first = bucketDifference(found, merged.bucketSums.get(id) ?? NO_SUMS)
    if (first === null) continue
    const checked: Recheck = isQuiet
      ? { kind: 'differs', difference: first }
      : await recheckBucket(engine, id)
    if (checked.kind === 'unsettled') unsettled += 1
    if (checked.kind === 'differs') {
      findings.add(
        'wrong-sums',
        `bucket ${id}`,
        `${checked.difference}: a record is missing, was added or was changed behind the engine`,
      )
    }
  }
  return unsettled
}

/** A bucket without its own record, which no operation finds any more. */
async function compareBucketRecords(
  engine: EngineReader,
  merged: Merged,
  findings: Findings,
): Promise<void> {
  for (const [id, { objects, otherVersions }] of merged.buckets) {
    if (objects + otherVersions === 0 || merged.bucketRecords.has(id)) continue
    // It may have been made, or emptied and deleted, during the scan.
    if (!(await isWithoutRecord(engine, id))) continue
    findings.add('missing-record', `bucket ${id}`, 'it holds versions, and has no record itself')
  }
}

async function compareExtents(
  engine: EngineReader,
  merged: Merged,
  findings: Findings,
  options: ValidationOptions,
): Promise<void> {
  const differing = new Set<ExtentId>()
  for (const id of new Set([...merged.extents.keys(), ...merged.extentSums.keys()])) {
    const found = merged.extents.get(id) ?? new ExtentTally()
    if (found.forward.toHex() !== found.reverse.toHex()) differing.add(id)
    const first = extentDifference(
      found,
      merged.extentSums.get(id) ?? NO_SUMS,
      merged.extentRecords.has(id),
    )
    if (first === null) continue
    const checked: Recheck =
      options.mode === 'quiet'
        ? { kind: 'differs', difference: first }
        : await recheckExtent(engine, id)
    if (checked.kind === 'differs') {
      findings.add('wrong-extent-sums', `extent ${id}`, checked.difference)
    }
  }
  const [forward, reverse] = merged.hashes
  const areManifestsWrong = forward?.toHex() !== reverse?.toHex()
  if (differing.size === 0 && !areManifestsWrong) return
  await findReferences(
    engine,
    { extents: differing, hasManifests: areManifestsWrong },
    findings,
    options.signal ?? null,
  )
}

async function compareUploads(
  engine: EngineReader,
  merged: Merged,
  findings: Findings,
  options: ValidationOptions,
): Promise<void> {
  const differing = new Map<BucketId, string>()
  for (const id of new Set([...merged.buckets.keys(), ...merged.bucketSums.keys()])) {
    const found = merged.buckets.get(id) ?? new BucketTally()
    const difference = uploadDifference(found, merged.bucketSums.get(id) ?? NO_SUMS)
    if (difference !== null) differing.set(id, difference)
  }
  const [, , names, records] = merged.hashes
  const areNamesWrong = names?.toHex() !== records?.toHex()
  if (differing.size === 0 && !areNamesWrong) return
  const confirmed =
    options.mode === 'quiet'
      ? { differing, areNamesWrong }
      : await recheckUploads(engine, new Set(differing.keys()), areNamesWrong)
  for (const [id, difference] of confirmed.differing) {
    findings.add('wrong-upload', `bucket ${id}`, difference)
  }
  await findDangling(engine, new Set(confirmed.differing.keys()), findings, options.signal ?? null)
  if (confirmed.areNamesWrong) {
    findings.add(
      'wrong-upload',
      'the list of unfinished uploads',
      'it does not name exactly the uploads that are open',
    )
  }
}

/** The whole of it in this process. */
export async function validateIndex(
  engine: EngineReader,
  options: ValidationOptions = {},
): Promise<ValidationReport> {
  return mergeValidation(engine, [await validatePartition(engine, options)], options)
}
