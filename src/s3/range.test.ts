// Ranges of small objects, all of them, against slices. S3.md 24 and 36.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkCopySourceRange, parseCopySourceRange, parseRange, resolveRange } from './range.ts'
import { S3Error } from './s3-error.ts'

const SIZES = [0, 1, 2, 3, 4, 5]
const NUMBERS = [0, 1, 2, 3, 4, 5, 6, 999_999_999_999_999]

/** The bytes of a range, or the code of its error; null where the header means nothing. */
function slice(header: string, text: string): string | null {
  const spec = parseRange(header)
  if (spec === null) return null
  try {
    const { start, end } = resolveRange(spec, text.length)
    assert.ok(start < end, 'a range has bytes')
    return text.slice(start, end)
  } catch (error) {
    if (error instanceof S3Error) return error.code
    throw error
  }
}

test('S3.md 24: every range of every small object is the slice that RFC 9110 says', () => {
  for (const size of SIZES) {
    const text = '01234'.slice(0, size)
    for (const first of NUMBERS) {
      const from = text.slice(Math.min(first, size))
      assert.equal(slice(`bytes=${first}-`, text), from === '' ? 'InvalidRange' : from)
      const suffix = first === 0 ? '' : text.slice(-first)
      assert.equal(slice(`bytes=-${first}`, text), suffix === '' ? 'InvalidRange' : suffix)
      for (const last of NUMBERS) {
        const between = text.slice(Math.min(first, size), Math.min(last + 1, size))
        const wanted = last < first ? null : between === '' ? 'InvalidRange' : between
        assert.equal(slice(`bytes=${first}-${last}`, text), wanted, `${first}-${last} of ${size}`)
      }
    }
  }
})

test('S3.md 36: a copied range has both ends and lies inside its source', () => {
  for (const size of SIZES) {
    for (const first of NUMBERS) {
      for (const last of NUMBERS.filter((number) => number >= first)) {
        const range = parseCopySourceRange(`bytes=${first}-${last}`)
        assert.deepEqual(range, { start: first, end: last + 1 })
        const check = (): void => checkCopySourceRange(range ?? { start: 0, end: 0 }, size)
        if (last < size) check()
        else assert.throws(check, { code: 'InvalidRange' })
      }
    }
  }
  assert.equal(parseCopySourceRange(null), null)
})
