// CopyObject through HTTP. S3.md 41.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import { md5Hex, targetOf } from './client.ts'
import { S3Server } from './server.ts'
import { PART_SIZE_BYTES_MIN, Upload } from './upload.ts'

const server = await S3Server.open()
const { client, clock } = server
after(() => server[Symbol.asyncDispose]())

const REPLACE = { 'x-amz-metadata-directive': 'REPLACE' }

test('S3.md 41: the source is encoded, its leading slash optional, a plus is a plus', async () => {
  const bucket = await client.bucket('sources')
  const keys = ['a+b', 'a b', 'a%2Bb', 'p/q//r', '\u00e9\u{1f600}', 'what?versionId', '?', 'a?b=c']
  for (const key of keys) {
    await client.write(targetOf(bucket, key), `of ${key}`)
    const source = targetOf(bucket, key)
    const whole = encodeURIComponent(`sources/${key}`) // the slash behind the bucket too
    for (const each of [source, source.slice(1), `/${whole}`, whole]) {
      const answer = isStatus(await client.copy(`${bucket}/copy`, each), 200)
      assert.equal(answer.one('ETag'), `"${md5Hex(`of ${key}`)}"`)
      assert.equal(await client.read(`${bucket}/copy`), `of ${key}`)
    }
  }
  isStatus(await client.copy(`${bucket}/plain`, `${bucket}/a+b`), 200)
  assert.equal(await client.read(`${bucket}/plain`), 'of a+b')
  const utf8 = Buffer.from(`${bucket}/\u00e9\u{1f600}`).toString('latin1')
  isStatus(await client.copy(`${bucket}/raw`, utf8), 200)
  assert.equal(await client.read(`${bucket}/raw`), 'of \u00e9\u{1f600}')
})

test('S3.md 41: what names no source is InvalidArgument, what is not there 404', async () => {
  const bucket = await client.bucket('no-sources')
  for (const source of ['', '/', 'bucket', '/bucket', '/bucket/', `${bucket}/%`, `${bucket}/%ff`]) {
    isError(await client.copy(`${bucket}/k`, source), 400, 'InvalidArgument')
  }
  isError(await client.copy(`${bucket}/k`, `${bucket}/none`), 404, 'NoSuchKey', { Key: 'none' })
  isError(await client.copy(`${bucket}/k`, '/nowhere/k'), 404, 'NoSuchBucket')
  const odd = await client.copy(`${bucket}/k`, `${bucket}/none?versionId=x`)
  isError(odd, 400, 'InvalidArgument')
  const gone = await client.copy(`${bucket}/k`, `${bucket}/none?versionId=${'0'.repeat(32)}`)
  isError(gone, 404, 'NoSuchVersion')
})

test('S3.md 41: a copy to itself needs a change', async () => {
  const bucket = await client.bucket('itself')
  await client.write(`${bucket}/k`, 'x', { 'x-amz-meta-a': 'old' })
  isError(await client.copy(`${bucket}/k`, `${bucket}/k`), 400, 'InvalidRequest')
  const tags = { 'x-amz-tagging-directive': 'REPLACE', 'x-amz-tagging': 'a=b' }
  isError(await client.copy(`${bucket}/k`, `${bucket}/k`, tags), 400, 'InvalidRequest')
  const changes = [
    { 'x-amz-storage-class': 'STANDARD_IA' },
    { 'x-amz-website-redirect-location': '/a' },
    { 'x-amz-checksum-algorithm': 'SHA1' },
    { ...REPLACE, 'x-amz-meta-a': 'new' },
  ]
  for (const headers of changes)
    isStatus(await client.copy(`${bucket}/k`, `${bucket}/k`, headers), 200)
  const answer = await client.get(`${bucket}/k`)
  assert.equal(answer.text, 'x')
  assert.equal(answer.header('x-amz-meta-a'), 'new')
})

test('S3.md 41: COPY keeps metadata and type, REPLACE takes the request’s only', async () => {
  const bucket = await client.bucket('directives')
  const old = { 'content-type': 'text/old', 'x-amz-meta-a': 'old', 'cache-control': 'old' }
  await client.write(`${bucket}/k`, 'x', { ...old, 'x-amz-storage-class': 'GLACIER' })
  const sent = { 'content-type': 'text/new', 'x-amz-meta-b': 'new' }
  for (const directive of [{}, { 'x-amz-metadata-directive': 'COPY' }]) {
    isStatus(await client.copy(`${bucket}/kept`, `${bucket}/k`, { ...sent, ...directive }), 200)
    const kept = await client.headOf(`${bucket}/kept`)
    for (const [name, value] of Object.entries(old)) assert.equal(kept.header(name), value)
    assert.equal(kept.header('x-amz-meta-b'), null)
    assert.equal(kept.header('x-amz-storage-class'), null) // the class is the request's own
  }
  isStatus(await client.copy(`${bucket}/new`, `${bucket}/k`, { ...sent, ...REPLACE }), 200)
  const replaced = await client.headOf(`${bucket}/new`)
  assert.equal(replaced.header('content-type'), 'text/new')
  assert.equal(replaced.header('x-amz-meta-b'), 'new')
  assert.deepEqual(
    ['x-amz-meta-a', 'cache-control'].map((name) => replaced.header(name)),
    [null, null],
  )
  isStatus(await client.copy(`${bucket}/bare`, `${bucket}/k`, REPLACE), 200)
  assert.equal(
    (await client.headOf(`${bucket}/bare`)).header('content-type'),
    'binary/octet-stream',
  )
  const odd = { 'x-amz-metadata-directive': 'MOVE' }
  isError(await client.copy(`${bucket}/odd`, `${bucket}/k`, odd), 400, 'InvalidArgument')
})

test('S3.md 41: a redirect is never copied', async () => {
  const bucket = await client.bucket('redirects')
  const redirect = 'x-amz-website-redirect-location'
  await client.write(`${bucket}/k`, 'x', { [redirect]: '/old' })
  isStatus(await client.copy(`${bucket}/c`, `${bucket}/k`), 200)
  assert.equal((await client.headOf(`${bucket}/c`)).header(redirect), null)
  isStatus(await client.copy(`${bucket}/d`, `${bucket}/k`, { [redirect]: '/new' }), 200)
  assert.equal((await client.headOf(`${bucket}/d`)).header(redirect), '/new')
})

test('S3.md 41: tags have a directive of their own', async () => {
  const bucket = await client.bucket('copied-tags')
  await client.write(`${bucket}/k`, 'x', { 'x-amz-tagging': 'old=1' })
  const tagsOf = async (headers: Record<string, string>) => {
    isStatus(await client.copy(`${bucket}/c`, `${bucket}/k`, headers), 200)
    return (await client.get(`${bucket}/c?tagging`)).all('TagSet/Tag/Key')
  }
  const sent = { 'x-amz-tagging': 'new=2' }
  const replace = { 'x-amz-tagging-directive': 'REPLACE' }
  assert.deepEqual(await tagsOf({}), ['old'])
  assert.deepEqual(await tagsOf(sent), ['old'])
  assert.deepEqual(await tagsOf({ ...sent, ...replace }), ['new'])
  assert.deepEqual(await tagsOf(replace), [])
  assert.deepEqual(await tagsOf(REPLACE), ['old']) // metadata's directive is not theirs
})

test('S3.md 41: conditions of the source: failures are 412, never 304', async () => {
  const bucket = await client.bucket('copy-conditions')
  const etag = (await client.write(`${bucket}/k`, 'x')).header('etag') ?? ''
  const now = (await client.headOf(`${bucket}/k`)).header('last-modified') ?? ''
  await clock.advance(60_000)
  const before = new Date(Date.parse(now) - 1000).toUTCString()
  const [match, none] = ['if-match', 'if-none-match'] as const
  const [modified, unmodified] = ['if-modified-since', 'if-unmodified-since'] as const
  const cases: readonly (readonly [given: Record<string, string>, failed: string | null])[] = [
    [{ [match]: etag }, null],
    [{ [match]: etag.slice(1, -1) }, null],
    [{ [match]: '"x"' }, 'If-Match'],
    [{ [none]: '"x"' }, null],
    [{ [none]: etag }, 'If-None-Match'],
    [{ [modified]: before }, null],
    [{ [modified]: now }, 'If-Modified-Since'],
    [{ [unmodified]: now }, null],
    [{ [unmodified]: before }, 'If-Unmodified-Since'],
    [{ [match]: etag, [unmodified]: before }, null],
    [{ [none]: etag, [modified]: before }, 'If-None-Match'],
    [{ [none]: '"x"', [modified]: now }, null],
  ]
  for (const [given, failed] of cases) {
    const headers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [`x-amz-copy-source-${name}`, value]),
    )
    const answer = await client.copy(`${bucket}/c`, `${bucket}/k`, headers)
    if (failed === null) isStatus(answer, 200)
    else {
      const Condition = `x-amz-copy-source-${failed}`
      isError(answer, 412, 'PreconditionFailed', { Condition })
    }
  }
})

test('S3.md 41: of versions: which was copied, what was made, and no delete marker', async () => {
  const bucket = await client.bucket('copied-versions', 'Enabled')
  const old = (await client.write(`${bucket}/k`, 'old')).header('x-amz-version-id') ?? ''
  const newer = (await client.write(`${bucket}/k`, 'new')).header('x-amz-version-id') ?? ''
  const copied = isStatus(await client.copy(`${bucket}/c`, `${bucket}/k?versionId=${old}`), 200)
  assert.equal(copied.header('x-amz-copy-source-version-id'), old)
  assert.match(copied.header('x-amz-version-id') ?? '', /^[0-9a-f]{32}$/)
  assert.equal(await client.read(`${bucket}/c`), 'old')
  const latest = await client.copy(`${bucket}/c`, `${bucket}/k`)
  assert.equal(latest.header('x-amz-copy-source-version-id'), newer)
  // An old version over its own key brings it back.
  isStatus(await client.copy(`${bucket}/k`, `${bucket}/k?versionId=${old}`), 200)
  assert.equal(await client.read(`${bucket}/k`), 'old')
  const marker = (await client.delete(`${bucket}/k`)).header('x-amz-version-id') ?? ''
  isError(await client.copy(`${bucket}/c`, `${bucket}/k`), 404, 'NoSuchKey')
  const byId = await client.copy(`${bucket}/c`, `${bucket}/k?versionId=${marker}`)
  isError(byId, 400, 'InvalidRequest')
})

test('S3.md 41: a bucket without versions has neither header', async () => {
  const bucket = await client.bucket('copied-plain')
  await client.write(`${bucket}/k`, 'x')
  const copied = isStatus(await client.copy(`${bucket}/c`, `${bucket}/k`), 200)
  assert.equal(copied.header('x-amz-copy-source-version-id'), null)
  assert.equal(copied.header('x-amz-version-id'), null)
  assert.equal(copied.root.name, 'CopyObjectResult')
  assert.match(copied.one('LastModified') ?? '', /Z$/)
})

test('S3.md 41: the copy is one’s own only where both buckets are', async () => {
  const other = await server.account('copier')
  const bucket = await client.bucket('copy-theirs')
  await client.write(`${bucket}/k`, 'x')
  const own = await other.bucket('copy-own')
  isError(await other.copy(`${own}/k`, `${bucket}/k`), 403, 'AccessDenied')
  await other.write(`${own}/mine`, 'y')
  isError(await other.copy(`${bucket}/k`, `${own}/mine`), 403, 'AccessDenied')
  isStatus(await client.copy(`${own}/root`, `${bucket}/k`), 200)
  assert.equal(await other.read(`${own}/root`), 'x')
  isError(await client.get(`${bucket}/mine`), 404, 'NoSuchKey')
})

test('a copy stays whole when its source is overwritten and deleted', async () => {
  const bucket = await client.bucket('copy-lives')
  for (const body of ['small', Buffer.alloc(PART_SIZE_BYTES_MIN, 'large')]) {
    await client.write(`${bucket}/k`, body)
    isStatus(await client.copy(`${bucket}/c`, `${bucket}/k`), 200)
    await client.write(`${bucket}/k`, 'other')
    isStatus(await client.delete(`${bucket}/k`), 204)
    assert.ok((await client.get(`${bucket}/c`)).body.equals(Buffer.from(body)))
  }
})

test('a copy of an upload keeps its ETag and its bytes', async () => {
  const bucket = await client.bucket('copied-uploads')
  const upload = await Upload.create(client, `${bucket}/k`)
  const parts = [
    await upload.add(1, Buffer.alloc(PART_SIZE_BYTES_MIN, 'p')),
    await upload.add(2, 'q'),
  ]
  const done = isStatus(await upload.complete(parts), 200)
  const copied = isStatus(await client.copy(`${bucket}/c`, `${bucket}/k`), 200)
  assert.equal(copied.one('ETag'), done.one('ETag'))
  const whole = await client.get(`${bucket}/c`)
  assert.equal(whole.body.length, PART_SIZE_BYTES_MIN + 1)
  assert.equal((await client.get(`${bucket}/c`, { range: 'bytes=-2' })).text, 'pq')
})
