// What tests of a rebuild share: a store filled with something of everything, its index deleted and
// rebuilt from the folder alone, and both compared record by record.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newId, type BucketId, type CommitId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import type { Engine } from '../engine/engine.ts'
import type { TestStore } from '../placement/suite-store.ts'
import { SPACE } from './keys.ts'
import { openObjectIndexReader } from './object-index-reader.ts'
import { rebuildIndex, type RebuildReport } from './rebuild.ts'
import { visitAll } from './rebuild-references.ts'

const LAST_KEY = Buffer.alloc(1979, 0xff)
/** Extents' states, the archiver's own records and its extents' sums go on moving. */
const OWN_SPACES: ReadonlySet<number> = new Set([
  SPACE.consumer,
  SPACE.archiveBlob,
  SPACE.extent,
  SPACE.extentSum,
])

/** All records of clients' data, as hex. */
export async function contents(engine: Engine): Promise<Map<string, string>> {
  const records = new Map<string, string>()
  await visitAll(engine, { start: Buffer.of(0), end: LAST_KEY }, undefined, (key, value) => {
    const isArchive = key[0] === SPACE.reverse && key[23] === 3
    if (!OWN_SPACES.has(key[0] ?? 0) && !isArchive)
      records.set(key.toString('hex'), value.toString('hex'))
  })
  return records
}

/** Something of everything, in several turns of the archiver. */
export async function fill(
  store: TestStore,
  turns: number,
): Promise<{ plain: BucketId; versioned: BucketId }> {
  const plain = await store.bucket()
  const versioned = await store.bucket('enabled')
  for (let turn = 0; turn < turns; turn += 1) {
    await store.put(plain, `source-${turn}`, store.bytes(3000))
    await store.copy(plain, `source-${turn}`, `copy-${turn}`)
    await store.put(plain, 'again', store.bytes(100 + turn))
    await store.put(versioned, 'v', store.bytes(50 + turn))
    await store.put(plain, `gone-${turn}`, store.bytes(77))
    await store.delete(plain, `gone-${turn}`)
    const refused = await store.tryPut(plain, 'again', store.bytes(10), { kind: 'absent' })
    assert.equal(refused.kind, 'refused')
    if (turn % 3 === 0) {
      await store.upload(plain, `large-${turn}`, [store.bytes(300_000), store.bytes(5000)])
    }
    if (turn % 4 === 1) {
      await store.apply({
        kind: 'delete-objects',
        bucketId: versioned,
        entries: [{ key: 'v', version: { kind: 'latest' }, ifMatch: null }],
      })
    }
    await putDirectory(store, `name-${turn}`)
    await store.archiver.flush()
  }
  return { plain, versioned }
}

/** A record of a space that is another subsystem's: what shares the engine comes back with it. */
async function putDirectory({ engine, random }: TestStore, name: string): Promise<void> {
  const key = Buffer.concat([Buffer.of(0x80), Buffer.from(name)])
  await engine.commit({
    id: newId<CommitId>(random),
    reads: {},
    decide: () => ({
      kind: 'apply',
      mutations: [{ kind: 'set', key, value: Buffer.from(name) }],
      result: null,
    }),
  })
}

export async function rebuild(
  store: TestStore,
): Promise<{ report: RebuildReport; engine: Engine }> {
  const engine = await store.loseIndex()
  const { storage, clock, random } = store
  const report = await rebuildIndex({ storage, engine, clock, random, driveId: 'd1' })
  const states = (await openObjectIndexReader(engine).extents()).map(({ record }) => record.state)
  assert.ok(!states.includes('open'), 'what a dead writer was filling is sealed')
  return { report, engine }
}

export async function checkEqual(
  store: TestStore,
  before: Map<string, string>,
): Promise<RebuildReport> {
  const { report, engine } = await rebuild(store)
  assert.deepEqual(report.findings, [])
  assert.equal(report.gap, null)
  const now = await contents(engine)
  assert.deepEqual(
    [...now.keys()].filter((key) => !before.has(key)),
    [],
  )
  assert.deepEqual(
    [...before.keys()].filter((key) => !now.has(key)),
    [],
  )
  for (const [key, value] of before) assert.equal(now.get(key), value, key)
  await store.open()
  await store.checkAll()
  return report
}

/** Flips a bit in the middle of a blob's data. */
export function damage(store: TestStore, location: Location): void {
  const path = join(store.options.folder, 'extents', location.extentId)
  const bytes = readFileSync(path)
  const at = location.offset + location.headerSizeBytes + (location.dataSizeBytes >> 1)
  bytes[at] = (bytes[at] ?? 0) ^ 0x10
  writeFileSync(path, bytes)
}

/** Keys of objects and parts that a rebuild was unsure of. */
export function unsureKeys({ unsure }: RebuildReport): readonly string[] {
  return unsure.map(({ owner }) => ('key' in owner ? owner.key : owner.kind))
}
