// DeleteObject, DeleteObjects and DeleteBucket through HTTP. S3.md 40, 43 and 53.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import type { S3Answer } from './answer.ts'
import { md5Base64, targetOf } from './client.ts'
import { S3Server } from './server.ts'
import { Upload } from './upload.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

async function deleteAll(bucket: string, xml: string): Promise<S3Answer> {
  return await client.post(`${bucket}?delete`, xml, { 'content-md5': md5Base64(xml) })
}

function xmlOf(keys: readonly string[], more = ''): string {
  const objects = keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('')
  return `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${more}${objects}</Delete>`
}

test('S3.md 40: DELETE of a missing key is 204, and again', async () => {
  const bucket = await client.bucket('missing')
  await client.write(`${bucket}/k`, 'x')
  for (const key of ['none', 'k', 'k']) isStatus(await client.delete(`${bucket}/${key}`), 204)
  isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
  isError(await client.delete('/nowhere/k'), 404, 'NoSuchBucket')
})

test('S3.md 40: a version id that was never issued is InvalidArgument', async () => {
  const bucket = await client.bucket('never-issued', 'Enabled')
  await client.write(`${bucket}/k`, 'x')
  for (const id of ['x', 'NULL', '0'.repeat(31), 'A'.repeat(32), 'null%20']) {
    const answer = await client.delete(`${bucket}/k?versionId=${id}`)
    isError(answer, 400, 'InvalidArgument', { Message: 'Invalid version id specified' })
  }
  isError(await client.delete(`${bucket}/k?versionId=`), 400, 'InvalidArgument')
  assert.equal(await client.read(`${bucket}/k`), 'x')
})

test('S3.md 40: in DeleteObjects such an id is NoSuchVersion of its key; the others go on', async () => {
  const bucket = await client.bucket('never-issued-2', 'Enabled')
  await client.write(`${bucket}/k`, 'x')
  const objects =
    '<Object><Key>k</Key><VersionId>never</VersionId></Object><Object><Key>k</Key></Object>'
  const answer = isStatus(await deleteAll(bucket, `<Delete>${objects}</Delete>`), 200)
  assert.deepEqual(answer.all('Error/Code'), ['NoSuchVersion'])
  assert.deepEqual(answer.all('Error/VersionId'), ['never'])
  assert.deepEqual(answer.all('Deleted/Key'), ['k'])
  assert.deepEqual(answer.all('Deleted/DeleteMarker'), ['true'])
})

test('S3.md 40: DeleteObjects has 1 to 1000 entries', async () => {
  const bucket = await client.bucket('many')
  const keys = Array.from({ length: 1001 }, (_, index) => `k${index}`)
  for (const key of ['k0', 'k999', 'k1000']) await client.write(`${bucket}/${key}`, '')
  isError(await deleteAll(bucket, xmlOf(keys)), 400, 'MalformedXML')
  isError(await deleteAll(bucket, xmlOf([])), 400, 'MalformedXML')
  isError(await deleteAll(bucket, ''), 400, 'MalformedXML')
  const answer = isStatus(await deleteAll(bucket, xmlOf(keys.slice(0, 1000))), 200)
  assert.deepEqual(answer.all('Deleted/Key'), keys.slice(0, 1000)) // missing ones too, in order
  assert.deepEqual((await client.get(bucket)).all('Contents/Key'), ['k1000'])
})

test('S3.md 40: Quiet leaves only errors', async () => {
  const bucket = await client.bucket('quiet', 'Enabled')
  for (const key of ['a', 'b']) await client.write(`${bucket}/${key}`, '')
  const bad = '<Object><Key>c</Key><VersionId>x</VersionId></Object>'
  const answer = await deleteAll(bucket, xmlOf(['a', 'b'], `<Quiet>true</Quiet>${bad}`))
  isStatus(answer, 200)
  assert.equal(answer.elements('Deleted').length, 0)
  assert.deepEqual(answer.all('Error/Key'), ['c'])
  assert.deepEqual((await client.get(bucket)).all('Contents/Key'), [])
  const loud = await deleteAll(bucket, xmlOf(['a'], '<Quiet>false</Quiet>'))
  assert.deepEqual(loud.all('Deleted/Key'), ['a'])
})

test('S3.md 40: keys keep their bytes, whitespace too', async () => {
  const bucket = await client.bucket('bytes')
  const keys = [' a ', '\ta', 'a\n', 'a&b<c>', '\u{1f600}', 'a//b/../c', 'e\u0301', '"']
  for (const key of keys) await client.write(targetOf(bucket, key), '')
  const escaped = keys.map((key) => key.replaceAll('&', '&amp;').replaceAll('<', '&lt;'))
  const answer = isStatus(await deleteAll(bucket, xmlOf(escaped)), 200)
  assert.deepEqual(answer.all('Deleted/Key'), keys)
  assert.deepEqual((await client.get(bucket)).all('Contents/Key'), [])
})

test('S3.md 40: an entry that cannot be a key fails alone', async () => {
  const bucket = await client.bucket('no-keys')
  await client.write(`${bucket}/k`, '')
  const answer = isStatus(await deleteAll(bucket, xmlOf(['k'.repeat(1025), 'k'])), 200)
  assert.deepEqual(answer.all('Error/Code'), ['KeyTooLongError'])
  assert.deepEqual(answer.all('Deleted/Key'), ['k'])
  isError(await deleteAll(bucket, '<Delete><Object/></Delete>'), 400, 'MalformedXML')
})

test('S3.md 40: an empty key is none: no marker of it is made', async () => {
  const bucket = await client.bucket('empty-key', 'Enabled')
  isError(await deleteAll(bucket, xmlOf(['k', ''])), 400, 'MalformedXML')
  assert.equal((await client.get(`${bucket}?versions`)).elements('DeleteMarker').length, 0)
})

test('S3.md 40: the same key twice, or two versions of one key, are decided in their order', async () => {
  const bucket = await client.bucket('twice', 'Enabled')
  const ids: string[] = []
  for (const body of ['1', '2', '3']) {
    ids.push((await client.write(`${bucket}/k`, body)).header('x-amz-version-id') ?? '')
  }
  const entry = (id?: string): string =>
    `<Object><Key>k</Key>${id === undefined ? '' : `<VersionId>${id}</VersionId>`}</Object>`
  const xml = `<Delete>${entry(ids[2])}${entry(ids[0])}${entry()}${entry()}</Delete>`
  const answer = isStatus(await deleteAll(bucket, xml), 200)
  assert.deepEqual(answer.all('Deleted/VersionId'), [ids[2], ids[0]])
  const markers = answer.all('Deleted/DeleteMarkerVersionId')
  assert.equal(new Set(markers).size, 2)
  const versions = await client.get(`${bucket}?versions`)
  assert.deepEqual(versions.all('Version/VersionId'), [ids[1]])
  assert.deepEqual(versions.all('DeleteMarker/VersionId'), markers.toReversed())
})

test('S3.md 43: a bucket with anything left, versions and markers too, is BucketNotEmpty', async () => {
  const bucket = await client.bucket('not-empty', 'Enabled')
  const full = async () =>
    isError(await client.delete(bucket), 409, 'BucketNotEmpty', { BucketName: 'not-empty' })
  const version = (await client.write(`${bucket}/k`, 'x')).header('x-amz-version-id') ?? ''
  await full()
  const marker = (await client.delete(`${bucket}/k`)).header('x-amz-version-id') ?? ''
  await full() // a version and a marker
  isStatus(await client.delete(`${bucket}/k?versionId=${version}`), 204)
  await full() // a marker alone
  isStatus(await client.delete(`${bucket}/k?versionId=${marker}`), 204)
  isStatus(await client.delete(bucket), 204)
  isError(await client.get(bucket), 404, 'NoSuchBucket')
  isError(await client.delete(bucket), 404, 'NoSuchBucket')
})

test('S3.md 43: unfinished uploads do not hinder, and end with their bucket', async () => {
  const bucket = await client.bucket('unfinished')
  const upload = await Upload.create(client, `${bucket}/k`)
  const part = await upload.add(1, 'x')
  isStatus(await client.delete(bucket), 204)
  isError(await upload.complete([part]), 404, 'NoSuchBucket')
  await client.bucket('unfinished') // the name is free, and the new bucket is another
  isError(await upload.complete([part]), 404, 'NoSuchUpload')
  assert.deepEqual((await client.get(`${bucket}?uploads`)).all('Upload'), [])
})

test('S3.md 43: a bucket that was refused to go serves on as before', async () => {
  const bucket = await client.bucket('serves-on')
  await client.write(`${bucket}/k`, 'x')
  isError(await client.delete(bucket), 409, 'BucketNotEmpty')
  assert.equal(await client.read(`${bucket}/k`), 'x')
  await client.write(`${bucket}/l`, 'y')
  assert.ok((await client.get('/')).all('Buckets/Bucket/Name').includes('serves-on'))
})

test('a bucket that is deleted while it is written to never loses an acknowledged object', async () => {
  for (let round = 0; round < 10; round++) {
    const bucket = await client.bucket(`races-${round}`)
    const [put, gone] = await Promise.all([client.put(`${bucket}/k`, 'x'), client.delete(bucket)])
    if (put.status === 200) {
      isError(gone, 409, 'BucketNotEmpty')
      assert.equal(await client.read(`${bucket}/k`), 'x')
    } else {
      isError(put, 404, 'NoSuchBucket')
      isStatus(gone, 204)
    }
  }
})

test('S3.md 40: 1000 entries of the longest keys, with versions and ETags, are taken', async () => {
  const bucket = await client.bucket('longest', 'Enabled')
  const keys = Array.from({ length: 1000 }, (_, index) => `${index}`.padStart(1024, 'k'))
  const rest = `<VersionId>${'0'.repeat(32)}</VersionId><ETag>&quot;${'0'.repeat(32)}&quot;</ETag>`
  const objects = keys.map((key) => `<Object><Key>${key}</Key>${rest}</Object>`)
  const answer = isStatus(await deleteAll(bucket, `<Delete>${objects.join('')}</Delete>`), 200)
  assert.equal(answer.root.children.length, 1000)
  const made = isStatus(await deleteAll(bucket, xmlOf(keys)), 200) // a marker each
  assert.equal(new Set(made.all('Deleted/DeleteMarkerVersionId')).size, 1000)
  const page = await client.get(`${bucket}?versions`)
  assert.equal(page.elements('DeleteMarker').length, 1000)
})
