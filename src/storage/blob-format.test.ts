// Golden bytes of blob records, made by another program from docs/formats/blob.md: what lies on the
// disk is these bytes, in this release and in those to come.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { crc32 } from '../base/checksum.ts'
import type { BlobId, BucketId, ExtentId, UploadId } from '../base/id.ts'
import { BLOCK_SIZE_BYTES } from '../base/limits.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { openDisk } from '../platform/disk.ts'
import { decodeHeader, encodeHeader, headerSizeOf } from './blob-header.ts'
import { decodeTrailer } from './blob-trailer.ts'
import { seedAt, seedOfExtent } from './place-crc.ts'
import { openStorage } from './storage-service.ts'
import type { BlobHeader, BlobOwner, BlobTrailer, Storage } from './storage.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-blob-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const open = (): Storage => openStorage({ disk: openDisk(folder), clock: new ManualClock() })

/** The id whose bytes count up from `first`. */
function idFrom(first: number): string {
  return Buffer.from(Array.from({ length: 16 }, (_, index) => first + index)).toString('hex')
}

const extentId = idFrom(0) as ExtentId
const blobId = idFrom(0xd0) as BlobId
const bucketId = idFrom(0xb0) as BucketId
const md5 = Buffer.from(idFrom(0xe0), 'hex')
const NONE: Buffer = Buffer.alloc(0)
const NO_TRAILER: BlobTrailer = { md5: NONE, checksumAlgorithm: 0, checksum: NONE }
const OBJECT: BlobOwner = {
  kind: 'object',
  bucketId,
  key: 'ké',
  versionRandom: 'a1a2a3a4a5a6a7a8',
}
const ARCHIVE = { incarnation: 2, sequence: 0x01_02_03_04_05, page: 7 }
const ID = 'd0d1d2d3d4d5d6d7d8d9dadbdcdddedf'
const BUCKET = 'b0b1b2b3b4b5b6b7b8b9babbbcbdbebf'
const ARCHIVED = '0200000000000000 0504030201000000 07000000'

function headerOf(owner: BlobOwner, fields: Partial<BlobHeader> = {}): BlobHeader {
  return { blobId, owner, bodyOffset: 0, dataSizeBytes: 0, metadata: NONE, ...fields }
}

function zeros(count: number): string {
  return '00'.repeat(count)
}

/** Hex digits without the spaces that make them readable. */
function plain(hex: string): string {
  return hex.replaceAll(' ', '')
}

/** Each record of a packed extent, one after another from its first byte. */
const PACKED: readonly {
  readonly header: BlobHeader
  readonly data: string
  readonly trailer: BlobTrailer
  readonly checksum: number
  readonly bytes: readonly string[]
}[] = [
  {
    header: headerOf(OBJECT, {
      bodyOffset: 0x01_02_03_04_05,
      dataSizeBytes: 5,
      metadata: Buffer.from('m'),
    }),
    data: 'hello',
    trailer: { md5, checksumAlgorithm: 2, checksum: Buffer.from('01020304', 'hex') },
    checksum: 0xb1fb90e1,
    bytes: [
      '4866421a 01 01 00 00', // magic, version, kind, cipher, 0
      '5a00 0100 05000000 0504030201000000', // sizes, offset in the body
      ID + zeros(16),
      BUCKET + 'a1a2a3a4a5a6a7a8 0300 6bc3a9', // bucket, random, key
      '6d 839019fe', // metadata, CRC
      '68656c6c6f ce96f2fe', // block, CRC
      '4866451a 05000000 e190fbb1 10 02 04 00',
      'e0e1e2e3e4e5e6e7e8e9eaebecedeeef 01020304' + zeros(28) + 'cf18684f',
    ],
  },
  {
    header: headerOf({
      kind: 'part',
      bucketId,
      key: 'ké',
      uploadId: idFrom(0xc0) as UploadId,
      partNumber: 258,
    }),
    data: '',
    trailer: NO_TRAILER,
    checksum: 0,
    bytes: [
      '4866421a 01 02 00 00 6300 0000 00000000' + zeros(8),
      ID + zeros(16),
      BUCKET + 'c0c1c2c3c4c5c6c7c8c9cacbcccdcecf 0201 0300 6bc3a9 0e376c4b',
      '4866451a' + zeros(60) + '723bf06e',
    ],
  },
  {
    header: headerOf({ kind: 'archive-log', ...ARCHIVE }, { metadata: Buffer.from([1, 2]) }),
    data: '',
    trailer: NO_TRAILER,
    checksum: 0,
    bytes: [
      '4866421a 01 03 00 00 5200 0200 00000000' + zeros(8),
      ID + zeros(16) + ARCHIVED + '0102 58935bb7',
      '4866451a' + zeros(60) + '36c07d55',
    ],
  },
  {
    header: headerOf({ kind: 'archive-checkpoint', ...ARCHIVE }),
    data: '',
    trailer: NO_TRAILER,
    checksum: 0,
    bytes: [
      '4866421a 01 04 00 00 5000 0000 00000000' + zeros(8),
      ID + zeros(16) + ARCHIVED + '7c39e427',
      '4866451a' + zeros(60) + 'a0605fcf',
    ],
  },
]

test('golden bytes of a packed extent', async () => {
  await using storage = open()
  await storage.createExtent(extentId)
  await using writer = await storage.openPacked(extentId, 1_000_000)
  for (const { header, data, trailer, checksum } of PACKED) {
    const location = await writer.append(header, [Buffer.from(data)], trailer)
    assert.equal(location.checksum, checksum)
    assert.deepEqual((await storage.describe(location)).header, header)
  }
  const bytes = readFileSync(join(folder, 'extents', extentId)).toString('hex')
  assert.equal(bytes, plain(PACKED.flatMap((record) => record.bytes).join('')))
  await storage.removeExtent(extentId)
})

test('golden bytes of a direct extent: each record begins on a page, and has a CRC a block', async () => {
  await using storage = open()
  await storage.createExtent(extentId)
  await using writer = await storage.openDirect(extentId, 1_000_000)
  await writer.begin(headerOf(OBJECT)).finish(NO_TRAILER)
  const data = Buffer.alloc(BLOCK_SIZE_BYTES + 3)
  for (let at = 0; at < data.length; at++) data[at] = (at * 7 + (at >> 8)) & 255
  const stream = writer.begin(headerOf(OBJECT, { dataSizeBytes: data.length }))
  await stream.write(data)
  const location = await stream.finish({ ...NO_TRAILER, md5 })
  assert.deepEqual(location, {
    extentId,
    offset: 4096,
    headerSizeBytes: 89,
    dataSizeBytes: BLOCK_SIZE_BYTES + 3,
    checksum: 0xe4_52_82_10,
  })
  const record = readFileSync(join(folder, 'extents', extentId)).subarray(4096)
  const blocks = record.subarray(89)
  assert.equal(blocks.toString('hex', BLOCK_SIZE_BYTES, BLOCK_SIZE_BYTES + 4), '0d7cdcfe')
  assert.equal(
    blocks.toString('hex', BLOCK_SIZE_BYTES + 4, BLOCK_SIZE_BYTES + 11),
    '00070ee8141d39',
  )
  assert.equal(
    blocks.toString('hex', BLOCK_SIZE_BYTES + 11, BLOCK_SIZE_BYTES + 11 + 68),
    plain('4866451a 03000100 108252e4 10000000 e0e1e2e3e4e5e6e7e8e9eaebecedeeef') +
      zeros(32) +
      '00480aee',
  )
  assert.equal(record.length, Math.ceil(65_704 / 4096) * 4096)
  assert.ok(record.subarray(65_704).every((byte) => byte === 0))
  await storage.removeExtent(extentId)
})

const PLACE = { extentSeed: seedOfExtent(extentId), offset: 77 }

/** A sound header but for what `change` does to it; its checksum is right. */
function changed(owner: BlobOwner, change: (bytes: Buffer) => void): Buffer {
  const header = headerOf(owner, { metadata: Buffer.from('mm') })
  const bytes = Buffer.alloc(headerSizeOf(header))
  encodeHeader(header, PLACE, bytes, 0)
  change(bytes)
  const end = bytes.length - 4
  const seed = seedAt(PLACE.extentSeed, PLACE.offset)
  bytes.writeUInt32LE((crc32(bytes.subarray(0, end)) ^ seed) >>> 0, end)
  return bytes
}

test('a header of another format, or that contradicts itself, is refused with a right CRC', () => {
  const archive: BlobOwner = { kind: 'archive-log', ...ARCHIVE }
  assert.deepEqual(
    decodeHeader(
      changed(OBJECT, () => undefined),
      PLACE,
    ).owner,
    OBJECT,
  )
  const changes: readonly [BlobOwner, string, (bytes: Buffer) => void][] = [
    [OBJECT, 'version', (bytes) => bytes.writeUInt8(2, 4)],
    [OBJECT, 'kind 0', (bytes) => bytes.writeUInt8(0, 5)],
    [OBJECT, 'kind 5', (bytes) => bytes.writeUInt8(5, 5)],
    [OBJECT, 'another kind', (bytes) => bytes.writeUInt8(3, 5)],
    [OBJECT, 'cipher', (bytes) => bytes.writeUInt8(1, 6)],
    [OBJECT, 'metadata too long', (bytes) => bytes.writeUInt16LE(3, 10)],
    [OBJECT, 'metadata too short', (bytes) => bytes.writeUInt16LE(1, 10)],
    [OBJECT, 'metadata longer than all', (bytes) => bytes.writeUInt16LE(0xffff, 10)],
    [archive, 'metadata too long', (bytes) => bytes.writeUInt16LE(3, 10)],
    [OBJECT, 'data beyond 64 MiB', (bytes) => bytes.writeUInt32LE(0x400_0001, 12)],
    [OBJECT, 'key too long', (bytes) => bytes.writeUInt16LE(4, 80)],
    [OBJECT, 'size', (bytes) => bytes.writeUInt16LE(bytes.length - 1, 8)],
    [OBJECT, 'magic', (bytes) => bytes.writeUInt8(0, 0)],
  ]
  for (const [owner, what, change] of changes) {
    assert.throws(() => decodeHeader(changed(owner, change), PLACE), { code: 'damaged' }, what)
  }
})

test('a trailer that contradicts itself is refused with a right CRC', () => {
  const trailer = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.alloc(68)
    bytes.write('4866451a', 'hex')
    change(bytes)
    const seed = seedAt(PLACE.extentSeed, PLACE.offset)
    bytes.writeUInt32LE((crc32(bytes.subarray(0, 64)) ^ seed) >>> 0, 64)
    return bytes
  }
  assert.equal(
    decodeTrailer(
      trailer(() => undefined),
      PLACE,
    ).blobChecksum,
    0,
  )
  const changes: readonly [string, (bytes: Buffer) => void][] = [
    ['magic', (bytes) => bytes.writeUInt8(0, 0)],
    ['half an MD5', (bytes) => bytes.writeUInt8(8, 12)],
    ['a checksum beyond its field', (bytes) => bytes.writeUInt8(33, 14)],
  ]
  for (const [what, change] of changes) {
    assert.throws(() => decodeTrailer(trailer(change), PLACE), { code: 'damaged' }, what)
  }
  assert.throws(() => decodeTrailer(Buffer.alloc(67), PLACE), { code: 'damaged' })
})
