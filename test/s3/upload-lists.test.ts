// ListParts, ListMultipartUploads and UploadPartCopy through HTTP. S3.md 36; decision 5 where it is
// named.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import { md5Hex, targetOf } from './client.ts'
import { S3Server } from './server.ts'
import { sumOf } from './sums.ts'
import { PART_SIZE_BYTES_MIN, Upload } from './upload.ts'

const server = await S3Server.open()
const { client, clock } = server
after(() => server[Symbol.asyncDispose]())

test('S3.md 36: ListParts pages, and NextPartNumberMarker is there even when not truncated', async () => {
  const bucket = await client.bucket('parts')
  const upload = await Upload.create(client, `${bucket}/a b`.replace(' ', '%20'), {
    'x-amz-storage-class': 'GLACIER',
  })
  const empty = await upload.list()
  assert.equal(empty.one('NextPartNumberMarker'), '0')
  assert.equal(empty.one('IsTruncated'), 'false')
  const numbers = [1, 2, 5, 100, 10_000]
  for (const number of numbers) await upload.add(number, `part ${number}`)
  const all = await upload.list()
  assert.deepEqual(all.all('Part/PartNumber').map(Number), numbers)
  assert.deepEqual(
    all.all('Part/ETag'),
    numbers.map((number) => `"${md5Hex(`part ${number}`)}"`),
  )
  assert.deepEqual(
    all.all('Part/Size').map(Number),
    numbers.map((number) => `part ${number}`.length),
  )
  assert.equal(all.one('NextPartNumberMarker'), '10000')
  assert.equal(all.one('MaxParts'), '1000')
  const one = (path: string) => all.one(path)
  assert.deepEqual(['Bucket', 'Key', 'UploadId'].map(one), ['parts', 'a b', upload.id])
  assert.deepEqual(['StorageClass', 'Owner/ID', 'Initiator/ID'].map(one), [
    'GLACIER',
    'root',
    'root',
  ])

  const seen: number[] = []
  for (let marker = '0', more = true; more;) {
    const page = await upload.list(`&max-parts=2&part-number-marker=${marker}`)
    assert.equal(page.one('PartNumberMarker'), marker)
    assert.equal(page.one('MaxParts'), '2')
    seen.push(...page.all('Part/PartNumber').map(Number))
    assert.ok(seen.length <= numbers.length, 'the pages end')
    more = page.one('IsTruncated') === 'true'
    marker = page.one('NextPartNumberMarker') ?? ''
    assert.equal(Number(marker), seen.at(-1))
  }
  assert.deepEqual(seen, numbers)
})

test('S3.md 36: max-parts over 1000 means 1000, 0 is an empty page, others are refused', async () => {
  const bucket = await client.bucket('max-parts')
  const upload = await Upload.create(client, `${bucket}/k`)
  await upload.add(1, 'x')
  assert.deepEqual((await upload.list('&max-parts=5000')).all('Part/PartNumber'), ['1'])
  const none = await upload.list('&max-parts=0')
  assert.deepEqual([none.all('Part').length, none.one('IsTruncated')], [0, 'false'])
  for (const query of [
    'max-parts=-1',
    'max-parts=x',
    'part-number-marker=-1',
    'part-number-marker=x',
  ]) {
    isError(await upload.list(`&${query}`), 400, 'InvalidArgument')
  }
})

test('S3.md 36: uploads sort by key, then by initiation, and page so', async () => {
  const bucket = await client.bucket('uploads')
  const wanted: string[] = []
  for (const key of ['b', 'a/1', 'b', 'a/2', 'c', 'b', '\u{1f600}', '\ue000']) {
    const upload = await Upload.create(client, targetOf(bucket, key))
    wanted.push(`${key} ${upload.id}`)
    await clock.advance(10)
  }
  const order = ['a/1', 'a/2', 'b', 'c', '\ue000', '\u{1f600}']
  const sorted = order.flatMap((key) => wanted.filter((each) => each.startsWith(`${key} `)))
  const listed = (page: Awaited<ReturnType<typeof client.get>>): string[] => {
    const ids = page.all('Upload/UploadId')
    return page.all('Upload/Key').map((key, index) => `${key} ${ids[index]}`)
  }
  assert.deepEqual(listed(await client.get(`${bucket}?uploads`)), sorted)
  for (const limit of [1, 2, 3, 8]) {
    const seen: string[] = []
    for (let query = '', more = true; more;) {
      const page = isStatus(await client.get(`${bucket}?uploads&max-uploads=${limit}${query}`), 200)
      assert.ok(listed(page).length > 0 && listed(page).length <= limit)
      seen.push(...listed(page))
      assert.ok(seen.length <= sorted.length, 'the pages end')
      more = page.one('IsTruncated') === 'true'
      const key = encodeURIComponent(page.one('NextKeyMarker') ?? '')
      query = `&key-marker=${key}&upload-id-marker=${page.one('NextUploadIdMarker')}`
    }
    assert.deepEqual(seen, sorted)
  }
  const behind = listed(await client.get(`${bucket}?uploads&key-marker=b`))
  assert.deepEqual(behind, sorted.slice(5)) // a key alone skips all of its uploads
})

test('S3.md 36: uploads have prefix and delimiter', async () => {
  const bucket = await client.bucket('upload-prefixes')
  for (const key of ['a', 'p/a', 'p/b', 'p/q/c', 'q/d'])
    await Upload.create(client, `${bucket}/${key}`)
  const grouped = await client.get(`${bucket}?uploads&delimiter=/`)
  assert.deepEqual(grouped.all('Upload/Key'), ['a'])
  assert.deepEqual(grouped.all('CommonPrefixes/Prefix'), ['p/', 'q/'])
  assert.equal(grouped.one('Delimiter'), '/')
  const under = await client.get(`${bucket}?uploads&delimiter=/&prefix=p/`)
  assert.deepEqual(under.all('Upload/Key'), ['p/a', 'p/b'])
  assert.deepEqual(under.all('CommonPrefixes/Prefix'), ['p/q/'])
  const first = await client.get(`${bucket}?uploads&delimiter=/&max-uploads=2`)
  assert.equal(first.one('NextKeyMarker'), 'p/')
  const rest = await client.get(`${bucket}?uploads&delimiter=/&key-marker=p/`)
  assert.deepEqual(rest.all('CommonPrefixes/Prefix'), ['q/'])
})

test('S3.md 36: an upload that ended is listed no more', async () => {
  const bucket = await client.bucket('ended-uploads')
  const [done, gone] = [
    await Upload.create(client, `${bucket}/a`),
    await Upload.create(client, `${bucket}/b`),
  ]
  isStatus(await done.complete([await done.add(1, 'x')]), 200)
  isStatus(await gone.abort(), 204)
  assert.deepEqual((await client.get(`${bucket}?uploads`)).all('Upload'), [])
  isError(
    await client.get(`${bucket}?uploads&key-marker=a&upload-id-marker=x`),
    400,
    'InvalidArgument',
  )
})

test('S3.md 36: UploadPartCopy takes a whole object or a range of both ends', async () => {
  const bucket = await client.bucket('part-copies')
  const source = Buffer.alloc(PART_SIZE_BYTES_MIN + 1000, '0123456789')
  await client.write(`${bucket}/source`, source)
  const upload = await Upload.create(client, `${bucket}/k`)
  const first = isStatus(await upload.copy(1, `${bucket}/source`), 200)
  const range = { 'x-amz-copy-source-range': 'bytes=5-12' }
  const second = isStatus(await upload.copy(2, `${bucket}/source`, range), 200)
  assert.equal(second.root.name, 'CopyPartResult')
  assert.equal(first.one('ETag'), `"${md5Hex(source)}"`)
  assert.equal(second.one('ETag'), `"${md5Hex('56789012')}"`)
  assert.match(second.one('LastModified') ?? '', /Z$/)
  const parts = [first, second].map((answer, index) => ({
    number: index + 1,
    etag: answer.one('ETag') ?? '',
  }))
  isStatus(await upload.complete(parts), 200)
  const { body } = await client.get(`${bucket}/k`)
  assert.ok(body.equals(Buffer.concat([source, Buffer.from('56789012')])))
})

test('S3.md 36: a range in another form is InvalidArgument', async () => {
  const bucket = await client.bucket('part-ranges')
  await client.write(`${bucket}/source`, '0123456789')
  const upload = await Upload.create(client, `${bucket}/k`)
  for (const range of [
    'bytes=5-',
    'bytes=-5',
    '0-1',
    'bytes=3-2',
    'bytes=0-1,3-4',
    'lines=0-1',
    '',
  ]) {
    const answer = await upload.copy(1, `${bucket}/source`, { 'x-amz-copy-source-range': range })
    isError(answer, 400, 'InvalidArgument', { ArgumentName: 'x-amz-copy-source-range' })
  }
})

test('S3.md 36 and decision 5: a range that passes the source’s end is InvalidRange', async () => {
  const bucket = await client.bucket('part-ends')
  await client.write(`${bucket}/source`, '0123456789')
  const upload = await Upload.create(client, `${bucket}/k`)
  for (const range of ['bytes=0-10', 'bytes=10-11', 'bytes=9-99']) {
    const answer = await upload.copy(1, `${bucket}/source`, { 'x-amz-copy-source-range': range })
    isError(answer, 416, 'InvalidRange')
  }
  isStatus(
    await upload.copy(1, `${bucket}/source`, { 'x-amz-copy-source-range': 'bytes=0-9' }),
    200,
  )
})

test('S3.md 36 and 41: the source of a part has versions and conditions as that of a copy', async () => {
  const bucket = await client.bucket('part-sources', 'Enabled')
  const old = await client.write(`${bucket}/source`, 'old')
  const version = old.header('x-amz-version-id') ?? ''
  await client.write(`${bucket}/source`, 'new')
  const upload = await Upload.create(client, `${bucket}/k`)
  const copied = isStatus(await upload.copy(1, `${bucket}/source?versionId=${version}`), 200)
  assert.equal(copied.one('ETag'), `"${md5Hex('old')}"`)
  assert.equal(copied.header('x-amz-copy-source-version-id'), version)
  const none = 'x-amz-copy-source-if-none-match'
  const refused = await upload.copy(1, `${bucket}/source`, { [none]: md5Hex('new') })
  isError(refused, 412, 'PreconditionFailed')
  isError(await upload.copy(1, `${bucket}/gone`), 404, 'NoSuchKey')
  isError(await upload.copy(1, '/nowhere/k'), 404, 'NoSuchBucket')
  isError(await upload.copy(0, `${bucket}/source`), 400, 'InvalidArgument')
})

test('a copied part has the checksum of its upload’s algorithm', async () => {
  const bucket = await client.bucket('part-copy-sums')
  await client.write(`${bucket}/source`, 'source')
  const headers = { 'x-amz-checksum-algorithm': 'SHA256' }
  const upload = await Upload.create(client, `${bucket}/k`, headers)
  const copied = isStatus(await upload.copy(1, `${bucket}/source`), 200)
  assert.equal(copied.one('ChecksumSHA256'), await sumOf('SHA256', 'source'))
  const listed = await upload.list()
  assert.equal(listed.one('ChecksumAlgorithm'), 'SHA256')
  assert.equal(listed.one('ChecksumType'), 'COMPOSITE')
  assert.equal(listed.one('Part/ChecksumSHA256'), await sumOf('SHA256', 'source'))
})
