// What people call a record: its space and ids, out of the engine key, for messages and findings.

import { readId, type BlobId, type BucketId, type ExtentId, type UploadId } from '../base/id.ts'
import {
  KEY_START,
  MANIFEST_REFERRER_AT,
  ORDER_SUFFIX_BYTES,
  REVERSE_REFERRER_AT,
  SPACE,
  orderInKey,
  referrerIn,
} from './keys.ts'
import type { Referrer } from './object-index.ts'

/** One line that names the record under an engine key; any bytes are described somehow. */
export function describeKey(key: Buffer): string {
  return known(key) ?? `record 0x${key.toString('hex')}`
}

function known(key: Buffer): string | null {
  if (key.length < KEY_START) return null
  const id = readId<BucketId & UploadId & ExtentId & BlobId>(key, 1)
  switch (key[0]) {
    case SPACE.current:
      return `bucket ${id}, current version of key ${quote(key, KEY_START, key.length)}`
    case SPACE.versions: {
      const end = key.length - ORDER_SUFFIX_BYTES
      if (end < KEY_START) return null
      const order = orderInKey(key)
      const what = order === 0 ? 'null slot' : `version ${order}`
      return `bucket ${id}, ${what} of key ${quote(key, KEY_START, end)}`
    }
    case SPACE.bucket:
      return `bucket ${id}`
    case SPACE.bucketSettings:
      return `settings of bucket ${id}`
    case SPACE.uploadName:
      return `bucket ${id}, entry of an unfinished upload`
    case SPACE.upload:
      return `upload ${id}`
    case SPACE.part:
      return key.length < KEY_START + 2 ? null : `upload ${id}, part ${key.readUInt16BE(KEY_START)}`
    case SPACE.manifestPage:
      return key.length < KEY_START + 2
        ? null
        : `upload ${id}, manifest page ${key.readUInt16BE(KEY_START)}`
    case SPACE.reverse: {
      if (key.length < REVERSE_REFERRER_AT) return null
      const referrer = referrerIn(key, REVERSE_REFERRER_AT)
      const whose = referrer === null ? 'an unknown referrer' : describeReferrer(referrer)
      return `extent ${id}, reference at ${key.readUIntBE(KEY_START, 6)} of ${whose}`
    }
    case SPACE.manifestReverse: {
      const referrer = referrerIn(key, MANIFEST_REFERRER_AT)
      const whose = referrer === null ? 'an unknown referrer' : describeReferrer(referrer)
      return `manifest ${id}, reference of ${whose}`
    }
    case SPACE.extent:
      return `extent ${id}`
    case SPACE.bucketSum:
      return `sums of bucket ${id}`
    case SPACE.extentSum:
      return `sums of extent ${id}`
    default:
      return null
  }
}

/** One line that names a referrer. */
export function describeReferrer(referrer: Referrer): string {
  switch (referrer.kind) {
    case 'version':
      return (
        `bucket ${referrer.bucketId}, version ${referrer.order} of key ` +
        JSON.stringify(referrer.key)
      )
    case 'part':
      return `upload ${referrer.uploadId}, part ${referrer.partNumber}`
    case 'archive':
      return `archive blob ${referrer.blobId}`
  }
}

function quote(key: Buffer, start: number, end: number): string {
  return JSON.stringify(key.toString('utf8', start, end))
}
