// What the probes keep in a cell's bucket: keys below the site's own prefix, so that sites do not
// disturb each other, and bodies that follow from their keys, so that every byte can be compared.

import { createHash } from 'node:crypto'
import { ClientMemory } from '../../s3/client-memory.ts'

export interface Canary {
  readonly key: string
  readonly sizeBytes: number
}

/** Keys that probes write in turns: what a late write may still touch is not used again for two minutes,
 * and what is left lying is no more than this. */
const SLOTS = 64
/** Below and above the size up to which small bodies are packed together, and one of several blocks. */
const SIZES_BYTES = [512, 20_000, 200_000]
const LISTED_COUNT = 5
/** How often in a row something acknowledged must be missing before it is put again: often enough that it is
 * told. */
const MISSED_MAX = 2

/** The body that belongs to a key; made when it is needed, as it costs more than the rest of a probe. */
export function bodyOf({ key, sizeBytes }: Canary): Buffer {
  const hash = createHash('shake256', { outputLength: sizeBytes })
  return hash.update(`holdfast canary 1\n${key}`).digest()
}

/** What GET asks for: small to large. */
export function readCanaries(prefix: string): readonly Canary[] {
  return SIZES_BYTES.map((sizeBytes) => ({ key: `${prefix}get/${sizeBytes}`, sizeBytes }))
}

/** What LIST is to find, in order. */
export function listedCanaries(prefix: string): readonly Canary[] {
  return Array.from({ length: LISTED_COUNT }, (_, index) => ({
    key: `${listPrefix(prefix)}${index}`,
    sizeBytes: 16,
  }))
}

export function listPrefix(prefix: string): string {
  return `${prefix}list/`
}

/** What a site's probes of one cell know from run to run. A start forgets it; the store keeps the canaries. */
export class CellMemory {
  readonly client: ClientMemory = new ClientMemory()
  isBucketThere = false
  /** Whether the last GET of a canary succeeded: only then a missing object is PUT's doing. */
  isGetWell = false
  /** Whether there may be uploads that earlier probes left. */
  hasLeftUploads = true
  readonly #missed = new Map<string, number>()
  #slot = 0

  /** It was acknowledged, or seen. */
  noteThere(key: string): void {
    this.#missed.set(key, 0)
  }

  /** It is missing: whether it must not be. After a few times in a row it is taken for lost, and put again. */
  noteMissing(key: string): boolean {
    const missed = this.#missed.get(key)
    if (missed === undefined) return false
    if (missed + 1 >= MISSED_MAX) this.#missed.delete(key)
    else this.#missed.set(key, missed + 1)
    return true
  }

  /** Whether it is known to be there, or to have been. */
  isKnown(key: string): boolean {
    return this.#missed.has(key)
  }

  /** Whether it was missing the last time, and is to be looked at again first. */
  isMissed(key: string): boolean {
    return (this.#missed.get(key) ?? 0) > 0
  }

  /** The bucket is gone, and with it all that was there. */
  forgetBucket(): void {
    this.isBucketThere = false
    this.#missed.clear()
  }

  /** A key below `folder` that was not written lately. */
  nextKey(folder: string): string {
    this.#slot = (this.#slot + 1) % SLOTS
    return `${folder}${this.#slot}`
  }
}
