// Order, bounds and cancellation of waiting.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Queue, QueueFullError, Semaphore } from './queue.ts'

/** Lets all that is ready run. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

test('units are given in order of asking, also where a smaller wish would fit', async () => {
  const semaphore = new Semaphore(3, 10)
  const order: string[] = []
  await semaphore.acquire(2)
  void semaphore.acquire(3).then(() => order.push('all three'))
  void semaphore.acquire(1).then(() => order.push('one'))
  assert.equal(semaphore.tryAcquire(1), false, 'nobody overtakes')
  await settle()
  assert.deepEqual(order, [])
  semaphore.release(2)
  await settle()
  assert.deepEqual(order, ['all three'])
  semaphore.release(3)
  await settle()
  assert.deepEqual(order, ['all three', 'one'])
  assert.equal(semaphore.free, 2)
})

test('an aborted waiter leaves its place, gets the reason, and those behind move up', async () => {
  const semaphore = new Semaphore(2, 10)
  await semaphore.acquire(1)
  const abort = new AbortController()
  const large = semaphore.acquire(2, abort.signal)
  const small = semaphore.acquire(1)
  abort.abort(new RangeError('gave up'))
  await assert.rejects(large, RangeError)
  await small
  assert.equal(semaphore.free, 0)
  assert.equal(semaphore.waiting, 0)
  await assert.rejects(semaphore.acquire(1, abort.signal), RangeError)
})

test('too many waiters are refused, giving back too much is a programmer error', async () => {
  const semaphore = new Semaphore(1, 1)
  await semaphore.acquire()
  void semaphore.acquire()
  await assert.rejects(semaphore.acquire(), QueueFullError)
  semaphore.release()
  semaphore.release()
  assert.throws(() => semaphore.release(), { name: 'AssertionError' })
})

test('a queue hands over all that has come, in order, and bounds what waits', async () => {
  const queue = new Queue<number>(2)
  assert.ok(queue.tryPush(1))
  assert.ok(queue.tryPush(2))
  assert.equal(queue.tryPush(3), false)
  assert.deepEqual(await queue.takeAll(), [1, 2])
  const taken = queue.takeAll()
  assert.ok(queue.tryPush(4))
  assert.deepEqual(await taken, [4])
})

test('a push waits for room; a closed queue is emptied and then answers nothing', async () => {
  const queue = new Queue<number>(1, 1)
  await queue.push(1)
  const second = queue.push(2)
  await assert.rejects(queue.push(3), QueueFullError)
  assert.deepEqual(await queue.takeAll(), [1])
  await second
  queue.close()
  assert.equal(queue.tryPush(4), false)
  assert.deepEqual(await queue.takeAll(), [2])
  assert.deepEqual(await queue.takeAll(), [])
})

test('waiting for values can be aborted and begun again', async () => {
  const queue = new Queue<number>(1)
  const abort = new AbortController()
  const taken = queue.takeAll(abort.signal)
  abort.abort(new RangeError('gave up'))
  await assert.rejects(taken, RangeError)
  queue.tryPush(1)
  assert.deepEqual(await queue.takeAll(), [1])
})
