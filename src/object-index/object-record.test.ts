// Golden bytes of an object record, its other forms, its fields read without decoding it, and what
// of it the set hash covers.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import { bodyOf } from './body.ts'
import { recordDelta } from './changes.ts'
import { bucketId, hex, location, object, uploadId } from './format-samples.ts'
import { currentKey, versionKey } from './keys.ts'
import {
  NO_LOCK,
  decodeObjectRecord,
  encodeObjectRecord,
  etagOf,
  hashedEndOf,
  lastModifiedOf,
  orderOf,
  ownerOf,
  sizeOf,
  storageClassOf,
  type ObjectRecord,
} from './object-record.ts'

test('golden bytes of an object record', () => {
  const key = currentKey(bucketId, 'k')
  const bytes = encodeObjectRecord(key, object)
  check.equal(
    hex(bytes).slice(0, 144),
    [
      '01',
      '0a',
      '03',
      '11',
      '01',
      '01',
      '02',
      '00', // version, flags, codes
      '0000000000000003',
      'a1a2a3a4a5a6a7a8', // order, random
      '0000000102030405',
      '0000018bcfe56800', // size, last modified
      '0f'.repeat(16),
      '00000007', // ETag
      '00000092',
      '0000000000000009', // end of what is hashed, locked until
    ].join(''),
  )
  check.equal(hex(bytes).slice(144), GOLDEN_OBJECT)
  check.deepEqual(decodeObjectRecord(key, bytes), object)
  check.deepEqual(
    [
      orderOf(bytes),
      sizeOf(bytes),
      etagOf(bytes),
      lastModifiedOf(bytes),
      storageClassOf(bytes),
      ownerOf(bytes),
    ],
    [
      object.order,
      object.sizeBytes,
      object.etag,
      object.lastModifiedMs,
      object.storageClass,
      object.ownerId,
    ],
  )
  check.deepEqual(bodyOf(bytes), object.body)
  check.equal(bytes.length - hashedEndOf(bytes), 1 + 32 + 4)
})

const GOLDEN_OBJECT =
  '9fabababababababababababababababababababababababababababababababab0401020304' +
  '010501000c436f6e74656e742d547970650003612f620100016d0002c3a40100017400000120' +
  '2122232425262728292a2b2c2d2e2f0102030405060708090a0b0c0d0e0f107785bc25'

const manifestObject: ObjectRecord = {
  ...object,
  storageClass: 'COLDER',
  ownerId: 'root',
  checksum: null,
  headers: [],
  userMetadata: [],
  tags: [],
  lock: NO_LOCK,
  cipher: 0,
  cipherKeyId: Buffer.alloc(0),
  replication: 0,
  etag: '00'.repeat(16),
  body: { kind: 'manifest', uploadId, partCount: 10_000 },
}
const marker: ObjectRecord = {
  ...manifestObject,
  isDeleteMarker: true,
  etag: '',
  sizeBytes: 0,
  storageClass: 'STANDARD',
  body: { kind: 'blobs', locations: [] },
}

test('golden bytes of the ACL in an object record, one byte that was 0 before there were ACLs', () => {
  const key = currentKey(bucketId, 'k')
  const acls = [
    'private',
    'public-read',
    'public-read-write',
    'authenticated-read',
    'bucket-owner-read',
    'bucket-owner-full-control',
  ] as const
  const plain = hex(encodeObjectRecord(key, object)).slice(0, -8)
  for (const [code, acl] of acls.entries()) {
    const bytes = encodeObjectRecord(key, { ...object, acl })
    check.equal(hex(bytes).slice(0, -8), `${plain.slice(0, 14)}0${code}${plain.slice(16)}`)
    check.deepEqual(decodeObjectRecord(key, bytes), { ...object, acl })
  }
  check.notEqual(
    recordDelta(key, null, encodeObjectRecord(key, { ...object, acl: 'public-read' }))[5],
    GOLDEN_DELTA[5],
    'the set hash proves it',
  )
})

test('other forms of an object record round-trip, and its fields read the same undecoded', () => {
  const key = versionKey(bucketId, 'k', 3)
  for (const record of [manifestObject, marker]) {
    const bytes = encodeObjectRecord(key, record)
    check.deepEqual(decodeObjectRecord(key, bytes), record)
    check.deepEqual(
      [storageClassOf(bytes), ownerOf(bytes), etagOf(bytes), bodyOf(bytes)],
      [record.storageClass, record.ownerId, record.etag, record.body],
    )
  }
})

test('the set hash leaves locations out and takes all else in', () => {
  const key = currentKey(bucketId, 'k')
  const bytes = encodeObjectRecord(key, object)
  const moved = encodeObjectRecord(key, {
    ...object,
    body: { kind: 'blobs', locations: [{ ...location, offset: 1 }] },
  })
  check.notDeepEqual(bytes, moved)
  check.deepEqual(recordDelta(key, bytes, moved), [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n])
  check.deepEqual(recordDelta(key, null, bytes), GOLDEN_DELTA)
  const tagged = encodeObjectRecord(key, { ...object, tags: [] })
  check.notEqual(recordDelta(key, bytes, tagged)[5], 0n)
})

const GOLDEN_DELTA: readonly bigint[] = [
  1n,
  0n,
  4328719365n,
  0n,
  0n,
  1244450813087912138n,
  -3155133020061806899n,
  0n,
]
