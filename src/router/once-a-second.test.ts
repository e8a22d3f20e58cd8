import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OnceASecond } from './once-a-second.ts'

test('one of many is let through each second, and stands for those since the last', () => {
  const lines = new OnceASecond()
  assert.equal(lines.take(5000), 1)
  for (const nowMs of [5000, 5001, 5999]) assert.equal(lines.take(nowMs), 0)
  assert.equal(lines.take(6000), 4)
  assert.equal(lines.take(6999), 0)
  assert.equal(lines.take(60_000), 2)
  assert.equal(lines.take(70_000), 1)
})
