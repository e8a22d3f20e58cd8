// Golden bytes of the keys, and that they sort as their parts do.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import { blobId, bucketId, extentId, hex, location, uploadId, version } from './format-samples.ts'
import {
  archiveBlobKey,
  consumerKey,
  currentKey,
  manifestPageKey,
  manifestReverseKey,
  nullSlotKey,
  orderInKey,
  partKey,
  referrerIn,
  reverseKey,
  sweepKey,
  uploadNameKey,
  versionKey,
} from './keys.ts'

test('golden bytes of the keys', () => {
  const keys: readonly (readonly [Buffer, string])[] = [
    [currentKey(bucketId, 'ké'), `10${bucketId}6bc3a9`],
    [versionKey(bucketId, 'k', 2), `11${bucketId}6b00fffffffffffffffd`],
    [nullSlotKey(bucketId, 'k'), `11${bucketId}6b00ffffffffffffffff`],
    [
      uploadNameKey(bucketId, 'k', 0x0102030405, uploadId),
      `30${bucketId}6b000000000102030405${uploadId}`,
    ],
    [partKey(uploadId, 258), `31${uploadId}0102`],
    [manifestPageKey(uploadId, 1), `32${uploadId}0001`],
    [sweepKey(5, 2, uploadId), `34000000000000000502${uploadId}`],
    [
      reverseKey(extentId, location.offset, version),
      `40${extentId}01020304050601${bucketId}6b0000000000000002`,
    ],
    [
      reverseKey(extentId, 1, { kind: 'part', uploadId, partNumber: 3 }),
      `40${extentId}00000000000102${uploadId}0003`,
    ],
    [reverseKey(extentId, 1, { kind: 'archive', blobId }), `40${extentId}00000000000103${blobId}`],
    [manifestReverseKey(uploadId, version), `41${uploadId}01${bucketId}6b0000000000000002`],
    [consumerKey('archiver'), '716172636869766572'],
    [
      archiveBlobKey({ kind: 'log', from: { incarnation: 1, sequence: 2 }, page: 3, blobId }),
      `72010000000000000001000000000000000200000003${blobId}`,
    ],
  ]
  for (const [key, golden] of keys) check.equal(hex(key), golden)
  check.equal(orderInKey(versionKey(bucketId, 'k', 2 ** 53 - 1)), 2 ** 53 - 1)
  check.equal(orderInKey(nullSlotKey(bucketId, 'k')), 0)
  check.deepEqual(referrerIn(reverseKey(extentId, 1, version), 23), version)
})

test('keys sort as their parts do', () => {
  const ordered = ['', 'a', 'a/', 'ab', 'b', '\u{e000}', '\u{1f600}'].flatMap((key) =>
    [2 ** 52, 256, 255, 2, 1, 0].map((order) => versionKey(bucketId, key, order)),
  )
  for (let at = 1; at < ordered.length; at += 1) {
    const [a, b] = [ordered[at - 1], ordered[at]]
    check.ok(a !== undefined && b !== undefined && Buffer.compare(a, b) < 0, `${at}`)
  }
})
