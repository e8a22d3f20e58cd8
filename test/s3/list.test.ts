// ListObjects of both versions and ListBuckets through HTTP. S3.md 37 to 39; pages against a model
// stand in list-model.test.ts. Decision 5 where it is named.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import { md5Hex, targetOf } from './client.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

const PHOTOS = ['a', 'photos/1', 'photos/2', 'photos/2/x', 'photos0', 'z']

async function bucketOf(name: string, keys: readonly string[]): Promise<string> {
  const bucket = await client.bucket(name)
  for (const key of keys) await client.write(targetOf(bucket, key), key)
  return bucket
}

test('S3.md 37: version 1 has NextMarker only with a delimiter, and where it is truncated', async () => {
  const bucket = await bucketOf('next-marker', PHOTOS)
  assert.equal((await client.get(`${bucket}?max-keys=2`)).one('NextMarker'), null)
  assert.equal((await client.get(`${bucket}?delimiter=/`)).one('NextMarker'), null)
  const page = await client.get(`${bucket}?delimiter=/&max-keys=2`)
  assert.equal(page.one('NextMarker'), 'photos/')
  assert.equal(page.one('IsTruncated'), 'true')
  const next = await client.get(`${bucket}?delimiter=/&max-keys=2&marker=photos/`)
  assert.deepEqual(next.all('Contents/Key'), ['photos0', 'z'])
  assert.deepEqual(next.all('CommonPrefixes/Prefix'), [])
  assert.equal(next.one('IsTruncated'), 'false')
})

test('S3.md 37: what was asked for is echoed', async () => {
  const bucket = await bucketOf('echoed', ['a'])
  const query = 'prefix=a%20b&delimiter=c&max-keys=7'
  const echo = (page: Awaited<ReturnType<typeof client.get>>, names: string[]) =>
    names.map((name) => page.one(name))
  const common = ['Name', 'Prefix', 'Delimiter', 'MaxKeys', 'IsTruncated']
  const one = await client.get(`${bucket}?${query}&marker=m`)
  assert.deepEqual(echo(one, [...common, 'Marker']), ['echoed', 'a b', 'c', '7', 'false', 'm'])
  const two = await client.get(`${bucket}?list-type=2&${query}&start-after=s`)
  assert.deepEqual(echo(two, [...common, 'StartAfter', 'KeyCount']), [
    'echoed',
    'a b',
    'c',
    '7',
    'false',
    's',
    '0',
  ])
  const bare = await client.get(bucket)
  assert.deepEqual(echo(bare, ['Prefix', 'Marker', 'Delimiter', 'MaxKeys']), ['', '', null, '1000'])
})

test('S3.md 37: KeyCount is keys and prefixes, and an Owner comes only when it is fetched', async () => {
  const bucket = await bucketOf('counts', PHOTOS)
  const page = await client.get(`${bucket}?list-type=2&delimiter=/`)
  assert.equal(page.one('KeyCount'), '4')
  assert.equal(page.elements('Contents/Owner').length, 0)
  const owned = await client.get(`${bucket}?list-type=2&fetch-owner=true&max-keys=1`)
  assert.deepEqual(owned.all('Contents/Owner/ID'), ['root'])
  assert.deepEqual(owned.all('Contents/Owner/DisplayName'), ["root's name"])
  assert.equal(
    (await client.get(`${bucket}?list-type=2&fetch-owner=false`)).elements('Contents/Owner').length,
    0,
  )
  assert.equal((await client.get(`${bucket}?max-keys=1`)).one('Contents/Owner/ID'), 'root')
})

test('S3.md 37: an entry has key, time, quoted ETag, size and class', async () => {
  const bucket = await client.bucket('entries')
  await client.write(`${bucket}/k`, 'body', { 'x-amz-storage-class': 'GLACIER_IR' })
  await client.write(`${bucket}/l`, '')
  const page = await client.get(bucket)
  assert.deepEqual(page.all('Contents/ETag'), [`"${md5Hex('body')}"`, `"${md5Hex('')}"`])
  assert.deepEqual(page.all('Contents/Size'), ['4', '0'])
  assert.deepEqual(page.all('Contents/StorageClass'), ['GLACIER_IR', 'STANDARD'])
  assert.match(page.all('Contents/LastModified')[0] ?? '', /^\d{4}-\d\d-\d\dT.*Z$/)
})

test('S3.md 37: StartAfter is ignored once there is a token', async () => {
  const bucket = await bucketOf('tokens', ['a', 'b', 'c', 'd'])
  const first = await client.get(`${bucket}?list-type=2&max-keys=2&start-after=a`)
  assert.deepEqual(first.all('Contents/Key'), ['b', 'c'])
  const token = encodeURIComponent(first.one('NextContinuationToken') ?? '')
  const query = `${bucket}?list-type=2&continuation-token=${token}&start-after=a`
  const second = await client.get(query)
  assert.deepEqual(second.all('Contents/Key'), ['d'])
  assert.equal(second.one('ContinuationToken'), first.one('NextContinuationToken'))
  assert.equal(second.one('NextContinuationToken'), null)
})

test('S3.md 37: an empty or foreign token is InvalidArgument', async () => {
  const bucket = await bucketOf('foreign-tokens', ['a', 'b', 'c'])
  const page = await client.get(`${bucket}?list-type=2&max-keys=1`)
  const token = page.one('NextContinuationToken') ?? ''
  const buckets = await client.get('/?max-buckets=1')
  const odd = [
    '',
    'x',
    'a',
    `${token}x`,
    token.slice(1),
    buckets.one('ContinuationToken') ?? 'none',
  ]
  for (const each of [...odd, 'a'.repeat(5000)]) {
    const answer = await client.get(
      `${bucket}?list-type=2&continuation-token=${encodeURIComponent(each)}`,
    )
    isError(answer, 400, 'InvalidArgument', { ArgumentName: 'continuation-token' })
  }
})

test('S3.md 37: max-keys: 0 is an empty page, over 1000 means 1000, other texts are refused', async () => {
  const bucket = await bucketOf('max-keys', ['a', 'b'])
  for (const version of ['', 'list-type=2&']) {
    const none = await client.get(`${bucket}?${version}max-keys=0`)
    assert.deepEqual([none.all('Contents').length, none.one('IsTruncated')], [0, 'false'])
    const many = await client.get(`${bucket}?${version}max-keys=2147483647`)
    assert.equal(many.all('Contents/Key').length, 2)
    for (const text of ['-1', 'x', '1.5', '2147483648', '0x10', ' ']) {
      const answer = await client.get(`${bucket}?${version}max-keys=${encodeURIComponent(text)}`)
      isError(answer, 400, 'InvalidArgument', { ArgumentName: 'max-keys' })
    }
  }
  isError(await client.get(`${bucket}?encoding-type=gzip`), 400, 'InvalidArgument')
  isError(await client.get(`${bucket}?list-type=3`), 400, 'InvalidArgument')
})

test('S3.md 38: a common prefix counts as one entry and stands on one page only', async () => {
  const bucket = await bucketOf('prefixes', PHOTOS)
  const pages: string[][] = []
  for (let marker = '', more = true; more;) {
    const page = await client.get(`${bucket}?delimiter=/&max-keys=1&marker=${marker}`)
    pages.push([...page.all('Contents/Key'), ...page.all('CommonPrefixes/Prefix')])
    assert.ok(pages.length <= PHOTOS.length, 'the pages end')
    more = page.one('IsTruncated') === 'true'
    marker = page.one('NextMarker') ?? ''
  }
  assert.deepEqual(pages, [['a'], ['photos/'], ['photos0'], ['z']])
})

test('S3.md 38: behind a marker inside or equal to a prefix the whole prefix is skipped', async () => {
  const bucket = await bucketOf('skipped', PHOTOS)
  for (const marker of ['photos/', 'photos/1', 'photos/2/x', 'photos/zzz']) {
    for (const query of [`marker=${marker}`, `list-type=2&start-after=${marker}`]) {
      const page = await client.get(`${bucket}?delimiter=/&${query}`)
      assert.deepEqual(page.all('CommonPrefixes/Prefix'), [], query)
      assert.deepEqual(page.all('Contents/Key'), ['photos0', 'z'])
    }
  }
  const before = await client.get(`${bucket}?delimiter=/&marker=photos`)
  assert.deepEqual(before.all('CommonPrefixes/Prefix'), ['photos/'])
})

test('S3.md 38: a delimiter may be any string, an empty one is none', async () => {
  const bucket = await bucketOf('delimiters', [
    'a--b--c',
    'a-b',
    'a--',
    'b',
    '\u{1f600}x\u{1f600}y',
  ])
  const group = async (delimiter: string) => {
    const page = await client.get(`${bucket}?delimiter=${encodeURIComponent(delimiter)}`)
    return [page.all('Contents/Key'), page.all('CommonPrefixes/Prefix')]
  }
  assert.deepEqual(await group('--'), [['a-b', 'b', '\u{1f600}x\u{1f600}y'], ['a--']])
  assert.deepEqual(await group('x\u{1f600}'), [
    ['a--', 'a--b--c', 'a-b', 'b'],
    ['\u{1f600}x\u{1f600}'],
  ])
  assert.deepEqual(await group(''), [['a--', 'a--b--c', 'a-b', 'b', '\u{1f600}x\u{1f600}y'], []])
  assert.equal((await client.get(`${bucket}?delimiter=`)).one('Delimiter'), null)
})

test('S3.md 38: a prefix shows only if a current, undeleted object is under it', async () => {
  const bucket = await client.bucket('hidden', 'Enabled')
  for (const key of ['gone/a', 'gone/b', 'here/a', 'here/b'])
    await client.write(`${bucket}/${key}`, '')
  for (const key of ['gone/a', 'gone/b', 'here/a']) await client.delete(`${bucket}/${key}`)
  const page = await client.get(`${bucket}?delimiter=/&max-keys=1`)
  assert.deepEqual(page.all('CommonPrefixes/Prefix'), ['here/'])
  assert.equal(page.one('IsTruncated'), 'false')
})

test('S3.md 38: IsTruncated is exact: there is no empty last page', async () => {
  const bucket = await client.bucket('exact', 'Enabled')
  for (const key of ['a', 'b', 'c/1', 'c/2', 'd']) await client.write(`${bucket}/${key}`, '')
  await client.delete(`${bucket}/d`) // what is left behind the page is a marker alone
  for (const [query, truncated] of [
    ['max-keys=4', 'false'],
    ['max-keys=3', 'true'],
    ['delimiter=/&max-keys=3', 'false'],
    ['delimiter=/&max-keys=2', 'true'],
    ['prefix=a&max-keys=1', 'false'],
    ['prefix=c/&max-keys=2', 'false'],
  ] as const) {
    for (const version of ['', 'list-type=2&']) {
      const page = await client.get(`${bucket}?${version}${query}`)
      assert.equal(page.one('IsTruncated'), truncated, query)
    }
  }
})

test('S3.md 37: a list of a bucket that is not there, or not one’s own, is no empty list', async () => {
  const other = await server.account('lister')
  const bucket = await client.bucket('not-yours')
  isError(await client.get('/nowhere?list-type=2'), 404, 'NoSuchBucket')
  isError(await other.get(`${bucket}?list-type=2`), 403, 'AccessDenied')
})

test('S3.md 39: ListBuckets has one’s own, by name, and pages', async () => {
  const owner = await server.account('owner')
  const names = ['lb-c', 'lb-a', 'lb-b', 'other-a', 'lb-d']
  for (const name of names) await owner.bucket(name)
  const all = await owner.get('/')
  assert.deepEqual(all.all('Buckets/Bucket/Name'), names.toSorted())
  assert.equal(all.one('Owner/ID'), 'owner')
  assert.match(all.all('Buckets/Bucket/CreationDate')[0] ?? '', /Z$/)
  assert.equal(all.elements('Buckets/Bucket/BucketRegion').length, 0)
  const pages: string[][] = []
  for (let query = '', more = true; more;) {
    const page = isStatus(await owner.get(`/?prefix=lb-&max-buckets=2${query}`), 200)
    pages.push(page.all('Buckets/Bucket/Name'))
    assert.ok(pages.length <= names.length, 'the pages end')
    assert.equal(page.one('Prefix'), 'lb-')
    assert.ok(page.all('Buckets/Bucket/BucketRegion').every((region) => region === 'us-east-1'))
    const token = page.one('ContinuationToken')
    more = token !== null
    query = `&continuation-token=${encodeURIComponent(token ?? '')}`
  }
  assert.deepEqual(pages, [
    ['lb-a', 'lb-b'],
    ['lb-c', 'lb-d'],
  ])
  assert.deepEqual((await owner.get('/?bucket-region=eu-west-1')).all('Buckets/Bucket/Name'), [])
  assert.equal((await owner.get('/?bucket-region=us-east-1')).all('Buckets/Bucket/Name').length, 5)
  for (const text of ['0', '-1', '10001', 'x']) {
    isError(await owner.get(`/?max-buckets=${text}`), 400, 'InvalidArgument')
  }
  for (const token of ['', 'x']) {
    isError(await owner.get(`/?continuation-token=${token}`), 400, 'InvalidArgument')
  }
})
