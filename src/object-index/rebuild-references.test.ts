// Long scans of the index, in pages: a commit that waits comes between two of them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId, type BucketId, type CommitId, type ExtentId } from '../base/id.ts'
import { ManualClock } from '../base/manual-clock.ts'
import type { Mutation } from '../engine/engine.ts'
import { openMemoryEngine } from '../engine/memory.ts'
import { SPACE, currentKey, nullSlotKey, spaceRange } from './keys.ts'
import { findReferences, visitAll } from './rebuild-references.ts'
import { SeededRandom } from './suite-world.ts'

const PAGE_ENTRIES = 5000
const random = new SeededRandom(1)

/** An engine with more than two pages of records in one bucket. */
async function filled(keyFor: (bucketId: BucketId, key: string) => Buffer = currentKey) {
  const engine = openMemoryEngine({ clock: new ManualClock(1_700_000_000_000) })
  const bucketId = newId<BucketId>(random)
  const keyOf = (number: number): Buffer => keyFor(bucketId, String(number).padStart(6, '0'))
  const write = async (mutations: readonly Mutation[]): Promise<void> => {
    const id = newId<CommitId>(random)
    await engine.commit({ id, reads: {}, decide: () => ({ kind: 'apply', mutations, result: 0 }) })
  }
  const value = Buffer.from('any')
  for (let start = 0; start < 2 * PAGE_ENTRIES + 1000; start += 1000) {
    const keys = Array.from({ length: 1000 }, (_, index) => keyOf(start + index))
    await write(keys.map((key) => ({ kind: 'set', key, value })))
  }
  return { engine, write, keyOf, value }
}

test('a commit comes between two pages of a scan, and the scan goes on behind it', async () => {
  const { engine, write, keyOf, value } = await filled()
  const order: string[] = []
  let count = 0
  const pause = async (): Promise<void> => {
    await write([{ kind: 'set', key: keyOf(900_000 + order.length), value }])
    order.push(`a commit behind ${count}`)
  }
  const visit = (): void => void (count += 1)
  await visitAll(engine, spaceRange(SPACE.current), undefined, visit, pause)
  assert.deepEqual(order, [
    `a commit behind ${PAGE_ENTRIES}`,
    `a commit behind ${2 * PAGE_ENTRIES}`,
  ])
  assert.equal(count, 2 * PAGE_ENTRIES + 1000 + 2, 'those that came meanwhile are seen too')
  await engine[Symbol.asyncDispose]()
})

test('a scan ends between two pages when it is told to', async () => {
  const { engine } = await filled()
  const stop = new AbortController()
  let count = 0
  const visit = (): void => void (count += 1)
  const pause = async (): Promise<void> => stop.abort()
  await assert.rejects(visitAll(engine, spaceRange(SPACE.current), stop.signal, visit, pause), {
    name: 'AbortError',
  })
  assert.equal(count, PAGE_ENTRIES)
  await engine[Symbol.asyncDispose]()
})

test('a search for references pauses between its pages too', async () => {
  const { engine } = await filled(nullSlotKey) // of the keys that name no blob the shortest to make
  let pauses = 0
  const pause = async (): Promise<void> => void (pauses += 1)
  const none = await findReferences(engine, new Set([newId<ExtentId>(random)]), undefined, pause)
  assert.equal(none.size, 0)
  assert.equal(pauses, 2)
  await engine[Symbol.asyncDispose]()
})
