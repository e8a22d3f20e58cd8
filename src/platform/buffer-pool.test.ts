// The pool lends no byte twice, in order of asking, and gets everything back.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as check from 'fast-check'
import type { DiskBuffer } from '../base/disk.ts'
import { BUFFER_SIZE_BYTES_MAX, BUFFER_WAITERS_MAX } from '../base/limits.ts'
import { QueueFullError } from '../base/queue.ts'
import { BufferPool } from './buffer-pool.ts'

const SMALL = 65_536
const LARGE = BUFFER_SIZE_BYTES_MAX

function poolOf(largeCount: number): BufferPool {
  return new BufferPool(new Uint8Array(largeCount * BUFFER_SIZE_BYTES_MAX))
}

function overlap(a: Buffer, b: Buffer): boolean {
  return a.byteOffset < b.byteOffset + b.length && b.byteOffset < a.byteOffset + a.length
}

test('whatever is taken and given back, no two buffers overlap and none is lost', async () => {
  const step = check.record({
    isTake: check.boolean(),
    isSmall: check.boolean(),
    pick: check.nat(),
  })
  await check.assert(
    check.asyncProperty(check.array(step, { maxLength: 200 }), async (steps) => {
      const pool = poolOf(3)
      const lent: DiskBuffer[] = []
      const asked: Promise<void>[] = []
      const take = async (size: number): Promise<void> => {
        const buffer = await pool.acquire(size)
        assert.ok(lent.every((other) => !overlap(other.bytes, buffer.bytes)))
        lent.push(buffer)
      }
      for (const { isSmall, isTake, pick } of steps) {
        if (isTake) asked.push(take(isSmall ? SMALL : LARGE))
        else if (lent.length > 0) lent.splice(pick % lent.length, 1)[0]?.release()
        await Promise.resolve()
      }
      while (pool.waiting > 0) {
        lent.shift()?.release()
        await Promise.resolve()
      }
      await Promise.all(asked)
      for (const buffer of lent) buffer.release()
      for (let count = 0; count < 3; count += 1) await pool.acquire(LARGE)
    }),
  )
})

test('who asked first is served first, also where a later, smaller wish would fit', async () => {
  const pool = poolOf(1)
  const small = await pool.acquire(SMALL)
  const order: string[] = []
  const large = pool.acquire(LARGE).then((buffer) => {
    order.push('large')
    buffer.release()
  })
  const other = pool.acquire(SMALL).then(() => order.push('small'))
  assert.equal(pool.waiting, 2)
  small.release()
  await Promise.all([large, other])
  assert.deepEqual(order, ['large', 'small'])
})

test('an aborted waiter holds nobody up, and gets nothing', async () => {
  const pool = poolOf(1)
  const small = await pool.acquire(SMALL)
  const abort = new AbortController()
  const large = pool.acquire(LARGE, abort.signal)
  const other = pool.acquire(SMALL)
  abort.abort(new RangeError('gave up'))
  await assert.rejects(large, RangeError)
  const second = await other
  small.release()
  second.release()
  const whole = await pool.acquire(LARGE)
  whole.release()
})

test('too many waiters are refused', async () => {
  const pool = poolOf(1)
  await pool.acquire(LARGE)
  const abort = new AbortController()
  const waiting = Array.from({ length: BUFFER_WAITERS_MAX }, () => pool.acquire(1, abort.signal))
  const settled = Promise.allSettled(waiting)
  await assert.rejects(pool.acquire(1), QueueFullError)
  abort.abort(new RangeError('the end'))
  await settled
})
