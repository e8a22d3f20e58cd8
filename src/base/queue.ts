// Waiting in order, with a bound: a semaphore for what is scarce, and a queue between a producer
// and a consumer. First come, first served; who waits can be aborted; nothing waits without limit.

import { assert } from './assert.ts'

/** The bound on waiters was reached: the caller answers SlowDown or the like. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError'
}

interface Waiter {
  readonly count: number
  readonly admit: () => void
}

/** Hands out `permits` units of something scarce. */
export class Semaphore {
  readonly #waitersMax: number
  readonly #waiters = new Set<Waiter>()
  #free: number
  readonly #permits: number

  constructor(permits: number, waitersMax: number) {
    assert(permits > 0 && waitersMax >= 0, 'a semaphore has permits')
    this.#permits = permits
    this.#free = permits
    this.#waitersMax = waitersMax
  }

  get free(): number {
    return this.#free
  }

  get waiting(): number {
    return this.#waiters.size
  }

  /** Takes units if they are free and nobody waits for them. */
  tryAcquire(count = 1): boolean {
    assert(count > 0 && count <= this.#permits, 'what is asked for can be had')
    if (this.#waiters.size > 0 || count > this.#free) return false
    this.#free -= count
    return true
  }

  /**
   * Takes units, waiting for those who came before. `release` gives them back.
   * @throws QueueFullError where too many wait; the signal's reason when aborted
   */
  acquire(count = 1, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    if (this.tryAcquire(count)) return Promise.resolve()
    if (this.#waiters.size >= this.#waitersMax) {
      return Promise.reject(new QueueFullError(`${this.#waiters.size} wait already`))
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.delete(waiter)
        reject(signal?.reason)
        this.#admit() // who stood behind may need less
      }
      const waiter: Waiter = {
        count,
        admit: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Gives units back. */
  release(count = 1): void {
    this.#free += count
    assert(this.#free <= this.#permits, 'no more is given back than was taken')
    this.#admit()
  }

  #admit(): void {
    for (const waiter of this.#waiters) {
      if (waiter.count > this.#free) return
      this.#free -= waiter.count
      this.#waiters.delete(waiter)
      waiter.admit()
    }
  }
}

/** A bounded queue of one or more producers and one consumer. */
export class Queue<T> {
  readonly #room: Semaphore
  #values: T[] = []
  #wake: (() => void) | null = null
  #isClosed = false

  constructor(lengthMax: number, waitersMax = 0) {
    this.#room = new Semaphore(lengthMax, waitersMax)
  }

  get length(): number {
    return this.#values.length
  }

  /** Adds a value, or answers false where the queue is full or closed. */
  tryPush(value: T): boolean {
    if (this.#isClosed || !this.#room.tryAcquire()) return false
    this.#add(value)
    return true
  }

  /** Adds a value, waiting for room. @throws QueueFullError; the signal's reason when aborted */
  async push(value: T, signal?: AbortSignal): Promise<void> {
    assert(!this.#isClosed, 'nothing is added to a closed queue')
    await this.#room.acquire(1, signal)
    this.#add(value)
  }

  /** No more comes; the consumer still gets what is there. */
  close(): void {
    this.#isClosed = true
    this.#wake?.()
  }

  /** Takes all that is there, at least one value; none once the queue is closed and empty. */
  async takeAll(signal?: AbortSignal): Promise<T[]> {
    while (this.#values.length === 0 && !this.#isClosed) await this.#wait(signal)
    const values = this.#values
    this.#values = []
    if (values.length > 0) this.#room.release(values.length)
    return values
  }

  #add(value: T): void {
    this.#values.push(value)
    this.#wake?.()
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    assert(this.#wake === null, 'a queue has one consumer')
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#wake = null
        reject(signal?.reason)
      }
      this.#wake = () => {
        this.#wake = null
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }
}
