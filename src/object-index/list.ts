// ListObjects: entries projected from the engine's own memory, without decoding the records; each
// record's checksum is verified, and one that fails it fails the page.

import type { BucketId } from '../base/id.ts'
import { requireSoundGap } from './absence.ts'
import { decodeRangeRecord, rangeKey } from './bucket-record.ts'
import { crcOf, seedOf } from './checksum.ts'
import { KEY_START, SPACE, idKey } from './keys.ts'
import {
  commonPrefixOf,
  fitsKey,
  keyBehind,
  keyBehindPrefix,
  possible,
  scanOf,
} from './list-scan.ts'
import type { ListEntry, ListPage, ListRequest } from './object-index.ts'
import {
  AT,
  checkSealed,
  checksumAlgorithmOf,
  etagOf,
  isComposite,
  lastModifiedOf,
  ownerOf,
  ownerSize,
  sizeOf,
  storageClassOf,
} from './object-record.ts'
import { VisitorGuard, readEngine, type ReadEngine } from './reading.ts'

export const EMPTY_PAGE: ListPage<never> = {
  entries: [],
  prefixes: [],
  isTruncated: false,
  last: null,
}

/** @throws ObjectIndexError `corrupt`: a page never leaves a record out */
export async function list(engine: ReadEngine, asked: ListRequest): Promise<ListPage<ListEntry>> {
  const request = possible(asked)
  if (request === null) return EMPTY_PAGE
  const { bucketId, prefix, delimiter, limit } = request
  const entries: ListEntry[] = []
  const prefixes: string[] = []
  const projector = new Projector(SPACE.current, bucketId)
  let last: string | null = null
  /** Where the scan went on behind a common prefix; null behind an entry. */
  let end: Buffer | null = null
  const scan = scanOf({
    space: SPACE.current,
    bucketId,
    prefix,
    delimiter,
    limit,
    suffixBytes: 0,
    from: startOf(SPACE.current, request),
    onEntry: (key, value) => {
      projector.check(key, value)
      const entry = projector.entry(key, key.length, value)
      last = entry.key
      end = null
      entries.push(entry)
    },
    onPrefix: (key, keyEnd, value) => {
      projector.check(key, value)
      last = key.toString('utf8', KEY_START, keyEnd)
      prefixes.push(last)
      end = keyBehindPrefix(SPACE.current, bucketId, last)
    },
  })
  const guard = new VisitorGuard()
  const range = rangeKey(bucketId)
  const { values } = await readEngine(engine, {
    keys: [range],
    ranges: [{ ...scan.read, visit: guard.wrap(scan.read.visit) }],
  })
  guard.rethrow()
  const value = values[0] ?? null
  // There is one range a bucket; when they split, a page of the wrong one is refused here.
  if (value !== null) decodeRangeRecord(bucketId, value)
  const isTruncated = scan.isTruncated()
  const below = Buffer.from(scan.read.range.start)
  const above = end ?? (last === null ? below : keyBehind(SPACE.current, bucketId, last))
  await requireSoundGap(engine, { below, above: isTruncated ? null : above })
  return { entries, prefixes, isTruncated, last }
}

/** The first engine key of a page: behind a key, or behind the common prefix that it lies in. */
export function startOf(space: number, request: ListRequest): Buffer | null {
  const { bucketId, after } = request
  if (after === null) return null
  const common = commonPrefixOf(request)
  return common === null || !fitsKey(common)
    ? keyBehind(space, bucketId, after)
    : keyBehindPrefix(space, bucketId, common)
}

/** Makes list entries of one bucket from records in memory that is not ours; keeps what repeats. */
export class Projector {
  /** CRC of the bytes that all keys of the pass begin with. */
  private readonly seed: number
  private ownerBytes: Buffer = Buffer.alloc(0)
  private owner = ''

  constructor(space: number, bucketId: BucketId) {
    this.seed = seedOf(idKey(space, bucketId))
  }

  /** @throws ObjectIndexError `corrupt` */
  check(key: Buffer, value: Buffer): void {
    checkSealed(key, value, crcOf(key, KEY_START, key.length, this.seed))
  }

  entry(key: Buffer, keyEnd: number, value: Buffer): ListEntry {
    const checksumAlgorithm = checksumAlgorithmOf(value)
    return {
      key: key.toString('utf8', KEY_START, keyEnd),
      sizeBytes: sizeOf(value),
      etag: etagOf(value),
      lastModifiedMs: lastModifiedOf(value),
      storageClass: storageClassOf(value),
      ownerId: this.ownerIn(value),
      checksumAlgorithm,
      checksumType:
        checksumAlgorithm === null ? null : isComposite(value) ? 'COMPOSITE' : 'FULL_OBJECT',
    }
  }

  /** Owners repeat: the last one's text is kept. */
  private ownerIn(value: Buffer): string {
    const { ownerBytes } = this
    const size = 1 + ownerSize(value)
    let isSame = size === ownerBytes.length
    for (let at = 0; isSame && at < size; at += 1) isSame = value[AT.fields + at] === ownerBytes[at]
    if (!isSame) {
      this.ownerBytes = Buffer.from(value.subarray(AT.fields, AT.fields + size))
      this.owner = ownerOf(value)
    }
    return this.owner
  }
}
