// What GET and HEAD of an object answer, through HTTP. S3.md 23 to 25; decision 5 where it is named.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import type { S3Answer } from './answer.ts'
import { md5Hex } from './client.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open()
const { client, clock } = server
after(() => server[Symbol.asyncDispose]())

const BODY = '0123456789'
/** Those that differ by request, whatever is asked. */
const OF_THE_REQUEST = new Set(['x-amz-request-id', 'date', 'connection', 'keep-alive'])

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** GETs and HEADs the same: statuses and headers must be the same. Answers the GET. */
async function both(target: string, headers: Record<string, string> = {}): Promise<S3Answer> {
  const [get, head] = [await client.get(target, headers), await client.headOf(target, headers)]
  const shown = (answer: S3Answer): string[] =>
    answer.headers
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => !OF_THE_REQUEST.has(name))
      .filter(([name]) => get.status < 400 || name !== 'content-length')
      .map(([name, value]) => `${name}: ${value}`)
      .toSorted()
  assert.equal(head.status, get.status)
  assert.deepEqual(shown(head), shown(get))
  assert.equal(head.body.length, 0)
  return get
}

test('S3.md 23: metadata comes back as it was sent, names in lower case', async () => {
  const bucket = await client.bucket('metadata')
  const sent = {
    'X-Amz-Meta-Color': 'Dark  Red',
    'x-amz-meta-UPPER': 'Case Stays',
    'x-amz-meta-empty': '',
    'x-amz-meta-a_b.c': 'odd name',
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'max-age=60',
    'Content-Disposition': 'attachment; filename="a b"',
    'Content-Encoding': 'gzip',
    'Content-Language': 'de, en',
    Expires: 'the first of never',
    'x-amz-website-redirect-location': '/elsewhere',
  }
  await client.write(`${bucket}/k`, BODY, sent)
  const answer = await both(`${bucket}/k`)
  for (const [name, value] of Object.entries(sent)) assert.equal(answer.header(name), value, name)
  const names = answer.headers.map(([name]) => name).filter((name) => /x-amz-meta/i.test(name))
  assert.deepEqual(names.toSorted(), names.map((name) => name.toLowerCase()).toSorted())
  assert.equal(answer.header('etag'), `"${md5Hex(BODY)}"`)
  assert.equal(answer.header('accept-ranges'), 'bytes')
  assert.equal(answer.header('content-length'), '10')
})

test('S3.md 23: Content-Type is binary/octet-stream by default', async () => {
  const bucket = await client.bucket('types')
  await client.write(`${bucket}/k`, BODY)
  await client.write(`${bucket}/e`, BODY, { 'content-type': '' })
  for (const key of ['k', 'e']) {
    assert.equal((await both(`${bucket}/${key}`)).header('content-type'), 'binary/octet-stream')
  }
})

test('S3.md 23: metadata is 2 KiB in all, names and values counted', async () => {
  const bucket = await client.bucket('metadata-sizes')
  const name = 'x-amz-meta-'
  await client.write(`${bucket}/k`, '', {
    [`${name}ab`]: 'v'.repeat(1000),
    [`${name}c`]: 'v'.repeat(1045),
  })
  const over = { [`${name}ab`]: 'v'.repeat(1000), [`${name}c`]: 'v'.repeat(1046) }
  isError(await client.put(`${bucket}/k`, '', over), 400, 'MetadataTooLarge', {
    MaxSizeAllowed: '2048',
  })
  isError(await client.post(`${bucket}/k?uploads`, '', over), 400, 'MetadataTooLarge')
  const wide = { [`${name}c`]: latin1('\u00e9'.repeat(1024)) }
  isError(await client.put(`${bucket}/k`, '', wide), 400, 'MetadataTooLarge')
})

test('S3.md 23: values outside ASCII come back RFC 2047-encoded, and are decoded coming in', async () => {
  const bucket = await client.bucket('words')
  const sent = [
    latin1('gr\u00fcn \u{1f600}'),
    '=?UTF-8?Q?gr=C3=BCn_=F0=9F=98=80?=',
    `=?utf-8?B?${Buffer.from('gr\u00fcn \u{1f600}').toString('base64')}?=`,
    '=?UTF-8?Q?gr=C3=BCn?= =?UTF-8?Q?_=F0=9F=98=80?=',
  ]
  for (const value of sent) {
    await client.write(`${bucket}/k`, '', { 'x-amz-meta-a': value })
    const answer = await both(`${bucket}/k`)
    assert.equal(answer.header('x-amz-meta-a'), '=?UTF-8?Q?gr=C3=BCn=20=F0=9F=98=80?=')
  }
})

test('S3.md 23: system headers outside ASCII can be read back too', async () => {
  const bucket = await client.bucket('odd-headers')
  const sent = { 'content-disposition': latin1('attachment; filename="gr\u00fcn"') }
  await client.write(`${bucket}/k`, '', sent)
  assert.equal(
    (await both(`${bucket}/k`)).header('content-disposition'),
    sent['content-disposition'],
  )
})

test('S3.md 24: a range is bytes a to b, from a, or the last n', async () => {
  const bucket = await client.bucket('ranges')
  await client.write(`${bucket}/k`, BODY)
  const ranges = [
    ['bytes=0-0', '0', '0-0'],
    ['bytes=2-4', '234', '2-4'],
    ['bytes=5-', '56789', '5-9'],
    ['bytes=-5', '56789', '5-9'],
    ['bytes=0-9', BODY, '0-9'],
    ['bytes=8-99', '89', '8-9'],
    ['bytes=-99', BODY, '0-9'],
    ['bytes=0-', BODY, '0-9'],
  ] as const
  for (const [range, body, shown] of ranges) {
    const answer = isStatus(await both(`${bucket}/k`, { range }), 206)
    assert.equal(answer.text, body)
    assert.equal(answer.header('content-range'), `bytes ${shown}/10`)
    assert.equal(answer.header('content-length'), String(body.length))
    assert.equal(answer.header('etag'), `"${md5Hex(BODY)}"`)
  }
})

test('S3.md 24: several ranges, another unit or a syntax error mean the whole with 200', async () => {
  const bucket = await client.bucket('no-ranges')
  await client.write(`${bucket}/k`, BODY)
  const odd = ['bytes=0-1,3-4', 'bytes=4-2', 'lines=0-1', 'bytes=', 'bytes=-', 'bytes=a-b', '0-1']
  for (const range of [...odd, 'bytes 0-1', 'bytes=--1', 'bytes=1-2-3', 'bytes=0x1-2']) {
    const answer = isStatus(await both(`${bucket}/k`, { range }), 200)
    assert.equal(answer.text, BODY, range)
    assert.equal(answer.header('content-range'), null)
  }
})

test('S3.md 24: a range that starts past the end, or is empty, is InvalidRange', async () => {
  const bucket = await client.bucket('bad-ranges')
  await client.write(`${bucket}/k`, BODY)
  await client.write(`${bucket}/empty`, '')
  for (const range of ['bytes=10-', 'bytes=10-12', 'bytes=99-', 'bytes=-0']) {
    const answer = await both(`${bucket}/k`, { range })
    isError(answer, 416, 'InvalidRange', { RangeRequested: range, ActualObjectSize: '10' })
  }
  for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) {
    isError(await both(`${bucket}/empty`, { range }), 416, 'InvalidRange')
  }
  isStatus(await both(`${bucket}/empty`), 200)
})

test('S3.md 24: a range is ignored where If-Range fails', async () => {
  const bucket = await client.bucket('if-range')
  await client.write(`${bucket}/k`, BODY)
  const head = await client.headOf(`${bucket}/k`)
  const [etag, modified] = [head.header('etag') ?? '', head.header('last-modified') ?? '']
  const range = 'bytes=1-2'
  for (const ifRange of [etag, etag.slice(1, -1), modified]) {
    isStatus(await both(`${bucket}/k`, { range, 'if-range': ifRange }), 206)
  }
  const dates = ['Tue, 15 Nov 1994 08:12:31 GMT', new Date(clock.nowMs() + 5000).toUTCString()]
  for (const ifRange of ['"other"', ...dates]) {
    const answer = isStatus(await both(`${bucket}/k`, { range, 'if-range': ifRange }), 200)
    assert.equal(answer.text, BODY)
  }
})

test('S3.md 24: checksums are left out of partial answers', async () => {
  const bucket = await client.bucket('partial-sums')
  await client.write(`${bucket}/k`, BODY)
  const mode = { 'x-amz-checksum-mode': 'ENABLED' }
  assert.notEqual((await both(`${bucket}/k`, mode)).header('x-amz-checksum-crc64nvme'), null)
  const part = await both(`${bucket}/k`, { ...mode, range: 'bytes=0-3' })
  assert.equal(part.header('x-amz-checksum-crc64nvme'), null)
  assert.equal(part.header('x-amz-checksum-type'), null)
})

test('S3.md 24: partNumber of an object without parts is 1 alone, and no companion of Range', async () => {
  const bucket = await client.bucket('part-numbers')
  await client.write(`${bucket}/k`, BODY)
  const answer = isStatus(await both(`${bucket}/k?partNumber=1`), 206)
  assert.equal(answer.text, BODY)
  assert.equal(answer.header('content-range'), 'bytes 0-9/10')
  assert.equal(answer.header('x-amz-mp-parts-count'), null)
  isError(await both(`${bucket}/k?partNumber=2`), 416, 'InvalidPartNumber')
  for (const number of ['0', '-1', '10001', 'x', '']) {
    isError(await both(`${bucket}/k?partNumber=${number}`), 400, 'InvalidArgument')
  }
  const both400 = await both(`${bucket}/k?partNumber=1`, { range: 'bytes=0-1' })
  isError(both400, 400, 'InvalidRequest')
})

test('S3.md 25: conditions of reads, by the table of RFC 9110 and S3', async () => {
  const bucket = await client.bucket('conditions')
  await client.write(`${bucket}/k`, BODY)
  const head = await client.headOf(`${bucket}/k`)
  const [etag, now] = [head.header('etag') ?? '', head.header('last-modified') ?? '']
  await clock.advance(60_000)
  const before = new Date(Date.parse(now) - 1000).toUTCString()
  const future = new Date(clock.nowMs() + 3_600_000).toUTCString()
  const bare = etag.slice(1, -1)
  const [match, none] = ['if-match', 'if-none-match'] as const
  const [modified, unmodified] = ['if-modified-since', 'if-unmodified-since'] as const
  const cases: readonly (readonly [headers: Record<string, string>, outcome: number | string])[] = [
    [{ [match]: etag }, 200],
    [{ [match]: bare }, 200],
    [{ [match]: `"x", ${etag}` }, 200],
    [{ [match]: '*' }, 200],
    [{ [match]: '"x"' }, 'If-Match'],
    [{ [none]: '"x"' }, 200],
    [{ [none]: etag }, 304],
    [{ [none]: bare }, 304],
    [{ [none]: `"x",${etag}` }, 304],
    [{ [none]: '*' }, 304],
    [{ [none]: `W/${etag}` }, 304],
    [{ [modified]: now }, 304],
    [{ [modified]: before }, 200],
    [{ [modified]: future }, 200], // of the future: ignored
    [{ [modified]: 'yesterday' }, 200], // no date: ignored
    [{ [unmodified]: now }, 200],
    [{ [unmodified]: before }, 'If-Unmodified-Since'],
    [{ [unmodified]: 'yesterday' }, 200],
    [{ [match]: etag, [unmodified]: before }, 200],
    [{ [match]: '"x"', [unmodified]: now }, 'If-Match'],
    [{ [none]: etag, [modified]: before }, 304],
    [{ [none]: '"x"', [modified]: now }, 200],
    [{ [match]: '"x"', [none]: etag }, 'If-Match'],
    [{ [unmodified]: before, [none]: etag }, 'If-Unmodified-Since'],
    [{ [match]: etag, [none]: etag }, 304],
  ]
  for (const [headers, outcome] of cases) {
    const answer = await both(`${bucket}/k`, headers)
    if (typeof outcome === 'number') assert.equal(answer.status, outcome, JSON.stringify(headers))
    else isError(answer, 412, 'PreconditionFailed', { Condition: outcome })
  }
  isError(await both(`${bucket}/none`, { [match]: '*' }), 404, 'NoSuchKey')
  isStatus(await both(`${bucket}/k`, { [none]: etag, range: 'bytes=99-' }), 304)
  isError(
    await both(`${bucket}/k`, { [match]: '"x"', range: 'bytes=0-1' }),
    412,
    'PreconditionFailed',
  )
})

test('HEAD answers the headers of GET in every other case too', async () => {
  const bucket = await client.bucket('the-same', 'Enabled')
  const first = await client.write(`${bucket}/k`, BODY, {
    'x-amz-storage-class': 'GLACIER',
    'x-amz-tagging': 'a=1&b=2',
  })
  await client.write(`${bucket}/k`, 'new')
  const version = first.header('x-amz-version-id') ?? ''
  const old = await both(`${bucket}/k?versionId=${version}`, { 'x-amz-checksum-mode': 'enabled' })
  assert.equal(old.header('x-amz-version-id'), version)
  assert.equal(old.header('x-amz-storage-class'), 'GLACIER')
  assert.equal(old.header('x-amz-tagging-count'), '2')
  assert.notEqual((await both(`${bucket}/k`)).header('x-amz-version-id'), version)
  assert.equal((await both(`${bucket}/k`)).header('x-amz-storage-class'), null)
  isStatus(await client.delete(`${bucket}/k`), 204)
  const marker = await both(`${bucket}/k`)
  isError(marker, 404, 'NoSuchKey')
  assert.equal(marker.header('x-amz-delete-marker'), 'true')
  const markerId = marker.header('x-amz-version-id') ?? ''
  const byId = [await client.get(`${bucket}/k?versionId=${markerId}`)]
  byId.push(await client.headOf(`${bucket}/k?versionId=${markerId}`))
  for (const answer of byId) {
    assert.equal(answer.status, 405)
    assert.equal(answer.header('allow'), 'DELETE')
  }
  isError(await both(`${bucket}/k?versionId=${'0'.repeat(32)}`), 404, 'NoSuchVersion')
  isError(await both(`${bucket}/k?versionId=never`), 400, 'InvalidArgument')
  isError(await both('/nowhere/k'), 404, 'NoSuchBucket')
})
