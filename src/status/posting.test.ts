// What is told to who is about to post.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { raisedOver, wellSnapshot } from './output/sample-snapshot.ts'
import { postingOf } from './posting.ts'

test('a component is told as the page has it, and as machines see it', () => {
  const well = wellSnapshot()
  const health = well.health.map((each, index) =>
    index === 0 ? raisedOver(each, 'partial-outage') : each,
  )
  const { components, nowMs, orderMax } = postingOf({ ...well, health }, 7, 1234)
  assert.deepEqual([components.length, orderMax, nowMs], [health.length, 7, 1234])
  assert.deepEqual(
    components.slice(0, 2).map(({ level, seen }) => [level, seen]),
    [
      ['operational', 'partial-outage'],
      ['operational', 'operational'],
    ],
  )
})
