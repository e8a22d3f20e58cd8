// Checksums of multipart uploads through HTTP. S3.md 31; decision 5 where it is named.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import { S3Server } from './server.ts'
import { ALGORITHMS, compositeOf, sumHeader, sumOf } from './sums.ts'
import type { Algorithm } from './sums.ts'
import { PART_SIZE_BYTES_MIN, Upload } from './upload.ts'
import type { NamedPart } from './upload.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

const BODIES = [Buffer.alloc(PART_SIZE_BYTES_MIN, 'the first part '), Buffer.from('the last')]
const WHOLE = Buffer.concat(BODIES)
const MODE = { 'x-amz-checksum-mode': 'ENABLED' }
const TYPES: Readonly<Record<Algorithm, readonly ('COMPOSITE' | 'FULL_OBJECT')[]>> = {
  CRC32: ['COMPOSITE', 'FULL_OBJECT'],
  CRC32C: ['COMPOSITE', 'FULL_OBJECT'],
  CRC64NVME: ['FULL_OBJECT'],
  SHA1: ['COMPOSITE'],
  SHA256: ['COMPOSITE'],
}

/** An upload with both parts sent, their checksums with them; and how to name them. */
async function begin(
  target: string,
  algorithm: Algorithm,
  type: string | null,
): Promise<{ upload: Upload; parts: NamedPart[]; sums: string[] }> {
  const headers: Record<string, string> = { 'x-amz-checksum-algorithm': algorithm }
  if (type !== null) headers['x-amz-checksum-type'] = type
  const upload = await Upload.create(client, target, headers)
  const [parts, sums]: [NamedPart[], string[]] = [[], []]
  for (const [index, body] of BODIES.entries()) {
    const sum = await sumOf(algorithm, body)
    const part = await upload.add(index + 1, body, { [sumHeader(algorithm)]: sum })
    parts.push({ ...part, extra: { [`Checksum${algorithm}`]: sum } })
    sums.push(sum)
  }
  return { upload, parts, sums }
}

for (const algorithm of ALGORITHMS) {
  for (const type of TYPES[algorithm]) {
    test(`S3.md 31: ${algorithm} ${type} of an upload is the one that clients compute`, async () => {
      const bucket = await client.bucket(`${algorithm}-${type.replace('_', '-')}`.toLowerCase())
      const { upload, parts, sums } = await begin(`${bucket}/k`, algorithm, type)
      assert.equal(upload.created.header('x-amz-checksum-algorithm'), algorithm)
      assert.equal(upload.created.header('x-amz-checksum-type'), type)
      const whole =
        type === 'COMPOSITE' ? await compositeOf(algorithm, sums) : await sumOf(algorithm, WHOLE)
      const header = sumHeader(algorithm)
      const wrong = await upload.complete(parts, { [header]: await sumOf(algorithm, 'another') })
      isError(wrong, 400, 'BadDigest')
      const done = isStatus(await upload.complete(parts, { [header]: whole }), 200)
      assert.equal(done.one(`Checksum${algorithm}`), whole)
      assert.equal(done.one('ChecksumType'), type)
      const head = await client.headOf(`${bucket}/k`, MODE)
      assert.equal(head.header(header), whole)
      assert.equal(head.header('x-amz-checksum-type'), type)
      const wanted = { 'x-amz-object-attributes': 'Checksum,ObjectParts' }
      const attributes = await client.get(`${bucket}/k?attributes`, wanted)
      assert.equal(attributes.one(`Checksum/Checksum${algorithm}`), whole)
      assert.deepEqual(attributes.all(`ObjectParts/Part/Checksum${algorithm}`), sums)
      assert.equal((await client.get(bucket)).one('Contents/ChecksumType'), type)
    })
  }
}

test('S3.md 31: the default type is COMPOSITE, of CRC64NVME FULL_OBJECT', async () => {
  const bucket = await client.bucket('default-types')
  for (const algorithm of ALGORITHMS) {
    const headers = { 'x-amz-checksum-algorithm': algorithm }
    const { created } = await Upload.create(client, `${bucket}/k`, headers)
    assert.equal(created.header('x-amz-checksum-type'), TYPES[algorithm][0])
  }
})

test('S3.md 31: SHA FULL_OBJECT, CRC64NVME COMPOSITE, and a type alone are refused', async () => {
  const bucket = await client.bucket('no-types')
  const create = async (headers: Record<string, string>) =>
    await client.send('POST', `${bucket}/k?uploads`, { headers })
  for (const [algorithm, type] of [
    ['SHA1', 'FULL_OBJECT'],
    ['SHA256', 'FULL_OBJECT'],
    ['CRC64NVME', 'COMPOSITE'],
    ['CRC32', 'HALF'],
    ['MD5', 'COMPOSITE'],
  ] as const) {
    const headers = { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type }
    isError(await create(headers), 400, 'InvalidRequest')
  }
  isError(await create({ 'x-amz-checksum-type': 'COMPOSITE' }), 400, 'InvalidRequest')
})

test('S3.md 31: no algorithm named: FULL_OBJECT CRC64NVME results', async () => {
  const bucket = await client.bucket('none-named')
  const upload = await Upload.create(client, `${bucket}/k`)
  assert.equal(upload.created.header('x-amz-checksum-algorithm'), null)
  const parts = [await upload.add(1, BODIES[0] ?? ''), await upload.add(2, BODIES[1] ?? '')]
  const done = isStatus(await upload.complete(parts), 200)
  assert.equal(done.one('ChecksumCRC64NVME'), await sumOf('CRC64NVME', WHOLE))
  const head = await client.headOf(`${bucket}/k`, MODE)
  assert.equal(head.header('x-amz-checksum-crc64nvme'), await sumOf('CRC64NVME', WHOLE))
  assert.equal(head.header('x-amz-checksum-type'), 'FULL_OBJECT')
})

test('S3.md 31: a wrong checksum of a part is InvalidPart, one of its bytes BadDigest', async () => {
  const bucket = await client.bucket('wrong-parts')
  const { upload, parts } = await begin(`${bucket}/k`, 'SHA256', null)
  const header = sumHeader('SHA256')
  const bad = await upload.part(2, 'x', { [header]: await sumOf('SHA256', 'y') })
  isError(bad, 400, 'BadDigest')
  const sum = await sumOf('SHA256', 'another')
  const wrong = parts.map((part) => ({ ...part, extra: { ChecksumSHA256: sum } }))
  isError(await upload.complete(wrong), 400, 'InvalidPart')
  isStatus(await upload.complete(parts), 200)
})

test('S3.md 31: another algorithm or type than at creation is InvalidRequest', async () => {
  const bucket = await client.bucket('other-types')
  const { upload, parts, sums } = await begin(`${bucket}/k`, 'CRC32', 'COMPOSITE')
  const other = await upload.part(1, 'x', { [sumHeader('SHA1')]: await sumOf('SHA1', 'x') })
  isError(other, 400, 'InvalidRequest')
  isError(
    await upload.complete(parts, { 'x-amz-checksum-type': 'FULL_OBJECT' }),
    400,
    'InvalidRequest',
  )
  const sha1 = { [sumHeader('SHA1')]: await sumOf('SHA1', WHOLE) }
  isError(await upload.complete(parts, sha1), 400, 'InvalidRequest')
  const three = (await compositeOf('CRC32', sums)).replace(/-2$/, '-3')
  isError(await upload.complete(parts, { [sumHeader('CRC32')]: three }), 400, 'BadDigest')
  isStatus(await upload.complete(parts, { 'x-amz-checksum-type': 'COMPOSITE' }), 200)
})

test('S3.md 31: x-amz-mp-object-size is checked', async () => {
  const bucket = await client.bucket('object-sizes')
  const { upload, parts } = await begin(`${bucket}/k`, 'CRC32', 'FULL_OBJECT')
  const size = 'x-amz-mp-object-size'
  for (const wrong of [WHOLE.length - 1, WHOLE.length + 1, 0]) {
    isError(await upload.complete(parts, { [size]: String(wrong) }), 400, 'InvalidRequest')
  }
  isError(await upload.complete(parts, { [size]: 'x' }), 400, 'InvalidArgument')
  isStatus(await upload.complete(parts, { [size]: String(WHOLE.length) }), 200)
})

test('S3.md 31 and decision 5: COMPOSITE, a part named without its checksum: the stored counts', async () => {
  const bucket = await client.bucket('unnamed-sums')
  const { upload, parts, sums } = await begin(`${bucket}/k`, 'SHA256', 'COMPOSITE')
  const bare = parts.map(({ number, etag }) => ({ number, etag }))
  const done = isStatus(await upload.complete(bare), 200)
  assert.equal(done.one('ChecksumSHA256'), await compositeOf('SHA256', sums))
})

test('S3.md 31: parts sent without a checksum still give the whole its own', async () => {
  const bucket = await client.bucket('unsent-sums')
  const headers = { 'x-amz-checksum-algorithm': 'CRC32C', 'x-amz-checksum-type': 'FULL_OBJECT' }
  const upload = await Upload.create(client, `${bucket}/k`, headers)
  const parts = [await upload.add(1, BODIES[0] ?? ''), await upload.add(2, BODIES[1] ?? '')]
  const done = isStatus(await upload.complete(parts), 200)
  assert.equal(done.one('ChecksumCRC32C'), await sumOf('CRC32C', WHOLE))
})

test('S3.md 24, 31 and decision 5: partNumber gives the part, its range and its own checksum', async () => {
  const bucket = await client.bucket('part-reads')
  const { upload, parts, sums } = await begin(`${bucket}/k`, 'SHA1', 'COMPOSITE')
  isStatus(await upload.complete(parts), 200)
  const header = sumHeader('SHA1')
  const starts = [0, PART_SIZE_BYTES_MIN]
  for (const [index, body] of BODIES.entries()) {
    const target = `${bucket}/k?partNumber=${index + 1}`
    for (const method of ['GET', 'HEAD']) {
      const answer = isStatus(await client.send(method, target), 206)
      const start = starts[index] ?? 0
      const range = `bytes ${start}-${start + body.length - 1}/${WHOLE.length}`
      assert.equal(answer.header('content-range'), range)
      assert.equal(answer.header('content-length'), String(body.length))
      assert.equal(answer.header('x-amz-mp-parts-count'), '2')
      assert.equal(answer.header(header), sums[index]) // asked for or not
      if (method === 'GET') assert.ok(answer.body.equals(body))
    }
  }
  isError(await client.get(`${bucket}/k?partNumber=3`), 416, 'InvalidPartNumber', {
    PartNumberRequested: '3',
    ActualPartCount: '2',
  })
})

test('S3.md 30: a copy of a composite has one checksum over its bytes, or keeps the parts’', async () => {
  const bucket = await client.bucket('composite-copies')
  const { upload, parts } = await begin(`${bucket}/k`, 'SHA256', 'COMPOSITE')
  isStatus(await upload.complete(parts), 200)
  isStatus(await client.copy(`${bucket}/c`, `${bucket}/k`), 200)
  const head = await client.headOf(`${bucket}/c`, MODE)
  const [value, type] = [head.header(sumHeader('SHA256')), head.header('x-amz-checksum-type')]
  const { sums } = await begin(`${bucket}/again`, 'SHA256', 'COMPOSITE')
  const wanted =
    type === 'COMPOSITE' ? await compositeOf('SHA256', sums) : await sumOf('SHA256', WHOLE)
  assert.equal(value, wanted)
  const crc = { 'x-amz-checksum-algorithm': 'CRC32' }
  const done = isStatus(await client.copy(`${bucket}/d`, `${bucket}/k`, crc), 200)
  assert.equal(done.one('ChecksumCRC32'), await sumOf('CRC32', WHOLE))
  assert.ok((await client.get(`${bucket}/d`)).body.equals(WHOLE))
})
