// Commits plans and answers what became of them: plans again where a bucket has versions, asks for
// the fate of a commit that is unsure, bounds what is under way, and knows when nothing is.

import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { newId, type BucketId, type CommitId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
import { EngineError, type Engine } from '../engine/engine.ts'
import type { Depth } from './key-state.ts'
import { ObjectIndexError } from './object-index.ts'
import type { Plan, Refused, Settled } from './plan.ts'
import { indexError } from './reading.ts'

/** Operations under way at once; more are refused before memory grows. */
const UNDER_WAY_MAX = 4096
/** Buckets known to have versions; forgetting one costs a refused commit. */
const VERSIONED_MAX = 100_000
const FATE_TRIES = 5
const FATE_PAUSE_MS = 200

export class Committer {
  private readonly engine: Engine
  private readonly random: Random
  private readonly clock: Clock
  private readonly versioned: Set<BucketId> = new Set()
  private underWay = 0
  private waiting: (() => void)[] = []

  constructor(engine: Engine, random: Random, clock: Clock) {
    this.engine = engine
    this.random = random
    this.clock = clock
  }

  /** Runs one operation and counts it as under way. @throws ObjectIndexError `overloaded` */
  async track<T>(run: () => Promise<T>): Promise<T> {
    if (this.underWay >= UNDER_WAY_MAX) {
      throw new ObjectIndexError(
        'overloaded',
        `index: ${UNDER_WAY_MAX} operations are under way; try again`,
      )
    }
    this.underWay += 1
    try {
      return await run()
    } finally {
      this.underWay -= 1
      if (this.underWay === 0) for (const wake of this.waiting.splice(0)) wake()
    }
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    if (this.underWay === 0) return
    await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  /** Commits a plan; `bucketId` is the bucket whose versions the plan looks at, or null. */
  async settle<T>(
    make: (depth: Depth) => Plan<T>,
    bucketId: BucketId | null,
    id: CommitId,
  ): Promise<T | Refused> {
    const isVersioned = bucketId !== null && this.versioned.has(bucketId)
    const first = await this.commit(make(isVersioned ? 'versions' : 'current'), id)
    const settled =
      first.kind === 'again' && bucketId !== null
        ? await this.settleVersions(make, bucketId)
        : first
    if (settled.kind === 'damaged') throw settled.error
    assert(settled.kind === 'settled', 'a plan that looks at all versions is not asked again')
    return settled.value
  }

  private async settleVersions<T>(
    make: (depth: Depth) => Plan<T>,
    bucketId: BucketId,
  ): Promise<Settled<T>> {
    if (this.versioned.size >= VERSIONED_MAX) this.versioned.clear()
    this.versioned.add(bucketId)
    // The first commit was refused: its id has been used.
    return this.commit(make('versions'), newId<CommitId>(this.random))
  }

  private async commit<T>(plan: Plan<T>, id: CommitId): Promise<Settled<T>> {
    let decided: { readonly result: Settled<T> } | null = null
    try {
      const committed = await this.engine.commit<Settled<T>>({
        id,
        reads: plan.reads,
        decide: (overlay) => {
          const decision = plan.decide(overlay)
          if (decision.kind !== 'more') decided = decision
          return decision
        },
      })
      return committed.result
    } catch (cause) {
      if (!(cause instanceof EngineError) || cause.code !== 'unsure') throw indexError(cause)
      return this.afterUnsure(id, decided, cause)
    }
  }

  /** The decision is as good as its commit: what became of that the engine knows. */
  private async afterUnsure<T>(
    id: CommitId,
    decided: { readonly result: T } | null,
    cause: EngineError,
  ): Promise<T> {
    for (let tries = 0; tries < FATE_TRIES; tries += 1) {
      try {
        const fate = await this.engine.fate(id)
        if (fate === 'never') {
          throw new ObjectIndexError(
            'unavailable',
            'index: the commit was not made; try again',
            cause,
          )
        }
        if (decided !== null) return decided.result
        break
      } catch (error) {
        if (!(error instanceof EngineError)) throw error
        await this.clock.sleep(FATE_PAUSE_MS)
      }
    }
    throw new ObjectIndexError('unsure', `index: ${cause.message}`, cause)
  }
}
