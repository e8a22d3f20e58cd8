// Golden bytes of every other record, and the laws of all: what is encoded decodes to itself, a
// flipped bit is always found, and no bytes make a decoder throw anything but `corrupt`.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import {
  decodeBucketRecord,
  decodeRangeRecord,
  encodeBucketRecord,
  encodeRangeRecord,
} from './bucket-record.ts'
import { sealRecord, seedOf } from './checksum.ts'
import {
  decodeArchiveBlob,
  decodeConsumerRecord,
  encodeArchiveBlob,
  encodeConsumerRecord,
} from './consumer-record.ts'
import { decodeExtentRecord, encodeExtentRecord } from './extent-record.ts'
import {
  blobId,
  bucketId,
  extentId,
  hex,
  isCorrupt,
  location,
  object,
  uploadId,
  version,
  writerId,
} from './format-samples.ts'
import { decodeNullSlot, encodeNullSlot } from './key-state.ts'
import {
  archiveBlobKey,
  consumerKey,
  currentKey,
  manifestPageKey,
  nullSlotKey,
  partKey,
} from './keys.ts'
import type { ArchiveBlob, Bucket, ExtentRecord } from './object-index.ts'
import { decodeObjectRecord, encodeObjectRecord } from './object-record.ts'
import {
  decodeManifestPage,
  decodePartRecord,
  encodeManifestPage,
  encodePartRecord,
  manifestPages,
  type PartRecord,
} from './part-record.ts'
import { decodeReverse, reverseEntry } from './reverse-record.ts'
import { SeededRandom } from './suite-world.ts'
import {
  decodeUploadRecord,
  encodeUploadRecord,
  type CompletedRecord,
  type OpenUpload,
} from './upload-record.ts'

const bucket: Bucket = {
  id: bucketId,
  name: 'b-1',
  ownerId: 'ab'.repeat(32),
  createdAtMs: 5,
  generation: 6,
  versioning: 'suspended',
  quotaBytes: 7,
  quotaObjects: null,
  ownership: 'BucketOwnerEnforced',
  acl: 'private',
}
const bucketWithAcl: Bucket = {
  ...bucket,
  quotaObjects: 8,
  ownership: 'ObjectWriter',
  acl: 'authenticated-read',
}
const extent: ExtentRecord = {
  extentId,
  state: 'sealed',
  writerId,
  layout: 'direct',
  capacityBytes: 2 ** 28,
  sizeBytes: 12,
  driveId: 'd1',
  changedAtMs: 3,
}
const open: OpenUpload = {
  kind: 'open',
  bucketId,
  newestAtStart: '0000000000000001a1a2a3a4a5a6a7a8',
  hadObjectAtStart: true,
  partBytes: 9,
  upload: {
    uploadId,
    key: 'k',
    initiatedAtMs: 4,
    initiatorId: 'me',
    generation: 2,
    draft: {
      ownerId: 'me',
      storageClass: 'STANDARD',
      versionRandom: 'a1a2a3a4a5a6a7a8',
      headers: [['a', 'b']],
      userMetadata: [],
      tags: [],
      acl: 'private',
    },
    checksumAlgorithm: 'SHA256',
    checksumType: 'COMPOSITE',
  },
}
const openWithAcl: OpenUpload = {
  ...open,
  upload: { ...open.upload, draft: { ...open.upload.draft, acl: 'bucket-owner-full-control' } },
}
const completed: CompletedRecord = {
  kind: 'completed',
  bucketId,
  key: 'k',
  partsDigest: '0'.repeat(32),
  result: {
    versionId: 'null',
    lastModifiedMs: 1,
    completedAtMs: 2,
    sizeBytes: 3,
    etag: `${'0'.repeat(32)}-1`,
    partCount: 1,
    checksum: { algorithm: 'CRC32', type: 'COMPOSITE', value: Buffer.from([1, 2, 3, 4]) },
  },
}
const part: PartRecord = {
  bucketId,
  partNumber: 3,
  sizeBytes: 8,
  etag: '0a'.repeat(16),
  lastModifiedMs: 5,
  locations: [location],
  checksum: { algorithm: 'SHA1', type: 'FULL_OBJECT', value: Buffer.from([9]) },
}
const archived: ArchiveBlob = {
  blobId,
  kind: 'checkpoint',
  location,
  page: 3,
  from: { incarnation: 1, sequence: 2 },
  to: { incarnation: 1, sequence: 2 },
}
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
  {
    name: 'bucket',
    key: Buffer.from(`20${bucketId}`, 'hex'),
    bytes: encodeBucketRecord(bucket),
    value: bucket,
    decode: (_, bytes) => decodeBucketRecord(bucketId, bytes),
    golden:
      '0100020100000000000000060000000000000005000000000000000700000000000000000003' +
      '622d319fababababababababababababababababababababababababababababababababe1ed' +
      '88e3',
  },
  {
    name: 'bucket with an ACL',
    key: Buffer.from(`20${bucketId}`, 'hex'),
    bytes: encodeBucketRecord(bucketWithAcl),
    value: bucketWithAcl,
    decode: (_, bytes) => decodeBucketRecord(bucketId, bytes),
    golden:
      '0100023700000000000000060000000000000005000000000000000700000000000000080003' +
      '622d319fabababababababababababababababababababababababababababababababab8600' +
      '3dc3',
  },
  {
    name: 'range',
    key: Buffer.from(`70${bucketId}`, 'hex'),
    bytes: encodeRangeRecord(bucketId, { generation: 2, state: 'serving' }),
    value: { generation: 2, state: 'serving' },
    decode: (_, bytes) => decodeRangeRecord(bucketId, bytes),
    golden: '010000000000000000024489f205',
  },
  {
    name: 'extent',
    key: Buffer.from(`50${extentId}`, 'hex'),
    bytes: encodeExtentRecord(extent),
    value: extent,
    decode: (_, bytes) => decodeExtentRecord(extentId, bytes),
    golden:
      '010101404142434445464748494a4b4c4d4e4f0000000010000000000000000000000c000000' +
      '0000000003000264314fa13a48',
  },
  {
    name: 'open upload',
    key: Buffer.from(`33${uploadId}`, 'hex'),
    bytes: encodeUploadRecord(uploadId, open),
    value: open,
    decode: (_, bytes) => decodeUploadRecord(uploadId, bytes),
    golden:
      '0101000102030405060708090a0b0c0d0e0f00016b0000000000000004000000000000000200' +
      '000000000000090000000000000001a1a2a3a4a5a6a7a8010502026d65026d6500085354414e' +
      '44415244a1a2a3a4a5a6a7a8010001610001620000c3b191ea',
  },
  {
    name: 'open upload with an ACL',
    key: Buffer.from(`33${uploadId}`, 'hex'),
    bytes: encodeUploadRecord(uploadId, openWithAcl),
    value: openWithAcl,
    decode: (_, bytes) => decodeUploadRecord(uploadId, bytes),
    golden:
      '0101000102030405060708090a0b0c0d0e0f00016b0000000000000004000000000000000200' +
      '000000000000090000000000000001a1a2a3a4a5a6a7a8010552026d65026d6500085354414e' +
      '44415244a1a2a3a4a5a6a7a8010001610001620000ecceff59',
  },
  {
    name: 'completed upload',
    key: Buffer.from(`33${uploadId}`, 'hex'),
    bytes: encodeUploadRecord(uploadId, completed),
    value: completed,
    decode: (_, bytes) => decodeUploadRecord(uploadId, bytes),
    golden:
      '0102000102030405060708090a0b0c0d0e0f00016b0000000000000000000000000000000000' +
      '046e756c6c000000000000000100000000000000020000000000000003002230303030303030' +
      '303030303030303030303030303030303030303030303030302d3100010102040102030471f0' +
      '9cd1',
  },
  {
    name: 'part',
    key: partKey(uploadId, 3),
    bytes: encodePartRecord(uploadId, part),
    value: part,
    decode: (_, bytes) => decodePartRecord(uploadId, 3, bytes),
    golden:
      '01000102030405060708090a0b0c0d0e0f000000000000000800000000000000050a0a0a0a0a' +
      '0a0a0a0a0a0a0a0a0a0a0a0400010901202122232425262728292a2b2c2d2e2f010203040506' +
      '0708090a0b0c0d0e0f1074769218',
  },
  {
    name: 'manifest page',
    key: manifestPageKey(uploadId, 0),
    bytes: encodeManifestPage(uploadId, 0, pageOfParts),
    value: pageOfParts,
    decode: (_, bytes) => decodeManifestPage(uploadId, 0, bytes),
    golden: '01000102030405060708090a0b0c0d0e0f000000000000004600010003000000000008dff9bf85',
  },
  {
    name: 'reverse',
    key: reverse.key,
    bytes: reverse.value,
    value: { location, referrer: version, archive: null },
    decode: decodeReverse,
    golden: '010708090a0b0c0d0e0f10003ff2fb7a',
  },
  {
    name: 'reverse of the archive',
    key: archiveReverse.key,
    bytes: archiveReverse.value,
    value: {
      location,
      referrer: { kind: 'archive', blobId },
      archive: { kind: 'checkpoint', from: archived.from, page: 3 },
    },
    decode: decodeReverse,
    golden: '010708090a0b0c0d0e0f1001020000000000000001000000000000000200000003b0a965d7',
  },
  {
    name: 'null slot',
    key: slotKey,
    bytes: encodeNullSlot(slotKey, 3),
    value: 3,
    decode: decodeNullSlot,
    golden: '0100000000000000033a52ce6f',
  },
  {
    name: 'consumer',
    key: consumerKey('c'),
    bytes: encodeConsumerRecord('c', { incarnation: 1, sequence: 2 }),
    value: { incarnation: 1, sequence: 2 },
    decode: decodeConsumerRecord,
    golden: '01000000000000000100000000000000021f43ba06',
  },
  {
    name: 'archive blob',
    key: archiveBlobKey(archived),
    bytes: encodeArchiveBlob(archived),
    value: archived,
    decode: decodeArchiveBlob,
    golden:
      '0100000000000000010000000000000002202122232425262728292a2b2c2d2e2f0102030405' +
      '060708090a0b0c0d0e0f10d564d01d',
  },
]

for (const { name, key, bytes, value, golden, decode } of RECORDS) {
  test(`golden bytes of the ${name} record`, () => {
    check.equal(hex(bytes), golden)
    check.deepEqual(decode(key, bytes), value)
  })
}

test('every flipped bit of every record is found, and a record under another key', () => {
  const objectKey = currentKey(bucketId, 'k')
  const all = [
    ...RECORDS,
    { key: objectKey, bytes: encodeObjectRecord(objectKey, object), decode: decodeObjectRecord },
  ]
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
  const all = [
    ...RECORDS.map(({ key: at, bytes, decode }) => ({ key: at, bytes, decode })),
    { key, bytes: encodeObjectRecord(key, object), decode: decodeObjectRecord },
  ]
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
  check.deepEqual(
    pages.map(({ startOffset }) => startOffset),
    [0, 20_000, 40_000],
  )
  for (const [at, page] of pages.entries()) {
    check.ok(encodeManifestPage(uploadId, at, page).length <= 32 * 1024)
  }
})
