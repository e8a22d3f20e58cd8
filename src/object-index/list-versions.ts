// ListObjectVersions: the current records and the other versions of one moment, merged by key,
// newest first. Each of the two passes yields a page of its own; the merged page is the head of
// both.

import type { BucketId } from '../base/id.ts'
import { requireSoundGap } from './absence.ts'
import { decodeNullSlot } from './key-state.ts'
import {
  KEY_START,
  ORDER_SUFFIX_BYTES,
  SPACE,
  currentKey,
  nullSlotKey,
  versionKey,
  versionsOf,
} from './keys.ts'
import { EMPTY_PAGE, Projector, startOf } from './list.ts'
import {
  isKeyOfList,
  keyBehind,
  keyBehindPrefix,
  possible,
  scanOf,
  type Scan,
} from './list-scan.ts'
import type {
  ListPage,
  ListVersionsRequest,
  VersionEntry,
  VersionSelector,
} from './object-index.ts'
import { FLAG, checkObjectRecord, hasFlag, orderOf, versionIdOf } from './object-record.ts'
import { orderIn } from './plan-delete.ts'
import { VisitorGuard, readEngine, type ReadEngine } from './reading.ts'
import { isNullSlot } from './set-hash.ts'

interface Found {
  readonly kind: 'entry'
  readonly key: Buffer
  readonly order: number
  readonly entry: VersionEntry
}
interface FoundPrefix {
  readonly kind: 'prefix'
  readonly key: Buffer
  readonly prefix: string
}
type Item = Found | FoundPrefix

/** @throws ObjectIndexError `corrupt` */
export async function listVersions(
  engine: ReadEngine,
  asked: ListVersionsRequest,
): Promise<ListPage<VersionEntry>> {
  const request = possible(asked)
  if (request === null || request.limit === 0) return EMPTY_PAGE
  const position = await positionOf(engine, request)
  const currents: Item[] = []
  const others: Item[] = []
  const guard = new VisitorGuard()
  const scans: [Scan, Scan] = [
    versionScan(request, SPACE.current, position, currents),
    versionScan(request, SPACE.versions, position, others),
  ]
  const newer = new Newer()
  const ranges = scans.map(({ read }) => ({ ...read, visit: guard.wrap(read.visit) }))
  const marked = position.order === null || request.after === null ? null : request.after
  const { values } = await readEngine(engine, {
    keys: marked === null ? [] : [currentKey(request.bucketId, marked)],
    ranges: marked === null ? ranges : [...ranges, newer.read(request.bucketId, marked, guard)],
  })
  guard.rethrow()
  if (marked !== null)
    newer.take(request.bucketId, marked, values[0] ?? null, currents, position.order ?? 0)
  await requireGaps(engine, request.bucketId, [
    { space: SPACE.current, scan: scans[0], items: currents },
    { space: SPACE.versions, scan: scans[1], items: others },
  ])
  const isMore = scans.some((scan) => scan.isTruncated())
  return merge(currents, others, { limit: request.limit, isMore, newer })
}

/** Nothing was passed over before the first item of a pass, nor behind the last of a whole one. */
async function requireGaps(
  engine: ReadEngine,
  bucketId: BucketId,
  passes: readonly { space: number; scan: Scan; items: readonly Item[] }[],
): Promise<void> {
  for (const { space, scan, items } of passes) {
    const below = Buffer.from(scan.read.range.start)
    const last = items.at(-1)
    const above = last === undefined ? below : behindItem(space, bucketId, last)
    await requireSoundGap(engine, { below, above: scan.isTruncated() ? null : above })
  }
}

function behindItem(space: number, bucketId: BucketId, item: Item): Buffer {
  return item.kind === 'prefix'
    ? keyBehindPrefix(space, bucketId, item.prefix)
    : keyBehind(space, bucketId, item.key.toString('utf8'))
}

interface Position {
  /** First keys of both passes. */
  readonly current: Buffer | null
  readonly versions: Buffer | null
  /** Versions of the key `after` begin below this order; null: none of that key. */
  readonly order: number | null
}

/** Where the page goes on: behind a key, or behind one version of it. */
async function positionOf(engine: ReadEngine, request: ListVersionsRequest): Promise<Position> {
  const { bucketId, after, afterVersion } = request
  const behind: Position = {
    current: startOf(SPACE.current, request),
    versions: startOf(SPACE.versions, request),
    order: null,
  }
  if (after === null || afterVersion === null || !isKeyOfList(after, request)) return behind
  const order = await orderOfMarker(engine, bucketId, after, afterVersion)
  if (order === null) {
    // Of a null version that has gone nobody knows the place: its key's versions come again, so
    // that whoever deletes page by page gets to all of them.
    return {
      current: currentKey(bucketId, after),
      versions: versionKey(bucketId, after, MAX),
      order,
    }
  }
  return { ...behind, order, versions: versionKey(bucketId, after, order - 1) }
}

const MAX = Number.MAX_SAFE_INTEGER

async function orderOfMarker(
  engine: ReadEngine,
  bucketId: BucketId,
  key: string,
  version: VersionSelector,
): Promise<number | null> {
  if (version.kind === 'id') return orderIn(version.versionId)
  const at = currentKey(bucketId, key)
  const slotKey = nullSlotKey(bucketId, key)
  const {
    values: [current, slot],
  } = await readEngine(engine, { keys: [at, slotKey] })
  if (current !== undefined && current !== null) {
    checkObjectRecord(at, current)
    if (version.kind === 'latest' || hasFlag(current, FLAG.isNull)) return orderOf(current)
  }
  if (version.kind === 'latest' || slot === undefined || slot === null) return null
  return decodeNullSlot(slotKey, slot)
}

/** One pass of the two: its items are copies. */
function versionScan(
  request: ListVersionsRequest,
  space: number,
  position: Position,
  into: Item[],
): Scan {
  const { bucketId, prefix, delimiter, limit } = request
  const isCurrent = space === SPACE.current
  const suffixBytes = isCurrent ? 0 : ORDER_SUFFIX_BYTES
  const projector = new Projector(space, bucketId)
  return scanOf({
    space,
    bucketId,
    prefix,
    delimiter,
    limit,
    suffixBytes,
    from: isCurrent ? position.current : position.versions,
    isSkipped: isNullSlot,
    onEntry: (key, value) => {
      projector.check(key, value)
      const keyEnd = key.length - suffixBytes
      into.push({
        kind: 'entry',
        key: Buffer.from(key.subarray(KEY_START, keyEnd)),
        order: orderOf(value),
        entry: versionEntry(projector, key, keyEnd, value),
      })
    },
    onPrefix: (key, keyEnd, value) => {
      projector.check(key, value)
      into.push({
        kind: 'prefix',
        key: Buffer.from(key.subarray(KEY_START, keyEnd)),
        prefix: key.toString('utf8', KEY_START, keyEnd),
      })
    },
  })
}

function versionEntry(
  projector: Projector,
  key: Buffer,
  keyEnd: number,
  value: Buffer,
): VersionEntry {
  return {
    ...projector.entry(key, keyEnd, value),
    versionId: hasFlag(value, FLAG.isNull) ? 'null' : versionIdOf(value),
    isLatest: key[0] === SPACE.current,
    isDeleteMarker: hasFlag(value, FLAG.deleteMarker),
  }
}

/** What is newer than the first version of a page that begins within a key. */
class Newer {
  private key: Buffer | null = null
  private newestOther = 0
  private hasCurrent = false

  read(
    bucketId: BucketId,
    key: string,
    guard: VisitorGuard,
  ): {
    readonly range: { readonly start: Uint8Array; readonly end: Uint8Array }
    readonly limit: number
    readonly visit: (key: Buffer, value: Buffer) => 'stop' | 'next' | Uint8Array
  } {
    this.key = Buffer.from(key)
    return {
      range: versionsOf(bucketId, key),
      limit: 1,
      visit: guard.wrap((_, value) => {
        this.newestOther = orderOf(value)
        return 'stop'
      }),
    }
  }

  /** A current record that is older than the marker is part of the page: it was promoted. */
  take(
    bucketId: BucketId,
    key: string,
    current: Buffer | null,
    currents: Item[],
    order: number,
  ): void {
    this.hasCurrent = current !== null
    if (current === null || orderOf(current) >= order) return
    const at = Buffer.from(key)
    const full = Buffer.concat([Buffer.alloc(KEY_START), at])
    const entry = versionEntry(new Projector(SPACE.current, bucketId), full, full.length, current)
    currents.unshift({
      kind: 'entry',
      key: at,
      order: orderOf(current),
      entry: { ...entry, isLatest: true },
    })
  }

  /** Whether something newer than this item is known that is not on the page. */
  hides(item: Found): boolean {
    if (this.key === null || !this.key.equals(item.key)) return false
    return this.hasCurrent || this.newestOther > item.order
  }
}

function merge(
  currents: readonly Item[],
  others: readonly Item[],
  page: { readonly limit: number; readonly isMore: boolean; readonly newer: Newer },
): ListPage<VersionEntry> {
  const entries: VersionEntry[] = []
  const prefixes: string[] = []
  let last: string | null = null
  let lastKey: Buffer | null = null
  let left = 0
  let right = 0
  for (;;) {
    const a = currents[left]
    const b = others[right]
    if (a === undefined && b === undefined) break
    if (entries.length + prefixes.length === page.limit) {
      return { entries, prefixes, isTruncated: true, last }
    }
    const order = a === undefined ? 1 : b === undefined ? -1 : compare(a, b)
    const item = order <= 0 ? a : b
    if (order <= 0) left += 1
    else right += 1
    if (item === undefined) break
    if (item.kind === 'prefix') {
      const other = others[right]
      // The same prefix in both passes is one.
      if (order === 0 && other?.kind === 'prefix') right += 1
      prefixes.push(item.prefix)
      last = item.prefix
      continue
    }
    const isFirst = lastKey === null || !lastKey.equals(item.key)
    lastKey = item.key
    const isLatest = isFirst && !page.newer.hides(item)
    entries.push(isLatest || item.entry.isLatest ? { ...item.entry, isLatest: true } : item.entry)
    last = item.entry.key
  }
  return { entries, prefixes, isTruncated: page.isMore, last }
}

/** By key; of one key the newer first. Equal only for the same prefix. */
function compare(a: Item, b: Item): number {
  const byKey = Buffer.compare(a.key, b.key)
  if (byKey !== 0 || a.kind === 'prefix' || b.kind === 'prefix') return byKey
  return b.order - a.order
}
