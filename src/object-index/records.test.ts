// Golden bytes of every key and record, and their laws: what is encoded decodes to itself, a flipped
// bit is always found, and no bytes make a decoder throw anything but `corrupt`.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import type { BlobId, BucketId, ExtentId, UploadId, WriterId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import {
  decodeBucketRecord, decodeRangeRecord, encodeBucketRecord, encodeRangeRecord,
} from './bucket-record.ts'
import { bodyOf } from './body.ts'
import { recordDelta } from './changes.ts'
import { sealRecord, seedOf } from './checksum.ts'
import {
  decodeArchiveBlob, decodeConsumerRecord, encodeArchiveBlob, encodeConsumerRecord,
} from './consumer-record.ts'
import { decodeExtentRecord, encodeExtentRecord } from './extent-record.ts'
import { decodeNullSlot, encodeNullSlot } from './key-state.ts'
import {
  archiveBlobKey, consumerKey, currentKey, manifestPageKey, manifestReverseKey, nullSlotKey,
  orderInKey, partKey, referrerIn, reverseKey, sweepKey, uploadNameKey, versionKey,
} from './keys.ts'
import { ObjectIndexError, type ArchiveBlob, type Bucket, type ExtentRecord } from './object-index.ts'
import {
  NO_LOCK, decodeObjectRecord, encodeObjectRecord, etagOf, hashedEndOf, lastModifiedOf, orderOf,
  ownerOf, sizeOf, storageClassOf, type ObjectRecord,
} from './object-record.ts'
import {
  decodeManifestPage, decodePartRecord, encodeManifestPage, encodePartRecord, manifestPages,
  type PartRecord,
} from './part-record.ts'
import { decodeReverse, reverseEntry } from './reverse-record.ts'
import { SeededRandom } from './suite-world.ts'
import {
  decodeUploadRecord, encodeUploadRecord, type CompletedRecord, type OpenUpload,
} from './upload-record.ts'

const bucketId = '000102030405060708090a0b0c0d0e0f' as BucketId
const uploadId = '101112131415161718191a1b1c1d1e1f' as UploadId
const extentId = '202122232425262728292a2b2c2d2e2f' as ExtentId
const blobId = '303132333435363738393a3b3c3d3e3f' as BlobId
const writerId = '404142434445464748494a4b4c4d4e4f' as WriterId
const location: Location = { extentId, offset: 0x010203040506, headerSizeBytes: 0x0708,
  dataSizeBytes: 0x090a0b0c, checksum: 0x0d0e0f10 }
const version = { kind: 'version', bucketId, key: 'k', order: 2n } as const

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

test('golden bytes of the keys', () => {
  const keys: readonly (readonly [Buffer, string])[] = [
    [currentKey(bucketId, 'ké'), `10${bucketId}6bc3a9`],
    [versionKey(bucketId, 'k', 2), `11${bucketId}6b00fffffffffffffffd`],
    [nullSlotKey(bucketId, 'k'), `11${bucketId}6b00ffffffffffffffff`],
    [uploadNameKey(bucketId, 'k', 0x0102030405, uploadId),
      `30${bucketId}6b000000000102030405${uploadId}`],
    [partKey(uploadId, 258), `31${uploadId}0102`],
    [manifestPageKey(uploadId, 1), `32${uploadId}0001`],
    [sweepKey(5, 2, uploadId), `34000000000000000502${uploadId}`],
    [reverseKey(extentId, location.offset, version),
      `40${extentId}01020304050601${bucketId}6b0000000000000002`],
    [reverseKey(extentId, 1, { kind: 'part', uploadId, partNumber: 3 }),
      `40${extentId}00000000000102${uploadId}0003`],
    [reverseKey(extentId, 1, { kind: 'archive', blobId }), `40${extentId}00000000000103${blobId}`],
    [manifestReverseKey(uploadId, version), `41${uploadId}01${bucketId}6b0000000000000002`],
    [consumerKey('archiver'), '716172636869766572'],
    [archiveBlobKey({ kind: 'log', from: { incarnation: 1, sequence: 2 }, page: 3, blobId }),
      `72010000000000000001000000000000000200000003${blobId}`],
  ]
  for (const [key, golden] of keys) check.equal(hex(key), golden)
  check.equal(orderInKey(versionKey(bucketId, 'k', 2 ** 53 - 1)), 2 ** 53 - 1)
  check.equal(orderInKey(nullSlotKey(bucketId, 'k')), 0)
  check.deepEqual(referrerIn(reverseKey(extentId, 1, version), 23), version)
})

test('keys sort as their parts do', () => {
  const ordered = ['', 'a', 'a/', 'ab', 'b', '\u{e000}', '\u{1f600}'].flatMap((key) =>
    [2 ** 52, 256, 255, 2, 1, 0].map((order) => versionKey(bucketId, key, order)))
  for (let at = 1; at < ordered.length; at += 1) {
    const [a, b] = [ordered[at - 1], ordered[at]]
    check.ok(a !== undefined && b !== undefined && Buffer.compare(a, b) < 0, `${at}`)
  }
})

const object: ObjectRecord = {
  order: 3, versionRandom: 'a1a2a3a4a5a6a7a8', isNull: true, isDeleteMarker: false,
  sizeBytes: 0x0102030405, lastModifiedMs: 1_700_000_000_000, etag: `${'0f'.repeat(16)}-7`,
  storageClass: 'STANDARD_IA', ownerId: 'ab'.repeat(32),
  checksum: { algorithm: 'CRC32', type: 'COMPOSITE', value: Buffer.from('01020304', 'hex') },
  headers: [['Content-Type', 'a/b']], userMetadata: [['m', 'ä']], tags: [['t', '']],
  body: { kind: 'blobs', locations: [location] },
  lock: { mode: 'governance', untilMs: 9, isLegalHold: true }, cipher: 1,
  cipherKeyId: Buffer.from([5]), replication: 2,
}

test('golden bytes of an object record', () => {
  const key = currentKey(bucketId, 'k')
  const bytes = encodeObjectRecord(key, object)
  check.equal(hex(bytes).slice(0, 144), [
    '01', '0a', '03', '11', '01', '01', '02', '00', // version, flags, codes
    '0000000000000003', 'a1a2a3a4a5a6a7a8', // order, random
    '0000000102030405', '0000018bcfe56800', // size, last modified
    '0f'.repeat(16), '00000007', // ETag
    '00000092', '0000000000000009', // end of what is hashed, locked until
  ].join(''))
  check.equal(hex(bytes).slice(144), GOLDEN_OBJECT)
  check.deepEqual(decodeObjectRecord(key, bytes), object)
  check.deepEqual([orderOf(bytes), sizeOf(bytes), etagOf(bytes), lastModifiedOf(bytes),
    storageClassOf(bytes), ownerOf(bytes)], [object.order, object.sizeBytes, object.etag,
    object.lastModifiedMs, object.storageClass, object.ownerId])
  check.deepEqual(bodyOf(bytes), object.body)
  check.equal(bytes.length - hashedEndOf(bytes), 1 + 32 + 4)
})

const GOLDEN_OBJECT = '9fabababababababababababababababababababababababababababababababab0401020304'
  + '010501000c436f6e74656e742d547970650003612f620100016d0002c3a40100017400000120'
  + '2122232425262728292a2b2c2d2e2f0102030405060708090a0b0c0d0e0f107785bc25'

const manifestObject: ObjectRecord = { ...object, storageClass: 'COLDER', ownerId: 'root',
  checksum: null, headers: [], userMetadata: [], tags: [], lock: NO_LOCK, cipher: 0,
  cipherKeyId: Buffer.alloc(0), replication: 0, etag: '00'.repeat(16),
  body: { kind: 'manifest', uploadId, partCount: 10_000 } }
const marker: ObjectRecord = { ...manifestObject, isDeleteMarker: true, etag: '', sizeBytes: 0,
  storageClass: 'STANDARD', body: { kind: 'blobs', locations: [] } }

test('other forms of an object record round-trip, and its fields read the same undecoded', () => {
  const key = versionKey(bucketId, 'k', 3)
  for (const record of [manifestObject, marker]) {
    const bytes = encodeObjectRecord(key, record)
    check.deepEqual(decodeObjectRecord(key, bytes), record)
    check.deepEqual([storageClassOf(bytes), ownerOf(bytes), etagOf(bytes), bodyOf(bytes)],
      [record.storageClass, record.ownerId, record.etag, record.body])
  }
})

test('the set hash leaves locations out and takes all else in', () => {
  const key = currentKey(bucketId, 'k')
  const bytes = encodeObjectRecord(key, object)
  const moved = encodeObjectRecord(key, { ...object,
    body: { kind: 'blobs', locations: [{ ...location, offset: 1 }] } })
  check.notDeepEqual(bytes, moved)
  check.deepEqual(recordDelta(key, bytes, moved), [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n])
  check.deepEqual(recordDelta(key, null, bytes), GOLDEN_DELTA)
  const tagged = encodeObjectRecord(key, { ...object, tags: [] })
  check.notEqual(recordDelta(key, bytes, tagged)[5], 0n)
})

const GOLDEN_DELTA: readonly bigint[] = [1n, 0n, 4328719365n, 0n, 0n, 1244450813087912138n,
  -3155133020061806899n, 0n]

const bucket: Bucket = { id: bucketId, name: 'b-1', ownerId: 'ab'.repeat(32), createdAtMs: 5,
  generation: 6, versioning: 'suspended', quotaBytes: 7, quotaObjects: null }
const extent: ExtentRecord = { extentId, state: 'sealed', writerId, layout: 'direct',
  capacityBytes: 2 ** 28, sizeBytes: 12, driveId: 'd1', changedAtMs: 3 }
const open: OpenUpload = {
  kind: 'open', bucketId, newestAtStart: '0000000000000001a1a2a3a4a5a6a7a8',
  hadObjectAtStart: true, partBytes: 9,
  upload: { uploadId, key: 'k', initiatedAtMs: 4, initiatorId: 'me', generation: 2,
    draft: { ownerId: 'me', storageClass: 'STANDARD', versionRandom: 'a1a2a3a4a5a6a7a8',
      headers: [['a', 'b']], userMetadata: [], tags: [] },
    checksumAlgorithm: 'SHA256', checksumType: 'COMPOSITE' },
}
const completed: CompletedRecord = {
  kind: 'completed', bucketId, key: 'k', partsDigest: '0'.repeat(32),
  result: { versionId: 'null', lastModifiedMs: 1, completedAtMs: 2, sizeBytes: 3,
    etag: `${'0'.repeat(32)}-1`, partCount: 1,
    checksum: { algorithm: 'CRC32', type: 'COMPOSITE', value: Buffer.from([1, 2, 3, 4]) } },
}
const part: PartRecord = { bucketId, partNumber: 3, sizeBytes: 8, etag: '0a'.repeat(16),
  lastModifiedMs: 5, locations: [location], checksum: { algorithm: 'SHA1', type: 'FULL_OBJECT',
    value: Buffer.from([9]) } }
const archived: ArchiveBlob = { blobId, kind: 'checkpoint', location, page: 3,
  from: { incarnation: 1, sequence: 2 }, to: { incarnation: 1, sequence: 2 } }
const pageOfParts = { bucketId, startOffset: 70, parts: [{ partNumber: 3, sizeBytes: 8 }] }
const reverse = reverseEntry(location, version, null)
const archiveReverse = reverseEntry(location, { kind: 'archive', blobId }, archived)
const slotKey = nullSlotKey(bucketId, 'k')

interface Golden {
  readonly name: string
  readonly key: Buffer
  readonly bytes: Buffer
  readonly value: unknown
  readonly golden: string
  readonly decode: (key: Buffer, bytes: Buffer) => unknown
}

const RECORDS: readonly Golden[] = [
  { name: 'bucket', key: Buffer.from(`20${bucketId}`, 'hex'), bytes: encodeBucketRecord(bucket),
    value: bucket, decode: (_, bytes) => decodeBucketRecord(bucketId, bytes), golden: '0100020100000000000000060000000000000005000000000000000700000000000000000003'
      + '622d319fababababababababababababababababababababababababababababababababe1ed'
      + '88e3' },
  { name: 'range', key: Buffer.from(`70${bucketId}`, 'hex'),
    bytes: encodeRangeRecord(bucketId, { generation: 2, state: 'serving' }),
    value: { generation: 2, state: 'serving' },
    decode: (_, bytes) => decodeRangeRecord(bucketId, bytes), golden: '010000000000000000024489f205' },
  { name: 'extent', key: Buffer.from(`50${extentId}`, 'hex'), bytes: encodeExtentRecord(extent),
    value: extent, decode: (_, bytes) => decodeExtentRecord(extentId, bytes), golden: '010101404142434445464748494a4b4c4d4e4f0000000010000000000000000000000c000000'
      + '0000000003000264314fa13a48' },
  { name: 'open upload', key: Buffer.from(`33${uploadId}`, 'hex'),
    bytes: encodeUploadRecord(uploadId, open), value: open,
    decode: (_, bytes) => decodeUploadRecord(uploadId, bytes), golden: '0101000102030405060708090a0b0c0d0e0f00016b0000000000000004000000000000000200'
      + '000000000000090000000000000001a1a2a3a4a5a6a7a8010502026d65026d6500085354414e'
      + '44415244a1a2a3a4a5a6a7a8010001610001620000c3b191ea' },
  { name: 'completed upload', key: Buffer.from(`33${uploadId}`, 'hex'),
    bytes: encodeUploadRecord(uploadId, completed), value: completed,
    decode: (_, bytes) => decodeUploadRecord(uploadId, bytes), golden: '0102000102030405060708090a0b0c0d0e0f00016b0000000000000000000000000000000000'
      + '046e756c6c000000000000000100000000000000020000000000000003002230303030303030'
      + '303030303030303030303030303030303030303030303030302d3100010102040102030471f0'
      + '9cd1' },
  { name: 'part', key: partKey(uploadId, 3), bytes: encodePartRecord(uploadId, part), value: part,
    decode: (_, bytes) => decodePartRecord(uploadId, 3, bytes), golden: '01000102030405060708090a0b0c0d0e0f000000000000000800000000000000050a0a0a0a0a'
      + '0a0a0a0a0a0a0a0a0a0a0a0400010901202122232425262728292a2b2c2d2e2f010203040506'
      + '0708090a0b0c0d0e0f1074769218' },
  { name: 'manifest page', key: manifestPageKey(uploadId, 0),
    bytes: encodeManifestPage(uploadId, 0, pageOfParts), value: pageOfParts,
    decode: (_, bytes) => decodeManifestPage(uploadId, 0, bytes), golden: '01000102030405060708090a0b0c0d0e0f000000000000004600010003000000000008dff9bf'
      + '85' },
  { name: 'reverse', key: reverse.key, bytes: reverse.value,
    value: { location, referrer: version, archive: null }, decode: decodeReverse, golden: '010708090a0b0c0d0e0f10003ff2fb7a' },
  { name: 'reverse of the archive', key: archiveReverse.key, bytes: archiveReverse.value,
    value: { location, referrer: { kind: 'archive', blobId },
      archive: { kind: 'checkpoint', from: archived.from, page: 3 } },
    decode: decodeReverse, golden: '010708090a0b0c0d0e0f1001020000000000000001000000000000000200000003b0a965d7' },
  { name: 'null slot', key: slotKey, bytes: encodeNullSlot(slotKey, 3), value: 3,
    decode: decodeNullSlot, golden: '0100000000000000033a52ce6f' },
  { name: 'consumer', key: consumerKey('c'),
    bytes: encodeConsumerRecord('c', { incarnation: 1, sequence: 2 }),
    value: { incarnation: 1, sequence: 2 }, decode: decodeConsumerRecord, golden: '01000000000000000100000000000000021f43ba06' },
  { name: 'archive blob', key: archiveBlobKey(archived), bytes: encodeArchiveBlob(archived),
    value: archived, decode: decodeArchiveBlob, golden: '0100000000000000010000000000000002202122232425262728292a2b2c2d2e2f0102030405'
      + '060708090a0b0c0d0e0f10d564d01d' },
]

for (const { name, key, bytes, value, golden, decode } of RECORDS) {
  test(`golden bytes of the ${name} record`, () => {
    check.equal(hex(bytes), golden)
    check.deepEqual(decode(key, bytes), value)
  })
}

test('every flipped bit of every record is found, and a record under another key', () => {
  const objectKey = currentKey(bucketId, 'k')
  const all = [...RECORDS, { key: objectKey, bytes: encodeObjectRecord(objectKey, object),
    decode: decodeObjectRecord }]
  for (const { key, bytes, decode } of all) {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      check.throws(() => decode(key, flipped), isCorrupt)
    }
  }
  const other = currentKey(bucketId, 'l')
  check.throws(() => decodeObjectRecord(other, encodeObjectRecord(objectKey, object)), isCorrupt)
})

test('bytes with the right checksum and the wrong content throw corrupt, or decode', () => {
  const random = new SeededRandom(3)
  const key = currentKey(bucketId, 'k')
  const all = [...RECORDS.map(({ key: at, bytes, decode }) => ({ key: at, bytes, decode })),
    { key, bytes: encodeObjectRecord(key, object), decode: decodeObjectRecord }]
  for (let round = 0; round < 20_000; round += 1) {
    const { key: at, bytes, decode } = random.pick(all)
    const cut = random.below(4) === 0 ? random.below(bytes.length) : bytes.length
    const mutated = Buffer.from(bytes.subarray(0, Math.max(cut, 5)))
    for (let changes = 0; changes < 3; changes += 1) {
      mutated[random.below(mutated.length)] = random.below(256)
    }
    sealRecord(mutated, seedOf(at))
    try {
      decode(at, mutated)
    } catch (error) {
      check.ok(isCorrupt(error), String(error))
    }
    check.throws(() => decode(at, Buffer.from(random.bytes(random.below(80)))), isCorrupt)
  }
})

test('a manifest of 10,000 parts is three pages under 32 KiB', () => {
  const parts = Array.from({ length: 10_000 }, (_, at) => ({ partNumber: at + 1, sizeBytes: 5 }))
  const pages = manifestPages(bucketId, parts)
  check.deepEqual(pages.map(({ startOffset }) => startOffset), [0, 20_000, 40_000])
  for (const [at, page] of pages.entries()) {
    check.ok(encodeManifestPage(uploadId, at, page).length <= 32 * 1024)
  }
})

function isCorrupt(error: unknown): boolean {
  return error instanceof ObjectIndexError && error.code === 'corrupt'
}
