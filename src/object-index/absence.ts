// Proof that nothing was passed over: a damaged key leads searches past sound records, and the page
// or the answer "not there" that follows would look like any other. Whatever one damaged key does to
// a search, it ends beside that key, or out of order: so what stands before and behind the place
// where a search ended must be in order, and carry its checksum.

import { ENGINE_KEY_SIZE_BYTES_MAX } from '../base/limits.ts'
import { SUM_FIELDS } from '../engine/engine.ts'
import { corrupt } from './binary.ts'
import { isSealed, seedOf } from './checksum.ts'
import { KEY_START, SPACE } from './keys.ts'
import { VisitorGuard, readEngine, type ReadEngine } from './reading.ts'

const FIRST: Buffer = Buffer.of(0)
const LAST: Buffer = Buffer.alloc(ENGINE_KEY_SIZE_BYTES_MAX, 0xff)
/** The directory's own spaces, and its own checksums. */
const DIRECTORY_FROM = 0x80
const DIRECTORY_TO = 0x8f
const SUM_SIZE_BYTES: number = 8 * SUM_FIELDS

export interface Gap {
  /** A search that began here found nothing before it. Null: not asked. */
  readonly below: Buffer | null
  /** A search that ended here found nothing from it on. Null: not asked. */
  readonly above: Buffer | null
}

/**
 * Answers whether a record stands right at `above`: it was written since, or the search for it went
 * astray. @throws ObjectIndexError `corrupt` where a search may have passed records over
 */
export async function requireSoundGap(engine: ReadEngine, { below, above }: Gap): Promise<boolean> {
  const guard = new VisitorGuard()
  let isThere = false
  const before = {
    range: { start: FIRST, end: below ?? FIRST },
    limit: 1,
    reverse: true,
    visit: guard.wrap((key, value) => {
      if (below !== null && Buffer.compare(key, below) >= 0) throw misplaced(key)
      checkNeighbour(key, value)
      return 'stop'
    }),
  }
  const behind = {
    range: { start: above ?? LAST, end: LAST },
    limit: 1,
    visit: guard.wrap((key, value) => {
      const order = above === null ? 1 : Buffer.compare(key, above)
      if (order < 0) throw misplaced(key)
      isThere = order === 0
      checkNeighbour(key, value)
      return 'stop'
    }),
  }
  const ranges = [...(below === null ? [] : [before]), ...(above === null ? [] : [behind])]
  if (ranges.length === 0) return false
  await readEngine(engine, { ranges })
  guard.rethrow()
  return isThere
}

function checkNeighbour(key: Buffer, value: Buffer): void {
  const space = key[0] ?? 0
  if (space >= DIRECTORY_FROM && space <= DIRECTORY_TO) return
  const isSum = space === SPACE.bucketSum || space === SPACE.extentSum
  const isSound = isSum
    ? key.length === KEY_START && value.length === SUM_SIZE_BYTES
    : isSealed(value, seedOf(key))
  if (!isSound) throw corrupt(key, 'the record fails its checksum')
}

function misplaced(key: Buffer): Error {
  return corrupt(key, 'the record stands out of order')
}
