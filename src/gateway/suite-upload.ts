// Uploads in parts: what they become, and what refuses them.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import fc from 'fast-check'
import { digest, digestHex } from '../base/digest.ts'
import type { UploadId } from '../base/id.ts'
import { PART_SIZE_BYTES_MIN } from '../base/limits.ts'
import type { ChecksumAlgorithm, StoredChecksum } from '../object-index/object-index.ts'
import type { CompleteRequest, Written } from './gateway.ts'
import { ALGORITHMS, checksumOf, rejectsWith } from './suite-put.ts'
import type { OpenWorld } from './suite-put.ts'
import { longBytes, NEVER, OWNER_ID, TestBody } from './suite-world.ts'
import type { BodyOptions, GatewayWorld } from './suite-world.ts'

interface Begun {
  readonly algorithm: ChecksumAlgorithm | null
  readonly type: StoredChecksum['type'] | null
}
const PLAIN: Begun = { algorithm: null, type: null }

/** One upload of a key and the short words for it. */
class TestUpload {
  readonly world: GatewayWorld
  readonly key: string
  readonly uploadId: UploadId
  readonly parts = new Map<number, { readonly data: Buffer; readonly written: Written }>()

  private constructor(world: GatewayWorld, key: string, uploadId: UploadId) {
    this.world = world
    this.key = key
    this.uploadId = uploadId
  }

  static async begin(world: GatewayWorld, key: string, begun: Begun = PLAIN): Promise<TestUpload> {
    const {
      condition: _c,
      body: _b,
      ...draft
    } = world.requestFor(key, new TestBody(Buffer.alloc(0)))
    const uploadId = await world.gateway.createUpload({
      ...draft,
      initiatorId: OWNER_ID,
      checksumAlgorithm: begun.algorithm,
      checksumType: begun.type,
    })
    return new TestUpload(world, key, uploadId)
  }

  async put(partNumber: number, data: Buffer, options: BodyOptions = {}): Promise<Written> {
    const { key, uploadId, world } = this
    const body = new TestBody(data, options)
    const request = { bucket: world.bucket, key, uploadId, partNumber, body, signal: NEVER }
    const written = await world.gateway.putPart(request)
    this.parts.set(partNumber, { data, written })
    return written
  }

  /** All parts so far, in order, as a client names them. */
  names(): CompleteRequest['parts'] {
    return [...this.parts.entries()]
      .toSorted(([one], [other]) => one - other)
      .map(([partNumber, { written }]) => ({
        partNumber,
        etag: written.etag,
        checksum: written.checksum?.value ?? null,
        checksumAlgorithm: written.checksum?.algorithm ?? null,
      }))
  }

  request(over: Partial<CompleteRequest> = {}): CompleteRequest {
    return {
      bucket: this.world.bucket,
      key: this.key,
      uploadId: this.uploadId,
      condition: { kind: 'none' },
      parts: this.names(),
      checksum: null,
      checksumType: null,
      sizeBytes: null,
      ...over,
    }
  }

  complete(over: Partial<CompleteRequest> = {}): Promise<Written> {
    return this.world.gateway.completeUpload(this.request(over))
  }

  /** All data, in the parts' order. */
  whole(): Buffer {
    return Buffer.concat(this.names().map(({ partNumber }) => this.dataOf(partNumber)))
  }

  dataOf(partNumber: number): Buffer {
    return this.parts.get(partNumber)?.data ?? Buffer.alloc(0)
  }
}

function withoutChecksums(parts: CompleteRequest['parts']): CompleteRequest['parts'] {
  return parts.map(({ partNumber, etag }) => ({
    partNumber,
    etag,
    checksum: null,
    checksumAlgorithm: null,
  }))
}

const KINDS: readonly Begun[] = [
  PLAIN,
  { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' },
  { algorithm: 'CRC32', type: 'FULL_OBJECT' },
  { algorithm: 'CRC32C', type: 'FULL_OBJECT' },
  ...ALGORITHMS.filter((algorithm) => algorithm !== 'CRC64NVME').map(
    (algorithm) => ({ algorithm, type: 'COMPOSITE' }) as const,
  ),
]

/** What the object's checksum must be, from its parts' bytes. */
function wholeOf({ algorithm, type }: Begun, parts: readonly Buffer[]): Buffer {
  const name = algorithm ?? 'CRC64NVME'
  if (type !== 'COMPOSITE') return checksumOf(name, Buffer.concat(parts))
  return checksumOf(name, Buffer.concat(parts.map((part) => checksumOf(name, part))))
}

export function uploadTests(open: OpenWorld): void {
  test('parts, whatever their order, are one object with the checksum of its kind', async () => {
    await using world = await open()
    let count = 0
    const extra = fc.integer({ min: 0, max: 100_000 })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...KINDS),
        fc.array(extra, { minLength: 0, maxLength: 2 }),
        fc.integer({ min: 0, max: 400_000 }),
        async (kind, extras, lastSize) => {
          const sizes = [...extras.map((more) => PART_SIZE_BYTES_MIN + more), lastSize]
          const upload = await TestUpload.begin(world, `k${count++}`, kind)
          for (const [index, sizeBytes] of [...sizes.entries()].toReversed()) {
            await upload.put(3 * index + 1, longBytes(world.store, sizeBytes))
          }
          const data = upload.whole()
          const parts = upload.names().map(({ partNumber }) => upload.dataOf(partNumber))
          const value = wholeOf(kind, parts)
          const algorithm = kind.algorithm ?? 'CRC64NVME'
          const written = await upload.complete({
            checksum: { algorithm, value },
            checksumType: kind.type,
            sizeBytes: data.length,
          })
          const md5s = parts.map((part) => digest('md5', part))
          const etag = `${digestHex('md5', Buffer.concat(md5s))}-${parts.length}`
          check.equal(written.etag, etag)
          const type = kind.type ?? 'FULL_OBJECT'
          check.deepEqual(written.checksum, { algorithm, type, value })
          const version = await world.find(upload.key)
          check.equal(version.etag, etag)
          check.ok((await world.read(version)).equals(data))
          const edge = sizes[0] ?? 0
          const range = [Math.max(0, edge - 5), Math.min(data.length, edge + 5)] as const
          check.ok((await world.read(version, ...range)).equals(data.subarray(...range)))
        },
      ),
      { numRuns: 8, examples: KINDS.map((kind) => [kind, [1], 70_000]) },
    )
    check.equal(world.held.count, 0)
  })

  test('a part by its ordinal is where it lies; past the last there is none', async () => {
    await using world = await open()
    const upload = await TestUpload.begin(world, 'k')
    await upload.put(2, longBytes(world.store, PART_SIZE_BYTES_MIN))
    await upload.put(9, Buffer.from('last'))
    await upload.complete()
    const version = await world.find('k')
    const second = await world.gateway.part(version, 2)
    check.deepEqual(
      [second?.partNumber, second?.offset, second?.sizeBytes],
      [9, PART_SIZE_BYTES_MIN, 4],
    )
    check.equal(await world.gateway.part(version, 3), null)
    await world.put('plain', Buffer.from('x'))
    const plain = await world.find('plain')
    check.equal((await world.gateway.part(plain, 1))?.sizeBytes, 1)
    check.equal(await world.gateway.part(plain, 2), null)
  })

  refusalTests(open)
  raceTests(open)
}

function refusalTests(open: OpenWorld): void {
  test('a completion that names other parts is refused, and the upload goes on', async () => {
    await using world = await open()
    const upload = await TestUpload.begin(world, 'k')
    await upload.put(1, longBytes(world.store, PART_SIZE_BYTES_MIN))
    await upload.put(2, Buffer.from('last'))
    const [one, two] = upload.names()
    check.ok(one !== undefined && two !== undefined)
    await rejectsWith('invalid-part-order', upload.complete({ parts: [two, one] }))
    await rejectsWith('invalid-part-order', upload.complete({ parts: [one, one] }))
    await rejectsWith('invalid-part', upload.complete({ parts: [one, { ...two, partNumber: 3 }] }))
    await rejectsWith('invalid-part', upload.complete({ parts: [one, { ...two, etag: one.etag }] }))
    const wrong = { ...two, checksum: one.checksum }
    await rejectsWith('invalid-part', upload.complete({ parts: [one, wrong] }))
    const other = { ...two, checksumAlgorithm: 'CRC32' } as const
    await rejectsWith('invalid-part', upload.complete({ parts: [one, other] }))
    await rejectsWith('size-mismatch', upload.complete({ sizeBytes: PART_SIZE_BYTES_MIN }))
    await rejectsWith('checksum-type', upload.complete({ checksumType: 'COMPOSITE' }))
    const value = checksumOf('CRC64NVME', Buffer.from('other'))
    await rejectsWith(
      'bad-digest',
      upload.complete({ checksum: { algorithm: 'CRC64NVME', value } }),
    )
    const sha = { algorithm: 'SHA1', value: Buffer.alloc(20) } as const
    await rejectsWith('checksum-type', upload.complete({ checksum: sha }))
    check.ok(await world.isAbsent('k'))
    await upload.complete()
    check.ok((await world.get('k')).equals(upload.whole()))
  })

  test('a part that is too small refuses the completion, unless it is the last', async () => {
    await using world = await open()
    const upload = await TestUpload.begin(world, 'k')
    await upload.put(1, Buffer.alloc(PART_SIZE_BYTES_MIN - 1, 1))
    await upload.put(2, Buffer.from('last'))
    await rejectsWith('entity-too-small', upload.complete())
    await upload.put(1, Buffer.alloc(PART_SIZE_BYTES_MIN, 1))
    await upload.complete()
  })

  test('an upload with a checksum takes that one alone, and needs it named for no part', async () => {
    await using world = await open()
    const kind = { algorithm: 'SHA256', type: 'COMPOSITE' } as const
    const upload = await TestUpload.begin(world, 'k', kind)
    const data = Buffer.from('part')
    await rejectsWith('checksum-type', upload.put(1, data, { checksumAlgorithm: 'CRC32' }))
    await upload.put(1, data, { checksumAlgorithm: 'SHA256' })
    const written = await upload.complete({ parts: withoutChecksums(upload.names()) })
    check.ok(wholeOf(kind, [data]).equals(written.checksum?.value ?? Buffer.alloc(0)))
    const full = await TestUpload.begin(world, 'full', { algorithm: 'CRC32', type: 'FULL_OBJECT' })
    await full.put(1, data)
    await full.complete({ parts: withoutChecksums(full.names()) })
  })

  test('an upload that is not there takes no part', async () => {
    await using world = await open()
    const upload = await TestUpload.begin(world, 'k')
    const { bucket, store } = world
    const { key, uploadId } = upload
    await upload.put(1, Buffer.from('a'))
    await store.apply({ kind: 'abort-upload', bucketId: bucket.id, key, uploadId })
    await rejectsWith('no-such-upload', upload.put(2, Buffer.from('b')))
    await rejectsWith('no-such-upload', upload.complete())
  })
}

function raceTests(open: OpenWorld): void {
  test('a repeated completion is answered as the first was, one of other parts is not', async () => {
    await using world = await open()
    const upload = await TestUpload.begin(world, 'k')
    await upload.put(1, longBytes(world.store, PART_SIZE_BYTES_MIN))
    await upload.put(2, Buffer.from('last'))
    const first = await upload.complete({ condition: { kind: 'absent' } })
    check.deepEqual(await upload.complete({ condition: { kind: 'absent' } }), first)
    await rejectsWith('no-such-upload', upload.complete({ parts: upload.names().slice(0, 1) }))
  })

  test('two completions at once are one object, whose answer both get', async () => {
    await using world = await open()
    const upload = await TestUpload.begin(world, 'k')
    await upload.put(1, Buffer.from('only'))
    const [one, other] = await Promise.all([upload.complete(), upload.complete()])
    check.deepEqual(one, other)
    check.equal((await world.get('k')).toString(), 'only')
  })

  test('a part written while its upload is completed is in it whole, or not at all', async () => {
    await using world = await open()
    const upload = await TestUpload.begin(world, 'k')
    const old = await upload.put(1, Buffer.from('old'))
    const named = upload.request()
    let hasWritten = false
    world.hook = async (site) => {
      if (site !== 'index.apply' || hasWritten) return
      hasWritten = true // between the look at the parts and the commit
      await upload.put(1, Buffer.from('new'))
    }
    await rejectsWith('invalid-part', world.gateway.completeUpload(named))
    world.hook = () => undefined
    check.notEqual(upload.names()[0]?.etag, old.etag)
    await upload.complete()
    check.equal((await world.get('k')).toString(), 'new')
  })

  test('an upload aborted while it is completed is not there', async () => {
    await using world = await open()
    const upload = await TestUpload.begin(world, 'k')
    const { key, uploadId } = upload
    await upload.put(1, Buffer.from('a'))
    world.hook = async (site) => {
      if (site !== 'index.parts') return
      await world.store.apply({ kind: 'abort-upload', bucketId: world.bucket.id, key, uploadId })
      await world.store.index.sweep(10)
    }
    await rejectsWith('no-such-upload', upload.complete())
  })

  test('a part that moves while the object is read is read where it is then', async () => {
    await using world = await open()
    const upload = await TestUpload.begin(world, 'k')
    await upload.put(1, longBytes(world.store, PART_SIZE_BYTES_MIN))
    await upload.put(2, Buffer.from('the last, in an extent of its own'))
    await upload.complete()
    const version = await world.find('k')
    const [, last] = await world.store.index.manifestParts(upload.uploadId, 0, 2)
    const [from] = last?.locations ?? []
    check.ok(from !== undefined)
    const range = { start: 5, end: version.sizeBytes }
    const pieces: Buffer[] = []
    for await (const piece of world.gateway.read(version, range, NEVER, world.bucket.id)) {
      pieces.push(Buffer.from(piece))
      if (pieces.length > 1) continue
      const { store } = world
      const { key, uploadId } = upload
      const owner = {
        kind: 'part',
        bucketId: world.bucket.id,
        key,
        uploadId,
        partNumber: 2,
      } as const
      const to = await store.write(owner, upload.dataOf(2))
      await store.done({ kind: 'move-blob', from, to, writerId: store.writerId })
      await world.storage.removeExtent(from.extentId)
    }
    check.ok(pieces.length > 1)
    check.ok(Buffer.concat(pieces).equals(upload.whole().subarray(5)))
  })
}
