// Keys, targets and bucket names, through HTTP. S3.md 1 to 7.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import { targetOf } from './client.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open({ domains: ['s3.example.com', 'local.test:9000'] })
const { client } = server
after(() => server[Symbol.asyncDispose]())

/** The keys of a bucket as a list without an encoding has them. */
async function keysOf(bucket: string): Promise<string[]> {
  return isStatus(await client.get(`${bucket}?list-type=2`), 200).all('Contents/Key')
}

test('S3.md 1: keys are bytes, nothing is normalised, all of them are different', async () => {
  const bucket = await client.bucket('different')
  const raw = ['a//b', 'a/b', '/a', '//a', 'a/../b', 'a/./b', '.', '..', '../x', 'a/', 'a', 'A']
  const composed = ['\u00e9', 'e\u0301', '\ufb01', 'fi', 'ſ', 's', '%', '%25', ' ', '  ', 'a b']
  const keys = [...raw, ...composed, '\u{1f600}', '\\', 'c:\\x', '~', "'", '"', '*', ';', 'a;b=1']
  for (const key of keys) await client.write(targetOf(bucket, key), `of ${key}`)
  for (const key of keys) assert.equal(await client.read(targetOf(bucket, key)), `of ${key}`)
  const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  assert.deepEqual(await keysOf(bucket), sorted)
})

test('S3.md 1: a key has up to 1024 bytes of UTF-8, not characters', async () => {
  const bucket = await client.bucket('long-keys')
  for (const key of ['k'.repeat(1024), `${'\u00e9'.repeat(511)}ab`, '\u{1f600}'.repeat(256)]) {
    await client.write(targetOf(bucket, key), 'x')
    assert.equal(await client.read(targetOf(bucket, key)), 'x')
  }
  for (const key of ['k'.repeat(1025), `${'\u00e9'.repeat(512)}b`, '\u{1f600}'.repeat(257)]) {
    const fields = { MaxSizeAllowed: '1024', Size: String(Buffer.byteLength(key)) }
    const answer = await client.send('PUT', targetOf(bucket, key), { as: 'anonymous' })
    isError(answer, 400, 'KeyTooLongError', fields)
  }
  assert.equal((await keysOf(bucket)).length, 3)
})

test('S3.md 2: the key is cut from the raw target and decoded exactly once', async () => {
  const bucket = await client.bucket('decoded')
  await client.write(`${bucket}/a%2Fb+c%25%32%35?x-id=PutObject`, 'x')
  assert.deepEqual(await keysOf(bucket), ['a/b+c%25'])
  assert.equal(await client.read(`${bucket}/a/b+c%25%2525`.replace('%2525', '25')), 'x')
  assert.equal(await client.read(`${bucket}/a%2fb%2Bc%2525`), 'x')
  // A dot segment in the target is a part of the key, and what stands behind `?` never is.
  await client.write(`${bucket}/./d/../e?x-id=a%3Fb`, 'y')
  assert.deepEqual(await keysOf(bucket), ['./d/../e', 'a/b+c%25'])
})

test('S3.md 2: a plus in the query is a space', async () => {
  const bucket = await client.bucket('plus')
  for (const key of ['a b', 'a+b']) await client.write(targetOf(bucket, key), 'x')
  const find = async (prefix: string) =>
    (await client.get(`${bucket}?prefix=${prefix}`)).all('Contents/Key')
  assert.deepEqual(await find('a+'), ['a b'])
  assert.deepEqual(await find('a%20'), ['a b'])
  assert.deepEqual(await find('a%2B'), ['a+b'])
})

test('S3.md 2: invalid UTF-8 and broken escapes are InvalidURI', async () => {
  const bucket = await client.bucket('invalid')
  const refused = async (method: string, target: string) =>
    isError(await client.send(method, target, { as: 'anonymous' }), 400, 'InvalidURI')
  for (const path of ['%', '%4', '%zz', 'a%ff', '%c3', '%ed%a0%80', '%f8%80%80%80%80', '%c0%80']) {
    await refused('PUT', `${bucket}/${path}`)
    await refused('DELETE', `${bucket}/${path}`)
    await refused('GET', `${bucket}?prefix=${path}`)
  }
  await refused('PUT', `${bucket}/nul%00`)
  assert.deepEqual(await keysOf(bucket), [])
})

test('S3.md 2: an absolute target names the same key as its path', async () => {
  const bucket = await client.bucket('absolute')
  const { head } = client.head('PUT', `${bucket}/k`, { body: 'x' })
  const absolute = head.replace(` ${bucket}/k `, ` http://${client.host}${bucket}/k `)
  isStatus(await client.exchange('PUT', Buffer.from(`${absolute}x`, 'latin1')), 200)
  assert.equal(await client.read(`${bucket}/k`), 'x')
})

test('S3.md 3: lists follow the order of UTF-8, in which astral characters come last', async () => {
  const bucket = await client.bucket('order')
  const keys = ['\u{10000}', '\ue000', '\uffee', '\u{1f600}', 'z', '\ud7ff', '\u{10ffff}']
  for (const key of keys) await client.write(targetOf(bucket, key), '')
  const sorted = ['z', '\ud7ff', '\ue000', '\uffee', '\u{10000}', '\u{1f600}', '\u{10ffff}']
  assert.deepEqual(await keysOf(bucket), sorted)
  const behind = await client.get(targetOf(bucket, '').slice(0, -1) + '?marker=%EF%BF%AE')
  assert.deepEqual(behind.all('Contents/Key'), sorted.slice(4))
})

test('S3.md 4: with encoding-type=url what XML cannot carry is escaped', async () => {
  const bucket = await client.bucket('encoded')
  const keys = ['a\u0001b', 'a\u001fb/c', 'a b+c', 'a\r\nb', 'a\tb', 'a\u00e9&<>"', 'a*-._~']
  for (const key of keys) await client.write(targetOf(bucket, key), '')
  for (const list of ['encoding-type=url', 'list-type=2&encoding-type=url']) {
    const answer = await client.get(`${bucket}?${list}`)
    assert.equal(answer.one('EncodingType'), 'url')
    const listed = answer.all('Contents/Key')
    const decoded = listed.map(decodeURIComponent)
    assert.deepEqual(decoded, keys.toSorted())
    assert.ok(listed.includes('a%20b%2Bc'), 'a space is no plus')
    assert.ok(listed.includes('a%1Fb/c'), 'a slash stays')
  }
  const page = await client.get(
    `${bucket}?list-type=2&encoding-type=url&prefix=a%01&delimiter=%20b&start-after=%01`,
  )
  assert.equal(page.one('Prefix'), 'a%01')
  assert.equal(page.one('Delimiter'), '%20b')
  assert.equal(page.one('StartAfter'), '%01')
})

test('S3.md 4: without it such characters are references, CR too', async () => {
  const bucket = await client.bucket('references')
  await client.write(`${bucket}/a%0Db%0Ac%01d`, '')
  const { text } = await client.get(bucket)
  assert.ok(text.includes('<Key>a&#13;b\nc&#1;d</Key>'), text)
})

test('S3.md 4 and decision 5: the Prefix of version 1 is as sent', async () => {
  const bucket = await client.bucket('prefix-v1')
  const page = await client.get(`${bucket}?encoding-type=url&prefix=a%20%2B&marker=a%20%2B`)
  assert.equal(page.one('Prefix'), 'a +')
  assert.equal(page.one('Marker'), 'a%20%2B')
})

test('S3.md 5: host style and path style name the same bucket at once', async () => {
  const bucket = await client.bucket('styles.with.dots')
  const host = 'styles.with.dots.s3.example.com'
  isStatus(await client.send('PUT', '/by-host', { body: 'h', host }), 200)
  assert.equal(await client.read(`${bucket}/by-host`), 'h')
  await client.write(`${bucket}/by/path`, 'p')
  for (const name of [
    host,
    `${host}:8080`,
    host.toUpperCase(),
    'Styles.with.dots.LOCAL.test:9000',
  ]) {
    assert.equal((await client.send('GET', '/by/path', { host: name })).text, 'p')
    const keys = (await client.send('GET', '/?list-type=2', { host: name })).all('Contents/Key')
    assert.deepEqual(keys, ['by-host', 'by/path'])
  }
})

test('S3.md 5: a base domain with a port is that port alone; other hosts are path style', async () => {
  const bucket = await client.bucket('ports')
  await client.write(`${bucket}/k`, 'x')
  for (const host of ['s3.example.com', 'local.test:9000', 'elsewhere', 'ports.local.test']) {
    assert.equal((await client.send('GET', '/ports/k', { host })).text, 'x')
  }
  isError(await client.send('GET', '/k', { host: 'ports.local.test' }), 404, 'NoSuchBucket', {
    BucketName: 'k',
  })
})

test('S3.md 6: bucket names follow the rules', async () => {
  const good = ['abc', 'a.b', '0-0', 'a'.repeat(63), '1.2.3', 'x--y']
  for (const name of good) isStatus(await client.send('PUT', `/${name}`), 200)
  const bad = ['ab', 'a'.repeat(64), 'Abc', 'a_b', '-ab', 'ab-', '.ab', 'ab.', 'a..b', 'a b']
  const reserved = [
    '192.168.5.4',
    'xn--abc',
    'sthree-abc',
    'abc-s3alias',
    'a.-b',
    'a-.b',
    'caf\u00e9',
  ]
  for (const name of [...bad, ...reserved]) {
    const target = `/${encodeURIComponent(name)}`
    isError(await client.send('PUT', target), 400, 'InvalidBucketName', { BucketName: name })
  }
})

test('S3.md 6 and 7: names are global; in us-east-1 making one again changes nothing', async () => {
  const other = await server.account('other')
  const bucket = await client.bucket('taken', 'Enabled')
  await client.write(`${bucket}/k`, 'x')
  const again = isStatus(await client.send('PUT', bucket), 200)
  assert.equal(again.header('location'), '/taken')
  assert.equal((await client.get(`${bucket}?versioning`)).one('Status'), 'Enabled')
  assert.equal(await client.read(`${bucket}/k`), 'x')
  isError(await other.send('PUT', bucket), 409, 'BucketAlreadyExists', { BucketName: 'taken' })
})

test('S3.md 7: us-east-1 is no constraint, absent means it, and its location is empty', async () => {
  const make = async (name: string, constraint: string) =>
    await client.put(
      `/${name}`,
      `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
        `<LocationConstraint>${constraint}</LocationConstraint></CreateBucketConfiguration>`,
    )
  isError(await make('east', 'us-east-1'), 400, 'InvalidLocationConstraint')
  isError(await make('east', 'eu-west-1'), 400, 'IllegalLocationConstraintException')
  isError(
    await client.headOf('/east').then(async () => await client.get('/east')),
    404,
    'NoSuchBucket',
  )
  isStatus(await make('east', ''), 200)
  const location = await client.get('/east?location')
  assert.equal(location.root.name, 'LocationConstraint')
  assert.equal(location.root.text, '')
})

test('S3.md 7: elsewhere the region is the constraint, and a name of one own is refused', async () => {
  await using west = await S3Server.open({ region: 'eu-west-1' })
  const { client: there } = west
  const make = async (name: string, constraint: string | null) =>
    await there.put(
      `/${name}`,
      constraint === null
        ? ''
        : `<CreateBucketConfiguration><LocationConstraint>${constraint}</LocationConstraint></CreateBucketConfiguration>`,
    )
  isStatus(await make('west', 'eu-west-1'), 200)
  isError(await make('west', 'eu-west-1'), 409, 'BucketAlreadyOwnedByYou', { BucketName: 'west' })
  isError(await make('unsaid', null), 400, 'IllegalLocationConstraintException')
  isError(await make('south', 'eu-south-1'), 400, 'IllegalLocationConstraintException')
  assert.equal((await there.get('/west?location')).root.text, 'eu-west-1')
  assert.equal((await there.headOf('/west')).header('x-amz-bucket-region'), 'eu-west-1')
})
