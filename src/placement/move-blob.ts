// Moves one blob: read and verified, written anew with the same header and trailer, then renamed in
// the index for all its referrers in one commit. Until that commit the old place is the true one;
// a copy without a commit is garbage like any other.

import { newId, type CommitId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import type { Random } from '../base/random.ts'
import type { ObjectIndex } from '../object-index/object-index.ts'
import { StorageError, type ScannedBlob, type Storage } from '../storage/storage.ts'
import { indexFailure } from './lease.ts'
import { PlacementError, type ExtentFiller } from './placement.ts'

export interface MoveParts {
  readonly index: ObjectIndex
  readonly storage: Storage
  readonly random: Random
  readonly filler: ExtentFiller
}

export type MoveOutcome =
  | { readonly kind: 'moved' }
  /** Its last reference went meanwhile. */
  | { readonly kind: 'gone' }
  /** Its bytes are not what they were; it stays where it is. */
  | { readonly kind: 'damaged'; readonly message: string }
  /** It is written all the time: another time. */
  | { readonly kind: 'busy' }

const TRIES = 4

/** Moves the blob at `from`. @throws PlacementError, the signal's reason */
export async function moveBlob(
  parts: MoveParts,
  from: Location,
  signal: AbortSignal,
): Promise<MoveOutcome> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    signal.throwIfAborted()
    const copied = await copyBlob(parts, from, signal)
    if (copied.kind === 'damaged') {
      return (await isReferenced(parts, from)) ? copied : { kind: 'gone' }
    }
    const outcome = await renamed(parts, from, copied.to)
    if (outcome === 'done') return { kind: 'moved' }
    if (!(await isReferenced(parts, from))) return { kind: 'gone' }
  }
  return { kind: 'busy' }
}

type Copied =
  | { readonly kind: 'copied'; readonly to: Location }
  | { readonly kind: 'damaged'; readonly message: string }

async function copyBlob(parts: MoveParts, from: Location, signal: AbortSignal): Promise<Copied> {
  const { storage, filler } = parts
  const source = new Source(storage, from, signal)
  try {
    const { header, trailer } = await source.describe()
    if (trailer === null) return { kind: 'damaged', message: 'its trailer is missing' }
    const to = await filler.append(header, source.data(), trailer)
    if (to.checksum !== from.checksum || to.dataSizeBytes !== from.dataSizeBytes) {
      return { kind: 'damaged', message: 'its bytes are not those that its location names' }
    }
    return { kind: 'copied', to }
  } catch (cause) {
    if (source.damage !== null) return { kind: 'damaged', message: source.damage }
    throw source.failure ?? cause
  }
}

/** The blob that is read; tells its own errors from those of the extent that is written. */
class Source {
  readonly #storage: Storage
  readonly #from: Location
  readonly #signal: AbortSignal
  damage: string | null = null
  failure: unknown = null

  constructor(storage: Storage, from: Location, signal: AbortSignal) {
    this.#storage = storage
    this.#from = from
    this.#signal = signal
  }

  async describe(): Promise<ScannedBlob> {
    try {
      return await this.#storage.describe(this.#from)
    } catch (cause) {
      throw this.#note(cause)
    }
  }

  async *data(): AsyncIterable<Uint8Array> {
    const range = { start: 0, end: this.#from.dataSizeBytes }
    try {
      yield* this.#storage.read(this.#from, range, this.#signal)
    } catch (cause) {
      throw this.#note(cause)
    }
  }

  #note(cause: unknown): unknown {
    if (cause instanceof StorageError && (cause.code === 'damaged' || cause.code === 'missing')) {
      this.damage = cause.message
    } else {
      this.failure =
        cause instanceof StorageError
          ? new PlacementError('io', `a blob cannot be read: ${cause.message}`, cause)
          : cause
    }
    return cause
  }
}

async function renamed(parts: MoveParts, from: Location, to: Location): Promise<'done' | 'again'> {
  const {
    index,
    random,
    filler: { writerId },
  } = parts
  try {
    const outcome = await index.apply(
      { kind: 'move-blob', from, to, writerId },
      newId<CommitId>(random),
    )
    if (outcome.kind !== 'refused') return 'done'
    if (outcome.refusal === 'lease-lost') parts.filler.renew()
    return 'again'
  } catch (cause) {
    throw indexFailure(cause)
  }
}

async function isReferenced({ index }: MoveParts, at: Location): Promise<boolean> {
  try {
    const [first] = await index.references(at.extentId, at.offset, 1)
    return first?.location.offset === at.offset
  } catch (cause) {
    throw indexFailure(cause)
  }
}
