// What every plan is made of: reads named beforehand, and a pure decision over the overlay. A plan
// changes nothing; the service commits it.

import type { Decision, KeyRange, Overlay, Reads } from '../engine/engine.ts'
import type { BucketId } from '../base/id.ts'
import { RecordTooLargeError } from './binary.ts'
import { bucketKey, decodeBucketRecord } from './bucket-record.ts'
import type { Changes } from './changes.ts'
import { DecodeMemo } from './memo.ts'
import { ObjectIndexError, type Bucket, type IndexRefusal } from './object-index.ts'

/** The bucket has had versions: plan again with 'versions'. */
export interface Again {
  readonly kind: 'again'
}
/** A record that was needed is damaged. */
export interface Damaged {
  readonly kind: 'damaged'
  readonly error: ObjectIndexError
}
export interface Refused {
  readonly kind: 'refused'
  readonly refusal: IndexRefusal
}
/** What a commit answers: a result or a refusal, or why there is neither. */
export type Settled<T> = { readonly kind: 'settled'; readonly value: T | Refused } | Again | Damaged

export interface Plan<T> {
  readonly reads: Reads
  readonly decide: (overlay: Overlay) => Decision<Settled<T>>
}

export function refuse<T>(refusal: IndexRefusal): Decision<Settled<T>> {
  return answer<T>({ kind: 'refused', refusal })
}

/** An answer that changes nothing. */
export function answer<T>(value: T | Refused): Decision<Settled<T>> {
  return { kind: 'refuse', result: { kind: 'settled', value } }
}

export function again<T>(): Decision<Settled<T>> {
  return { kind: 'refuse', result: { kind: 'again' } }
}

/** Without a mutation there is nothing to commit: the answer alone is given. */
export function apply<T>(changes: Changes, result: T): Decision<Settled<T>> {
  const mutations = changes.finish()
  if (mutations.length === 0) return answer(result)
  return { kind: 'apply', mutations, result: { kind: 'settled', value: result } }
}

/** Turns what a decision throws on damaged or oversized records into results. */
export function plan<T>(reads: Reads, decide: (overlay: Overlay) => Decision<Settled<T>>): Plan<T> {
  return {
    reads,
    decide: (overlay) => {
      try {
        return decide(overlay)
      } catch (cause) {
        if (cause instanceof ObjectIndexError) {
          return { kind: 'refuse', result: { kind: 'damaged', error: cause } }
        }
        if (cause instanceof RecordTooLargeError) return refuse('record-too-large')
        throw cause
      }
    },
  }
}

/**
 * Whether the reads that were asked for with 'more' have come: an overlay is asked once, and a
 * decision that is made anew gets an overlay of its own.
 */
export class MoreOnce {
  private asked: Overlay | null = null

  hasAsked(overlay: Overlay): boolean {
    if (this.asked === overlay) return true
    this.asked = overlay
    return false
  }
}

const BUCKETS: DecodeMemo<Bucket> = new DecodeMemo()

/** The bucket as the overlay has it; null where there is none. */
export function bucketIn(overlay: Overlay, bucketId: BucketId): Bucket | null {
  const value = overlay.get(bucketKey(bucketId))
  if (value === null) return null
  return BUCKETS.get(bucketId, value, () => decodeBucketRecord(bucketId, value))
}

/** Reads of several plans in one. */
export function mergeReads(all: readonly Reads[]): Reads {
  const keys: Uint8Array[] = []
  const firsts: KeyRange[] = []
  const lasts: KeyRange[] = []
  for (const reads of all) {
    if (reads.keys !== undefined) keys.push(...reads.keys)
    if (reads.firsts !== undefined) firsts.push(...reads.firsts)
    if (reads.lasts !== undefined) lasts.push(...reads.lasts)
  }
  return { keys, firsts, lasts }
}
