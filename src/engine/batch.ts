// Decides a batch: takes pending commits in order, asks each for its decision over what the ones
// before it did, and collects what is to be written. Pure: it changes nothing and may run again.

import { assert } from '../base/assert.ts'
import type { CommitId } from '../base/id.ts'
import {
  COMMIT_MUTATIONS_MAX,
  COMMIT_SIZE_BYTES_MAX,
  GROUP_COMMITS_MAX,
  GROUP_SIZE_BYTES_MAX,
} from '../base/limits.ts'
import {
  SUM_FIELDS,
  type Commit,
  type Committed,
  type Decision,
  type Mutation,
  type Versionstamp,
} from './engine.ts'
import { BatchOverlay, CommitOverlay, type Base, type Changes, type Slot } from './overlay.ts'
import { checkKey } from './range.ts'

/** A commit of a batch that applied: what its log entry is made of. */
export interface Applied {
  readonly id: CommitId
  readonly versionstamp: Versionstamp
  readonly mutations: readonly Mutation[]
}

/** What one batch writes, in one transaction. */
export interface Batch {
  /** Cell time of all its commits. */
  readonly cellTimeMs: number
  /** In the order of their stamps, which are dense; never empty. */
  readonly applied: readonly Applied[]
  /** Each changed key once. */
  readonly changes: () => Iterable<Slot>
}

/** A commit that waits for its batch, and what came of it. */
export class Pending<T> {
  readonly commit: Commit<T>
  readonly settled: Promise<Committed<T>>
  private resolve: (committed: Committed<T>) => void = () => {}
  private reject: (reason: unknown) => void = () => {}
  private outcome: Committed<T> | null = null
  private error: unknown = null

  constructor(commit: Commit<T>) {
    this.commit = commit
    this.settled = new Promise<Committed<T>>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  /** Decides over `overlay`; answers what changes, or null where the commit does not apply. */
  decide(overlay: CommitOverlay): Changes | null {
    this.outcome = null
    this.error = null
    try {
      return this.decideOrThrow(overlay)
    } catch (error) {
      this.error = error
      return null
    }
  }

  private decideOrThrow(overlay: CommitOverlay): Changes | null {
    const { commit } = this
    overlay.extend(commit.reads)
    let decision: Decision<T> = commit.decide(overlay)
    if (decision.kind === 'more') {
      overlay.extend(decision.reads)
      decision = commit.decide(overlay)
    }
    assert(decision.kind !== 'more', 'a decision asks for more once')
    const { result } = decision
    if (decision.kind === 'refuse') {
      this.outcome = { result, versionstamp: null }
      return null
    }
    checkMutations(decision.mutations)
    const changes = overlay.prepare(decision.mutations)
    this.outcome = { result, versionstamp: overlay.versionstamp }
    return changes
  }

  /** The batch that it was decided in is durable, or nothing of it had to be. */
  settle(): void {
    if (this.outcome === null) this.reject(this.error)
    else this.resolve(this.outcome)
  }

  fail(error: unknown): void {
    this.reject(error)
  }
}

/** Anything pending; its type is its caller's. */
export type AnyPending = Pick<Pending<unknown>, 'commit' | 'decide' | 'settle' | 'fail'>

/**
 * Decides as many of `queue` as one batch holds, from its first on.
 * @returns how many, and what they write: null where that is nothing.
 */
export function decideBatch(
  queue: readonly AnyPending[],
  base: Base,
  last: Versionstamp,
  cellTimeMs: number,
): { readonly taken: number; readonly batch: Batch | null } {
  const overlay = new BatchOverlay(base)
  const applied: Applied[] = []
  let stamp = last
  let taken = 0
  let sizeBytes = 0
  while (taken < queue.length && taken < GROUP_COMMITS_MAX && sizeBytes < GROUP_SIZE_BYTES_MAX) {
    const pending = queue[taken]
    assert(pending !== undefined, 'a queue has an entry at each index below its length')
    taken += 1
    const versionstamp = { incarnation: stamp.incarnation, sequence: stamp.sequence + 1 }
    const changes = pending.decide(new CommitOverlay(overlay, versionstamp, cellTimeMs))
    if (changes === null) continue
    sizeBytes += overlay.apply(changes)
    applied.push({ id: pending.commit.id, versionstamp, mutations: changes.mutations })
    stamp = versionstamp
  }
  if (applied.length === 0) return { taken, batch: null }
  return { taken, batch: { cellTimeMs, applied, changes: () => overlay.changes() } }
}

/** What decide hands over is code's own: beyond a limit it is a programmer's error. */
function checkMutations(mutations: readonly Mutation[]): void {
  assert(
    mutations.length <= COMMIT_MUTATIONS_MAX,
    `a commit has at most ${COMMIT_MUTATIONS_MAX} mutations, not ${mutations.length}`,
  )
  let sizeBytes = 0
  for (const mutation of mutations) {
    checkKey(mutation.key)
    sizeBytes += mutation.key.length
    if (mutation.kind === 'set') sizeBytes += mutation.value.length
    if (mutation.kind !== 'sum') continue
    assert(mutation.deltas.length === SUM_FIELDS, `a sum has ${SUM_FIELDS} deltas`)
    sizeBytes += 8 * SUM_FIELDS
  }
  assert(
    sizeBytes <= COMMIT_SIZE_BYTES_MAX,
    `a commit has at most ${COMMIT_SIZE_BYTES_MAX} bytes, not ${sizeBytes}`,
  )
}
