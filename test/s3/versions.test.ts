// Versioning through HTTP. S3.md 39 and 42; decision 5 where it is named.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { isError, isStatus } from './answer.ts'
import type { S3Answer } from './answer.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open()
const { client, clock } = server
after(() => server[Symbol.asyncDispose]())

interface Listed {
  readonly kind: string
  readonly key: string
  readonly versionId: string
  readonly isLatest: boolean
}

/** Versions and markers as they stand in the document, in its order. */
function listed(page: S3Answer): Listed[] {
  return page.root.children
    .filter(({ name }) => name === 'Version' || name === 'DeleteMarker')
    .map(({ name, children }) => {
      const text = (wanted: string): string =>
        children.find((child) => child.name === wanted)?.text ?? ''
      const isLatest = text('IsLatest') === 'true'
      return { kind: name, key: text('Key'), versionId: text('VersionId'), isLatest }
    })
}

function idOf(answer: S3Answer): string {
  return answer.header('x-amz-version-id') ?? 'null'
}

test('S3.md 42: an unversioned bucket says nothing of versions; its objects are null', async () => {
  const bucket = await client.bucket('unversioned')
  assert.equal((await client.get(`${bucket}?versioning`)).root.children.length, 0)
  assert.equal((await client.write(`${bucket}/k`, 'x')).header('x-amz-version-id'), null)
  assert.equal((await client.get(`${bucket}/k`)).header('x-amz-version-id'), null)
  assert.equal(await client.read(`${bucket}/k?versionId=null`), 'x')
  const [only] = listed(await client.get(`${bucket}?versions`))
  assert.deepEqual(only, { kind: 'Version', key: 'k', versionId: 'null', isLatest: true })
  const deleted = isStatus(await client.delete(`${bucket}/k`), 204)
  assert.equal(deleted.header('x-amz-delete-marker'), null)
  assert.equal(deleted.header('x-amz-version-id'), null)
})

test('S3.md 42: what was null stays addressable after versioning was enabled', async () => {
  const bucket = await client.bucket('null-stays')
  await client.write(`${bucket}/k`, 'null')
  await client.setVersioning(bucket, 'Enabled')
  assert.equal((await client.get(`${bucket}/k`)).header('x-amz-version-id'), 'null')
  const id = idOf(await client.write(`${bucket}/k`, 'newer'))
  assert.match(id, /^[0-9a-f]{32}$/)
  assert.equal(await client.read(`${bucket}/k`), 'newer')
  assert.equal(await client.read(`${bucket}/k?versionId=null`), 'null')
  assert.equal(await client.read(`${bucket}/k?versionId=${id}`), 'newer')
  assert.deepEqual(
    listed(await client.get(`${bucket}?versions`)).map(({ versionId }) => versionId),
    [id, 'null'],
  )
})

test('S3.md 42: suspended, a write replaces the null version only', async () => {
  const bucket = await client.bucket('suspended', 'Enabled')
  const first = idOf(await client.write(`${bucket}/k`, 'first'))
  await client.setVersioning(bucket, 'Suspended')
  await client.write(`${bucket}/k`, 'null 1')
  await client.write(`${bucket}/k`, 'null 2')
  const ids = listed(await client.get(`${bucket}?versions`)).map(({ versionId }) => versionId)
  assert.deepEqual(ids, ['null', first])
  assert.equal(await client.read(`${bucket}/k?versionId=null`), 'null 2')
  assert.equal(await client.read(`${bucket}/k?versionId=${first}`), 'first')
  await client.setVersioning(bucket, 'Enabled')
  const third = idOf(await client.write(`${bucket}/k`, 'third'))
  const all = listed(await client.get(`${bucket}?versions`)).map(({ versionId }) => versionId)
  assert.deepEqual(all, [third, 'null', first])
})

test('S3.md 42 and decision 5: a PUT into a suspended bucket has no x-amz-version-id', async () => {
  const bucket = await client.bucket('suspended-put', 'Suspended')
  const put = await client.write(`${bucket}/k`, 'x')
  assert.equal(put.header('x-amz-version-id'), null)
  assert.equal((await client.get(`${bucket}/k`)).header('x-amz-version-id'), 'null')
})

test('S3.md 42: suspended, a delete puts a null marker in the null version’s place', async () => {
  const bucket = await client.bucket('suspended-delete', 'Enabled')
  const first = idOf(await client.write(`${bucket}/k`, 'first'))
  await client.setVersioning(bucket, 'Suspended')
  await client.write(`${bucket}/k`, 'null')
  const deleted = isStatus(await client.delete(`${bucket}/k`), 204)
  assert.equal(deleted.header('x-amz-delete-marker'), 'true')
  isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
  const all = listed(await client.get(`${bucket}?versions`))
  assert.deepEqual(
    all.map(({ kind, versionId, isLatest }) => [kind, versionId, isLatest]),
    [
      ['DeleteMarker', 'null', true],
      ['Version', first, false],
    ],
  )
  isStatus(await client.delete(`${bucket}/k?versionId=null`), 204)
  assert.equal(await client.read(`${bucket}/k`), 'first')
})

test('S3.md 42: GET of a marker is 404 and says so; by its id 405; deleting it brings back', async () => {
  const bucket = await client.bucket('markers', 'Enabled')
  await client.write(`${bucket}/k`, 'x')
  await clock.advance(5000)
  const deleted = isStatus(await client.delete(`${bucket}/k`), 204)
  assert.equal(deleted.header('x-amz-delete-marker'), 'true')
  const id = idOf(deleted)
  const latest = await client.get(`${bucket}/k`)
  isError(latest, 404, 'NoSuchKey')
  assert.equal(latest.header('x-amz-delete-marker'), 'true')
  assert.equal(idOf(latest), id)
  const byId = await client.get(`${bucket}/k?versionId=${id}`)
  isError(byId, 405, 'MethodNotAllowed', { ResourceType: 'DeleteMarker' })
  assert.equal(byId.header('allow'), 'DELETE')
  assert.equal(byId.header('x-amz-delete-marker'), 'true')
  assert.equal(byId.header('last-modified'), new Date(clock.nowMs()).toUTCString())
  for (const query of ['tagging', 'acl', 'attributes']) {
    const headers = { 'x-amz-object-attributes': 'ETag' }
    isError(await client.get(`${bucket}/k?${query}`, headers), 404, 'NoSuchKey')
    isError(
      await client.get(`${bucket}/k?${query}&versionId=${id}`, headers),
      405,
      'MethodNotAllowed',
    )
  }
  const gone = isStatus(await client.delete(`${bucket}/k?versionId=${id}`), 204)
  assert.equal(gone.header('x-amz-delete-marker'), 'true')
  assert.equal(idOf(gone), id)
  assert.equal(await client.read(`${bucket}/k`), 'x')
})

test('S3.md 42: deleting without a version of what is not there makes a marker all the same', async () => {
  const bucket = await client.bucket('markers-of-nothing', 'Enabled')
  const deleted = isStatus(await client.delete(`${bucket}/none`), 204)
  assert.equal(deleted.header('x-amz-delete-marker'), 'true')
  assert.equal(listed(await client.get(`${bucket}?versions`)).length, 1)
})

test('S3.md 42: deleting one version leaves the others; the newest left is the latest', async () => {
  const bucket = await client.bucket('one-version', 'Enabled')
  const ids: string[] = []
  for (const body of ['1', '2', '3']) ids.push(idOf(await client.write(`${bucket}/k`, body)))
  const gone = isStatus(await client.delete(`${bucket}/k?versionId=${ids[2]}`), 204)
  assert.equal(gone.header('x-amz-delete-marker'), null)
  assert.equal(idOf(gone), ids[2])
  assert.equal(await client.read(`${bucket}/k`), '2')
  isStatus(await client.delete(`${bucket}/k?versionId=${ids[0]}`), 204)
  assert.equal(await client.read(`${bucket}/k`), '2')
  isError(await client.get(`${bucket}/k?versionId=${ids[2]}`), 404, 'NoSuchVersion')
  isStatus(await client.delete(`${bucket}/k?versionId=${ids[2]}`), 204) // again
  isStatus(await client.delete(`${bucket}/k?versionId=${ids[1]}`), 204)
  const last = await client.get(`${bucket}/k`)
  isError(last, 404, 'NoSuchKey')
  assert.equal(last.header('x-amz-delete-marker'), null)
})

test('S3.md 42: versioning never returns to unversioned, and other states are refused', async () => {
  const bucket = await client.bucket('states', 'Enabled')
  const put = async (inner: string) =>
    await client.put(
      `${bucket}?versioning`,
      `<VersioningConfiguration>${inner}</VersioningConfiguration>`,
    )
  isError(await put(''), 400, 'IllegalVersioningConfigurationException')
  for (const status of ['Disabled', 'enabled', '']) {
    isError(await put(`<Status>${status}</Status>`), 400, 'MalformedXML')
  }
  isError(await client.put(`${bucket}?versioning`, ''), 400, 'MalformedXML')
  assert.equal((await client.get(`${bucket}?versioning`)).one('Status'), 'Enabled')
  await client.setVersioning(bucket, 'Suspended')
  assert.equal((await client.get(`${bucket}?versioning`)).one('Status'), 'Suspended')
})

test('S3.md 39: version-id-marker needs key-marker, and must be an id', async () => {
  const bucket = await client.bucket('markers-of-lists', 'Enabled')
  await client.write(`${bucket}/k`, 'x')
  const id = '0'.repeat(32)
  const query = `${bucket}?versions`
  isError(await client.get(`${query}&version-id-marker=${id}`), 400, 'InvalidArgument')
  isError(await client.get(`${query}&key-marker=k&version-id-marker=x`), 400, 'InvalidArgument')
  isError(await client.get(`${query}&max-keys=x`), 400, 'InvalidArgument')
  assert.deepEqual(listed(await client.get(`${query}&key-marker=k`)), [])
})

test('S3.md 39: a version has ETag, size, class and owner; a marker time and owner', async () => {
  const bucket = await client.bucket('version-entries', 'Enabled')
  const put = await client.write(`${bucket}/k`, 'body', { 'x-amz-storage-class': 'GLACIER' })
  await client.delete(`${bucket}/k`)
  const page = await client.get(`${bucket}?versions&encoding-type=url`)
  assert.equal(page.one('Version/ETag'), put.header('etag'))
  assert.equal(page.one('Version/Size'), '4')
  assert.equal(page.one('Version/StorageClass'), 'GLACIER')
  assert.equal(page.one('Version/Owner/ID'), 'root')
  assert.equal(page.one('DeleteMarker/Owner/ID'), 'root')
  assert.match(page.one('DeleteMarker/LastModified') ?? '', /Z$/)
  assert.equal(page.elements('DeleteMarker/ETag').length, 0)
  assert.equal(page.one('EncodingType'), 'url')
})

test('S3.md 39: versions have prefix and delimiter, markers count as anything else', async () => {
  const bucket = await client.bucket('version-prefixes', 'Enabled')
  for (const key of ['a', 'p/1', 'p/2', 'q']) await client.write(`${bucket}/${key}`, '')
  for (const key of ['p/1', 'p/2']) {
    const all = listed(await client.get(`${bucket}?versions&prefix=${key}`))
    for (const { versionId } of all) await client.delete(`${bucket}/${key}?versionId=${versionId}`)
  }
  await client.delete(`${bucket}/p/3`)
  const page = await client.get(`${bucket}?versions&delimiter=/`)
  assert.deepEqual(page.all('CommonPrefixes/Prefix'), ['p/']) // a marker is under it
  assert.deepEqual(page.all('Version/Key'), ['a', 'q'])
})

/** A history of a few keys: each step is a write or a delete. */
const steps = fc.array(
  fc.record({ key: fc.constantFrom('a', 'b', 'b/c', 'b0', '\u{1f600}'), isDelete: fc.boolean() }),
  { minLength: 1, maxLength: 14 },
)

test('S3.md 39: keys ascend, the newest stands first, one is the latest, whatever the page', async () => {
  let count = 0
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 5 }), async (history, limit) => {
      const bucket = await client.bucket(`history-${count++}`, 'Enabled')
      const model = new Map<string, Listed[]>()
      for (const { key, isDelete } of history) {
        const target = `${bucket}/${encodeURIComponent(key)}`
        const answer = isDelete ? await client.delete(target) : await client.write(target, '')
        const older = (model.get(key) ?? []).map((each) => ({ ...each, isLatest: false }))
        const kind = isDelete ? 'DeleteMarker' : 'Version'
        model.set(key, [{ kind, key, versionId: idOf(answer), isLatest: true }, ...older])
      }
      const keys = [...model.keys()].toSorted((a, b) =>
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      )
      const wanted = keys.flatMap((key) => model.get(key) ?? [])
      const seen: Listed[] = []
      for (let query = '', more = true; more;) {
        const page = isStatus(await client.get(`${bucket}?versions&max-keys=${limit}${query}`), 200)
        const entries = listed(page)
        more = page.one('IsTruncated') === 'true'
        assert.ok(entries.length === limit || (!more && entries.length > 0))
        seen.push(...entries)
        assert.ok(seen.length <= wanted.length, 'the pages end')
        const key = encodeURIComponent(page.one('NextKeyMarker') ?? '')
        query = `&key-marker=${key}&version-id-marker=${page.one('NextVersionIdMarker')}`
      }
      assert.deepEqual(seen, wanted)
      const current = wanted.filter(({ isLatest, kind }) => isLatest && kind === 'Version')
      assert.deepEqual(
        (await client.get(bucket)).all('Contents/Key'),
        current.map(({ key }) => key),
      )
    }),
    { numRuns: 30 },
  )
})
