// Brings the index back from the data alone: the newest whole checkpoint, then the archived log in
// order. A blob record alone proves only its bytes: one that is newer than the archive is listed as
// unsure and never overrides. Source: DESIGN.md, The index, Rebuild.

import type { Clock } from '../base/clock.ts'
import type { ExtentId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
import type { Engine } from '../engine/engine.ts'
import type { ScanDamage, Storage } from '../storage/storage.ts'
import { ObjectIndexError, type Cursor } from './object-index.ts'
import { openObjectIndexReader } from './object-index-reader.ts'
import { finishRebuild } from './rebuild-finish.ts'
import { Importer } from './rebuild-import.ts'
import { NamedBlobs } from './rebuild-named.ts'
import {
  LogChain,
  planRebuild,
  wholeCheckpointsIn,
  type FoundPage,
  type RebuildPlan,
} from './rebuild-plan.ts'
import { readEntries, replayCheckpoint, replayLog, type Replayed } from './rebuild-replay.ts'
import { scanArchive, type ArchiveScan } from './rebuild-scan.ts'
import { findUnsure, type UnsureBlob } from './rebuild-unsure.ts'
import { readEngine } from './reading.ts'
import { validateIndex } from './validate.ts'

export type { UnsureBlob } from './rebuild-unsure.ts'

export interface RebuildParts {
  readonly storage: Storage
  /** Fresh and empty. */
  readonly engine: Engine
  readonly clock: Clock
  readonly random: Random
  readonly driveId: string
  readonly onProgress?: (progress: RebuildProgress) => void
  readonly signal?: AbortSignal
}

export interface RebuildProgress {
  readonly step: 'scan' | 'checkpoint' | 'log' | 'unsure'
  readonly done: number
  readonly total: number
}

export interface RebuildReport {
  readonly objects: number
  readonly buckets: number
  /** The start of the checkpoint that was taken; null: the log goes back to the beginning. */
  readonly checkpoint: Cursor | null
  readonly logEntries: number
  /** The last entry that was applied; all that came later is lost or unsure. */
  readonly lastStamp: Cursor | null
  /** Where the archived log has a hole, if it has; the replay ended there. */
  readonly gap: string | null
  readonly unsure: readonly UnsureBlob[]
  readonly damage: readonly ScanDamage[]
  /** What validation found in the rebuilt index; empty is sound. */
  readonly findings: readonly string[]
}

const LAST_KEY: Buffer = Buffer.alloc(1979, 0xff)
const BUCKETS_A_PAGE = 1000

/**
 * Fills `engine` from what `storage` holds; nothing in storage changes. The next archiver goes on in
 * a new incarnation behind the last entry that was applied.
 * @throws ObjectIndexError `unavailable` where the engine is not empty; `corrupt` where the archive
 * has neither a whole checkpoint nor the log's beginning
 */
export async function rebuildIndex(parts: RebuildParts): Promise<RebuildReport> {
  const { engine, storage, random, signal } = parts
  await checkEmpty(engine)
  const note = (step: RebuildProgress['step'], done: number, total: number): void =>
    parts.onProgress?.({ step, done, total })
  const scan = await scanArchive(storage, (done, total) => note('scan', done, total), signal)
  const chain = new LogChain(scan.logs)
  const plan = await planSound(storage, scan, chain)
  const named = new NamedBlobs()
  const importer = new Importer(engine, random)
  const replayParts = { storage, importer, named, signal, note }
  const exact =
    plan.checkpoint === null
      ? new Map<string, Cursor>()
      : await replayCheckpoint(replayParts, plan.checkpoint)
  const replayed = await replayLog(replayParts, chain, plan.start, exact)
  await importer.finish()
  await finishRebuild({ ...parts, scan, plan, replayed })
  note('unsure', 0, 1)
  const unsure = await unsureBlobs(parts, scan, named, plan)
  note('unsure', 1, 1)
  return await report(parts, { scan, plan, replayed, unsure })
}

async function checkEmpty(engine: Engine): Promise<void> {
  let isEmpty = true
  await readEngine(engine, {
    ranges: [
      {
        range: { start: Buffer.of(0), end: LAST_KEY },
        limit: 1,
        visit: () => {
          isEmpty = false
          return 'stop'
        },
      },
    ],
  })
  if (!isEmpty) {
    throw new ObjectIndexError(
      'unavailable',
      'rebuild: the new index is not empty; give it a fresh one',
    )
  }
}

/** The plan of which every blob can be read: what cannot is taken out, and it is planned again. */
async function planSound(
  storage: Storage,
  scan: ArchiveScan,
  chain: LogChain,
): Promise<RebuildPlan> {
  let pages = scan.pages
  for (;;) {
    const plan = planRebuild(wholeCheckpointsIn(pages), chain)
    if (plan === null) {
      throw new ObjectIndexError(
        'corrupt',
        `rebuild: of the archive ${scan.logs.length} pieces of ` +
          `the log and ${scan.pages.length} pages of checkpoints were found, but neither a whole ` +
          "checkpoint nor the log's beginning; nothing can be rebuilt from that",
      )
    }
    const { checkpoint } = plan
    if (checkpoint === null) return plan
    // By place, not by id: compaction leaves a second, sound copy of a page behind.
    const damaged = new Set<FoundPage>()
    let isCut = false
    for (const page of checkpoint.pages) {
      if ((await storage.verify(page.location)) !== null) damaged.add(page)
    }
    for (let step = chain.next(plan.start); step !== null && damaged.size === 0;) {
      if ((await readEntries(storage, step.log)) !== null) {
        const isThere =
          step.upTo.incarnation === checkpoint.end.incarnation &&
          step.upTo.sequence >= checkpoint.end.sequence
        if (isThere) return plan
        step = chain.next(step.upTo)
      } else {
        chain.drop(step.log)
        step = null
        isCut = true
      }
    }
    if (damaged.size === 0 && !isCut) return plan
    pages = pages.filter((page) => !damaged.has(page))
  }
}

/** Extents that were open in the end, and those that the index never heard of. */
async function unsureBlobs(
  parts: RebuildParts,
  scan: ArchiveScan,
  named: NamedBlobs,
  plan: RebuildPlan,
): Promise<readonly UnsureBlob[]> {
  const { storage, engine, signal } = parts
  const incomplete = named.incomplete()
  if (plan.checkpoint !== null && incomplete.size > 0) {
    await noteEarlier(storage, scan, named, incomplete)
  }
  const index = openObjectIndexReader(engine)
  const known = new Set((await index.extents()).map(({ record }) => record.extentId))
  const present = new Set(scan.extentIds)
  const extentIds: ExtentId[] = named.openExtents().filter((extentId) => present.has(extentId))
  extentIds.push(...scan.extentIds.filter((extentId) => !known.has(extentId)))
  return await findUnsure({ storage, index, named }, extentIds, signal)
}

/** What was named before the checkpoint, and deleted before it too, is in no record any more. */
async function noteEarlier(
  storage: Storage,
  scan: ArchiveScan,
  named: NamedBlobs,
  extentIds: ReadonlySet<ExtentId>,
): Promise<void> {
  const newestFirst = scan.logs.toSorted((a, b) => b.head.first.sequence - a.head.first.sequence)
  for (const log of newestFirst) {
    if (named.incomplete().size === 0) return
    for (const { mutations } of (await readEntries(storage, log)) ?? []) {
      for (const mutation of mutations) named.noteEarlier(mutation, extentIds)
    }
  }
}

async function report(
  parts: RebuildParts,
  found: {
    readonly scan: ArchiveScan
    readonly plan: RebuildPlan
    readonly replayed: Replayed
    readonly unsure: readonly UnsureBlob[]
  },
): Promise<RebuildReport> {
  const { scan, plan, replayed, unsure } = found
  const validation = await validateIndex(parts.engine, { mode: 'quiet' })
  return {
    objects: validation.objects,
    buckets: await countBuckets(parts.engine),
    checkpoint: plan.checkpoint?.start ?? null,
    logEntries: replayed.logEntries,
    lastStamp: replayed.lastStamp,
    gap: replayed.gap,
    unsure,
    damage: scan.damage,
    findings: validation.findings.map(({ what, message }) => `${what}: ${message}`),
  }
}

async function countBuckets(engine: Engine): Promise<number> {
  const index = openObjectIndexReader(engine)
  let count = 0
  let page = await index.bucketsById(null, BUCKETS_A_PAGE)
  while (page.length > 0) {
    count += page.length
    page = await index.bucketsById(page.at(-1)?.id ?? null, BUCKETS_A_PAGE)
  }
  return count
}
