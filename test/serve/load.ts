// Writers at a served store that remember what was acknowledged, and the check that all of it is
// there, byte for byte, and that what may or may not be there is whole where it is.

import assert from 'node:assert/strict'
import type { Served } from './group.ts'

/** What clients saw. */
export class Load {
  readonly #served: Served
  readonly #acknowledged = new Map<string, string>()
  /** Answered 503, which a client tries again: whether it was carried out is not known. */
  readonly #unavailable = new Map<string, string>()
  readonly #otherStatuses = new Map<string, number>()
  /** No answer: either is right. */
  unsure = 0
  #isOver = false
  #running: Promise<void>[] = []
  #next = 0

  constructor(served: Served) {
    this.#served = served
  }

  get acknowledged(): number {
    return this.#acknowledged.size
  }

  get unavailable(): number {
    return this.#unavailable.size
  }

  /** Puts object after object from `clients` at once, until `stop`. */
  start(clients: number): void {
    for (let client = 0; client < clients; client++) this.#running.push(this.#write())
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#running)
  }

  async #write(): Promise<void> {
    while (!this.#isOver) {
      const number = this.#next++
      const key = `/load/${number}`
      const body = `${number} `.repeat(1 + (number % 700))
      try {
        const { status } = await this.#served.send('PUT', key, body)
        if (status === 200) this.#acknowledged.set(key, body)
        else if (status === 503) this.#unavailable.set(key, body)
        else this.#otherStatuses.set(key, status)
      } catch {
        this.unsure += 1
      }
    }
  }

  /** Reads all back. */
  async check(served: Served): Promise<void> {
    const keys = [...this.#acknowledged]
    const read = async (): Promise<void> => {
      for (let next = keys.pop(); next !== undefined; next = keys.pop()) {
        const [key, body] = next
        const answer = await served.send('GET', key)
        assert.equal(answer.status, 200, `${key} was acknowledged`)
        assert.equal(answer.body, body, key)
      }
    }
    await Promise.all(Array.from({ length: 8 }, read))
    for (const [key, body] of this.#unavailable) {
      const answer = await served.send('GET', key)
      if (answer.status === 200) assert.equal(answer.body, body, key)
      else assert.equal(answer.status, 404, key)
    }
    assert.deepEqual(this.#otherStatuses, new Map())
  }
}
