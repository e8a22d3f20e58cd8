// Buckets with ACLs, through HTTP: every operation × ACL × who asks, what is refused to whom and
// how, and that nobody is let in where a bucket has none. S3.md 44 to 46; decision 7.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ANONYMOUS_ID } from '../../src/directory/directory.ts'
import { OPERATIONS } from '../../src/router/operations.ts'
import { S3_OPERATIONS } from '../../src/s3/s3-operation.ts'
import type { S3Answer } from './answer.ts'
import { isError, isStatus } from './answer.ts'
import type { Headers, Sending } from './client.ts'
import { S3Server } from './server.ts'
import { Upload } from './upload.ts'

const server = await S3Server.open({ objectOwnership: 'ObjectWriter' })
after(() => server[Symbol.asyncDispose]())
/** The root account, a bucket's owner, who wrote the object, somebody else, and nobody who signed. */
const WHO = ['root', 'owner', 'writer', 'stranger', 'anonymous'] as const
type Who = (typeof WHO)[number]
const clients = {
  root: server.client,
  owner: await server.account('owner'),
  writer: await server.account('writer'),
  stranger: await server.account('stranger'),
  anonymous: server.client,
}
const { owner, writer, stranger } = clients
const GROUPS = 'http://acs.amazonaws.com/groups/global'
const ACL = 'x-amz-acl'

function send(who: Who, method: string, target: string, sending: Sending = {}): Promise<S3Answer> {
  const as = who === 'anonymous' ? 'anonymous' : 'signed'
  return clients[who].send(method, target, { ...sending, as })
}

/** Those who may, and nobody else: all others are AccessDenied. */
async function isFor(
  allowed: readonly Who[],
  what: string,
  ask: (who: Who) => Promise<S3Answer>,
): Promise<void> {
  for (const who of WHO) {
    const answer = await ask(who)
    const line = `${what} by ${who}: ${answer.status} ${answer.code}`
    if (allowed.includes(who)) assert.ok(answer.status < 300, line)
    else assert.equal(answer.status, 403, line)
  }
}

function isSigned(who: Who): who is Exclude<Who, 'anonymous'> {
  return who !== 'anonymous'
}

let buckets = 0
async function bucketOf(acl: string | null, headers: Record<string, string> = {}): Promise<string> {
  const target = `/acl-${++buckets}`
  const all = acl === null ? headers : { ...headers, [ACL]: acl }
  isStatus(await owner.send('PUT', target, { headers: all }), 200)
  return target
}

const OWNERS: readonly Who[] = ['root', 'owner']
const SIGNED: readonly Who[] = ['root', 'owner', 'writer', 'stranger']
/** Who may read a bucket of this ACL, who may write. */
const BUCKET_ACLS: Readonly<Record<string, readonly [readonly Who[], readonly Who[]]>> = {
  private: [OWNERS, OWNERS],
  'public-read': [WHO, OWNERS],
  'public-read-write': [WHO, WHO],
  'authenticated-read': [SIGNED, OWNERS],
}
const WRITERS: readonly Who[] = ['root', 'writer']
const WITH_OWNER: readonly Who[] = ['root', 'owner', 'writer']
/** Who may read an object of the writer's of this ACL, who may read and write its ACL. */
const OBJECT_ACLS: Readonly<Record<string, readonly [readonly Who[], readonly Who[]]>> = {
  private: [WRITERS, WRITERS],
  'public-read': [WHO, WRITERS],
  'public-read-write': [WHO, WRITERS],
  'authenticated-read': [SIGNED, WRITERS],
  'bucket-owner-read': [WITH_OWNER, WRITERS],
  'bucket-owner-full-control': [WITH_OWNER, WITH_OWNER],
}

test('every operation names what it needs, and guests may do these alone', () => {
  const guests = new Map<string, string>()
  for (const name of S3_OPERATIONS) {
    const operation = OPERATIONS[name]
    if (operation.handle === null || operation.on !== 'bucket') continue
    if (operation.access !== 'owner') guests.set(name, operation.access)
  }
  assert.deepEqual(Object.fromEntries(guests), {
    AbortMultipartUpload: 'upload',
    CompleteMultipartUpload: 'upload',
    CopyObject: 'bucket-write-signed',
    CreateMultipartUpload: 'bucket-write-signed',
    DeleteObject: 'bucket-write',
    GetObject: 'object-read',
    GetObjectAcl: 'object-read-acp',
    HeadBucket: 'bucket-read',
    HeadObject: 'object-read',
    ListObjects: 'bucket-read',
    ListObjectsV2: 'bucket-read',
    ListParts: 'upload',
    PutObject: 'bucket-write',
    PutObjectAcl: 'object-write-acp',
    UploadPart: 'upload',
    UploadPartCopy: 'upload',
  })
})

for (const [acl, [readers, writers]] of Object.entries(BUCKET_ACLS)) {
  const signedWriters = writers.filter(isSigned)

  test(`a bucket that is ${acl} is listed and written by whom it says`, async () => {
    const bucket = await bucketOf(acl)
    await isFor(readers, 'HeadBucket', (who) => send(who, 'HEAD', bucket))
    await isFor(readers, 'ListObjects', (who) => send(who, 'GET', bucket))
    await isFor(readers, 'ListObjectsV2', (who) => send(who, 'GET', `${bucket}?list-type=2`))
    await isFor(writers, 'PutObject', (who) => send(who, 'PUT', `${bucket}/${who}`, { body: 'x' }))
    await isFor(writers, 'DeleteObject', (who) => send(who, 'DELETE', `${bucket}/${who}`))
    await isFor(signedWriters, 'CopyObject', async (who) => {
      const mine = `/acl-of-${who}-${acl}`
      await send(who === 'anonymous' ? 'root' : who, 'PUT', mine)
      await send(who === 'anonymous' ? 'root' : who, 'PUT', `${mine}/k`, { body: 'x' })
      const headers = { 'x-amz-copy-source': `${mine}/k` }
      return await send(who, 'PUT', `${bucket}/copy`, { headers })
    })
  })

  test(`a bucket that is ${acl} takes uploads in parts by whom it says, each its own`, async () => {
    const bucket = await bucketOf(acl)
    await writer.send('PUT', '/acl-parts')
    await writer.put('/acl-parts/source', 'x', { [ACL]: 'public-read' })
    await isFor(signedWriters, 'CreateMultipartUpload', (who) =>
      send(who, 'POST', `${bucket}/${who}?uploads`),
    )
    for (const creator of signedWriters) {
      const target = `${bucket}/by-${creator}`
      const { id } = await Upload.create(clients[creator], target)
      const may = signedWriters.filter(
        (who) => OWNERS.some((each) => each === who) || who === creator,
      )
      const named = `${target}?uploadId=${id}`
      await isFor(may, 'UploadPart', (who) =>
        send(who, 'PUT', `${named}&partNumber=1`, { body: 'x' }),
      )
      await isFor(may, 'UploadPartCopy', (who) => {
        const headers = { 'x-amz-copy-source': '/acl-parts/source' }
        return send(who, 'PUT', `${named}&partNumber=1`, { headers })
      })
      await isFor(may, 'ListParts', (who) => send(who, 'GET', named))
      const etag = isStatus(await clients[creator].get(named), 200).one('Part/ETag') ?? ''
      const part = `<Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part>`
      const body = `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`
      for (const who of WHO.filter((each) => !may.some((one) => one === each))) {
        isError(await send(who, 'POST', named, { body }), 403, 'AccessDenied')
        isError(await send(who, 'DELETE', named), 403, 'AccessDenied')
      }
      isStatus(await clients[creator].post(named, body), 200)
      const other = await Upload.create(clients[creator], target)
      isStatus(await clients[creator].delete(`${target}?uploadId=${other.id}`), 204)
    }
  })

  test(`in a bucket that is ${acl}, everything else is its owner’s`, async () => {
    const bucket = await bucketOf(acl)
    const key = `${bucket}/k`
    isStatus(await owner.put(key, 'x', { [ACL]: 'public-read-write' }), 200)
    const { id } = await Upload.create(owner, `${bucket}/u`)
    const requests: readonly (readonly [method: string, target: string, headers?: Headers])[] = [
      ['DELETE', bucket],
      ['GET', `${bucket}?acl`],
      ['PUT', `${bucket}?acl`, { [ACL]: 'public-read-write' }],
      ['GET', `${bucket}?location`],
      ['GET', `${bucket}?versioning`],
      ['PUT', `${bucket}?versioning`],
      ['GET', `${bucket}?versions`],
      ['GET', `${bucket}?uploads`],
      ['GET', `${bucket}?tagging`],
      ['PUT', `${bucket}?tagging`],
      ['DELETE', `${bucket}?tagging`],
      ['POST', `${bucket}?delete`],
      ['GET', `${key}?attributes`, { 'x-amz-object-attributes': 'ETag' }],
      ['GET', `${key}?tagging`],
      ['PUT', `${key}?tagging`],
      ['DELETE', `${key}?tagging`],
      ['GET', `${key}?acl`],
      ['PUT', `${key}?acl`, { [ACL]: 'private' }],
      ['DELETE', `${key}?versionId=null`],
      ['GET', `${bucket}/u?uploadId=${id}`],
      ['PUT', `${bucket}/u?uploadId=${id}&partNumber=1`],
      ['DELETE', `${bucket}/u?uploadId=${id}`],
    ]
    for (const [method, target, headers = {}] of requests) {
      for (const who of ['writer', 'stranger', 'anonymous'] as const) {
        isError(await send(who, method, target, { headers }), 403, 'AccessDenied')
      }
    }
    assert.equal(await owner.read(key), 'x')
    isStatus(await owner.get(`${bucket}/u?uploadId=${id}`), 200)
  })
}

for (const [acl, [readers, keepers]] of Object.entries(OBJECT_ACLS)) {
  test(`an object that is ${acl} is read by whom it says, in any bucket`, async () => {
    for (const bucketAcl of Object.keys(BUCKET_ACLS)) {
      const bucket = await bucketOf('public-read-write')
      const key = `${bucket}/k`
      const body = 'the object'
      isStatus(await writer.put(key, body, { [ACL]: acl }), 200)
      isStatus(await owner.put(`${bucket}?acl`, '', { [ACL]: bucketAcl }), 200)
      await isFor(readers, `GetObject ${acl}`, (who) => send(who, 'GET', key))
      await isFor(readers, `HeadObject ${acl}`, (who) => send(who, 'HEAD', key))
      await isFor(readers, `GetObject null ${acl}`, (who) =>
        send(who, 'GET', `${key}?versionId=null`),
      )
      const range = { headers: { range: 'bytes=0-1' } }
      await isFor(readers, `a range ${acl}`, (who) => send(who, 'GET', key, range))
      const signed = readers.filter(isSigned)
      await isFor(signed, `as a source ${acl}`, async (who) => {
        const mine = `/acl-copies-of-${who}`
        await send(who === 'anonymous' ? 'root' : who, 'PUT', mine)
        return await send(who, 'PUT', `${mine}/k`, { headers: { 'x-amz-copy-source': key } })
      })
      await isFor(keepers, `GetObjectAcl ${acl}`, (who) => send(who, 'GET', `${key}?acl`))
      const headers = { [ACL]: acl }
      await isFor(keepers, `PutObjectAcl ${acl}`, (who) =>
        send(who, 'PUT', `${key}?acl`, { headers }),
      )
    }
  })

  test(`an upload in parts that is ${acl} becomes an object that is, and its copy does not`, async () => {
    const bucket = await bucketOf('private')
    const upload = await Upload.create(owner, `${bucket}/k`, { [ACL]: acl })
    isStatus(await upload.complete([await upload.add(1, 'x')]), 200)
    const isPublic = acl === 'public-read' || acl === 'public-read-write'
    assert.equal((await send('anonymous', 'GET', `${bucket}/k`)).status, isPublic ? 200 : 403)
    isStatus(await owner.copy(`${bucket}/copy`, `${bucket}/k`), 200)
    isError(await send('anonymous', 'GET', `${bucket}/copy`), 403, 'AccessDenied')
    isStatus(await owner.copy(`${bucket}/copy`, `${bucket}/k`, { [ACL]: acl }), 200)
    assert.equal((await send('anonymous', 'GET', `${bucket}/copy`)).status, isPublic ? 200 : 403)
  })
}

test('what is missing is told to those who may list, and to nobody else', async () => {
  for (const [acl, [readers]] of Object.entries(BUCKET_ACLS)) {
    const bucket = await bucketOf(acl)
    await owner.setVersioning(bucket, 'Enabled')
    const put = await owner.put(`${bucket}/gone`, 'x', { [ACL]: 'public-read' })
    isStatus(await owner.delete(`${bucket}/gone`), 204)
    for (const who of WHO) {
      for (const key of ['none', 'gone']) {
        const answer = await send(who, 'GET', `${bucket}/${key}`)
        if (readers.includes(who)) isError(answer, 404, 'NoSuchKey')
        else {
          isError(answer, 403, 'AccessDenied')
          assert.equal(answer.header('x-amz-delete-marker'), null)
        }
      }
      const older = `${bucket}/gone?versionId=${put.header('x-amz-version-id')}`
      isStatus(await send(who, 'GET', older), 200)
    }
  }
})

test('a bucket that is gone is NoSuchBucket to everybody', async () => {
  const bucket = await bucketOf('public-read')
  isStatus(await owner.delete(bucket), 204)
  for (const who of WHO) {
    for (const [method, target] of [
      ['GET', bucket],
      ['GET', `${bucket}/k`],
      ['PUT', `${bucket}/k`],
      ['DELETE', `${bucket}/k`],
      ['GET', `${bucket}?acl`],
    ] as const) {
      isError(await send(who, method, target), 404, 'NoSuchBucket')
    }
  }
})

test('what no ACL gives to anybody is refused before anything is read', async () => {
  const bucket = await bucketOf('public-read-write')
  const asked: string[] = []
  server.trouble.before = async (method) => void asked.push(method)
  for (const line of [`GET ${bucket}?acl`, `DELETE ${bucket}`, `POST ${bucket}?delete`]) {
    const [method = '', target = ''] = line.split(' ')
    isError(await send('anonymous', method, target), 403, 'AccessDenied')
    isError(await send('stranger', method, target), 403, 'AccessDenied')
  }
  isError(await send('anonymous', 'POST', `${bucket}/k?uploads`), 403, 'AccessDenied')
  server.trouble.before = null
  assert.deepEqual(asked, [])
})

test('a signed request of the bucket’s owner reads no more for its ACLs', async () => {
  const bucket = await bucketOf('private')
  await owner.write(`${bucket}/k`, 'x')
  const asked: string[] = []
  server.trouble.before = async (method) => void asked.push(method)
  assert.equal(await owner.read(`${bucket}/k`), 'x')
  await owner.write(`${bucket}/k`, 'y')
  server.trouble.before = null
  assert.deepEqual(asked, ['bucket', 'lookup', 'bucket', 'apply'])
})

test('a guest’s delete leaves a marker, and never takes a version', async () => {
  const bucket = await bucketOf('public-read-write')
  await owner.setVersioning(bucket, 'Enabled')
  const put = await owner.write(`${bucket}/k`, 'x')
  const version = `${bucket}/k?versionId=${put.header('x-amz-version-id')}`
  for (const who of ['stranger', 'anonymous'] as const) {
    isError(await send(who, 'DELETE', version), 403, 'AccessDenied')
    isStatus(await send(who, 'DELETE', `${bucket}/k`), 204)
  }
  assert.equal(await owner.read(version), 'x')
})

test('what nobody signed is nobody’s: its owner reads it by its ACL alone', async () => {
  const bucket = await bucketOf('public-read-write')
  const key = `${bucket}/k`
  isStatus(await send('anonymous', 'PUT', key, { body: 'x' }), 200)
  await isFor(['root'], 'GetObject', (who) => send(who, 'GET', key))
  await isFor(['root'], 'GetObjectAcl', (who) => send(who, 'GET', `${key}?acl`))
  assert.equal((await server.client.get(`${key}?acl`)).one('Owner/ID'), ANONYMOUS_ID)
  const headers = { [ACL]: 'bucket-owner-full-control' }
  isStatus(await send('anonymous', 'PUT', key, { body: 'y', headers }), 200)
  assert.equal(await owner.read(key), 'y')
  isError(await send('anonymous', 'GET', key), 403, 'AccessDenied')
})

test('only what is granted is shown, to whom it is granted', async () => {
  const bucket = await bucketOf('public-read-write')
  isStatus(await writer.put(`${bucket}/k`, 'x', { [ACL]: 'bucket-owner-read' }), 200)
  const ofObject = await writer.get(`${bucket}/k?acl`)
  assert.equal(ofObject.one('Owner/ID'), 'writer')
  assert.deepEqual(ofObject.all('AccessControlList/Grant/Grantee/ID'), ['owner', 'writer'])
  assert.deepEqual(ofObject.all('AccessControlList/Grant/Permission'), ['READ', 'FULL_CONTROL'])
  const ofBucket = await owner.get(`${bucket}?acl`)
  assert.deepEqual(ofBucket.all('AccessControlList/Grant/Grantee/ID'), ['owner'])
  const all = `${GROUPS}/AllUsers`
  assert.deepEqual(ofBucket.all('AccessControlList/Grant/Grantee/URI'), [all, all])
  const permissions = ['READ', 'WRITE', 'FULL_CONTROL']
  assert.deepEqual(ofBucket.all('AccessControlList/Grant/Permission'), permissions)
  const signed = await bucketOf('authenticated-read')
  const uri = (await owner.get(`${signed}?acl`)).one('AccessControlList/Grant/Grantee/URI')
  assert.equal(uri, `${GROUPS}/AuthenticatedUsers`)
  await owner.write(`${signed}/k`, 'x')
  for (const [acl, status] of [
    ['public-read', 200],
    ['private', 403],
  ] as const) {
    for (const target of [signed, `${signed}/k`]) {
      isStatus(await owner.put(`${target}?acl`, '', { [ACL]: acl }), 200)
      isStatus(await send('anonymous', 'GET', target), status)
    }
  }
})

test('who may read an object reads none of its tags: not how many, and not by a copy', async () => {
  const key = `${await bucketOf('public-read')}/k`
  isStatus(await owner.put(key, 'x', { [ACL]: 'public-read', 'x-amz-tagging': 'a=b' }), 200)
  const mine = await stranger.bucket('acl-tags')
  for (const method of ['GET', 'HEAD']) {
    assert.equal((await send('anonymous', method, key)).header('x-amz-tagging-count'), null)
    assert.equal((await owner.send(method, key)).header('x-amz-tagging-count'), '1')
  }
  isError(await stranger.copy(`${mine}/k`, key), 403, 'AccessDenied')
  isStatus(await stranger.copy(`${mine}/k`, key, { 'x-amz-tagging-directive': 'REPLACE' }), 200)
})

test('an ACL goes with the version it was judged by', async () => {
  const bucket = await bucketOf('public-read-write')
  const key = `${bucket}/k`
  await stranger.write(key, 'the stranger’s')
  let isReplaced = false
  server.trouble.before = async (method) => {
    if (method !== 'apply' || isReplaced) return
    isReplaced = true
    await owner.write(key, 'the owner’s')
  }
  const headers = { [ACL]: 'public-read' }
  const answer = await stranger.put(`${key}?acl`, '', headers)
  server.trouble.before = null
  isError(answer, 409, 'OperationAborted')
  isError(await send('anonymous', 'GET', key), 403, 'AccessDenied')
})

test('ACLs that no canned one says are NotImplemented, and change nothing', async () => {
  const bucket = await bucketOf(null)
  const key = `${bucket}/k`
  await owner.write(key, 'x')
  const grant = (id: string): string => `<Grantee><ID>${id}</ID></Grantee>`
  const policy = (...grants: string[]): string =>
    `<AccessControlPolicy><Owner><ID>owner</ID></Owner><AccessControlList>${grants
      .map((each) => `<Grant>${each}</Grant>`)
      .join('')}</AccessControlList></AccessControlPolicy>`
  const full = '<Permission>FULL_CONTROL</Permission>'
  const others = [
    policy(),
    policy(`${grant('stranger')}${full}`),
    policy(`${grant('owner')}${full}`, `<Grantee><URI>${GROUPS}/AllUsers</URI></Grantee>${full}`),
    policy(`${grant('owner')}<Permission>READ</Permission>`),
  ]
  for (const target of [`${bucket}?acl`, `${key}?acl`]) {
    for (const xml of others) isError(await owner.put(target, xml), 501, 'NotImplemented')
    isStatus(await owner.put(target, policy(`${grant('owner')}${full}`)), 200)
    const theirs = policy(`${grant('owner')}${full}`).replace('<ID>owner', '<ID>stranger')
    isError(await owner.put(target, theirs), 403, 'AccessDenied')
    assert.equal((await owner.put(target, '')).status, 400)
    const headers = { [ACL]: 'public-read' }
    isError(await owner.put(target, others[0] ?? '', headers), 400, 'UnexpectedContent')
  }
  const puts = [key, `${bucket}?acl`, `${key}?acl`, '/acl-grants']
  for (const target of puts) {
    for (const [name, value] of [
      ['x-amz-grant-read', `uri="${GROUPS}/AllUsers"`],
      ['x-amz-grant-read', 'id=owner'],
      ['x-amz-grant-full-control', 'id=stranger'],
      ['x-amz-grant-full-control', 'id=owner, id="stranger"'],
      ['x-amz-grant-full-control', 'emailAddress=owner'],
      [ACL, 'log-delivery-write'],
    ] as const) {
      isError(await owner.put(target, '', { [name]: value }), 501, 'NotImplemented')
    }
    for (const name of ['', 'x', 'Public-Read', 'constructor']) {
      isError(await owner.put(target, '', { [ACL]: name }), 400, 'InvalidArgument')
    }
    const both = { [ACL]: 'private', 'x-amz-grant-full-control': 'id=owner' }
    isError(await owner.put(target, '', both), 400, 'InvalidRequest')
  }
  isError(await owner.get('/acl-grants'), 404, 'NoSuchBucket')
  assert.equal(await owner.read(key), 'x')
  const mine = { 'x-amz-grant-full-control': 'id="owner"' }
  for (const target of puts) isStatus(await owner.put(target, '', mine), 200)
  for (const target of [bucket, key]) {
    isError(await send('anonymous', 'GET', target), 403, 'AccessDenied')
  }
})

test('a bucket may do without ACLs; then it is as where they are switched off', async () => {
  const ownership = 'x-amz-object-ownership'
  const bucket = await bucketOf(null, { [ownership]: 'BucketOwnerEnforced' })
  for (const target of [`${bucket}/k`, `${bucket}?acl`]) {
    const answer = await owner.put(target, '', { [ACL]: 'public-read' })
    isError(answer, 400, 'AccessControlListNotSupported')
  }
  await owner.write(`${bucket}/k`, 'x')
  await server.client.write(`${bucket}/root`, 'x')
  assert.equal(await owner.read(`${bucket}/root`), 'x')
  for (const [value, status, code] of [
    ['BucketOwnerPreferred', 501, 'NotImplemented'],
    ['x', 400, 'InvalidArgument'],
  ] as const) {
    const headers = { [ownership]: value }
    isError(await owner.send('PUT', '/acl-owned', { headers }), status, code)
  }
})

test('where ACLs are switched off nobody is let in, whatever is asked for', async () => {
  await using plain = await S3Server.open()
  const holder = await plain.account('holder')
  const guest = await plain.account('guest')
  const headers = { 'x-amz-object-ownership': 'ObjectWriter' }
  isError(await holder.send('PUT', '/plain', { headers }), 501, 'NotImplemented')
  const bucket = await holder.bucket('plain')
  await holder.write(`${bucket}/k`, 'x')
  const key = `${bucket}/k`
  for (const line of [
    `GET ${bucket}`,
    `HEAD ${bucket}`,
    `GET ${key}`,
    `HEAD ${key}`,
    `GET ${bucket}/none`,
    `PUT ${key}`,
    `DELETE ${key}`,
    `GET ${key}?acl`,
    `PUT ${key}?acl`,
    `POST ${key}?uploads`,
  ]) {
    const [method = '', target = ''] = line.split(' ')
    const answers = [
      await plain.client.send(method, target, { as: 'anonymous' }),
      await guest.send(method, target),
    ]
    for (const answer of answers) assert.equal(answer.status, 403, line)
  }
  assert.equal(await holder.read(key), 'x')
  isError(
    await holder.put(`${bucket}/k`, '', { [ACL]: 'public-read' }),
    400,
    'AccessControlListNotSupported',
  )
})

test('whoever has no bucket to name is nobody without a signature', async () => {
  isError(await send('anonymous', 'GET', '/'), 403, 'AccessDenied')
  const headers = { [ACL]: 'public-read-write' }
  isError(await send('anonymous', 'PUT', '/acl-anonymous', { headers }), 403, 'AccessDenied')
})
