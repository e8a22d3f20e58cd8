// Checksums of whole objects, and of bodies that are settings, through HTTP. S3.md 29, 30 and 32;
// those of uploads stand in uploads.test.ts. Decision 5 where it is named.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import { putChunked, UNSIGNED_TRAILER } from './chunked.ts'
import { md5Base64 } from './client.ts'
import { S3Server } from './server.ts'
import { ALGORITHMS, sumHeader, sumOf } from './sums.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

const BODY = 'the body of an object'
const LONG = Buffer.alloc(700_000, BODY)
const MODE = { 'x-amz-checksum-mode': 'ENABLED' }

for (const algorithm of ALGORITHMS) {
  const header = sumHeader(algorithm)

  test(`S3.md 29: ${algorithm} is checked, stored and given back, big-endian base64`, async () => {
    const bucket = await client.bucket(`sum-${algorithm.toLowerCase()}`)
    for (const [key, body] of [
      ['short', BODY],
      ['long', LONG],
      ['empty', ''],
    ] as const) {
      const sum = await sumOf(algorithm, body)
      const put = isStatus(await client.put(`${bucket}/${key}`, body, { [header]: sum }), 200)
      assert.equal(put.header(header), sum)
      assert.equal(put.header('x-amz-checksum-type'), 'FULL_OBJECT')
      for (const method of ['GET', 'HEAD']) {
        const read = await client.send(method, `${bucket}/${key}`, { headers: MODE })
        assert.equal(read.header(header), sum)
        assert.equal(read.header('x-amz-checksum-type'), 'FULL_OBJECT')
        const plain = await client.send(method, `${bucket}/${key}`)
        assert.equal(plain.header(header), null)
        assert.equal(plain.header('x-amz-checksum-type'), null)
      }
    }
  })

  test(`S3.md 29: a wrong ${algorithm} is BadDigest, and nothing is stored`, async () => {
    const bucket = await client.bucket(`wrong-${algorithm.toLowerCase()}`)
    for (const body of [BODY, LONG]) {
      const answer = await client.put(`${bucket}/k`, body, {
        [header]: await sumOf(algorithm, 'x'),
      })
      isError(answer, 400, 'BadDigest')
      assert.match(
        answer.one('Message') ?? '',
        new RegExp(`^The ${algorithm} you specified did not match`),
      )
      isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
    }
  })

  test(`S3.md 29 and decision 5: what is no base64 of a ${algorithm} is BadDigest`, async () => {
    const bucket = await client.bucket(`odd-${algorithm.toLowerCase()}`)
    const sum = await sumOf(algorithm, BODY)
    const odd = ['', 'x', `${sum}=`, sum.slice(0, -4), `${sum}${sum}`, `!${sum.slice(1)}`]
    for (const value of [...odd, Buffer.from(sum, 'base64').toString('hex')]) {
      const answer = await client.put(`${bucket}/k`, BODY, { [header]: value })
      isError(answer, 400, 'BadDigest', { Message: `Value for ${header} header is invalid.` })
    }
    isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
  })
}

test('S3.md 29: two checksums, an unknown one, or another than announced, are InvalidRequest', async () => {
  const bucket = await client.bucket('two-sums')
  const [crc32, sha1] = [await sumOf('CRC32', BODY), await sumOf('SHA1', BODY)]
  const cases: readonly Record<string, string>[] = [
    { 'x-amz-checksum-crc32': crc32, 'x-amz-checksum-sha1': sha1 },
    { 'x-amz-checksum-md4': sha1 },
    { 'x-amz-sdk-checksum-algorithm': 'SHA1', 'x-amz-checksum-crc32': crc32 },
    { 'x-amz-sdk-checksum-algorithm': 'SHA1' },
    { 'x-amz-sdk-checksum-algorithm': 'MD4', 'x-amz-checksum-crc32': crc32 },
  ]
  for (const headers of cases) {
    isError(await client.put(`${bucket}/k`, BODY, headers), 400, 'InvalidRequest')
  }
  const announced = { 'x-amz-sdk-checksum-algorithm': 'crc32', 'x-amz-checksum-crc32': crc32 }
  isStatus(await client.put(`${bucket}/k`, BODY, announced), 200)
})

test('S3.md 29: Content-MD5: what cannot be decoded is InvalidDigest, a wrong one BadDigest', async () => {
  const bucket = await client.bucket('md5')
  for (const value of ['', 'x', 'AAAA', md5Base64(BODY).slice(1), `${md5Base64(BODY)}A`]) {
    isError(await client.put(`${bucket}/k`, BODY, { 'content-md5': value }), 400, 'InvalidDigest')
  }
  for (const body of [BODY, LONG]) {
    isError(
      await client.put(`${bucket}/k`, body, { 'content-md5': md5Base64('x') }),
      400,
      'BadDigest',
    )
    isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
  }
  isStatus(await client.put(`${bucket}/k`, LONG, { 'content-md5': md5Base64(LONG) }), 200)
})

test('S3.md 30: where none is given, CRC64NVME is stored and given back', async () => {
  const bucket = await client.bucket('none-given')
  for (const [key, body] of [
    ['short', BODY],
    ['long', LONG],
  ] as const) {
    const sum = await sumOf('CRC64NVME', body)
    const put = await client.write(`${bucket}/${key}`, body, { 'content-md5': md5Base64(body) })
    assert.equal(put.header('x-amz-checksum-crc64nvme'), sum)
    const read = await client.get(`${bucket}/${key}`, MODE)
    assert.equal(read.header('x-amz-checksum-crc64nvme'), sum)
    assert.equal(read.header('x-amz-checksum-type'), 'FULL_OBJECT')
  }
  const listed = await client.get(bucket)
  assert.deepEqual(listed.all('Contents/ChecksumAlgorithm'), ['CRC64NVME', 'CRC64NVME'])
  assert.deepEqual(listed.all('Contents/ChecksumType'), ['FULL_OBJECT', 'FULL_OBJECT'])
})

test('S3.md 30: GetObjectAttributes shows the checksum with its type', async () => {
  const bucket = await client.bucket('attributes')
  const sum = await sumOf('SHA256', BODY)
  await client.write(`${bucket}/k`, BODY, { 'x-amz-checksum-sha256': sum })
  const answer = await client.get(`${bucket}/k?attributes`, {
    'x-amz-object-attributes': 'Checksum',
  })
  assert.equal(answer.one('Checksum/ChecksumSHA256'), sum)
  assert.equal(answer.one('Checksum/ChecksumType'), 'FULL_OBJECT')
})

test('S3.md 30: a copy keeps its source’s checksum, or has the one that is asked for', async () => {
  const bucket = await client.bucket('copied-sums')
  const sum = await sumOf('SHA1', BODY)
  await client.write(`${bucket}/k`, BODY, { 'x-amz-checksum-sha1': sum })
  const same = isStatus(await client.copy(`${bucket}/same`, `${bucket}/k`), 200)
  assert.equal(same.one('ChecksumSHA1'), sum)
  assert.equal((await client.headOf(`${bucket}/same`, MODE)).header('x-amz-checksum-sha1'), sum)
  const other = { 'x-amz-checksum-algorithm': 'crc32c' }
  const changed = isStatus(await client.copy(`${bucket}/other`, `${bucket}/k`, other), 200)
  assert.equal(changed.one('ChecksumCRC32C'), await sumOf('CRC32C', BODY))
  const head = await client.headOf(`${bucket}/other`, MODE)
  assert.equal(head.header('x-amz-checksum-crc32c'), await sumOf('CRC32C', BODY))
  assert.equal(head.header('x-amz-checksum-sha1'), null)
  const odd = { 'x-amz-checksum-algorithm': 'MD5' }
  isError(await client.copy(`${bucket}/odd`, `${bucket}/k`, odd), 400, 'InvalidRequest')
})

test('S3.md 32: DeleteObjects and bucket tags need Content-MD5 or any checksum, also a trailer', async () => {
  const bucket = await client.bucket('vouched')
  const deleteXml = '<Delete><Object><Key>none</Key></Object></Delete>'
  const tagXml = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'
  for (const [method, target, xml] of [
    ['POST', `${bucket}?delete`, deleteXml],
    ['PUT', `${bucket}?tagging`, tagXml],
  ] as const) {
    const send = async (headers: Record<string, string>) =>
      await client.send(method, target, { headers, body: xml })
    isError(await send({}), 400, 'InvalidRequest')
    assert.ok((await send({ 'content-md5': md5Base64(xml) })).status < 300)
    isError(await send({ 'content-md5': md5Base64('x') }), 400, 'BadDigest')
    for (const algorithm of ALGORITHMS) {
      assert.ok((await send({ [sumHeader(algorithm)]: await sumOf(algorithm, xml) })).status < 300)
      isError(await send({ [sumHeader(algorithm)]: await sumOf(algorithm, 'x') }), 400, 'BadDigest')
    }
  }
  const trailer = ['x-amz-checksum-crc32', await sumOf('CRC32', tagXml)] as const
  const inTrailer = await putChunked(client, `${bucket}?tagging`, {
    form: UNSIGNED_TRAILER,
    chunks: [tagXml],
    trailer,
  })
  isStatus(inTrailer, 204)
  const wrong = ['x-amz-checksum-crc32', await sumOf('CRC32', 'x')] as const
  const refused = { form: UNSIGNED_TRAILER, chunks: ['<x/>'], trailer: wrong } as const
  isError(await putChunked(client, `${bucket}?tagging`, refused), 400, 'BadDigest')
  assert.equal((await client.get(`${bucket}?tagging`)).one('TagSet/Tag/Value'), 'b')
})

test('S3.md 32: settings that need no checksum are still held to one that is given', async () => {
  const bucket = await client.bucket('held')
  const xml = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  const wrong = [
    { 'content-md5': md5Base64('x') },
    { 'x-amz-checksum-crc32': await sumOf('CRC32', 'x') },
  ]
  for (const headers of wrong) {
    isError(await client.put(`${bucket}?versioning`, xml, headers), 400, 'BadDigest')
  }
  assert.equal((await client.get(`${bucket}?versioning`)).one('Status'), null)
})
