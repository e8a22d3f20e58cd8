// Quotas of buckets under concurrency, through HTTP: exactly as much is taken as fits.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import type { S3Answer } from './answer.ts'
import { md5Base64 } from './client.ts'
import { S3Server } from './server.ts'
import { PART_SIZE_BYTES_MIN, Upload } from './upload.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

const WRITERS = 20
const KIB = 'x'.repeat(1024)

/** A bucket that takes so much. */
async function limited(
  name: string,
  quota: { readonly bytes?: number; readonly objects?: number },
  versioning?: 'Enabled',
): Promise<string> {
  const bucket = await client.bucket(name, versioning)
  const found = await server.directory.bucketByName(name)
  assert.ok(found !== null)
  const { bytes: quotaBytes = null, objects: quotaObjects = null } = quota
  await server.apply({ kind: 'set-quota', bucketId: found.bucketId, quotaBytes, quotaObjects })
  return bucket
}

/** So many succeeded; all others were refused by the quota, and left nothing. */
async function isExactly(
  bucket: string,
  answers: readonly S3Answer[],
  count: number,
): Promise<void> {
  for (const answer of answers) {
    if (answer.status !== 200) isError(answer, 403, 'QuotaExceeded')
  }
  assert.equal(answers.filter(({ status }) => status === 200).length, count)
  assert.equal((await client.get(bucket)).elements('Contents').length, count)
}

function numbered(count = WRITERS): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

test('of 20 PUTs at once exactly as many succeed as their bytes fit', async () => {
  for (const [name, bytes, count] of [
    ['bytes-exact', 7 * 1024, 7],
    ['bytes-short', 7 * 1024 - 1, 6],
    ['bytes-none', 1023, 0],
    ['bytes-all', 20 * 1024, 20],
  ] as const) {
    const bucket = await limited(name, { bytes })
    const puts = numbered().map((index) => client.put(`${bucket}/k${index}`, KIB))
    await isExactly(bucket, await Promise.all(puts), count)
  }
})

test('of 20 PUTs at once exactly as many succeed as objects are allowed', async () => {
  const bucket = await limited('objects', { objects: 9 })
  const puts = numbered().map((index) => client.put(`${bucket}/k${index}`, ''))
  await isExactly(bucket, await Promise.all(puts), 9)
})

test('large bodies, copies and uploads are held to the quota as well', async () => {
  const size = 300_000
  const large = await limited('large', { bytes: 3 * size })
  const body = Buffer.alloc(size)
  const puts = numbered(8).map((index) => client.put(`${large}/k${index}`, body))
  await isExactly(large, await Promise.all(puts), 3)

  const source = await client.bucket('quota-source')
  await client.write(`${source}/k`, KIB)
  const copies = await limited('copies', { bytes: 4 * 1024 })
  const copied = numbered().map((index) => client.copy(`${copies}/k${index}`, `${source}/k`))
  await isExactly(copies, await Promise.all(copied), 4)
})

test('parts count from their upload on, and no more once it is aborted', async () => {
  const bucket = await limited('parts', { bytes: PART_SIZE_BYTES_MIN + 2048 })
  const upload = await Upload.create(client, `${bucket}/k`)
  const big = Buffer.alloc(PART_SIZE_BYTES_MIN)
  const part = await upload.add(1, big)
  isError(await upload.part(2, big), 403, 'QuotaExceeded')
  const last = await upload.add(2, KIB)
  isError(await client.put(`${bucket}/l`, KIB + KIB), 403, 'QuotaExceeded')
  await upload.add(1, big) // in the place of the first
  isStatus(await upload.complete([part, last]), 200)
  await client.write(`${bucket}/l`, KIB)
  isError(await client.put(`${bucket}/m`, 'x'), 403, 'QuotaExceeded')
  isStatus(await client.delete(`${bucket}/k`), 204)
  const again = await Upload.create(client, `${bucket}/k`)
  await again.add(1, big)
  isError(await client.put(`${bucket}/m`, KIB + KIB), 403, 'QuotaExceeded')
  isStatus(await again.abort(), 204)
  await client.write(`${bucket}/m`, big)
})

test('what shrinks a bucket, or changes nothing, is never refused', async () => {
  const bucket = await limited('shrinking', { bytes: 2048, objects: 2 })
  await client.write(`${bucket}/a`, KIB)
  await client.write(`${bucket}/b`, KIB)
  isError(await client.put(`${bucket}/c`, ''), 403, 'QuotaExceeded')
  isError(await client.put(`${bucket}/a`, `${KIB}x`), 403, 'QuotaExceeded')
  assert.equal(await client.read(`${bucket}/a`), KIB)
  await client.write(`${bucket}/a`, KIB)
  await client.write(`${bucket}/a`, 'less')
  isStatus(await client.delete(`${bucket}/b`), 204)
  await client.write(`${bucket}/c`, KIB)
})

test('every version counts, and room comes back as they go', async () => {
  const bucket = await limited('versions', { bytes: 3 * 1024 }, 'Enabled')
  const puts = await Promise.all(numbered().map(() => client.put(`${bucket}/k`, KIB)))
  const taken = puts.filter(({ status }) => status === 200)
  assert.equal(taken.length, 3)
  isStatus(await client.delete(`${bucket}/k`), 204) // a marker frees nothing
  isError(await client.put(`${bucket}/k`, KIB), 403, 'QuotaExceeded')
  const id = taken[0]?.header('x-amz-version-id') ?? ''
  isStatus(await client.delete(`${bucket}/k?versionId=${id}`), 204)
  await client.write(`${bucket}/k`, KIB)
})

test('PUTs and deletes at once never pass the quota, and what is counted stays true', async () => {
  const bucket = await limited('churn', { bytes: 5 * 1024, objects: 5 })
  const churn = async (index: number): Promise<void> => {
    for (let round = 0; round < 6; round++) {
      const answer = await client.put(`${bucket}/k${index}`, KIB)
      if (answer.status !== 200) isError(answer, 403, 'QuotaExceeded')
      const listed = (await client.get(bucket)).elements('Contents').length
      assert.ok(listed <= 5, `${listed} objects`)
      isStatus(await client.delete(`${bucket}/k${index}`), 204)
    }
  }
  await Promise.all(numbered().map(churn))
  const puts = numbered().map((index) => client.put(`${bucket}/k${index}`, KIB))
  await isExactly(bucket, await Promise.all(puts), 5)
  const keys = (await client.get(bucket)).all('Contents/Key')
  const objects = keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('')
  const xml = `<Delete>${objects}</Delete>`
  isStatus(await client.post(`${bucket}?delete`, xml, { 'content-md5': md5Base64(xml) }), 200)
  const again = numbered().map((index) => client.put(`${bucket}/l${index}`, KIB))
  await isExactly(bucket, await Promise.all(again), 5)
})
