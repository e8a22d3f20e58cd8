// Golden bytes of the directory's keys and records, and that a flipped bit is found.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import type { BucketId } from '../base/id.ts'
import { DirectoryError } from './directory.ts'
import {
  accessKeyKey,
  accountKey,
  decodeAccessKey,
  decodeAccount,
  decodeBucketName,
  decodeGeneration,
  emailKey,
  encodeAccessKey,
  encodeAccount,
  encodeBucketName,
  encodeGeneration,
  generationKey,
  nameKey,
  ownedNameKey,
} from './directory-record.ts'

const name = {
  name: 'b-1',
  bucketId: '0'.repeat(32) as BucketId,
  ownerId: 'ann',
  createdAtMs: 5,
  state: 'deleting',
} as const
const account = {
  id: 'ann',
  displayName: 'Ann',
  email: 'a@b',
  createdAtMs: 6,
  isRoot: true,
  accessKeyIds: ['AK'],
}
const key = { accessKeyId: 'AK', secretKey: 's/+', accountId: 'ann', createdAtMs: 7 }

test('golden bytes of the keys', () => {
  const keys: readonly (readonly [Buffer, string])[] = [
    [nameKey('b-1'), '80622d31'],
    [accountKey('ann'), '81616e6e'],
    [accessKeyKey('AK'), '82414b'],
    [ownedNameKey('ann', 'b-1'), '83616e6e00622d31'],
    [emailKey('A@b'), '84614062'],
    [generationKey(), '8f'],
  ]
  for (const [bytes, golden] of keys) check.equal(bytes.toString('hex'), golden)
})

test('golden bytes of the records, and every flipped bit found', () => {
  const records: readonly (readonly [Buffer, string, (bytes: Buffer) => unknown, unknown])[] = [
    [
      encodeBucketName(nameKey('b-1'), name),
      `{"name":"b-1","bucketId":"${'0'.repeat(32)}",` +
        '"ownerId":"ann","createdAtMs":5,"state":"deleting"} 3779ed5b',
      (bytes) => decodeBucketName(nameKey('b-1'), bytes),
      name,
    ],
    [
      encodeAccount(account),
      '{"id":"ann","displayName":"Ann","email":"a@b","createdAtMs":6,' +
        '"isRoot":true,"accessKeyIds":["AK"]} 0a4332ff',
      (bytes) => decodeAccount(accountKey('ann'), bytes),
      account,
    ],
    [
      encodeAccessKey(key),
      '{"accessKeyId":"AK","secretKey":"s/+","accountId":"ann","createdAtMs":7} 58679c40',
      (bytes) => decodeAccessKey(accessKeyKey('AK'), bytes),
      key,
    ],
    [encodeGeneration(8), '{"generation":8} 4da70cb0', decodeGeneration, 8],
  ]
  for (const [bytes, golden, decode, value] of records) {
    const text = bytes.toString('utf8', 1, bytes.length - 4)
    check.equal(`${text} ${bytes.toString('hex', bytes.length - 4)}`, golden)
    check.equal(bytes[0], 1)
    check.deepEqual(decode(bytes), value)
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      check.throws(
        () => decode(flipped),
        (error) => error instanceof DirectoryError && error.code === 'corrupt',
      )
    }
  }
})
