// Conditions of writes and deletes, through HTTP. S3.md 26 and 28; those of uploads stand in
// uploads.test.ts. Decision 5 where it is named.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import { md5Base64 } from './client.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

const NO_ETAG = `"${'0'.repeat(32)}"`

test('S3.md 26: If-None-Match: * writes only where nothing is', async () => {
  const bucket = await client.bucket('absent')
  const absent = { 'if-none-match': '*' }
  isStatus(await client.put(`${bucket}/k`, 'first', absent), 200)
  const second = await client.put(`${bucket}/k`, 'second', absent)
  isError(second, 412, 'PreconditionFailed', { Condition: 'If-None-Match' })
  isError(
    await client.copy(`${bucket}/k`, `${bucket}/k`, {
      ...absent,
      'x-amz-metadata-directive': 'REPLACE',
    }),
    412,
    'PreconditionFailed',
  )
  isStatus(await client.copy(`${bucket}/c`, `${bucket}/k`, absent), 200)
  assert.equal(await client.read(`${bucket}/k`), 'first')
  isStatus(await client.delete(`${bucket}/k`), 204)
  isStatus(await client.put(`${bucket}/k`, 'third', absent), 200)
})

test('S3.md 26: a delete marker is nothing to If-None-Match: *', async () => {
  const bucket = await client.bucket('absent-marker', 'Enabled')
  await client.write(`${bucket}/k`, 'first')
  isError(await client.put(`${bucket}/k`, 'x', { 'if-none-match': '*' }), 412, 'PreconditionFailed')
  await client.delete(`${bucket}/k`)
  isStatus(await client.put(`${bucket}/k`, 'x', { 'if-none-match': '*' }), 200)
})

test('S3.md 26: If-Match writes only over that very ETag', async () => {
  const bucket = await client.bucket('matched')
  const etag = (await client.write(`${bucket}/k`, 'first')).header('etag') ?? ''
  const wrong = await client.put(`${bucket}/k`, 'second', { 'if-match': NO_ETAG })
  isError(wrong, 412, 'PreconditionFailed', { Condition: 'If-Match' })
  const next = isStatus(await client.put(`${bucket}/k`, 'second', { 'if-match': etag }), 200)
  isError(await client.put(`${bucket}/k`, 'third', { 'if-match': etag }), 412, 'PreconditionFailed')
  const bare = (next.header('etag') ?? '').slice(1, -1)
  isStatus(await client.put(`${bucket}/k`, 'third', { 'if-match': bare }), 200)
  const copied = await client.copy(`${bucket}/k`, `${bucket}/k`, {
    'if-match': etag,
    'x-amz-metadata-directive': 'REPLACE',
  })
  isError(copied, 412, 'PreconditionFailed', { Condition: 'If-Match' })
  assert.equal(await client.read(`${bucket}/k`), 'third')
})

test('S3.md 26: If-Match on a missing key or a delete marker is NoSuchKey', async () => {
  const bucket = await client.bucket('matched-none', 'Enabled')
  const headers = { 'if-match': NO_ETAG }
  isError(await client.put(`${bucket}/k`, 'x', headers), 404, 'NoSuchKey', { Key: 'k' })
  const etag = (await client.write(`${bucket}/k`, 'x')).header('etag') ?? ''
  await client.delete(`${bucket}/k`)
  isError(await client.put(`${bucket}/k`, 'x', { 'if-match': etag }), 404, 'NoSuchKey')
})

test('S3.md 26: any other form of a write condition is NotImplemented, by the header', async () => {
  const bucket = await client.bucket('forms')
  const etag = (await client.write(`${bucket}/k`, 'first')).header('etag') ?? ''
  const forms: readonly (readonly [headers: Record<string, string>, header: string])[] = [
    [{ 'if-none-match': etag }, 'If-None-Match'],
    [{ 'if-none-match': '' }, 'If-None-Match'],
    [{ 'if-none-match': '*', 'if-match': etag }, 'If-Match'],
    [{ 'if-match': `${etag}, ${etag}` }, 'If-Match'],
    [{ 'if-match': '' }, 'If-Match'],
  ]
  for (const [headers, Header] of forms) {
    isError(await client.put(`${bucket}/k`, 'x', headers), 501, 'NotImplemented', { Header })
    isError(await client.copy(`${bucket}/c`, `${bucket}/k`, headers), 501, 'NotImplemented', {
      Header,
    })
  }
  assert.equal(await client.read(`${bucket}/k`), 'first')
  isError(await client.get(`${bucket}/c`), 404, 'NoSuchKey')
})

test('S3.md 26 and decision 5: If-Match: * writes over whatever exists, else 404', async () => {
  const bucket = await client.bucket('matched-any', 'Enabled')
  const any = { 'if-match': '*' }
  isError(await client.put(`${bucket}/k`, 'x', any), 404, 'NoSuchKey', { Key: 'k' })
  await client.write(`${bucket}/k`, 'first')
  isStatus(await client.put(`${bucket}/k`, 'second', any), 200)
  await client.delete(`${bucket}/k`)
  isError(await client.put(`${bucket}/k`, 'x', any), 404, 'NoSuchKey')
})

test('S3.md 26: of many writers at once exactly one finds nothing there', async () => {
  const bucket = await client.bucket('racing')
  const bodies = Array.from({ length: 24 }, (_, index) => `body ${index}`)
  const answers = await Promise.all(
    bodies.map((body) => client.put(`${bucket}/k`, body, { 'if-none-match': '*' })),
  )
  const won = answers.flatMap(({ status }, index) => (status === 200 ? [index] : []))
  assert.equal(won.length, 1)
  assert.equal(await client.read(`${bucket}/k`), bodies[won[0] ?? -1])
  for (const answer of answers) {
    assert.ok([200, 412, 409].includes(answer.status), answer.text)
  }
})

test('S3.md 26: of many writers over one ETag exactly one wins each round', async () => {
  const bucket = await client.bucket('swapping')
  let etag = (await client.write(`${bucket}/k`, 'start')).header('etag') ?? ''
  for (let round = 0; round < 4; round++) {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        client.put(`${bucket}/k`, `${round} ${index}`, { 'if-match': etag }),
      ),
    )
    const won = answers.filter(({ status }) => status === 200)
    assert.equal(won.length, 1)
    etag = won[0]?.header('etag') ?? ''
    assert.equal((await client.headOf(`${bucket}/k`)).header('etag'), etag)
  }
})

test('S3.md 28: DELETE with If-Match deletes that ETag alone', async () => {
  const bucket = await client.bucket('deleting')
  const etag = (await client.write(`${bucket}/k`, 'x')).header('etag') ?? ''
  const wrong = await client.delete(`${bucket}/k`, { 'if-match': NO_ETAG })
  isError(wrong, 412, 'PreconditionFailed', { Condition: 'If-Match' })
  assert.equal(await client.read(`${bucket}/k`), 'x')
  isStatus(await client.delete(`${bucket}/k`, { 'if-match': etag }), 204)
  isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
  await client.write(`${bucket}/k`, 'x')
  isStatus(await client.delete(`${bucket}/k`, { 'if-match': '*' }), 204)
})

test('S3.md 28: in a versioned bucket the marker is made only if the ETag holds', async () => {
  const bucket = await client.bucket('deleting-versions', 'Enabled')
  const etag = (await client.write(`${bucket}/k`, 'x')).header('etag') ?? ''
  isError(await client.delete(`${bucket}/k`, { 'if-match': NO_ETAG }), 412, 'PreconditionFailed')
  assert.equal((await client.get(`${bucket}?versions`)).all('DeleteMarker').length, 0)
  const deleted = isStatus(await client.delete(`${bucket}/k`, { 'if-match': etag }), 204)
  assert.equal(deleted.header('x-amz-delete-marker'), 'true')
})

test('S3.md 28: conditions of directory buckets are NotImplemented here', async () => {
  const bucket = await client.bucket('directory-conditions')
  await client.write(`${bucket}/k`, 'x')
  for (const header of [
    'x-amz-if-match-last-modified-time',
    'x-amz-if-match-size',
    'if-none-match',
  ]) {
    isError(await client.delete(`${bucket}/k`, { [header]: '*' }), 501, 'NotImplemented')
  }
  assert.equal(await client.read(`${bucket}/k`), 'x')
})

test('S3.md 28: DeleteObjects has an ETag for each object', async () => {
  const bucket = await client.bucket('deleting-many')
  const etags: string[] = []
  for (const key of ['a', 'b', 'c']) {
    etags.push((await client.write(`${bucket}/${key}`, key)).header('etag') ?? '')
  }
  const entries = [
    `<Object><Key>a</Key><ETag>${etags[0]}</ETag></Object>`,
    `<Object><Key>b</Key><ETag>${NO_ETAG}</ETag></Object>`,
    `<Object><Key>c</Key><ETag>${(etags[2] ?? '').slice(1, -1)}</ETag></Object>`,
    '<Object><Key>none</Key><ETag>*</ETag></Object>',
  ]
  const xml = `<Delete>${entries.join('')}</Delete>`
  const md5 = md5Base64(xml)
  const answer = isStatus(await client.post(`${bucket}?delete`, xml, { 'content-md5': md5 }), 200)
  assert.deepEqual(answer.all('Deleted/Key'), ['a', 'c'])
  assert.deepEqual(answer.all('Error/Key'), ['b', 'none'])
  assert.deepEqual(answer.all('Error/Code'), ['PreconditionFailed', 'NoSuchKey'])
  assert.deepEqual((await client.get(bucket)).all('Contents/Key'), ['b'])
})
