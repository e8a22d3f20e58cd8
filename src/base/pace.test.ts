// Retry, rate, progress and cache, over a clock that is turned by hand.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lru } from './lru.ts'
import { ManualClock } from './manual-clock.ts'
import type { Random } from './random.ts'
import { Progress, RateLimiter } from './rate.ts'
import { backoffMs, retry } from './retry.ts'
import type { RetryOptions } from './retry.ts'

/** The longest jitter: pauses are at their bound. */
const longest: Random = { bytes: (count) => new Uint8Array(count), fraction: () => 1 }

function options(clock: ManualClock, changes: Partial<RetryOptions> = {}): RetryOptions {
  return {
    clock,
    random: longest,
    triesMax: 5,
    delayMs: 10,
    delayMsMax: 50,
    budgetMs: 1000,
    isTransient: () => true,
    ...changes,
  }
}

async function failing(clock: ManualClock, changes: Partial<RetryOptions>): Promise<number[]> {
  const triedAtMs: number[] = []
  const done = retry(options(clock, changes), async () => {
    triedAtMs.push(clock.monotonicMs())
    throw new RangeError('not yet')
  })
  const refused = assert.rejects(done, RangeError)
  await clock.advance(10_000)
  await refused
  return triedAtMs
}

test('pauses double up to their cap, and the tries are counted', async () => {
  assert.deepEqual(await failing(new ManualClock(), {}), [0, 10, 30, 70, 120])
  assert.equal(backoffMs(1000, 10, 50), 50)
})

test('no pause is begun that would pass the budget, and none behind a lasting error', async () => {
  assert.deepEqual(await failing(new ManualClock(), { budgetMs: 40 }), [0, 10, 30])
  assert.deepEqual(await failing(new ManualClock(), { isTransient: () => false }), [0])
})

test('a try that succeeds ends it; an abort ends a pause', async () => {
  const clock = new ManualClock()
  const second = retry(options(clock), async (index) => {
    if (index === 0) throw new RangeError('not yet')
    return index
  })
  await clock.advance(10)
  assert.equal(await second, 1)
  const abort = new AbortController()
  const aborted = retry(options(clock, { signal: abort.signal }), async () => {
    throw new RangeError('never')
  })
  await clock.advance(1)
  abort.abort(new TypeError('gave up'))
  await assert.rejects(aborted, TypeError)
  assert.equal(clock.waiting, 0)
})

test('a rate is kept over time, after one burst', async () => {
  const clock = new ManualClock()
  const rate = new RateLimiter({ clock, unitsPerSec: 100, burstUnits: 50 })
  let taken = 0
  const worker = (async () => {
    while (taken < 350) {
      await rate.take(25)
      taken += 25
    }
  })()
  await clock.advance(0)
  assert.equal(taken, 50)
  await clock.advance(1000)
  assert.equal(taken, 150)
  rate.setRate(200)
  await clock.advance(1000)
  assert.equal(taken, 350)
  await worker
})

test('a long rest earns one burst, no more', async () => {
  const clock = new ManualClock()
  const rate = new RateLimiter({ clock, unitsPerSec: 100, burstUnits: 50 })
  await clock.advance(60_000)
  assert.ok(rate.tryTake(50))
  assert.equal(rate.tryTake(1), false)
})

test('progress tells share, rate and time left, and never divides by nothing', async () => {
  const clock = new ManualClock()
  const progress = new Progress(clock, 400)
  assert.deepEqual(progress.report(), {
    doneUnits: 0,
    totalUnits: 400,
    doneShare: 0,
    unitsPerSec: null,
    leftMs: null,
  })
  progress.add(100)
  await clock.advance(2000)
  assert.equal(progress.report().unitsPerSec, 50)
  assert.equal(progress.report().leftMs, 6000)
  progress.setTotal(50)
  assert.equal(progress.report().doneShare, 1)
  assert.equal(new Progress(clock, 0).report().doneShare, 1)
})

test('a cache forgets what was not used for longest, by weight, and says so', () => {
  const forgotten: string[] = []
  const cache = new Lru<string, string>(
    10,
    (value) => value.length,
    (_value, key) => forgotten.push(key),
  )
  cache.set('a', 'xxxx')
  cache.set('b', 'xxxx')
  assert.equal(cache.get('a'), 'xxxx')
  cache.set('c', 'xx')
  assert.equal(cache.weight, 10)
  cache.set('d', 'x')
  assert.deepEqual(forgotten, ['b'])
  cache.set('a', 'x'.repeat(11))
  assert.deepEqual(forgotten, ['b', 'a', 'c', 'd', 'a'], 'too heavy alone: nothing stays')
  assert.equal(cache.size, 0)
  assert.equal(cache.weight, 0)
  cache.set('e', 'x')
  cache.clear()
  assert.equal(cache.delete('e'), false)
})
