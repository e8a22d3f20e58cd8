// Extents, references into them, consumers and archive blobs, as placement and the archiver read
// them.

import { readId, type BucketId, type ExtentId } from '../base/id.ts'
import type { KeyRange } from '../engine/engine.ts'
import { isCorrupt } from './binary.ts'
import { bucketKey, decodeBucketRecord } from './bucket-record.ts'
import { decodeArchiveBlob, decodeConsumerRecord } from './consumer-record.ts'
import { decodeExtentRecord, extentKey, extentSumKey } from './extent-record.ts'
import {
  SPACE,
  after,
  archiveBlobKey,
  archiveRange,
  idKey,
  reverseStart,
  spaceRange,
} from './keys.ts'
import { type ArchiveBlob, type Bucket, type Consumer, type ExtentUse } from './object-index.ts'
import { VisitorGuard, readEngine, type ReadEngine } from './reading.ts'
import { decodeReverse, type DecodedReference } from './reverse-record.ts'
import { decodeSums, extentUseOf } from './sums.ts'

const PAGE_ENTRIES = 1000

export async function extents(engine: ReadEngine): Promise<readonly ExtentUse[]> {
  const all: ExtentUse[] = []
  await visitExtents(engine, (_, read) => void all.push(read()))
  return all
}

/** What can be read, and the ids of what cannot. */
export async function soundExtents(
  engine: ReadEngine,
): Promise<{ readonly uses: readonly ExtentUse[]; readonly damaged: readonly ExtentId[] }> {
  const uses: ExtentUse[] = []
  const damaged: ExtentId[] = []
  await visitExtents(engine, (extentId, read) => {
    try {
      uses.push(read())
    } catch (cause) {
      if (!isCorrupt(cause)) throw cause
      damaged.push(extentId)
    }
  })
  return { uses, damaged }
}

/** Meets every extent, page by page; `read` throws where its record or its sums are damaged. */
async function visitExtents(
  engine: ReadEngine,
  meet: (extentId: ExtentId, read: () => ExtentUse) => void,
): Promise<void> {
  const { start: first, end }: KeyRange = spaceRange(SPACE.extent)
  let start: Uint8Array = first
  for (;;) {
    const page: (readonly [key: Buffer, value: Buffer])[] = []
    const isWhole = await visit(engine, { start, end }, PAGE_ENTRIES, (key, value) => {
      page.push([Buffer.from(key), Buffer.from(value)])
    })
    const sumKeys = page.map(([key]) => extentSumKey(readId<ExtentId>(key, 1)))
    const { values } = await readEngine(engine, { keys: sumKeys })
    for (const [index, [key, value]] of page.entries()) {
      const extentId = readId<ExtentId>(key, 1)
      meet(extentId, () => ({
        record: decodeExtentRecord(extentId, value),
        ...extentUseOf(decodeSums(extentSumKey(extentId), values[index] ?? null)),
      }))
    }
    const last = page.at(-1)
    if (isWhole || last === undefined) return
    start = Buffer.concat([last[0], Buffer.of(0)])
  }
}

export async function extent(engine: ReadEngine, extentId: ExtentId): Promise<ExtentUse | null> {
  const sumKey = extentSumKey(extentId)
  const {
    values: [value, sums],
  } = await readEngine(engine, { keys: [extentKey(extentId), sumKey] })
  if (value === undefined || value === null) return null
  return {
    record: decodeExtentRecord(extentId, value),
    ...extentUseOf(decodeSums(sumKey, sums ?? null)),
  }
}

/** References into an extent from `offset` on. */
export async function references(
  engine: ReadEngine,
  extentId: ExtentId,
  offset: number,
  limit: number,
): Promise<readonly DecodedReference[]> {
  const found: DecodedReference[] = []
  const range = {
    start: reverseStart(extentId, offset),
    end: after(idKey(SPACE.reverse, extentId)),
  }
  await visit(engine, range, limit, (key, value) => {
    found.push(decodeReverse(Buffer.from(key), value))
  })
  return found
}

/** References of one range of reverse keys, at most `limit`. */
export async function referencesIn(
  engine: ReadEngine,
  range: KeyRange,
  limit: number,
): Promise<readonly DecodedReference[]> {
  const found: DecodedReference[] = []
  await visit(engine, range, limit, (key, value) => {
    found.push(decodeReverse(Buffer.from(key), value))
  })
  return found
}

/** How many keys a range has, counted to `limit`. */
export async function countIn(engine: ReadEngine, range: KeyRange, limit: number): Promise<number> {
  let count = 0
  await visit(engine, range, limit, () => {
    count += 1
  })
  return count
}

export async function consumers(engine: ReadEngine): Promise<readonly Consumer[]> {
  const found: Consumer[] = []
  await visit(engine, spaceRange(SPACE.consumer), PAGE_ENTRIES, (key, value) => {
    const copy = Buffer.from(key)
    found.push({ name: copy.toString('utf8', 1), cursor: decodeConsumerRecord(copy, value) })
  })
  return found
}

export async function archiveBlobs(
  engine: ReadEngine,
  kind: ArchiveBlob['kind'],
  behind: ArchiveBlob | null,
  limit: number,
): Promise<readonly ArchiveBlob[]> {
  const found: ArchiveBlob[] = []
  const all = archiveRange(kind)
  const start = behind === null ? all.start : after(archiveBlobKey(behind))
  await visit(engine, { start, end: all.end }, limit, (key, value) => {
    found.push(decodeArchiveBlob(Buffer.from(key), value))
  })
  return found
}

export async function bucketsById(
  engine: ReadEngine,
  behind: BucketId | null,
  limit: number,
): Promise<readonly Bucket[]> {
  const found: Bucket[] = []
  const all = spaceRange(SPACE.bucket)
  const start = behind === null ? all.start : after(bucketKey(behind))
  await visit(engine, { start, end: all.end }, limit, (key, value) => {
    found.push(decodeBucketRecord(readId<BucketId>(key, 1), value))
  })
  return found
}

async function visit(
  engine: ReadEngine,
  range: KeyRange,
  limit: number,
  each: (key: Buffer, value: Buffer) => void,
): Promise<boolean> {
  if (limit === 0 || Buffer.compare(range.start, range.end) >= 0) return true
  const guard = new VisitorGuard()
  const { isWhole } = await readEngine(engine, {
    ranges: [
      {
        range,
        limit,
        visit: guard.wrap((key, value) => {
          each(key, value)
          return 'next'
        }),
      },
    ],
  })
  guard.rethrow()
  return isWhole[0] ?? true
}
