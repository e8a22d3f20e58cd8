// Visits a range of sorted entries as the lmdb driver does: the memory handed out is reused at once,
// and spoiled in between, so that a visitor that keeps it is found out by its test.

import { checkBounds, checkRange, checkSeek } from './range.ts'
import type { RangeRead } from './engine.ts'
import { keyText } from './key-text.ts'
import type { Place, SortedEntries } from './sorted-entries.ts'

const SPOILED = 0xdd

/** Answers whether the range's end was reached. */
export function visitEntries(entries: SortedEntries, read: RangeRead): boolean {
  const { range, limit, visit } = read
  const reverse = read.reverse === true
  checkRange(read)
  const start = keyText(range.start)
  const end = keyText(range.end)
  const scratch = new Scratch()
  let place = reverse ? entries.before(end) : entries.atOrBehind(start)
  for (let count = 0; count < limit; count += 1) {
    if (place === null || (reverse ? place.text < start : place.text >= end)) return true
    const next = scratch.lend(place, visit)
    if (next === 'stop') return false
    if (next === 'next') {
      place = reverse ? entries.before(place.text) : entries.atOrBehind(`${place.text}\0`)
      continue
    }
    checkBounds(next)
    const to = keyText(next)
    checkSeek(reverse ? to < place.text : to > place.text)
    place = reverse ? entries.before(`${to}\0`) : entries.atOrBehind(to)
  }
  return false
}

class Scratch {
  private bytes: Buffer = Buffer.allocUnsafe(4096)

  lend({ text, value }: Place, visit: RangeRead['visit']): ReturnType<RangeRead['visit']> {
    const size = text.length + value.length
    if (size > this.bytes.length) this.bytes = Buffer.allocUnsafe(2 * size)
    this.bytes.write(text, 0, 'latin1')
    value.copy(this.bytes, text.length)
    const answer = visit(
      this.bytes.subarray(0, text.length),
      this.bytes.subarray(text.length, size),
    )
    const kept = typeof answer === 'string' ? answer : Buffer.from(answer)
    this.bytes.fill(SPOILED, 0, size)
    return kept
  }
}
