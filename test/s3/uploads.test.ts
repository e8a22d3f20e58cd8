// Multipart uploads through HTTP. S3.md 27 and 33 to 35; lists and copied parts stand in
// upload-lists.test.ts, checksums in upload-checksums.test.ts. Decision 5 where it is named.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import { md5Hex } from './client.ts'
import { S3Server } from './server.ts'
import { PART_SIZE_BYTES_MIN, Upload } from './upload.ts'

const server = await S3Server.open()
const { client, clock } = server
after(() => server[Symbol.asyncDispose]())

const BIG = Buffer.alloc(PART_SIZE_BYTES_MIN, 'of the least size that a part may have; ')
const NO_ETAG = '0'.repeat(32)

function etagOf(...bodies: readonly (Uint8Array | string)[]): string {
  const digests = bodies.map((body) => createHash('md5').update(body).digest())
  return `"${md5Hex(Buffer.concat(digests))}-${bodies.length}"`
}

test('S3.md 33: part numbers are 1 to 10000', async () => {
  const bucket = await client.bucket('numbers')
  const upload = await Upload.create(client, `${bucket}/k`)
  for (const number of [0, 10_001, -1, '', 'x', '1.5', '99999999999']) {
    isError(await upload.part(number, 'x'), 400, 'InvalidArgument')
  }
  const last = await upload.add(10_000, 'last')
  isError(await upload.complete([{ ...last, number: 10_001 }]), 400, 'InvalidArgument')
  isStatus(await upload.complete([last]), 200)
  assert.equal(await client.read(`${bucket}/k`), 'last')
})

test('S3.md 33: all parts but the last have 5 MiB, judged at completion', async () => {
  const bucket = await client.bucket('small-parts')
  const upload = await Upload.create(client, `${bucket}/k`)
  const first = await upload.add(1, BIG)
  const small = await upload.add(2, 'small')
  const last = await upload.add(3, 'last')
  isError(await upload.complete([first, small, last]), 400, 'EntityTooSmall', {
    ProposedSize: '5',
    MinSizeAllowed: String(PART_SIZE_BYTES_MIN),
    PartNumber: '2',
    ETag: md5Hex('small'),
  })
  isStatus(await upload.complete([first, last]), 200) // and the upload stayed usable
  assert.equal((await client.get(`${bucket}/k`)).body.length, BIG.length + 4)
})

test('S3.md 33: parts ascend, and each stands once', async () => {
  const bucket = await client.bucket('part-order')
  const upload = await Upload.create(client, `${bucket}/k`)
  const [one, two] = [await upload.add(1, BIG), await upload.add(2, 'two')]
  isError(await upload.complete([two, one]), 400, 'InvalidPartOrder')
  isError(await upload.complete([one, one]), 400, 'InvalidPartOrder')
  isError(await upload.complete([one, two, two]), 400, 'InvalidPartOrder')
  isError(await upload.complete([one, two, one]), 400, 'InvalidPartOrder')
  isStatus(await upload.complete([one, two]), 200)
})

test('S3.md 33 and decision 5: of a number twice in a row with two ETags the later counts', async () => {
  const bucket = await client.bucket('sent-again')
  const upload = await Upload.create(client, `${bucket}/k`)
  const old = await upload.add(1, 'old')
  const newer = await upload.add(1, 'newer')
  isError(await upload.complete([newer, old]), 400, 'InvalidPart')
  isStatus(await upload.complete([old, newer]), 200)
  assert.equal(await client.read(`${bucket}/k`), 'newer')
})

test('S3.md 33: a missing part or a wrong ETag is InvalidPart; quotes are optional', async () => {
  const bucket = await client.bucket('wrong-parts')
  const upload = await Upload.create(client, `${bucket}/k`)
  const part = await upload.add(2, 'x')
  isError(await upload.complete([{ ...part, etag: NO_ETAG }]), 400, 'InvalidPart')
  isError(await upload.complete([{ ...part, number: 3 }]), 400, 'InvalidPart')
  isError(await upload.complete([{ number: 1, etag: NO_ETAG }, part]), 400, 'InvalidPart')
  const bare = { ...part, etag: part.etag.slice(1, -1) }
  isStatus(await upload.complete([bare]), 200)
  const escaped = await Upload.create(client, `${bucket}/e`)
  const { number, etag } = await escaped.add(1, 'x')
  isStatus(await escaped.complete([{ number, etag: etag.replaceAll('"', '&quot;') }]), 200)
})

test('S3.md 33: an empty list, or what is no list of parts, is MalformedXML', async () => {
  const bucket = await client.bucket('no-parts')
  const upload = await Upload.create(client, `${bucket}/k`)
  await upload.add(1, 'x')
  isError(await upload.complete([]), 400, 'MalformedXML')
  const target = `${bucket}/k?uploadId=${upload.id}`
  const inner = [
    '<Part/>',
    '<Part><PartNumber>1</PartNumber></Part>',
    '<Part><ETag>x</ETag></Part>',
  ]
  const odd = inner.map((text) => `<CompleteMultipartUpload>${text}</CompleteMultipartUpload>`)
  for (const xml of ['', 'x', '<Other/>', ...odd]) {
    isError(await client.post(target, xml), 400, 'MalformedXML')
  }
  isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
})

test('S3.md 33: gaps in the numbers are fine, and parts not named are thrown away', async () => {
  const bucket = await client.bucket('gaps')
  const upload = await Upload.create(client, `${bucket}/k`)
  const parts = [
    await upload.add(7, BIG),
    await upload.add(500, 'unnamed'),
    await upload.add(9000, 'z'),
  ]
  isStatus(await upload.complete(parts.filter((_, index) => index !== 1)), 200)
  const answer = await client.get(`${bucket}/k`)
  assert.equal(answer.body.length, BIG.length + 1)
  assert.equal(answer.header('etag'), etagOf(BIG, 'z'))
  const second = await client.get(`${bucket}/k?partNumber=2`)
  assert.equal(second.text, 'z')
  assert.equal(second.header('x-amz-mp-parts-count'), '2')
})

test('S3.md 34: the ETag is the MD5 of the MD5s and the count, for one part too', async () => {
  const bucket = await client.bucket('etags')
  for (const bodies of [['one'], [BIG, 'two'], ['']] as const) {
    const upload = await Upload.create(client, `${bucket}/k`)
    const parts = []
    for (const [index, body] of bodies.entries()) parts.push(await upload.add(index + 1, body))
    const done = isStatus(await upload.complete(parts), 200)
    assert.equal(done.one('ETag'), etagOf(...bodies))
    assert.equal(done.one('Bucket'), 'etags')
    assert.equal(done.one('Key'), 'k')
    assert.equal(done.one('Location'), `http://${client.host}${bucket}/k`)
    const answer = await client.get(`${bucket}/k`)
    assert.equal(answer.header('etag'), etagOf(...bodies))
    assert.ok(answer.body.equals(Buffer.concat(bodies.map((body) => Buffer.from(body)))))
  }
})

test('S3.md 34: a part that is sent again takes the first one’s place', async () => {
  const bucket = await client.bucket('replaced')
  const upload = await Upload.create(client, `${bucket}/k`)
  const old = await upload.add(1, 'old')
  const part = await upload.add(1, 'newer')
  assert.deepEqual((await upload.list()).all('Part/Size'), ['5'])
  isError(await upload.complete([old]), 400, 'InvalidPart')
  isStatus(await upload.complete([part]), 200)
  assert.equal(await client.read(`${bucket}/k`), 'newer')
})

test('S3.md 34: a complete that races with a part sees the one or the other whole', async () => {
  const bucket = await client.bucket('racing')
  for (let round = 0; round < 8; round++) {
    const upload = await Upload.create(client, `${bucket}/k${round}`)
    const part = await upload.add(1, 'before')
    const [again, done] = await Promise.all([upload.part(1, 'after!'), upload.complete([part])])
    assert.ok([200, 404].includes(again.status), again.text)
    assert.ok([200, 400, 409].includes(done.status), done.text)
    if (done.status === 200) assert.equal(await client.read(upload.target), 'before')
    else isError(await client.get(upload.target), 404, 'NoSuchKey')
  }
})

test('S3.md 34: headers come from CreateMultipartUpload, and nothing shows before the end', async () => {
  const bucket = await client.bucket('created')
  const sent = {
    'content-type': 'text/x',
    'cache-control': 'no-store',
    'x-amz-meta-a': 'b',
    'x-amz-storage-class': 'STANDARD_IA',
    'x-amz-tagging': 'c=d',
    'x-amz-acl': 'private',
  }
  const upload = await Upload.create(client, `${bucket}/k`, sent)
  const part = await upload.add(1, 'x', { 'x-amz-meta-a': 'of the part', 'content-type': 'part/x' })
  isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
  assert.deepEqual((await client.get(bucket)).all('Contents/Key'), [])
  const initiated = new Date(clock.nowMs()).toUTCString()
  await clock.advance(60_000)
  isStatus(await upload.complete([part], { 'x-amz-meta-a': 'of the end' }), 200)
  const answer = await client.get(`${bucket}/k`)
  assert.equal(answer.header('last-modified'), initiated)
  for (const name of [
    'content-type',
    'cache-control',
    'x-amz-meta-a',
    'x-amz-storage-class',
  ] as const) {
    assert.equal(answer.header(name), sent[name])
  }
  assert.equal(answer.header('x-amz-tagging-count'), '1')
})

test('S3.md 35: completing again with the same parts answers the same again', async () => {
  const bucket = await client.bucket('again', 'Enabled')
  const upload = await Upload.create(client, `${bucket}/k`)
  const part = await upload.add(1, 'x')
  const first = isStatus(await upload.complete([part]), 200)
  const second = isStatus(await upload.complete([part]), 200)
  assert.equal(second.text, first.text)
  assert.equal(second.header('x-amz-version-id'), first.header('x-amz-version-id'))
  assert.equal((await client.get(`${bucket}?versions`)).elements('Version').length, 1)
  isError(await upload.complete([{ ...part, etag: NO_ETAG }]), 404, 'NoSuchUpload')
})

test('S3.md 35: after an abort, and for what never was, NoSuchUpload', async () => {
  const bucket = await client.bucket('aborted')
  const upload = await Upload.create(client, `${bucket}/k`)
  const part = await upload.add(1, 'x')
  isStatus(await upload.abort(), 204)
  const fields = { UploadId: upload.id }
  isError(await upload.complete([part]), 404, 'NoSuchUpload')
  isError(await upload.part(1, 'x'), 404, 'NoSuchUpload')
  isError(await upload.list(), 404, 'NoSuchUpload', fields)
  isError(await upload.abort(), 404, 'NoSuchUpload', fields)
  isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
  for (const id of ['', 'x', '0'.repeat(32)]) {
    isError(await client.get(`${bucket}/k?uploadId=${id}`), 404, 'NoSuchUpload')
  }
})

test('an upload is of its own key and bucket alone', async () => {
  const bucket = await client.bucket('own-key')
  const other = await client.bucket('own-key-2')
  const upload = await Upload.create(client, `${bucket}/k`)
  const part = await upload.add(1, 'x')
  for (const target of [`${bucket}/other`, `${other}/k`]) {
    const query = `${target}?uploadId=${upload.id}`
    isError(await client.get(query), 404, 'NoSuchUpload')
    isError(await client.put(`${query}&partNumber=1`, 'x'), 404, 'NoSuchUpload')
    isError(await client.delete(query), 404, 'NoSuchUpload')
  }
  isStatus(await upload.complete([part]), 200)
})

test('S3.md 27: a condition is judged at the end; after 412 the upload stays usable', async () => {
  const bucket = await client.bucket('upload-conditions')
  const target = `${bucket}/k`
  await client.write(target, 'old')
  const upload = await Upload.create(client, target)
  const part = await upload.add(1, 'new')
  const absent = await upload.complete([part], { 'if-none-match': '*' })
  isError(absent, 412, 'PreconditionFailed', { Condition: 'If-None-Match' })
  const wrong = await upload.complete([part], { 'if-match': NO_ETAG })
  isError(wrong, 412, 'PreconditionFailed', { Condition: 'If-Match' })
  isError(await upload.complete([part], { 'if-none-match': '"x"' }), 501, 'NotImplemented')
  isStatus(await upload.complete([part], { 'if-match': md5Hex('old') }), 200)
  assert.equal(await client.read(target), 'new')
})

test('S3.md 27: If-Match of a key that is not there is 404', async () => {
  const bucket = await client.bucket('upload-missing')
  const upload = await Upload.create(client, `${bucket}/k`)
  const part = await upload.add(1, 'new')
  isError(await upload.complete([part], { 'if-match': NO_ETAG }), 404, 'NoSuchKey')
  isStatus(await upload.complete([part], { 'if-none-match': '*' }), 200)
})

test('S3.md 27: a key deleted since the upload began is 409 to If-None-Match, 404 to If-Match', async () => {
  for (const versioning of [undefined, 'Enabled'] as const) {
    const bucket = await client.bucket(
      `upload-deleted-${versioning === undefined ? 'no' : 'yes'}`,
      versioning,
    )
    const target = `${bucket}/k`
    await client.write(target, 'old')
    const upload = await Upload.create(client, target)
    const part = await upload.add(1, 'new')
    await clock.advance(1000)
    await client.delete(target)
    isError(await upload.complete([part], { 'if-match': md5Hex('old') }), 404, 'NoSuchKey')
    const conflict = await upload.complete([part], { 'if-none-match': '*' })
    isError(conflict, 409, 'ConditionalRequestConflict')
    isError(await client.get(target), 404, 'NoSuchKey')
  }
})

test('S3.md 27: a key overwritten since, even with the same bytes, is 409; then begin again', async () => {
  const bucket = await client.bucket('upload-overwritten')
  const target = `${bucket}/k`
  await client.write(target, 'same')
  const upload = await Upload.create(client, target)
  const part = await upload.add(1, 'new')
  await clock.advance(1000)
  await client.write(target, 'same')
  isError(
    await upload.complete([part], { 'if-match': md5Hex('same') }),
    409,
    'ConditionalRequestConflict',
  )
  assert.equal(await client.read(target), 'same')
  const again = await Upload.create(client, target)
  const newPart = await again.add(1, 'new')
  isStatus(await again.complete([newPart], { 'if-match': md5Hex('same') }), 200)
})

test('S3.md 26 and 27: of two uploads and a PUT at once exactly one finds nothing there', async () => {
  const bucket = await client.bucket('upload-races')
  const target = `${bucket}/k`
  const uploads = await Promise.all([0, 1, 2].map(() => Upload.create(client, target)))
  const parts = await Promise.all(uploads.map((upload, index) => upload.add(1, `upload ${index}`)))
  const absent = { 'if-none-match': '*' }
  const answers = await Promise.all([
    ...uploads.map((upload, index) => upload.complete(parts.slice(index, index + 1), absent)),
    client.put(target, 'put', absent),
  ])
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  for (const { status, text } of answers) assert.ok([200, 409, 412].includes(status), text)
})

test('S3.md 33: a completion may name 10,000 parts, each with its checksum', async () => {
  const bucket = await client.bucket('ten-thousand')
  const upload = await Upload.create(client, `${bucket}/k`)
  const { etag } = await upload.add(1, 'x')
  const extra = { ChecksumSHA256: Buffer.alloc(32).toString('base64') }
  const parts = Array.from({ length: 10_000 }, (_, index) => {
    return { number: index + 1, etag: etag.replaceAll('"', '&quot;'), extra }
  })
  isError(await upload.complete(parts), 400, 'InvalidPart') // read whole: that part is not there
  isError(await upload.complete([...parts, ...parts.slice(0, 1)]), 400, 'MalformedXML')
})
