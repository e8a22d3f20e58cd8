// What every driver asks of keys, of ranges and of the seeks of a visitor.

import { assert } from '../base/assert.ts'
import { ENGINE_KEY_SIZE_BYTES_MAX, RANGE_READ_ENTRIES_MAX } from '../base/limits.ts'
import type { KeyRange, RangeRead } from './engine.ts'

/** The bound right behind the longest key is one byte longer. */
const BOUND_SIZE_BYTES_MAX: number = ENGINE_KEY_SIZE_BYTES_MAX + 1

export function checkBounds(bound: Uint8Array): void {
  assert(bound.length <= BOUND_SIZE_BYTES_MAX, `a bound has at most ${BOUND_SIZE_BYTES_MAX} bytes`)
}

export function checkKey(key: Uint8Array): void {
  const size = key.length
  assert(
    size >= 1 && size <= ENGINE_KEY_SIZE_BYTES_MAX,
    `a key has 1 to ${ENGINE_KEY_SIZE_BYTES_MAX} bytes, not ${size}`,
  )
}

/** An empty start is the first key of all. */
export function checkKeyRange({ start, end }: KeyRange): void {
  checkBounds(start)
  checkBounds(end)
}

export function checkRange({ range, limit }: RangeRead): void {
  checkKeyRange(range)
  assert(
    Number.isSafeInteger(limit) && limit >= 1 && limit <= RANGE_READ_ENTRIES_MAX,
    `a read visits 1 to ${RANGE_READ_ENTRIES_MAX} entries of a range`,
  )
}

export function checkSeek(isAhead: boolean): void {
  assert(isAhead, 'a visitor seeks a key behind the current one')
}
