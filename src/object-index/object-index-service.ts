// The object index on an engine: decides every operation in the engine's commits, reads through
// object-index-reader.ts, and sweeps what deletions and abandoned uploads left, in pages.

import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { newId, type BucketId, type CommitId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
import type { Engine } from '../engine/engine.ts'
import { requireSoundGap } from './absence.ts'
import { isCorrupt } from './binary.ts'
import { Committer } from './committer.ts'
import type { Depth } from './key-state.ts'
import { currentKey, manifestReverseRange, reverseOfBlob } from './keys.ts'
import {
  ObjectIndexError,
  type BodyRef,
  type DeleteEntry,
  type DeleteResult,
  type IndexOperation,
  type IndexOutcome,
  type ObjectIndex,
  type Part,
} from './object-index.ts'
import { openObjectIndexReader } from './object-index-reader.ts'
import { planArchive } from './plan-archive.ts'
import {
  planCreateBucket,
  planDeleteBucket,
  planSetBucketAcl,
  planSetBucketTags,
  planSetQuota,
  planSetVersioning,
} from './plan-bucket.ts'
import { planComplete } from './plan-complete.ts'
import { planCopy, planRewrite } from './plan-copy.ts'
import { planDelete } from './plan-delete.ts'
import { planExtent, planLeaseExtent } from './plan-extent.ts'
import { planMove } from './plan-move.ts'
import type { Plan, Refused } from './plan.ts'
import { planPut } from './plan-put.ts'
import { planAbortUpload, planCreateUpload, planPutPart } from './plan-upload.ts'
import { countIn, referencesIn } from './read-extent.ts'
import { planSweep, sweepEntry, sweepStart } from './sweep.ts'

export interface ObjectIndexOptions {
  readonly engine: Engine
  readonly random: Random
  readonly clock: Clock
}

export interface SweepProgress {
  /** Nothing is due any more. */
  readonly isDone: boolean
  readonly commits: number
}

export interface ObjectIndexService extends ObjectIndex, AsyncDisposable {
  /** Does due background removals, at most `commits` commits of them. */
  sweep(commits: number): Promise<SweepProgress>
  /** Sweeps now and then until aborted: the one background loop of the index. */
  runSweeper(signal: AbortSignal): Promise<void>
}

/** A blob, or a manifest, has at most this many references; a further copy copies the bytes. */
const REFERENCES_MAX = 250
/** Keys that one commit of DeleteObjects reads at most. */
const DELETE_BATCH_MAX = 150
/** How often a move reads a blob's referrers anew when they change meanwhile. */
const MOVE_TRIES = 100
const SWEEP_PAUSE_MS = 1000
const SWEEP_COMMITS_A_TURN = 20
const SWEEP_YIELD_MS = 5

/** Opens the index; the engine stays the caller's to close. Disposing waits for what was asked. */
export function openObjectIndex(options: ObjectIndexOptions): ObjectIndexService {
  const { engine, random, clock } = options
  const committer = new Committer(engine, random, clock)
  const reader = openObjectIndexReader(engine)
  const service = new Applier(engine, random, committer, reader)
  return {
    ...reader,
    apply: (operation, id) => committer.track(() => service.apply(operation, id)),
    sweep: (commits) => committer.track(() => service.sweep(commits)),
    runSweeper: (signal) => service.runSweeper(clock, signal),
    [Symbol.asyncDispose]: () => committer.idle(),
  }
}

class Applier {
  private readonly engine: Engine
  private readonly random: Random
  private readonly committer: Committer
  private readonly reader: ReturnType<typeof openObjectIndexReader>

  constructor(
    engine: Engine,
    random: Random,
    committer: Committer,
    reader: ReturnType<typeof openObjectIndexReader>,
  ) {
    this.engine = engine
    this.random = random
    this.committer = committer
    this.reader = reader
  }

  async apply(operation: IndexOperation, id: CommitId): Promise<IndexOutcome> {
    switch (operation.kind) {
      case 'put-object':
        if (operation.condition.kind === 'absent') await this.proveAbsence(operation)
        return this.inBucket(operation, id, (depth) => planPut(operation, depth))
      case 'delete-objects':
        return this.deleteObjects(operation.bucketId, operation.entries, id)
      case 'copy-object': {
        if (await this.isFull(operation.draft.body)) return refused('too-many-references')
        return this.inBucket(operation, id, (depth) => planCopy(operation, depth))
      }
      case 'set-tags':
      case 'set-acl':
        return this.inBucket(operation, id, (depth) => planRewrite(operation, depth))
      case 'create-upload':
        return this.inBucket(operation, id, (depth) => planCreateUpload(operation, depth))
      case 'put-part':
        return this.once(planPutPart(operation), id)
      case 'complete-upload': {
        if (operation.condition.kind === 'absent') await this.proveAbsence(operation)
        const parts: readonly Part[] = await this.reader.parts(operation.uploadId, 0, 10_000)
        return this.inBucket(operation, id, (depth) => planComplete(operation, parts, depth))
      }
      case 'abort-upload':
        return this.once(planAbortUpload(operation), id)
      case 'create-bucket':
        return this.once(planCreateBucket(operation), id)
      case 'delete-bucket':
        return this.once(planDeleteBucket(operation), id)
      case 'set-versioning':
        return this.once(planSetVersioning(operation), id)
      case 'set-bucket-tags':
        return this.once(planSetBucketTags(operation), id)
      case 'set-bucket-acl':
        return this.once(planSetBucketAcl(operation), id)
      case 'set-quota':
        return this.once(planSetQuota(operation), id)
      case 'lease-extent':
        return this.once(planLeaseExtent(operation), id)
      case 'seal-extent':
      case 'park-extent':
      case 'restore-extent':
      case 'remove-extent':
        return this.once(planExtent(operation), id)
      case 'move-blob':
        return this.moveBlob(operation, id)
      case 'archive':
        return this.once(planArchive(operation), id)
    }
  }

  /** "Only where there is none" is not judged by an absence that a damaged key may feign. */
  private async proveAbsence(operation: {
    readonly bucketId: BucketId
    readonly key: string
  }): Promise<void> {
    const key = currentKey(operation.bucketId, operation.key)
    await requireSoundGap(this.engine, { below: key, above: key })
  }

  private once<T>(plan: Plan<T>, id: CommitId): Promise<T | Refused> {
    return this.committer.settle(() => plan, null, id)
  }

  private inBucket<T>(
    operation: { readonly bucketId: BucketId },
    id: CommitId,
    make: (depth: Depth) => Plan<T>,
  ): Promise<T | Refused> {
    return this.committer.settle(make, operation.bucketId, id)
  }

  /** In commits of keys that differ, one after another, so that a key named twice is seen twice. */
  private async deleteObjects(
    bucketId: BucketId,
    entries: readonly DeleteEntry[],
    id: CommitId,
  ): Promise<IndexOutcome> {
    assert(entries.length >= 1 && entries.length <= 1000, 'delete-objects names 1 to 1,000 keys')
    const results: DeleteResult[] = []
    let commitId = id
    while (results.length < entries.length) {
      const batch = differentKeys(entries, results.length)
      const randoms = batch.map(() => this.versionRandom())
      const settling = this.committer.settle(
        (depth) => planDelete({ bucketId, entries: batch, randoms }, depth),
        bucketId,
        commitId,
      )
      const outcome = await (results.length === 0 ? settling : settling.catch(leftOpen))
      if (outcome.kind === 'refused') {
        if (results.length === 0) return outcome
        // The bucket went meanwhile. Asked again, the client is told so.
        throw new ObjectIndexError('unsure', `a part of the deletions was made: ${outcome.refusal}`)
      }
      assert(outcome.results.length > 0, 'a commit has room for one deletion')
      results.push(...outcome.results)
      commitId = newId<CommitId>(this.random)
    }
    return { kind: 'deleted', results }
  }

  private versionRandom(): string {
    return Buffer.from(this.random.bytes(8)).toString('hex')
  }

  /**
   * Whether a body has all the references it may have. Counted before the commit: copies in flight
   * at once may pass the bound by their number, which nothing rests on (a move takes any number).
   */
  private async isFull(body: BodyRef): Promise<boolean> {
    const ranges =
      body.kind === 'manifest'
        ? [manifestReverseRange(body.uploadId)]
        : body.locations.map(({ extentId, offset }) => reverseOfBlob(extentId, offset))
    for (const range of ranges) {
      if ((await countIn(this.engine, range, REFERENCES_MAX)) >= REFERENCES_MAX) return true
    }
    return false
  }

  /** Reads the blob's referrers and rewrites them, until none is left; see plan-move.ts. */
  private async moveBlob(
    operation: Extract<IndexOperation, { kind: 'move-blob' }>,
    id: CommitId,
  ): Promise<IndexOutcome> {
    const { from, to } = operation
    if (from.dataSizeBytes !== to.dataSizeBytes || from.checksum !== to.checksum) {
      return refused('blob-changed')
    }
    let moved = 0
    let commitId = id
    for (let tries = 0; tries < MOVE_TRIES; tries += 1) {
      const references = await referencesIn(
        this.engine,
        reverseOfBlob(from.extentId, from.offset),
        REFERENCES_MAX,
      )
      if (references.length === 0 && moved === 0) return refused('blob-changed')
      if (references.length === 0) return { kind: 'done', versionId: null, lastModifiedMs: 0 }
      const outcome = await this.once(planMove(operation, references), commitId)
      commitId = newId<CommitId>(this.random)
      if (outcome.kind === 'moved') moved += outcome.count
      else if (outcome.refusal !== 'blob-changed') return outcome
    }
    return refused('blob-changed')
  }

  async sweep(commits: number): Promise<SweepProgress> {
    let done = 0
    let from = sweepStart()
    while (done < commits) {
      const entry = await sweepEntry(this.engine, from)
      if (entry === null) return { isDone: true, commits: done }
      try {
        const plan = await planSweep(this.engine, entry)
        const outcome = await this.once(plan, newId<CommitId>(this.random))
        if (outcome.kind === 'swept' && !outcome.isDue) return { isDone: true, commits: done }
        done += 1
      } catch (cause) {
        // A damaged record holds up what it belongs to, and nothing else; validation names it.
        if (!isCorrupt(cause)) throw cause
        from = Buffer.concat([entry.key, Buffer.of(0)])
      }
    }
    return { isDone: false, commits: done }
  }

  async runSweeper(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let pauseMs = SWEEP_PAUSE_MS
      try {
        const { isDone } = await this.committer.track(() => this.sweep(SWEEP_COMMITS_A_TURN))
        if (!isDone) pauseMs = SWEEP_YIELD_MS
      } catch (cause) {
        // The queue stays; the next turn goes on where this one ended.
        if (!(cause instanceof ObjectIndexError)) throw cause
      }
      try {
        await clock.sleep(pauseMs, signal)
      } catch (cause) {
        if (!signal.aborted) throw cause
      }
    }
  }
}

function refused(refusal: Refused['refusal']): Refused {
  return { kind: 'refused', refusal }
}

/** A failure behind commits that were made: of the whole no client may think that nothing was done. */
function leftOpen(cause: unknown): never {
  if (!(cause instanceof ObjectIndexError)) throw cause
  throw new ObjectIndexError('unsure', `a part of the deletions was made: ${cause.message}`, cause)
}

/** Entries from `start` on, up to the first key that came before. */
function differentKeys(entries: readonly DeleteEntry[], start: number): readonly DeleteEntry[] {
  const seen = new Set<string>()
  let end = start
  for (const entry of entries.slice(start, start + DELETE_BATCH_MAX)) {
    if (seen.has(entry.key)) break
    seen.add(entry.key)
    end += 1
  }
  return entries.slice(start, end)
}
