// One pass over a bucket's keys for a page of LIST: entries in byte order, keys under a common
// prefix taken as one entry and skipped with one seek. What it costs follows what is returned.

import type { BucketId } from '../base/id.ts'
import { corrupt } from './binary.ts'
import type { RangeRead } from '../engine/engine.ts'
import { KEY_BYTES_MAX, KEY_START, after, bucketRange, idKey } from './keys.ts'
import type { ListRequest } from './object-index.ts'

/** Where a scan begins, and what it takes together. */
export interface ScanRequest {
  readonly space: number
  readonly bucketId: BucketId
  readonly prefix: string
  readonly delimiter: string
  /** First engine key; null: the first with the prefix. */
  readonly from: Buffer | null
  /** Bytes behind the object's key in an engine key: 0, or those of order or upload. */
  readonly suffixBytes: number
  /** Entries and prefixes wanted; one more is looked at. */
  readonly limit: number
  /** Records between the entries that are none: nothing counts or shows them. */
  readonly isSkipped?: (key: Buffer) => boolean
  /** A key that is in no common prefix. */
  readonly onEntry: (key: Buffer, value: Buffer) => void
  /** `keyEnd` is where the common prefix ends in the engine key of the first record under it. */
  readonly onPrefix: (key: Buffer, keyEnd: number, value: Buffer) => void
}

export interface Scan {
  readonly read: RangeRead
  /** Whether there was more than `limit`; known when the read has ended. */
  isTruncated(): boolean
}

/** Entries that one read visits at most: skipped records are few beside the others. */
const VISITS_MAX = 10_000

/** The range read of a scan; its visitor may throw, see VisitorGuard. */
export function scanOf(request: ScanRequest): Scan {
  const { space, bucketId, limit, suffixBytes } = request
  const prefix = Buffer.from(request.prefix)
  const delimiter = Buffer.from(request.delimiter)
  const first = Buffer.concat([idKey(space, bucketId), prefix])
  const all = bucketRange(space, bucketId)
  const from =
    request.from !== null && Buffer.compare(request.from, first) > 0 ? request.from : first
  const end = prefix.length === 0 ? all.end : after(first)
  const searchFrom = KEY_START + prefix.length
  let count = 0
  let isTruncated = false
  /** Where the last search began: what it found lies behind, unless a damaged key misled it. */
  let searched: Uint8Array | null = from
  return {
    isTruncated: () => isTruncated,
    read: {
      range: { start: Buffer.compare(from, end) < 0 ? from : end, end },
      limit: VISITS_MAX,
      visit: (key, value) => {
        if (searched !== null && Buffer.compare(key, searched) < 0) {
          throw corrupt(key, 'the record stands out of order')
        }
        searched = null
        if (request.isSkipped?.(key) === true) return 'next'
        if (count === limit) {
          isTruncated = limit > 0
          return 'stop'
        }
        const keyEnd =
          delimiter.length === 0
            ? -1
            : prefixEnd(key, delimiter, searchFrom, key.length - suffixBytes)
        if (keyEnd !== -1) {
          request.onPrefix(key, keyEnd, value)
          count += 1
          searched = after(key.subarray(0, keyEnd))
          return searched
        }
        request.onEntry(key, value)
        count += 1
        return 'next'
      },
    },
  }
}

/** Behind the first delimiter in key[from, to); -1 where there is none. */
function prefixEnd(key: Buffer, delimiter: Buffer, from: number, to: number): number {
  const at =
    delimiter.length === 1 ? key.indexOf(delimiter[0] ?? 0, from) : key.indexOf(delimiter, from)
  return at === -1 || at + delimiter.length > to ? -1 : at + delimiter.length
}

/**
 * The common prefix that `after` lies in or equals; null where there is none. A page that goes on
 * behind such a key leaves the whole prefix behind. Source: S3.md, 38.
 */
export function commonPrefixOf(
  request: Pick<ListRequest, 'prefix' | 'delimiter' | 'after'>,
): string | null {
  const { prefix, delimiter, after: last } = request
  if (last === null || delimiter === '' || !last.startsWith(prefix)) return null
  const at = last.indexOf(delimiter, prefix.length)
  return at === -1 ? null : last.slice(0, at + delimiter.length)
}

/** Whether the marker `after` may be an entry of this list: only then its versions count. */
export function isKeyOfList(
  after: string,
  request: Pick<ListRequest, 'prefix' | 'delimiter' | 'after'>,
): boolean {
  return after.startsWith(request.prefix) && commonPrefixOf(request) === null && fitsKey(after)
}

/**
 * Keys never hold U+0000 nor more than 1,024 bytes, prefixes and markers that clients send may: no
 * key has such a prefix, and behind a marker with U+0000 comes what comes behind its part before
 * that. A long marker is `keyBehind`'s to place. Null: an empty page.
 */
export function possible<T extends ListRequest>(request: T): T | null {
  if (request.prefix.includes('\0') || !fitsKey(request.prefix)) return null
  const at = request.after?.indexOf('\0') ?? -1
  return at === -1 ? request : { ...request, after: request.after?.slice(0, at) ?? null }
}

/** Whether a key may begin with this. */
export function fitsKey(text: string): boolean {
  return Buffer.byteLength(text) <= KEY_BYTES_MAX
}

/** The first engine key behind `last` and all that has it as its key. */
export function keyBehind(space: number, bucketId: BucketId, last: string): Buffer {
  // Keys never hold 0x00, and what stands behind a key in an engine key begins with it. What is
  // longer than any key has the same keys behind it as its first bytes, as many as a key may have.
  const bytes = Buffer.from(last).subarray(0, KEY_BYTES_MAX)
  return Buffer.concat([idKey(space, bucketId), bytes, Buffer.from([1])])
}

/** The first engine key behind all that begins with `prefix`. */
export function keyBehindPrefix(space: number, bucketId: BucketId, prefix: string): Buffer {
  return after(Buffer.concat([idKey(space, bucketId), Buffer.from(prefix)]))
}
