// Whose buckets and objects are, ACLs, tags and attributes, through HTTP. S3.md 44 to 46, 48, 52;
// decision 5 where it is named.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import { md5Base64, md5Hex } from './client.ts'
import { S3Server } from './server.ts'
import { PART_SIZE_BYTES_MIN, Upload } from './upload.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'

function aclOf(...grants: readonly (readonly [grantee: string, permission: string])[]): string {
  const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"'
  const rows = grants.map(
    ([grantee, permission]) =>
      `<Grant><Grantee ${xsi}>${grantee}</Grantee><Permission>${permission}</Permission></Grant>`,
  )
  return (
    '<AccessControlPolicy><Owner><ID>root</ID></Owner>' +
    `<AccessControlList>${rows.join('')}</AccessControlList></AccessControlPolicy>`
  )
}

function tagging(tags: readonly (readonly [key: string, value: string])[]): string {
  const rows = tags.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`)
  return `<Tagging><TagSet>${rows.join('')}</TagSet></Tagging>`
}

function numbered(count: number): [string, string][] {
  return Array.from({ length: count }, (_, index) => [`key${index}`, `value${index}`])
}

test('S3.md 45: a bucket is its owner’s and the root account’s, and nobody else’s', async () => {
  const [owner, other] = [await server.account('holder'), await server.account('passer-by')]
  const bucket = await owner.bucket('held')
  await owner.write(`${bucket}/k`, 'x')
  const upload = await Upload.create(owner, `${bucket}/u`)
  const requests = [
    `GET ${bucket}`,
    `GET ${bucket}/k`,
    `GET ${bucket}/none`, // 403, not 404: what is there is not told
    `PUT ${bucket}/k`,
    `DELETE ${bucket}/k`,
    `DELETE ${bucket}`,
    `GET ${bucket}?acl`,
    `GET ${bucket}?versions`,
    `GET ${bucket}?uploads`,
    `PUT ${bucket}?versioning`,
    `GET ${bucket}/k?tagging`,
    `POST ${bucket}/k?uploads`,
    `PUT ${bucket}/u?partNumber=1&uploadId=${upload.id}`,
    `DELETE ${bucket}/u?uploadId=${upload.id}`,
  ]
  for (const line of requests) {
    const [method = '', target = ''] = line.split(' ')
    isError(await other.send(method, target), 403, 'AccessDenied')
  }
  assert.equal((await other.headOf(bucket)).status, 403)
  assert.equal(await client.read(`${bucket}/k`), 'x')
  assert.ok(!(await other.get('/')).all('Buckets/Bucket/Name').includes('held'))
})

test('S3.md 45: x-amz-expected-bucket-owner that differs is AccessDenied', async () => {
  const bucket = await client.bucket('expected')
  await client.write(`${bucket}/k`, 'x')
  const header = 'x-amz-expected-bucket-owner'
  isStatus(await client.get(`${bucket}/k`, { [header]: 'root' }), 200)
  for (const owner of ['somebody', '']) {
    isError(await client.get(`${bucket}/k`, { [header]: owner }), 403, 'AccessDenied')
    isError(await client.put(`${bucket}/k`, 'y', { [header]: owner }), 403, 'AccessDenied')
    isError(await client.delete(`${bucket}/k`, { [header]: owner }), 403, 'AccessDenied')
  }
  const source = { 'x-amz-source-expected-bucket-owner': 'somebody' }
  isError(await client.copy(`${bucket}/c`, `${bucket}/k`, source), 403, 'AccessDenied')
  assert.equal(await client.read(`${bucket}/k`), 'x')
})

test('S3.md 44: private and bucket-owner-full-control are taken, other ACLs refused', async () => {
  const bucket = await client.bucket('canned')
  await client.write(`${bucket}/k`, 'old')
  const acl = 'x-amz-acl'
  for (const name of ['private', 'bucket-owner-full-control']) {
    isStatus(await client.put(`${bucket}/k`, 'x', { [acl]: name }), 200)
    isStatus(await client.put(`${bucket}/k?acl`, '', { [acl]: name }), 200)
    isStatus(await client.put(`${bucket}?acl`, '', { [acl]: name }), 200)
    isStatus(await client.copy(`${bucket}/c`, `${bucket}/k`, { [acl]: name }), 200)
  }
  isStatus(await client.send('PUT', '/canned-2', { headers: { [acl]: 'private' } }), 200)
  const code = 'AccessControlListNotSupported'
  const refused = [
    'public-read',
    'public-read-write',
    'authenticated-read',
    'bucket-owner-read',
    'x',
    '',
  ]
  for (const name of refused) {
    const headers = { [acl]: name }
    isError(await client.put(`${bucket}/k`, 'y', headers), 400, code)
    isError(await client.post(`${bucket}/k?uploads`, '', headers), 400, code)
    isError(await client.put(`${bucket}/k?acl`, '', headers), 400, code)
    isError(await client.put(`${bucket}?acl`, '', headers), 400, code)
    isError(await client.copy(`${bucket}/d`, `${bucket}/k`, headers), 400, code)
    isError(await client.send('PUT', '/canned-3', { headers }), 400, code)
  }
  for (const grant of ['read', 'write', 'read-acp', 'write-acp', 'full-control']) {
    const headers = { [`x-amz-grant-${grant}`]: 'id=root' }
    isError(await client.put(`${bucket}/k`, 'y', headers), 400, code)
    isError(await client.put(`${bucket}?acl`, '', headers), 400, code)
  }
  assert.equal(await client.read(`${bucket}/k`), 'x')
  isError(await client.get('/canned-3'), 404, 'NoSuchBucket')
})

test('S3.md 44: an ACL reads as the owner’s full control', async () => {
  const bucket = await client.bucket('acls')
  await client.write(`${bucket}/k`, 'x')
  for (const target of [`${bucket}?acl`, `${bucket}/k?acl`]) {
    const answer = isStatus(await client.get(target), 200)
    assert.equal(answer.one('Owner/ID'), 'root')
    assert.equal(answer.one('AccessControlList/Grant/Grantee/ID'), 'root')
    assert.equal(answer.one('AccessControlList/Grant/Permission'), 'FULL_CONTROL')
    assert.ok(answer.text.includes('xsi:type="CanonicalUser"'))
    isStatus(await client.put(target, answer.text), 200) // written back as it is
  }
  isError(await client.get(`${bucket}/none?acl`), 404, 'NoSuchKey')
  isError(await client.get(`${bucket}/k?acl&versionId=${'0'.repeat(32)}`), 404, 'NoSuchVersion')
})

test('S3.md 44: an ACL in XML may say no more than that', async () => {
  const bucket = await client.bucket('acl-xml')
  await client.write(`${bucket}/k`, 'x')
  const owner = ['<ID>root</ID>', 'FULL_CONTROL'] as const
  const refused = [
    aclOf(owner, [`<URI>${ALL_USERS}</URI>`, 'READ']),
    aclOf(['<ID>root</ID>', 'READ']),
    aclOf(owner, ['<ID>other</ID>', 'FULL_CONTROL']),
  ]
  for (const target of [`${bucket}?acl`, `${bucket}/k?acl`]) {
    isStatus(await client.put(target, aclOf(owner)), 200)
    for (const xml of refused) {
      isError(await client.put(target, xml), 400, 'AccessControlListNotSupported')
    }
    for (const xml of ['', 'x', '<AccessControlPolicy/>']) {
      assert.equal((await client.put(target, xml)).status, 400)
    }
  }
})

test('S3.md 48: tags of an object: written, read, in a header, counted, deleted', async () => {
  const bucket = await client.bucket('tags')
  await client.write(`${bucket}/k`, 'x', { 'x-amz-tagging': 'b=2&a=1%20+%2B&c=' })
  const read = async () => {
    const answer = await client.get(`${bucket}/k?tagging`)
    const values = answer.all('TagSet/Tag/Value')
    return answer.all('TagSet/Tag/Key').map((key, index) => `${key}=${values[index]}`)
  }
  assert.deepEqual(await read(), ['a=1  +', 'b=2', 'c='])
  assert.equal((await client.get(`${bucket}/k`)).header('x-amz-tagging-count'), '3')
  isStatus(await client.put(`${bucket}/k?tagging`, tagging([['x&amp;', '<![CDATA[<y>]]>']])), 200)
  assert.deepEqual(await read(), ['x&=<y>'])
  assert.equal((await client.headOf(`${bucket}/k`)).header('x-amz-tagging-count'), '1')
  isStatus(await client.delete(`${bucket}/k?tagging`), 204)
  assert.deepEqual(await read(), [])
  assert.equal((await client.get(`${bucket}/k`)).header('x-amz-tagging-count'), null)
  assert.equal(await client.read(`${bucket}/k`), 'x')
  isError(await client.get(`${bucket}/none?tagging`), 404, 'NoSuchKey')
  isError(await client.put(`${bucket}/none?tagging`, tagging([])), 404, 'NoSuchKey')
})

test('S3.md 48: tags belong to a version, and change neither its ETag nor its time', async () => {
  const bucket = await client.bucket('version-tags', 'Enabled')
  const old = (await client.write(`${bucket}/k`, 'x')).header('x-amz-version-id') ?? ''
  const before = await client.headOf(`${bucket}/k`)
  await client.write(`${bucket}/k`, 'y')
  const target = `${bucket}/k?tagging&versionId=${old}`
  const put = isStatus(await client.put(target, tagging([['a', 'b']])), 200)
  assert.equal(put.header('x-amz-version-id'), old)
  assert.deepEqual((await client.get(target)).all('TagSet/Tag/Key'), ['a'])
  assert.deepEqual((await client.get(`${bucket}/k?tagging`)).all('TagSet/Tag/Key'), [])
  await server.clock.advance(5000)
  const after = await client.headOf(`${bucket}/k?versionId=${old}`)
  for (const name of ['etag', 'last-modified'])
    assert.equal(after.header(name), before.header(name))
})

test('S3.md 48: keys have 1 to 128 characters, values up to 256, keys are unique', async () => {
  const bucket = await client.bucket('tag-limits')
  await client.write(`${bucket}/k`, 'x')
  const put = async (tags: readonly (readonly [string, string])[]) =>
    await client.put(`${bucket}/k?tagging`, tagging(tags))
  const long: [string, string] = ['\u00e9'.repeat(128), '\u00e9'.repeat(256)]
  isStatus(await put([long]), 200)
  isStatus(await put([['a', '']]), 200)
  for (const tag of [
    ['k'.repeat(129), 'v'],
    ['k', 'v'.repeat(257)],
    ['', 'v'],
  ] as const) {
    isError(await put([tag]), 400, 'InvalidTag')
  }
  isError(
    await put([
      ['a', '1'],
      ['a', '2'],
    ]),
    400,
    'InvalidTag',
  )
  for (const text of ['a=1&a=2', `${'k'.repeat(129)}=v`, '=v']) {
    isError(await client.put(`${bucket}/k`, 'y', { 'x-amz-tagging': text }), 400, 'InvalidTag')
  }
  isError(
    await client.put(`${bucket}/k`, 'y', { 'x-amz-tagging': 'a=%zz' }),
    400,
    'InvalidArgument',
  )
  for (const xml of [
    '',
    '<Tagging/>',
    '<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>',
  ]) {
    isError(await client.put(`${bucket}/k?tagging`, xml), 400, 'MalformedXML')
  }
  assert.deepEqual((await client.get(`${bucket}/k?tagging`)).all('TagSet/Tag/Key'), ['a'])
  assert.equal(await client.read(`${bucket}/k`), 'x')
})

test('S3.md 48 and decision 5: more than 10 tags of an object, 50 of a bucket, are InvalidTag', async () => {
  const bucket = await client.bucket('too-many-tags')
  await client.write(`${bucket}/k`, 'x')
  isStatus(await client.put(`${bucket}/k?tagging`, tagging(numbered(10))), 200)
  isError(await client.put(`${bucket}/k?tagging`, tagging(numbered(11))), 400, 'InvalidTag')
  const text = numbered(11)
    .map((tag) => tag.join('='))
    .join('&')
  isError(await client.put(`${bucket}/k`, 'y', { 'x-amz-tagging': text }), 400, 'InvalidTag')
  const put = async (count: number) => {
    const xml = tagging(numbered(count))
    return await client.put(`${bucket}?tagging`, xml, { 'content-md5': md5Base64(xml) })
  }
  isStatus(await put(50), 204)
  isError(await put(51), 400, 'InvalidTag')
  assert.equal((await client.get(`${bucket}?tagging`)).elements('TagSet/Tag').length, 50)
})

test('S3.md 48 and decision 5: tags are listed in the order of their keys', async () => {
  const bucket = await client.bucket('tag-order')
  const keys = ['b', '\u{1f600}', 'a', '\ue000', 'B']
  await client.write(`${bucket}/k`, 'x')
  isStatus(await client.put(`${bucket}/k?tagging`, tagging(keys.map((key) => [key, '']))), 200)
  const read = (await client.get(`${bucket}/k?tagging`)).all('TagSet/Tag/Key')
  assert.deepEqual(read, ['B', 'a', 'b', '\ue000', '\u{1f600}'])
})

test('S3.md 48: a bucket without tags is NoSuchTagSet, an object without 200 and empty', async () => {
  const bucket = await client.bucket('no-tags')
  await client.write(`${bucket}/k`, 'x')
  isError(await client.get(`${bucket}?tagging`), 404, 'NoSuchTagSet')
  const none = isStatus(await client.get(`${bucket}/k?tagging`), 200)
  assert.equal(none.elements('TagSet').length, 1)
  assert.equal(none.elements('TagSet/Tag').length, 0)
  const xml = tagging([['a', 'b']])
  isStatus(await client.put(`${bucket}?tagging`, xml, { 'content-md5': md5Base64(xml) }), 204)
  assert.equal((await client.get(`${bucket}?tagging`)).one('TagSet/Tag/Key'), 'a')
  isStatus(await client.delete(`${bucket}?tagging`), 204)
  isError(await client.get(`${bucket}?tagging`), 404, 'NoSuchTagSet')
})

test('S3.md 52: GetObjectAttributes answers what is asked for, the ETag without quotes', async () => {
  const bucket = await client.bucket('attributes', 'Enabled')
  const put = await client.write(`${bucket}/k`, 'body', { 'x-amz-storage-class': 'STANDARD_IA' })
  const ask = async (attributes: string, target = `${bucket}/k?attributes`) =>
    await client.get(target, { 'x-amz-object-attributes': attributes })
  const all = isStatus(await ask('ETag,Checksum, ObjectParts,StorageClass,ObjectSize'), 200)
  assert.equal(all.one('ETag'), md5Hex('body'))
  assert.equal(all.one('StorageClass'), 'STANDARD_IA')
  assert.equal(all.one('ObjectSize'), '4')
  assert.equal(all.elements('ObjectParts').length, 0)
  assert.equal(all.header('x-amz-version-id'), put.header('x-amz-version-id'))
  assert.ok(all.header('last-modified')?.endsWith('GMT'))
  const one = await ask('ObjectSize')
  assert.deepEqual(
    one.root.children.map(({ name }) => name),
    ['ObjectSize'],
  )
  for (const odd of ['', 'Etag', 'ETag,Nothing', 'ETag,']) {
    isError(await ask(odd), 400, 'InvalidArgument')
  }
  isError(await client.get(`${bucket}/k?attributes`), 400, 'InvalidArgument')
  isError(await ask('ETag', `${bucket}/none?attributes`), 404, 'NoSuchKey')
})

test('S3.md 52 and decision 5: the parts of an upload are listed, in pages', async () => {
  const bucket = await client.bucket('attribute-parts')
  const upload = await Upload.create(client, `${bucket}/k`)
  const big = Buffer.alloc(PART_SIZE_BYTES_MIN)
  const parts = [await upload.add(3, big), await upload.add(5, big), await upload.add(9, 'last')]
  isStatus(await upload.complete(parts), 200)
  const page = async (headers: Record<string, string>) => {
    const answer = await client.get(`${bucket}/k?attributes`, {
      'x-amz-object-attributes': 'ObjectParts',
      ...headers,
    })
    const names = ['PartsCount', 'IsTruncated', 'NextPartNumberMarker', 'MaxParts']
    return [
      ...names.map((name) => answer.one(`ObjectParts/${name}`)),
      answer.all('ObjectParts/Part/Size').map(Number),
    ]
  }
  const size = PART_SIZE_BYTES_MIN
  assert.deepEqual(await page({}), ['3', 'false', '3', '1000', [size, size, 4]])
  const [limit, marker] = ['x-amz-max-parts', 'x-amz-part-number-marker']
  assert.deepEqual(await page({ [limit]: '2' }), ['3', 'true', '2', '2', [size, size]])
  assert.deepEqual(await page({ [limit]: '2', [marker]: '2' }), ['3', 'false', '3', '2', [4]])
})

test('S3.md 52: storage classes: known names are taken and shown, others InvalidStorageClass', async () => {
  const bucket = await client.bucket('classes')
  const header = 'x-amz-storage-class'
  for (const name of ['STANDARD', 'REDUCED_REDUNDANCY', 'INTELLIGENT_TIERING', 'DEEP_ARCHIVE']) {
    await client.write(`${bucket}/k`, 'x', { [header]: name })
    const shown = name === 'STANDARD' ? null : name
    assert.equal((await client.headOf(`${bucket}/k`)).header(header), shown)
    assert.equal((await client.get(bucket)).one('Contents/StorageClass'), name)
  }
  for (const name of ['', 'standard', 'FROZEN']) {
    isError(await client.put(`${bucket}/k`, 'y', { [header]: name }), 400, 'InvalidStorageClass')
    isError(
      await client.post(`${bucket}/k?uploads`, '', { [header]: name }),
      400,
      'InvalidStorageClass',
    )
  }
  assert.equal(await client.read(`${bucket}/k`), 'x')
})
