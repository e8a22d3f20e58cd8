// Validation of the directory: a sound one has no finding, and each record that is damaged, or is
// removed or added behind the directory's back, is named.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId, type BucketId, type CommitId } from '../base/id.ts'
import { ManualClock } from '../base/manual-clock.ts'
import type { Engine, Mutation } from '../engine/engine.ts'
import { openMemoryEngine } from '../engine/memory.ts'
import { openSystemRandom } from '../platform/random.ts'
import {
  accessKeyKey,
  accountKey,
  emailKey,
  encodeAccessKey,
  generationKey,
  nameKey,
  ownedNameKey,
} from './directory-record.ts'
import { openDirectory } from './directory-service.ts'
import { validateDirectory } from './validate-directory.ts'

const random = openSystemRandom()

async function filled(): Promise<Engine> {
  const engine = openMemoryEngine({ clock: new ManualClock(1_700_000_000_000) })
  const directory = openDirectory({ engine, random })
  for (const id of ['ada', 'ben']) {
    const account = { id, displayName: id, email: `${id}@example.com`, isRoot: false }
    await directory.apply({ kind: 'add-account', account })
    const key = { accountId: id, accessKeyId: `KEY-${id}`, secretKey: 'secret-secret' }
    await directory.apply({ kind: 'add-key', key })
    const name = { name: `of-${id}`, bucketId: newId<BucketId>(random), ownerId: id }
    await directory.apply({ kind: 'claim-name', ...name })
  }
  return engine
}

async function behind(engine: Engine, mutation: Mutation): Promise<void> {
  await engine.commit({
    id: newId<CommitId>(random),
    reads: {},
    decide: () => ({ kind: 'apply', mutations: [mutation], result: null }),
  })
}

async function found(engine: Engine): Promise<string> {
  const { findings } = await validateDirectory(engine)
  return findings.map(({ what, message }) => `${what}: ${message}`).join('\n')
}

const RECORDS: readonly (readonly [string, Buffer, RegExp])[] = [
  ['a bucket name', nameKey('of-ada'), /bucket name "of-ada": it is missing/],
  ['an entry of the owner', ownedNameKey('ada', 'of-ada'), /ada does not list it/],
  ['an account', accountKey('ada'), /its account ada is missing/],
  ['an access key', accessKeyKey('KEY-ada'), /access key "KEY-ada": it is missing/],
  ['an e-mail address', emailKey('ada@example.com'), /address does not lead to it/],
  ['the generation', generationKey(), /generation: it is missing/],
]

test('a sound directory has no finding, and its names are answered', async () => {
  const { findings, names, recordsDone } = await validateDirectory(await filled())
  assert.deepEqual(findings, [])
  assert.deepEqual(names.map(({ name }) => name).toSorted(), ['of-ada', 'of-ben'])
  assert.equal(recordsDone, 11)
})

for (const [what, key, message] of RECORDS) {
  test(`${what} that was removed is named`, async () => {
    const engine = await filled()
    await behind(engine, { kind: 'delete', key })
    assert.match(await found(engine), message)
  })

  test(`${what} is named for a flipped bit anywhere`, async () => {
    const engine = await filled()
    const { values } = await engine.read({ keys: [key] })
    const sound = values[0] ?? assert.fail('the record is there')
    for (let bit = 0; bit < 8 * sound.length; bit += 7) {
      const value = Buffer.from(sound)
      value[bit >> 3] = (value[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      await behind(engine, { kind: 'set', key, value })
      assert.match(await found(engine), /fails its checksum or its version/, `bit ${bit}`)
    }
    await behind(engine, { kind: 'set', key, value: sound })
    assert.equal(await found(engine), '')
  })
}

test('a key that its account does not have is named', async () => {
  const engine = await filled()
  const value = encodeAccessKey({
    accessKeyId: 'KEY-more',
    secretKey: 'secret-secret',
    accountId: 'ada',
    createdAtMs: 0,
  })
  await behind(engine, { kind: 'set', key: accessKeyKey('KEY-more'), value })
  assert.match(await found(engine), /"KEY-more": its account ada does not have it/)
})

test('a record in a space of the directory that nobody writes is named', async () => {
  const engine = await filled()
  await behind(engine, { kind: 'set', key: Buffer.of(0x85, 1), value: Buffer.of(1) })
  assert.match(await found(engine), /0x8501: a record in a space that nobody writes/)
})
