// What many levels are as one: by example, and the laws over all small sets.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as check from 'fast-check'
import { LEVELS, worse } from '../status.ts'
import type { Level } from '../status.ts'
import { rollUp } from './roll-up.ts'

const level: check.Arbitrary<Level> = check.constantFrom(...LEVELS)

test('nothing is unknown, all down is major, some down is partial, else the worst', () => {
  const cases: readonly (readonly [readonly Level[], Level])[] = [
    [[], 'unknown'],
    [['operational', 'operational'], 'operational'],
    [['operational', 'unknown'], 'unknown'],
    [['operational', 'recovering', 'unknown'], 'recovering'],
    [['operational', 'degraded', 'recovering'], 'degraded'],
    [['operational', 'partial-outage'], 'partial-outage'],
    [['operational', 'major-outage'], 'partial-outage'],
    [['unknown', 'major-outage'], 'partial-outage'],
    [['major-outage', 'major-outage'], 'major-outage'],
    [['major-outage'], 'major-outage'],
  ]
  for (const [levels, expected] of cases) assert.equal(rollUp(levels), expected, levels.join())
})

test('one that gets worse never makes the whole better, and order does not matter', () => {
  check.assert(
    check.property(check.array(level, { minLength: 1, maxLength: 8 }), level, (levels, other) => {
      const [first, ...rest] = levels
      const before = rollUp(levels)
      const after = rollUp([worse(first ?? 'unknown', other), ...rest])
      assert.equal(worse(before, after), after)
      assert.equal(rollUp(levels.toReversed()), before)
      const isGreen = levels.every((each) => each === 'operational')
      assert.equal(before === 'operational', isGreen, 'green only where all are')
    }),
  )
})
