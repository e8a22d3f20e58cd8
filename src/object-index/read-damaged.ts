// Reads of an index that may be damaged, for who wants all that can still be read: a record that
// does not decode is left out here, and named by validation.

import { readId, type BucketId, type ExtentId, type UploadId } from '../base/id.ts'
import { RANGE_READ_ENTRIES_MAX } from '../base/limits.ts'
import { isCorrupt } from './binary.ts'
import { openObjectIndexReader } from './object-index-reader.ts'
import { extentSumKey } from './extent-record.ts'
import {
  MANIFEST_REFERRER_AT,
  SPACE,
  after,
  idKey,
  manifestReverseRange,
  referrerIn,
  reverseStart,
  spaceRange,
} from './keys.ts'
import type { ObjectIndexReader, Reference } from './object-index.ts'
import { readEngine, type ReadEngine } from './reading.ts'
import { decodeReverse } from './reverse-record.ts'
import { decodeSums, extentUseOf } from './sums.ts'
import { decodeUploadRecord, uploadKey } from './upload-record.ts'

/** An extent that has references, whether its own record stands or not. */
export interface ReferencedExtent {
  readonly record: { readonly extentId: ExtentId }
  readonly references: number
  /** By its sums, or 0 where these cannot be. */
  readonly referencedBytes: number
}

/** An object that an upload was completed as, or is to be. */
export interface UploadOwner {
  readonly bucketId: BucketId
  readonly key: string
}

export interface DamagedReader extends Pick<ObjectIndexReader, 'bucket' | 'references'> {
  extents(): Promise<readonly ReferencedExtent[]>
  /** Whose bytes an upload's parts are, as far as it can be told; a copy has them too. */
  ownersOf(uploadId: UploadId): Promise<readonly UploadOwner[]>
}

const OWNERS_MAX = 10

export function openDamagedReader(engine: ReadEngine): DamagedReader {
  const reader = openObjectIndexReader(engine)
  return {
    bucket: async (bucketId) => await orNull(async () => await reader.bucket(bucketId)),
    extents: async () => await referencedExtents(engine),
    ownersOf: async (uploadId) => await ownersOf(engine, uploadId),
    references: async (extentId, offset, limit) =>
      await soundReferences(engine, extentId, offset, limit),
  }
}

async function orNull<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read()
  } catch (cause) {
    if (isCorrupt(cause)) return null
    throw cause
  }
}

/** By the reverse records alone: one is met for each extent. */
async function referencedExtents(engine: ReadEngine): Promise<readonly ReferencedExtent[]> {
  const found: ReferencedExtent[] = []
  const { start: first, end } = spaceRange(SPACE.reverse)
  for (let start: Uint8Array = first; ;) {
    const page: ExtentId[] = []
    const { isWhole } = await readEngine(engine, {
      ranges: [
        {
          range: { start, end },
          limit: RANGE_READ_ENTRIES_MAX,
          visit: (key) => {
            if (key.length <= 17) return 'next'
            page.push(readId<ExtentId>(key, 1))
            const behind = after(key.subarray(0, 17))
            return Buffer.compare(behind, key) > 0 ? behind : 'next'
          },
        },
      ],
    })
    for (const extentId of page) found.push(await useOf(engine, extentId))
    const last = page.at(-1)
    if (isWhole[0] !== false || last === undefined) return found
    start = after(idKey(SPACE.reverse, last))
  }
}

async function useOf(engine: ReadEngine, extentId: ExtentId): Promise<ReferencedExtent> {
  const key = extentSumKey(extentId)
  const { values } = await readEngine(engine, { keys: [key] })
  const sums = await orNull(async () => extentUseOf(decodeSums(key, values[0] ?? null)))
  const bytes = sums?.referencedBytes ?? 0
  const referencedBytes = Number.isSafeInteger(bytes) ? Math.max(0, bytes) : 0
  return { record: { extentId }, references: 1, referencedBytes }
}

async function ownersOf(engine: ReadEngine, uploadId: UploadId): Promise<readonly UploadOwner[]> {
  const owners: UploadOwner[] = []
  const { values } = await readEngine(engine, {
    keys: [uploadKey(uploadId)],
    ranges: [
      {
        range: manifestReverseRange(uploadId),
        limit: OWNERS_MAX,
        visit: (key) => {
          const referrer = referrerIn(Buffer.from(key), MANIFEST_REFERRER_AT)
          if (referrer?.kind === 'version') owners.push(referrer)
          return 'next'
        },
      },
    ],
  })
  const value = values[0] ?? null
  const open = await orNull(async () =>
    value === null ? null : decodeUploadRecord(uploadId, value),
  )
  if (open?.kind === 'open') owners.push({ bucketId: open.bucketId, key: open.upload.key })
  return owners
}

async function soundReferences(
  engine: ReadEngine,
  extentId: ExtentId,
  offset: number,
  limit: number,
): Promise<readonly Reference[]> {
  const found: Reference[] = []
  const end = after(idKey(SPACE.reverse, extentId))
  let start = reverseStart(extentId, offset)
  for (;;) {
    let last: Buffer | null = null
    const { isWhole } = await readEngine(engine, {
      ranges: [
        {
          range: { start, end },
          limit: limit - found.length,
          visit: (key, value) => {
            last = Buffer.from(key)
            const reference = decoded(last, value)
            if (reference !== null) found.push(reference)
            return 'next'
          },
        },
      ],
    })
    if (isWhole[0] !== false || found.length >= limit || last === null) return found
    start = Buffer.concat([last, Buffer.of(0)])
  }
}

function decoded(key: Buffer, value: Buffer): Reference | null {
  try {
    return decodeReverse(key, value)
  } catch (cause) {
    if (isCorrupt(cause)) return null
    throw cause
  }
}
