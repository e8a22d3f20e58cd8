// What a client is told of keys whose records are damaged: those alone fail.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId, type CommitId } from '../../src/base/id.ts'
import { currentKey } from '../../src/object-index/keys.ts'
import { isError, isStatus } from './answer.ts'
import { md5Base64 } from './client.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

/** Flips a bit in the record of a bucket's key, past all that the index does. */
async function harm(bucket: string, key: string): Promise<void> {
  const named = await server.directory.bucketByName(bucket.slice(1))
  assert.ok(named !== null)
  const { engine, random } = server.store
  const engineKey = currentKey(named.bucketId, key)
  const { values } = await engine.read({ keys: [engineKey] })
  const value = Buffer.from(values[0] ?? [])
  value[value.length >> 1] = (value[value.length >> 1] ?? 0) ^ 1
  await engine.commit({
    id: newId<CommitId>(random),
    reads: {},
    decide: () => ({
      kind: 'apply',
      mutations: [{ kind: 'set', key: engineKey, value }],
      result: null,
    }),
  })
}

for (const versioning of [undefined, 'Enabled'] as const) {
  test(`DeleteObjects removes what it can beside a damaged key (${versioning ?? 'unversioned'})`, async () => {
    const bucket = await client.bucket(
      `damaged-${versioning === undefined ? 'a' : 'b'}`,
      versioning,
    )
    // Beside a damaged record nothing is told to be absent: the ones between stay.
    for (const key of ['a', 'ab', 'b', 'bc', 'c']) await client.write(`${bucket}/${key}`, key)
    await harm(bucket, 'b')
    const objects = ['a', 'b', 'c', 'none'].map((key) => `<Object><Key>${key}</Key></Object>`)
    const xml = `<Delete>${objects.join('')}</Delete>`
    const headers = { 'content-md5': md5Base64(xml) }
    const answer = isStatus(await client.post(`${bucket}?delete`, xml, headers), 200)
    assert.deepEqual(answer.all('Error/Key'), ['b'])
    assert.deepEqual(answer.all('Error/Code'), ['InternalError'])
    assert.deepEqual(answer.all('Deleted/Key'), ['a', 'c', 'none'])
    for (const key of ['a', 'c']) isError(await client.get(`${bucket}/${key}`), 404, 'NoSuchKey')
    isError(await client.get(`${bucket}/b`), 500, 'InternalError')
    isError(await client.delete(`${bucket}/b`), 500, 'InternalError')
  })
}
