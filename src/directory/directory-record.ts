// Keys and records of the directory (docs/formats/directory.md). Its records are few and small: a
// version byte, JSON, and a CRC-32 that covers the engine key too.

import { crc32 } from '../base/checksum.ts'
import type { BucketId } from '../base/id.ts'
import type { KeyRange } from '../engine/engine.ts'
import { DirectoryError, type AccessKey, type Account, type BucketName } from './directory.ts'

/** First byte of every key. */
export const DIRECTORY_SPACE = {
  name: 0x80,
  account: 0x81,
  accessKey: 0x82,
  ownedName: 0x83,
  email: 0x84,
  generation: 0x8f,
} as const
const RECORD_VERSION = 1
const CRC_SIZE_BYTES = 4

/** An account with the ids of its keys, so that removing it removes them. */
export interface AccountRecord extends Account {
  readonly accessKeyIds: readonly string[]
}

export function nameKey(name: string): Buffer {
  return textKey(DIRECTORY_SPACE.name, name)
}

export function accountKey(accountId: string): Buffer {
  return textKey(DIRECTORY_SPACE.account, accountId)
}

export function accessKeyKey(accessKeyId: string): Buffer {
  return textKey(DIRECTORY_SPACE.accessKey, accessKeyId)
}

/** The copy of a name's record that lists it under its owner. */
export function ownedNameKey(ownerId: string, name: string): Buffer {
  return textKey(DIRECTORY_SPACE.ownedName, `${ownerId}\0${name}`)
}

/** Addresses are told apart without regard to case. */
export function emailKey(email: string): Buffer {
  return textKey(DIRECTORY_SPACE.email, email.toLowerCase())
}

export function generationKey(): Buffer {
  return Buffer.from([DIRECTORY_SPACE.generation])
}

function textKey(space: number, text: string): Buffer {
  const key = Buffer.allocUnsafe(1 + Buffer.byteLength(text))
  key[0] = space
  key.write(text, 1, 'utf8')
  return key
}

/** All keys that begin with `prefix`, which ends in no 0xff. */
export function rangeOf(prefix: Buffer): KeyRange {
  const end = Buffer.from(prefix)
  end[end.length - 1] = (end[end.length - 1] ?? 0) + 1
  return { start: prefix, end }
}

type Plain = Readonly<Record<string, unknown>>

/** A record for this key. */
function encodeRecord(key: Buffer, value: Plain): Buffer {
  const text = JSON.stringify(value)
  const size = 1 + Buffer.byteLength(text)
  const record = Buffer.allocUnsafe(size + CRC_SIZE_BYTES)
  record[0] = RECORD_VERSION
  record.write(text, 1, 'utf8')
  record.writeUInt32BE(crc32(record.subarray(0, size), crc32(key)), size)
  return record
}

/** @throws DirectoryError `corrupt` */
function decodeRecord(key: Buffer, record: Buffer): Plain {
  const size = record.length - CRC_SIZE_BYTES
  const isSound =
    size > 1 &&
    record[0] === RECORD_VERSION &&
    crc32(record.subarray(0, size), crc32(key)) === record.readUInt32BE(size)
  if (!isSound) throw corrupt(key)
  // What carries its checksum was written by `encodeRecord`.
  const value: unknown = JSON.parse(record.toString('utf8', 1, size))
  if (typeof value !== 'object' || value === null) throw corrupt(key)
  return value as Plain
}

function corrupt(key: Buffer): DirectoryError {
  return new DirectoryError(
    'corrupt',
    `directory record ${JSON.stringify(key.toString('utf8', 1))} of space ` +
      `0x${key.toString('hex', 0, 1)} fails its checksum or its version`,
  )
}

function text(key: Buffer, from: Plain, name: string): string {
  const value = from[name]
  if (typeof value !== 'string') throw corrupt(key)
  return value
}

function number(key: Buffer, from: Plain, name: string): number {
  const value = from[name]
  if (typeof value !== 'number') throw corrupt(key)
  return value
}

export function encodeBucketName(key: Buffer, value: BucketName): Buffer {
  const { name, bucketId, ownerId, createdAtMs, state } = value
  return encodeRecord(key, { name, bucketId, ownerId, createdAtMs, state })
}

export function decodeBucketName(key: Buffer, record: Buffer): BucketName {
  const from = decodeRecord(key, record)
  return {
    name: text(key, from, 'name'),
    bucketId: text(key, from, 'bucketId') as BucketId,
    ownerId: text(key, from, 'ownerId'),
    createdAtMs: number(key, from, 'createdAtMs'),
    state: from['state'] === 'deleting' ? 'deleting' : 'active',
  }
}

export function encodeAccount(value: AccountRecord): Buffer {
  const { id, displayName, email, createdAtMs, isRoot, accessKeyIds } = value
  return encodeRecord(accountKey(id), { id, displayName, email, createdAtMs, isRoot, accessKeyIds })
}

export function decodeAccount(key: Buffer, record: Buffer): AccountRecord {
  const from = decodeRecord(key, record)
  const ids = from['accessKeyIds']
  if (!Array.isArray(ids)) throw corrupt(key)
  return {
    id: text(key, from, 'id'),
    displayName: text(key, from, 'displayName'),
    email: text(key, from, 'email'),
    createdAtMs: number(key, from, 'createdAtMs'),
    isRoot: from['isRoot'] === true,
    accessKeyIds: ids.map(String),
  }
}

export function encodeAccessKey(value: AccessKey): Buffer {
  const { accessKeyId, secretKey, accountId, createdAtMs } = value
  return encodeRecord(accessKeyKey(accessKeyId), { accessKeyId, secretKey, accountId, createdAtMs })
}

export function decodeAccessKey(key: Buffer, record: Buffer): AccessKey {
  const from = decodeRecord(key, record)
  return {
    accessKeyId: text(key, from, 'accessKeyId'),
    secretKey: text(key, from, 'secretKey'),
    accountId: text(key, from, 'accountId'),
    createdAtMs: number(key, from, 'createdAtMs'),
  }
}

export function encodeEmail(key: Buffer, accountId: string): Buffer {
  return encodeRecord(key, { accountId })
}

/** The account that an address leads to. */
export function decodeEmail(key: Buffer, record: Buffer): string {
  return text(key, decodeRecord(key, record), 'accountId')
}

export function encodeGeneration(generation: number): Buffer {
  return encodeRecord(generationKey(), { generation })
}

export function decodeGeneration(record: Buffer | null): number {
  if (record === null) return 0
  const key = generationKey()
  return number(key, decodeRecord(key, record), 'generation')
}
