// Suite: puts, deletes, copies and tags under the three versioning states. Source: S3.md, 26 to 28
// and 40 to 42.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import { newId, type BucketId, type ExtentId } from '../base/id.ts'
import { ObjectIndexError } from './object-index.ts'
import type { DeleteEntry, VersionId, VersionSelector } from './object-index.ts'
import { World, latest, refusal, type OpenIndex } from './suite-world.ts'

export function objectTests(open: OpenIndex): void {
  const run = (name: string, body: (world: World) => Promise<void>): void => {
    test(name, async () => {
      const world = await World.open(open)
      await body(world)
      await world.close()
    })
  }
  putTests(run)
  deleteTests(run)
  copyTests(run)
}

type Run = (name: string, body: (world: World) => Promise<void>) => void

function putTests(run: Run): void {
  run('a put is looked up with all it said of itself', async (world) => {
    const bucketId = await world.bucket()
    const draft = world.draft(5, {
      userMetadata: [['x', 'ä']],
      tags: [
        ['t', '1'],
        ['u', ''],
      ],
      storageClass: 'STANDARD_IA',
      headers: [
        ['Content-Type', 'a/b'],
        ['Expires', 'never'],
      ],
    })
    check.equal(await world.put(bucketId, 'k', draft), null)
    const { versionRandom, ...said } = draft
    const version = await world.mustGet(bucketId, 'k')
    const raw = (value: Uint8Array | undefined): Uint8Array => Uint8Array.from(value ?? [])
    check.deepEqual(
      {
        ...version,
        lastModifiedMs: 0,
        checksum: { ...version.checksum, value: raw(version.checksum?.value) },
      },
      {
        ...said,
        checksum: { ...said.checksum, value: raw(said.checksum?.value) },
        key: 'k',
        versionId: `0000000000000001${versionRandom}`,
        isNull: true,
        isLatest: true,
        isDeleteMarker: false,
        lastModifiedMs: 0,
      },
    )
    check.ok(version.lastModifiedMs > 0)
  })

  run('an unknown storage class, a text owner and no checksum come back', async (world) => {
    const bucketId = await world.bucket()
    await world.put(
      bucketId,
      'k',
      world.draft(1, {
        storageClass: 'COLDER',
        ownerId: 'me',
        checksum: null,
        etag: `${world.hex(16)}-12`,
      }),
    )
    const version = await world.mustGet(bucketId, 'k')
    check.deepEqual(
      [version.storageClass, version.ownerId, version.checksum],
      ['COLDER', 'me', null],
    )
    check.match(version.etag, /-12$/)
    const page = await world.index.list({
      bucketId,
      prefix: '',
      delimiter: '',
      after: null,
      limit: 9,
    })
    check.deepEqual(
      page.entries.map(({ storageClass, ownerId, checksumAlgorithm, etag }) => ({
        storageClass,
        ownerId,
        checksumAlgorithm,
        etag,
      })),
      [{ storageClass: 'COLDER', ownerId: 'me', checksumAlgorithm: null, etag: version.etag }],
    )
  })

  run('an overwrite gives the old blob up and takes a higher order', async (world) => {
    const bucketId = await world.bucket()
    await world.put(bucketId, 'k', world.draft(10))
    await world.put(bucketId, 'k', world.draft(30))
    check.equal((await world.mustGet(bucketId, 'k')).versionId.slice(0, 16), '0000000000000002')
    const references = await world.index.references(world.extentId, 0, 100)
    check.equal(references.length, 1)
    check.deepEqual(await world.index.usage(bucketId), {
      objects: 1,
      bytes: 30,
      otherVersions: 0,
      otherBytes: 0,
      uploadBytes: 0,
    })
    const use = await world.index.extent(world.extentId)
    check.deepEqual([use?.references, use?.referencedBytes], [1, 30])
  })

  run('a condition is judged in the commit', async (world) => {
    const bucketId = await world.bucket()
    const draft = world.draft(1)
    const etag = (value: string) => ({ kind: 'etag', etag: value }) as const
    check.equal(refusal(await world.tryPut(bucketId, 'k', draft, etag('x'))), 'no-such-key')
    check.equal(refusal(await world.tryPut(bucketId, 'k', draft, { kind: 'absent' })), 'done')
    check.equal(
      refusal(await world.tryPut(bucketId, 'k', world.draft(1), { kind: 'absent' })),
      'precondition-failed',
    )
    check.equal(
      refusal(await world.tryPut(bucketId, 'k', world.draft(1), etag('0'.repeat(32)))),
      'precondition-failed',
    )
    check.equal(
      refusal(await world.tryPut(bucketId, 'k', world.draft(1), etag(draft.etag))),
      'done',
    )
  })

  run('of 32 writers at once with If-None-Match one wins', async (world) => {
    const bucketId = await world.bucket('enabled')
    const outcomes = await Promise.all(
      Array.from({ length: 32 }, () =>
        world.tryPut(bucketId, 'k', world.draft(1), { kind: 'absent' }),
      ),
    )
    check.equal(outcomes.filter(({ kind }) => kind === 'done').length, 1)
    check.equal((await world.versions(bucketId)).entries.length, 1)
  })

  run('a put needs the lease of every extent that it names', async (world) => {
    const bucketId = await world.bucket()
    const lost = world.draft(1)
    await world.done({ kind: 'seal-extent', extentId: world.extentId })
    check.equal(refusal(await world.tryPut(bucketId, 'k', lost)), 'lease-lost')
    await world.leaseExtent()
    const both = [
      world.location(1),
      { ...world.location(1), extentId: newId<ExtentId>(world.random) },
    ]
    check.equal(
      refusal(
        await world.tryPut(
          bucketId,
          'k',
          world.draft(2, { body: { kind: 'blobs', locations: both } }),
        ),
      ),
      'lease-lost',
    )
    const foreign = await world.apply({
      kind: 'put-object',
      bucketId,
      key: 'k',
      condition: { kind: 'none' },
      draft: world.draft(1),
      writerId: newId(world.random),
    })
    check.equal(refusal(foreign), 'lease-lost')
    check.deepEqual(await world.names(bucketId), [])
  })

  run(
    'quotas hold to the byte, also under concurrency, and never refuse what shrinks',
    async (world) => {
      const bucketId = await world.bucket()
      await world.done({ kind: 'set-quota', bucketId, quotaBytes: 1000, quotaObjects: 5 })
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, (_, at) => world.tryPut(bucketId, `k${at}`, world.draft(250))),
      )
      check.equal(outcomes.filter(({ kind }) => kind === 'done').length, 4)
      check.equal((await world.index.usage(bucketId)).bytes, 1000)
      check.equal(refusal(await world.tryPut(bucketId, 'x', world.draft(1))), 'quota-exceeded')
      const [first] = await world.names(bucketId)
      check.ok(first !== undefined)
      await world.put(bucketId, first, world.draft(10))
      check.equal(refusal(await world.tryPut(bucketId, 'x', world.draft(241))), 'quota-exceeded')
      await world.put(bucketId, 'x', world.draft(240))
      check.equal(refusal(await world.tryPut(bucketId, 'y', world.draft(0))), 'quota-exceeded')
    },
  )
}

function deleteTests(run: Run): void {
  run('a delete in an unversioned bucket leaves nothing', async (world) => {
    const bucketId = await world.bucket()
    await world.put(bucketId, 'k')
    check.deepEqual(await world.delete(bucketId, ['k', 'none']), [
      { outcome: 'deleted', versionId: null, isDeleteMarker: false },
      { outcome: 'deleted', versionId: null, isDeleteMarker: false },
    ])
    check.equal(await world.get(bucketId, 'k'), null)
    check.equal((await world.index.references(world.extentId, 0, 9)).length, 0)
  })

  run('If-Match on a delete', async (world) => {
    const bucketId = await world.bucket()
    await world.put(bucketId, 'k')
    const { etag } = await world.mustGet(bucketId, 'k')
    const [a, b, c, d] = await world.delete(bucketId, [
      latest('k', '0'.repeat(32)),
      latest('none', '*'),
      latest('k', etag),
      latest('k', '*'),
    ])
    check.deepEqual(
      [a?.outcome, b?.outcome, c?.outcome, d?.outcome],
      ['precondition-failed', 'no-such-key', 'deleted', 'no-such-key'],
    )
  })

  run('a marker hides the versions, and deleting it brings the object back', async (world) => {
    const bucketId = await world.bucket('enabled')
    const first = await world.put(bucketId, 'k')
    const [marked] = await world.delete(bucketId, ['k'])
    check.equal(marked?.isDeleteMarker, true)
    const newest = await world.mustGet(bucketId, 'k')
    check.deepEqual(
      [newest.isDeleteMarker, newest.isLatest, newest.versionId],
      [true, true, marked.versionId],
    )
    check.deepEqual(await world.names(bucketId), [])
    check.deepEqual(await world.delete(bucketId, [byId('k', marked.versionId)]), [
      { outcome: 'deleted', versionId: marked.versionId, isDeleteMarker: true },
    ])
    check.equal((await world.mustGet(bucketId, 'k')).versionId, first)
    check.deepEqual(await world.names(bucketId), ['k'])
  })

  run('deleting the newest version brings the next older one to the top', async (world) => {
    const bucketId = await world.bucket('enabled')
    const ids = [
      await world.put(bucketId, 'k'),
      await world.put(bucketId, 'k'),
      await world.put(bucketId, 'k'),
    ]
    await world.delete(bucketId, [byId('k', ids[2] ?? null), byId('k', ids[0] ?? null)])
    check.equal((await world.mustGet(bucketId, 'k')).versionId, ids[1])
    check.deepEqual(await world.index.usage(bucketId), {
      objects: 1,
      bytes: 100,
      otherVersions: 0,
      otherBytes: 0,
      uploadBytes: 0,
    })
    const again = await world.delete(bucketId, [byId('k', ids[0] ?? null)])
    check.equal(again[0]?.outcome, 'no-such-version')
  })

  run('the null version outlives enabling, and suspending replaces it alone', async (world) => {
    const bucketId = await world.bucket()
    await world.put(bucketId, 'k', world.draft(1))
    await world.done({ kind: 'set-versioning', bucketId, versioning: 'enabled' })
    const second = await world.put(bucketId, 'k', world.draft(2))
    const nullOf = (): ReturnType<World['get']> =>
      world.index.lookup(bucketId, 'k', { kind: 'null' })
    check.equal((await nullOf())?.sizeBytes, 1)
    await world.done({ kind: 'set-versioning', bucketId, versioning: 'suspended' })
    check.equal(await world.put(bucketId, 'k', world.draft(3)), 'null')
    check.deepEqual([(await nullOf())?.sizeBytes, (await nullOf())?.isLatest], [3, true])
    check.equal((await world.versions(bucketId)).entries.length, 2)
    const [marker] = await world.delete(bucketId, ['k'])
    check.deepEqual(marker, { outcome: 'deleted', versionId: 'null', isDeleteMarker: true })
    check.equal((await nullOf())?.isDeleteMarker, true)
    const entries = (await world.versions(bucketId)).entries
    check.deepEqual(
      entries.map(({ versionId, isLatest }) => [versionId, isLatest]),
      [
        ['null', true],
        [second, false],
      ],
    )
    await world.delete(bucketId, [{ key: 'k', version: { kind: 'null' }, ifMatch: null }])
    check.equal((await world.mustGet(bucketId, 'k')).versionId, second)
    check.equal(await nullOf(), null)
  })

  run('a thousand deletions of one call, some of one key, are answered in order', async (world) => {
    const bucketId = await world.bucket('enabled')
    for (let at = 0; at < 40; at += 1) await world.put(bucketId, `k${at}`)
    const entries = Array.from({ length: 1000 }, (_, at) => latest(`k${at % 300}`))
    const results = await world.delete(bucketId, entries)
    check.equal(results.length, 1000)
    check.equal(new Set(results.map(({ versionId }) => versionId)).size, 1000)
    check.equal((await world.index.usage(bucketId)).otherVersions, 1040)
  })

  run('a delete of many large bodies is split into commits', async (world) => {
    const bucketId = await world.bucket()
    for (let at = 0; at < 20; at += 1) {
      const locations = Array.from({ length: 80 }, () => world.location(1))
      await world.put(bucketId, `k${at}`, world.draft(80, { body: { kind: 'blobs', locations } }))
    }
    await world.delete(
      bucketId,
      Array.from({ length: 20 }, (_, at) => `k${at}`),
    )
    check.equal((await world.index.extent(world.extentId))?.references, 0)
  })
}

function copyTests(run: Run): void {
  run('a copy shares the blob, which lives until its last reference goes', async (world) => {
    const bucketId = await world.bucket()
    await world.put(bucketId, 'a', world.draft(7))
    check.equal(
      refusal(await world.copy(bucketId, 'b', await world.mustGet(bucketId, 'a'))),
      'done',
    )
    check.equal((await world.index.extent(world.extentId))?.references, 2)
    await world.delete(bucketId, ['a'])
    check.deepEqual(
      (await world.index.references(world.extentId, 0, 9)).map(({ referrer }) =>
        referrer.kind === 'version' ? referrer.key : '',
      ),
      ['b'],
    )
  })

  run('a copy onto itself keeps the blob', async (world) => {
    const bucketId = await world.bucket()
    await world.put(bucketId, 'a', world.draft(7))
    check.equal(
      refusal(await world.copy(bucketId, 'a', await world.mustGet(bucketId, 'a'))),
      'done',
    )
    const use = await world.index.extent(world.extentId)
    check.deepEqual([use?.references, use?.referencedBytes], [1, 7])
    check.equal((await world.index.references(world.extentId, 0, 9)).length, 1)
  })

  run('a copy of a version that has gone or changed is refused', async (world) => {
    const bucketId = await world.bucket()
    await world.put(bucketId, 'a')
    const version = await world.mustGet(bucketId, 'a')
    const other = { kind: 'blobs', locations: [world.location(100)] } as const
    check.equal(refusal(await world.copy(bucketId, 'b', version, other)), 'source-changed')
    await world.put(bucketId, 'a')
    check.equal(refusal(await world.copy(bucketId, 'b', version)), 'source-changed')
  })

  run('the 251st reference is refused', async (world) => {
    const bucketId = await world.bucket()
    await world.put(bucketId, 'a')
    const version = await world.mustGet(bucketId, 'a')
    for (let at = 1; at < 250; at += 1) {
      check.equal(refusal(await world.copy(bucketId, `b${at}`, version)), 'done')
    }
    check.equal(refusal(await world.copy(bucketId, 'c', version)), 'too-many-references')
  })

  run('tags are set on the version named, and nothing else of it changes', async (world) => {
    const bucketId = await world.bucket('enabled')
    const first = await world.put(bucketId, 'k')
    await world.put(bucketId, 'k')
    const tags = [['a', 'b']] as const
    const setTags = (key: string, version: VersionSelector): Promise<string> =>
      world.apply({ kind: 'set-tags', bucketId, key, version, tags }).then(refusal)
    const before = await world.index.lookup(bucketId, 'k', selector(first))
    check.equal(await setTags('k', selector(first)), 'done')
    check.deepEqual(await world.index.lookup(bucketId, 'k', selector(first)), { ...before, tags })
    check.deepEqual((await world.mustGet(bucketId, 'k')).tags, [])
    check.equal(await setTags('none', { kind: 'latest' }), 'no-such-key')
    check.equal(await setTags('k', { kind: 'null' }), 'no-such-version')
    await world.delete(bucketId, ['k'])
    check.equal(await setTags('k', { kind: 'latest' }), 'is-delete-marker')
  })

  run('an ACL is set on the version named, and nothing else of it changes', async (world) => {
    const bucketId = await world.bucket('unversioned')
    const first = await world.put(bucketId, 'k')
    const before = await world.mustGet(bucketId, 'k')
    const setAcl = (version: VersionSelector): Promise<string> =>
      world
        .apply({ kind: 'set-acl', bucketId, key: 'k', version, acl: 'public-read' })
        .then(refusal)
    const version = { kind: 'id', versionId: before.versionId } as const
    check.equal(await setAcl(version), 'done')
    check.deepEqual(await world.mustGet(bucketId, 'k'), { ...before, acl: 'public-read' })
    await world.put(bucketId, 'k')
    check.equal(first, null, 'no client knows the id')
    check.equal(await setAcl(version), 'no-such-version', 'another version took its place')
    check.equal((await world.mustGet(bucketId, 'k')).acl, 'private')
  })

  run('a bucket that goes between two deletions of one key leaves them unsure', async (world) => {
    const bucketId = await world.bucket('unversioned')
    await world.put(bucketId, 'k')
    const entries = [latest('k'), latest('k')]
    const deleting = world.apply({ kind: 'delete-objects', bucketId, entries })
    const removing = world.apply({ kind: 'delete-bucket', bucketId })
    await check.rejects(
      deleting,
      (error) => error instanceof ObjectIndexError && error.code === 'unsure',
      'the first was carried out',
    )
    check.equal(refusal(await removing), 'done')
    const again = await world.apply({ kind: 'delete-objects', bucketId, entries })
    check.equal(refusal(again), 'no-such-bucket')
  })

  run('no operation finds a bucket that is not there', async (world) => {
    const bucketId = newId<BucketId>(world.random)
    check.equal(refusal(await world.tryPut(bucketId, 'k')), 'no-such-bucket')
    check.equal(
      refusal(await world.apply({ kind: 'delete-objects', bucketId, entries: [latest('k')] })),
      'no-such-bucket',
    )
    check.equal(await world.index.bucket(bucketId), null)
  })
}

function byId(key: string, versionId: VersionId | 'null' | null): DeleteEntry {
  return { key, version: selector(versionId), ifMatch: null }
}

function selector(versionId: VersionId | 'null' | null): VersionSelector {
  check.ok(versionId !== null && versionId !== 'null', 'a version id')
  return { kind: 'id', versionId }
}
