// CreateBucket when the answer to its claim of a name is lost: a name never stands alone, and a
// bucket that may have one is not taken back.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { BucketId } from '../../src/base/id.ts'
import { DirectoryError } from '../../src/directory/directory.ts'
import { isError, isStatus } from './answer.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open()
const { client, trouble } = server
after(() => server[Symbol.asyncDispose]())

/** done: carried out, but its answer is lost. lost: not carried out, which nobody can tell. */
type Fate = 'answered' | 'done' | 'lost' | 'refused'

/** Claims meet these fates in turn. Answers the bucket that was made for the last one. */
async function whileClaims(fates: readonly Fate[], act: () => Promise<void>): Promise<BucketId> {
  const left = [...fates]
  const made: BucketId[] = []
  trouble.directory = async (operation, apply) => {
    if (operation.kind !== 'claim-name') return await apply()
    made.push(operation.bucketId)
    const fate = left.shift() ?? 'answered'
    if (fate === 'answered') return await apply()
    if (fate === 'refused') throw new DirectoryError('unavailable', 'the directory is away')
    if (fate === 'done') assert.equal(await apply(), 'done')
    throw new DirectoryError('unsure', 'no answer in time')
  }
  await act()
  trouble.directory = null
  assert.deepEqual(left, [], 'each fate was met')
  const bucketId = made.at(-1)
  assert.ok(bucketId !== undefined)
  return bucketId
}

/** The name can be had, and its bucket used. */
async function isUsable(bucket: string): Promise<void> {
  isStatus(await client.send('PUT', bucket), 200)
  await client.write(`${bucket}/k`, 'x')
  assert.equal(await client.read(`${bucket}/k`), 'x')
}

test('a claim whose answer is lost is repeated, and answered as what it was', async () => {
  for (const [name, fates] of [
    ['/lost-once', ['lost']],
    ['/done-once', ['done']],
    ['/done-twice', ['lost', 'done']],
  ] as const) {
    const create = async () => void isStatus(await client.send('PUT', name), 200)
    const bucketId = await whileClaims(fates, create)
    assert.equal((await server.directory.bucketByName(name.slice(1)))?.bucketId, bucketId)
    await isUsable(name)
  }
})

test('a bucket whose name may stand is not taken back', async () => {
  for (const [name, fates] of [
    ['/unsure-done', ['done', 'done', 'done']],
    ['/unsure-first', ['done', 'refused']],
    ['/unsure-last', ['lost', 'lost', 'done']],
  ] as const) {
    const create = async () => isError(await client.send('PUT', name), 503, 'ServiceUnavailable')
    const bucketId = await whileClaims(fates, create)
    assert.ok((await server.index.bucket(bucketId)) !== null, name)
    assert.equal((await server.directory.bucketByName(name.slice(1)))?.bucketId, bucketId)
    await isUsable(name)
  }
})

test('a name that was not claimed in the end can be claimed again', async () => {
  const create = async () => isError(await client.send('PUT', '/never'), 503, 'ServiceUnavailable')
  await whileClaims(['lost', 'lost', 'lost'], create)
  assert.equal(await server.directory.bucketByName('never'), null)
  await isUsable('/never')
})

test('a bucket whose claim was surely not made is taken back', async () => {
  const create = async () =>
    isError(await client.send('PUT', '/refused'), 503, 'ServiceUnavailable')
  const bucketId = await whileClaims(['refused'], create)
  assert.equal(await server.index.bucket(bucketId), null)
  await isUsable('/refused')
})
