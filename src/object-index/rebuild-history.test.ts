// Histories of everything a store does, drawn from a seed, with crashes, compaction and checkpoints
// between; then the index is deleted, and what comes back is what there was. On the memory engine
// and on lmdb. Some 20 seconds.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { BucketId } from '../base/id.ts'
import type { ManualClock } from '../base/manual-clock.ts'
import type { Engine } from '../engine/engine.ts'
import { openLmdbEngine } from '../engine/lmdb.ts'
import { TestStore, type EngineHome } from '../placement/suite-store.ts'
import { openDisk } from '../platform/disk.ts'
import { checkEqual, contents, rebuild, unsureKeys } from './suite-rebuild.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-history-'))
after(() => rmSync(root, { recursive: true, force: true }))
/** On lmdb every commit is synced, so fewer. */
const SEEDS = { memory: [11, 12, 13, 14, 15, 16, 17, 18], lmdb: [11, 12, 13] } as const
const STEPS = 150
const KEYS = 12

/** An environment of lmdb; one that is opened again finds what was durable. */
function lmdbHome(clock: ManualClock): EngineHome {
  let path = mkdtempSync(join(root, 'lmdb-'))
  let last: Engine | null = null
  return {
    open: async () => {
      await last?.[Symbol.asyncDispose]()
      last = await openLmdbEngine({ path, clock })
      return last
    },
    lose: async () => {
      await last?.[Symbol.asyncDispose]()
      last = null
      path = mkdtempSync(join(root, 'lmdb-'))
    },
  }
}

class History {
  readonly store: TestStore
  #plain: BucketId | null = null
  #versioned: BucketId | null = null
  #uploads = 0

  constructor(store: TestStore) {
    this.store = store
  }

  async begin(): Promise<void> {
    this.#plain = await this.store.bucket()
    this.#versioned = await this.store.bucket('enabled')
  }

  #pick(count: number): number {
    return this.store.random.bytes(2).reduce((sum, byte) => sum * 256 + byte, 0) % count
  }

  /** Some step; `isQuiet` leaves out what copies the log. */
  async step(isQuiet: boolean): Promise<void> {
    const { store } = this
    const plain = this.#plain ?? assert.fail()
    const versioned = this.#versioned ?? assert.fail()
    const key = `k${this.#pick(KEYS)}`
    const choice = this.#pick(isQuiet ? 16 : 22)
    if (choice < 6) await store.put(plain, key, store.bytes(1 + this.#pick(5000)))
    else if (choice < 8) await store.put(versioned, key, store.bytes(1 + this.#pick(3000)))
    else if (choice < 10) await store.delete(plain, key)
    else if (choice < 11) await this.#mark(versioned, key)
    else if (choice < 12) await store.tryPut(plain, key, store.bytes(50), { kind: 'absent' })
    else if (choice < 14) await this.#copy(plain, key)
    else if (choice < 15) await this.#upload(plain, key)
    else if (choice < 16) await store.sealAll()
    else if (choice < 18) await store.archiver.flush()
    else if (choice < 19) await store.archiver.checkpoint()
    else if (choice < 21) await store.placement.runOnce(new AbortController().signal)
    else await store.crash()
  }

  /** A delete marker on a versioned key: its older versions stay what they are. */
  async #mark(bucketId: BucketId, key: string): Promise<void> {
    await this.store.apply({
      kind: 'delete-objects',
      bucketId,
      entries: [{ key, version: { kind: 'latest' }, ifMatch: null }],
    })
  }

  async #copy(bucketId: BucketId, key: string): Promise<void> {
    if (this.store.acknowledged.has(`${bucketId}/${key}/`)) {
      await this.store.copy(bucketId, key, `copy-of-${key}`)
    }
  }

  async #upload(bucketId: BucketId, key: string): Promise<void> {
    this.#uploads += 1
    const parts = Array.from({ length: 1 + this.#pick(3) }, () =>
      this.store.bytes(1 + this.#pick(this.#uploads % 4 === 0 ? 400_000 : 4000)),
    )
    await this.store.upload(bucketId, key, parts)
  }
}

for (const [name, home] of [
  ['memory', undefined],
  ['lmdb', lmdbHome],
] as const) {
  for (const seed of SEEDS[name]) {
    test(`${name}, seed ${seed}: the rebuilt index is the old one, record for record`, async () => {
      const folder = mkdtempSync(join(root, 'store-'))
      const options = { folder, disk: openDisk(folder), seed }
      const store = await TestStore.open(home === undefined ? options : { ...options, home })
      const history = new History(store)
      await history.begin()
      for (let step = 0; step < STEPS; step += 1) await history.step(false)
      await store.checkAll()
      await store.archiver.flush()
      await checkEqual(store, await contents(store.engine))
      for (let step = 0; step < STEPS / 2; step += 1) await history.step(false)
      await store.archiver.flush()
      await checkEqual(store, await contents(store.engine))
      await store.close()
    })
  }

  test(`${name}: what came behind the archive is the reported window, and nothing else`, async () => {
    const folder = mkdtempSync(join(root, 'store-'))
    const options = { folder, disk: openDisk(folder), seed: 21 }
    const store = await TestStore.open(home === undefined ? options : { ...options, home })
    const history = new History(store)
    await history.begin()
    for (let step = 0; step < STEPS; step += 1) await history.step(false)
    await store.archiver.flush()
    const before = await contents(store.engine)
    const last = (await store.index.archiveBlobs('log', null, 1000)).at(-1)
    const names = new Set(store.acknowledged.keys())
    const bytesBefore = new Map(store.acknowledged)
    for (let step = 0; step < 20; step += 1) await history.step(true)
    const written = [...store.acknowledged.values()].filter(
      ({ data }) => ![...bytesBefore.values()].some((old) => old.data === data),
    )
    assert.ok(written.length > 0 && names.size > 0)
    const { report, engine } = await rebuild(store)
    assert.deepEqual(report.findings, [])
    assert.deepEqual(await contents(engine), before)
    assert.deepEqual(report.lastStamp, last?.to)
    // A copy moves no bytes, so a blob proves its source alone.
    const keys = new Set(unsureKeys(report))
    for (const { key } of written) {
      if (!key.startsWith('copy-of-')) assert.ok(keys.has(key), `${key} is unsure`)
    }
    await store.close()
  })
}
