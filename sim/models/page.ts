// What a page of a listing speaks of, by S3's rules: which keys lie in it, and which of them it
// shows by themselves or under a common prefix.

import type { ListPage, ListRequest } from '../../src/object-index/object-index.ts'

export type Coverage =
  /** The key has an entry in the page, or does not stand. */
  | 'entry'
  /** It is shown by its common prefix alone, with others. */
  | 'prefix'
  /** The page says nothing of it. */
  | 'outside'

/** How a key lies in a page. */
export function covers(
  asked: ListRequest,
  page: Pick<ListPage<unknown>, 'isTruncated' | 'last'>,
  key: string,
): Coverage {
  const { prefix, after, limit } = asked
  if (limit === 0 || !key.startsWith(prefix)) return 'outside'
  const common = commonOf(asked, key)
  if (after !== null && !isBehind(asked, key, after)) return 'outside'
  if (page.isTruncated && page.last !== null) {
    const place = common ?? key
    if (compareKeys(place, page.last) > 0) return 'outside'
  }
  return common === null ? 'entry' : 'prefix'
}

/** The common prefix under which a key is listed; null: by itself. */
export function commonOf(
  { prefix, delimiter }: Pick<ListRequest, 'prefix' | 'delimiter'>,
  key: string,
): string | null {
  if (delimiter === '' || !key.startsWith(prefix)) return null
  const at = key.indexOf(delimiter, prefix.length)
  return at === -1 ? null : key.slice(0, at + delimiter.length)
}

/** Whether a listing that goes on behind `after` comes to the key. */
function isBehind(asked: ListRequest, key: string, after: string): boolean {
  if (compareKeys(key, after) <= 0) return false
  const left = commonOf(asked, after)
  return left === null || !key.startsWith(left)
}

/** Keys are ordered by their bytes. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
