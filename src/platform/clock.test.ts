// The real clock and randomness: only what holds on any machine.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './clock.ts'
import { openSystemRandom } from './random.ts'

test('time goes on, and never back by the monotonic clock', async () => {
  const [monotonicMs, uptimeMs] = [systemClock.monotonicMs(), systemClock.uptimeMs()]
  await systemClock.sleep(5)
  assert.ok(systemClock.monotonicMs() - monotonicMs >= 4)
  assert.ok(systemClock.uptimeMs() >= uptimeMs)
  assert.ok(systemClock.nowMs() > Date.UTC(2020, 0))
})

test('a timer fires later, once, or never when cancelled', async () => {
  const fired: string[] = []
  const cancelled = systemClock.after(0, () => fired.push('cancelled'))
  systemClock.after(0, () => fired.push('fired'))
  assert.deepEqual(fired, [])
  cancelled.cancel()
  cancelled.cancel()
  await systemClock.sleep(10)
  assert.deepEqual(fired, ['fired'])
})

test('a delay beyond what the timers hold does not fire at once', async () => {
  const timer = systemClock.after(2 ** 40, () => assert.fail('fired'))
  await systemClock.sleep(5)
  timer.cancel()
})

test('a sleep ends with the reason of its signal', async () => {
  const abort = new AbortController()
  const asleep = systemClock.sleep(60_000, abort.signal)
  abort.abort(new RangeError('gave up'))
  await assert.rejects(asleep, RangeError)
  await assert.rejects(systemClock.sleep(60_000, abort.signal), RangeError)
})

test('random bytes are of the length asked, and never the same twice', () => {
  const random = openSystemRandom()
  const seen = new Set<string>()
  for (let round = 0; round < 2000; round += 1) {
    const bytes = random.bytes(16)
    assert.equal(bytes.length, 16)
    seen.add(Buffer.from(bytes).toString('hex'))
  }
  assert.equal(seen.size, 2000)
  for (const count of [0, 1, 256, 257, 10_000]) assert.equal(random.bytes(count).length, count)
  const fraction = random.fraction()
  assert.ok(fraction >= 0 && fraction < 1)
})
