// Background removal of what no commit could remove at once: parts that no manifest names,
// manifests without a reference, markers of completed uploads, uploads of deleted buckets. Each
// entry of the queue is a record, so a crash goes on where it was; each step is one bounded commit.

import { readId, type BucketId, type UploadId } from '../base/id.ts'
import { MANIFEST_KEPT_MS } from '../base/limits.ts'
import type { Overlay } from '../engine/engine.ts'
import { requireSoundGap } from './absence.ts'
import { RecordReader, corrupt } from './binary.ts'
import { bucketKey } from './bucket-record.ts'
import { Changes, SWEEP, SWEEP_RECORD_VERSION, bucketSumKey } from './changes.ts'
import {
  MANIFEST_REFERRER_AT,
  SPACE,
  after,
  idKey,
  manifestPageKey,
  partKey,
  readUInt64,
  spaceRange,
  sweepKey,
} from './keys.ts'
import { ObjectIndexError } from './object-index.ts'
import { decodeManifestPage, decodePartRecord } from './part-record.ts'
import { apply, plan, refuse, type Plan } from './plan.ts'
import { abort, dropPartReferences } from './plan-upload.ts'
import { readEngine, type ReadEngine } from './reading.ts'
import { decodeUploadRecord, uploadKey } from './upload-record.ts'

/** Bounds of one step. A part may have 80 blobs. */
const PARTS_A_STEP = 250
const UPLOADS_A_STEP = 100
const MUTATIONS_MAX = 700
/** A deleted bucket's parts may still wait for their own entries. */
const BUCKET_RETRY_MS = 1000

export interface SweepEntry {
  readonly key: Buffer
  readonly kind: number
  readonly dueAtMs: number
  /** An upload's id, or the bucket's own. */
  readonly id: string
  readonly bucketId: BucketId
}

export interface Swept {
  readonly kind: 'swept'
  /** False for an entry whose time, by cell time, is still to come. */
  readonly isDue: boolean
}

/** Damaged entries that are passed over at most before one that can be read. */
const DAMAGED_MAX = 1000

/** The first entry of the queue from `from` on, by when they are due; damaged ones stay behind. */
export async function sweepEntry(engine: ReadEngine, from: Uint8Array): Promise<SweepEntry | null> {
  const found: SweepEntry[] = []
  const { end } = spaceRange(SPACE.sweep)
  const visit = (key: Buffer, value: Buffer): 'next' | 'stop' => {
    const entry = entryOf(Buffer.from(key), value)
    if (entry === null) return 'next'
    found.push(entry)
    return 'stop'
  }
  await readEngine(engine, { ranges: [{ range: { start: from, end }, limit: DAMAGED_MAX, visit }] })
  return found[0] ?? null
}

/** Where the queue begins. */
export function sweepStart(): Uint8Array {
  return spaceRange(SPACE.sweep).start
}

/** Null for a damaged record: validation names it, and the rest of the queue goes on. */
function entryOf(key: Buffer, value: Buffer): SweepEntry | null {
  try {
    const bucketId = new RecordReader(key, value, SWEEP_RECORD_VERSION).id<BucketId>()
    return { key, kind: key[9] ?? 0, dueAtMs: readUInt64(key, 1), id: readId(key, 10), bucketId }
  } catch (cause) {
    if (cause instanceof ObjectIndexError) return null
    throw cause
  }
}

/** One step for an entry, from what can be read now. */
export async function planSweep(engine: ReadEngine, entry: SweepEntry): Promise<Plan<Swept>> {
  switch (entry.kind) {
    case SWEEP.manifest:
      return planLook(engine, entry)
    case SWEEP.unnamed:
      return planManifest(engine, entry)
    case SWEEP.parts:
      return planParts(engine, entry)
    case SWEEP.marker:
      return planMarker(entry)
    case SWEEP.bucket:
      return planBucket(engine, entry)
    default:
      return plan({ keys: [entry.key] }, () => refuse('no-such-upload'))
  }
}

/** A step for an entry that is not queued any more changes nothing. */
function step(
  entry: SweepEntry,
  keys: readonly Buffer[],
  decide: (overlay: Overlay, changes: Changes) => void,
  firsts: readonly { start: Uint8Array; end: Uint8Array }[] = [],
): Plan<Swept> {
  return plan({ keys: [entry.key, ...keys], firsts }, (overlay) => {
    const changes = new Changes()
    const isDue = entry.dueAtMs <= overlay.nowMs
    if (isDue && overlay.get(entry.key) !== null) decide(overlay, changes)
    return apply(changes, { kind: 'swept', isDue })
  })
}

/**
 * Nobody can add a reference to a manifest that has none: a copy needs a version that has one. From
 * here on it is kept for those who still read it page by page.
 */
async function planLook(engine: ReadEngine, entry: SweepEntry): Promise<Plan<Swept>> {
  const references = await soundReferences(engine, entry.id as UploadId)
  return step(
    entry,
    [],
    (overlay, changes) => {
      changes.delete(entry.key)
      if (overlay.first(references) !== null) return
      const dueAtMs = overlay.nowMs + MANIFEST_KEPT_MS
      changes.sweep(dueAtMs, SWEEP.unnamed, entry.id as UploadId, entry.bucketId)
    },
    [references],
  )
}

/** Where a manifest's references stand. @throws ObjectIndexError `corrupt` where some may be hidden */
async function soundReferences(
  engine: ReadEngine,
  uploadId: UploadId,
): Promise<{ readonly start: Buffer; readonly end: Buffer }> {
  const start = idKey(SPACE.manifestReverse, uploadId)
  await requireSoundGap(engine, { below: start, above: start })
  return { start, end: after(start) }
}

/** Turns the parts of a manifest that nobody names into parts that nobody names. */
async function planManifest(engine: ReadEngine, entry: SweepEntry): Promise<Plan<Swept>> {
  const uploadId = entry.id as UploadId
  const pages = await keysUnder(engine, idKey(SPACE.manifestPage, uploadId), 10)
  const references = await soundReferences(engine, uploadId)
  return step(
    entry,
    pages,
    (overlay, changes) => {
      changes.delete(entry.key)
      if (overlay.first(references) !== null) return
      requireAllPages(uploadId, pages)
      let bytes = 0
      for (const [index, key] of pages.entries()) {
        const value = overlay.get(key)
        if (value === null) continue
        for (const part of decodeManifestPage(uploadId, index, value).parts) bytes += part.sizeBytes
        changes.delete(key)
      }
      changes.partBytes(bucketSumKey(entry.bucketId), 0, bytes)
      changes.sweep(overlay.nowMs, SWEEP.parts, uploadId, entry.bucketId)
    },
    [references],
  )
}

async function planParts(engine: ReadEngine, entry: SweepEntry): Promise<Plan<Swept>> {
  const uploadId = entry.id as UploadId
  const pages = await keysUnder(engine, idKey(SPACE.manifestPage, uploadId), 10)
  requireAllPages(uploadId, pages)
  const pagesEnd = after(idKey(SPACE.manifestPage, uploadId))
  await requireSoundGap(engine, { below: pagesEnd, above: pagesEnd }) // none is hidden behind them
  const named = await namedIn(engine, uploadId, pages.length)
  const unnamed: number[] = []
  const prefix = idKey(SPACE.part, uploadId)
  await readEngine(engine, {
    ranges: [
      {
        range: { start: prefix, end: after(prefix) },
        limit: 10_000,
        visit: (key) => {
          const partNumber = key.readUInt16BE(MANIFEST_REFERRER_AT)
          if (!named.has(partNumber)) unnamed.push(partNumber)
          return unnamed.length > PARTS_A_STEP ? 'stop' : 'next'
        },
      },
    ],
  })
  const due = unnamed.slice(0, PARTS_A_STEP)
  const references = await soundReferences(engine, uploadId)
  const bucket = bucketKey(entry.bucketId)
  return step(
    entry,
    [...due.map((number) => partKey(uploadId, number)), ...pages, bucket],
    (overlay, changes) => {
      if (pages.length === 0 && overlay.first(references) !== null) {
        throw corrupt(references.start, 'versions refer to a manifest that has no pages')
      }
      let bytes = 0
      let count = 0
      for (const partNumber of due) {
        if (changes.count > MUTATIONS_MAX) break
        count += 1
        const key = partKey(uploadId, partNumber)
        const value = overlay.get(key)
        if (value === null) continue
        const part = decodePartRecord(uploadId, partNumber, value)
        changes.delete(key)
        dropPartReferences(changes, uploadId, part)
        bytes += part.sizeBytes
      }
      changes.partBytes(bucketSumKey(entry.bucketId), 0, -bytes)
      const isAsRead = pages.every((page) => overlay.get(page) !== null)
      if (!isAsRead || count < unnamed.length) return
      changes.delete(entry.key)
      if (overlay.get(bucket) !== null) return
      // The bucket went before: so do the sums that its last parts were counted in.
      changes.sweep(overlay.nowMs, SWEEP.bucket, entry.bucketId, entry.bucketId)
    },
    [references],
  )
}

/** Pages count from 0 without a gap, so none that is hidden makes its parts look unnamed. */
function requireAllPages(uploadId: UploadId, pages: readonly Buffer[]): void {
  for (const [page, key] of pages.entries()) {
    const expected = manifestPageKey(uploadId, page)
    if (!key.equals(expected)) throw corrupt(expected, 'it is gone, and a later page is not')
  }
}

/** Part numbers that the manifest names. */
async function namedIn(
  engine: ReadEngine,
  uploadId: UploadId,
  pages: number,
): Promise<Set<number>> {
  const keys = Array.from({ length: pages }, (_, page) => manifestPageKey(uploadId, page))
  const { values } = await readEngine(engine, { keys })
  const named = new Set<number>()
  for (const [page, value] of values.entries()) {
    if (value === null)
      throw corrupt(keys[page] ?? Buffer.alloc(0), 'it is gone, and its like are not')
    for (const part of decodeManifestPage(uploadId, page, value).parts) named.add(part.partNumber)
  }
  return named
}

function planMarker(entry: SweepEntry): Plan<Swept> {
  const key = uploadKey(entry.id as UploadId)
  return step(entry, [key], (overlay, changes) => {
    changes.delete(entry.key)
    const value = overlay.get(key)
    if (value === null) return
    if (decodeUploadRecord(entry.id as UploadId, value).kind === 'completed') changes.delete(key)
  })
}

/** Ends the uploads that a deleted bucket still had; then, when they are swept, its sums. */
async function planBucket(engine: ReadEngine, entry: SweepEntry): Promise<Plan<Swept>> {
  const names = await keysUnder(engine, idKey(SPACE.uploadName, entry.bucketId), UPLOADS_A_STEP)
  const uploads = names.map((name) => readId<UploadId>(name, name.length - 16))
  const sumKey = bucketSumKey(entry.bucketId)
  const prefix = idKey(SPACE.uploadName, entry.bucketId)
  const all = { start: prefix, end: after(prefix) }
  const keys = [sumKey, bucketKey(entry.bucketId), ...uploads.map(uploadKey)]
  return step(
    entry,
    keys,
    (overlay, changes) => {
      for (const uploadId of uploads) {
        const value = overlay.get(uploadKey(uploadId))
        const record = value === null ? null : decodeUploadRecord(uploadId, value)
        if (record?.kind === 'open') abort(changes, uploadId, record, overlay.nowMs)
      }
      if (changes.count > 0) return
      changes.delete(entry.key)
      if (overlay.first(all) === null && overlay.sum(sumKey).every((sum) => sum === 0n)) {
        changes.delete(sumKey)
        return
      }
      const again = sweepKey(overlay.nowMs + BUCKET_RETRY_MS, SWEEP.bucket, entry.bucketId)
      if (!again.equals(entry.key)) {
        changes.sweep(overlay.nowMs + BUCKET_RETRY_MS, SWEEP.bucket, entry.bucketId, entry.bucketId)
      }
    },
    [all],
  )
}

async function keysUnder(engine: ReadEngine, prefix: Buffer, limit: number): Promise<Buffer[]> {
  const keys: Buffer[] = []
  await readEngine(engine, {
    ranges: [
      {
        range: { start: prefix, end: after(prefix) },
        limit,
        visit: (key) => {
          keys.push(Buffer.from(key))
          return 'next'
        },
      },
    ],
  })
  return keys
}
