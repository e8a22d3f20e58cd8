// A bucket's settings that are not read with every request (docs/formats/bucket-record.md): one
// record a setting, under the bucket's id and the setting's number. So far its tags.

import { readId, type BucketId } from '../base/id.ts'
import { RecordReader, startRecord } from './binary.ts'
import { KEY_START, SPACE, idKey } from './keys.ts'
import type { Pairs } from './object-index.ts'

const TAGS_SETTING = 1
const TAGS_RECORD_VERSION = 1

export function bucketTagsKey(bucketId: BucketId): Buffer {
  return Buffer.concat([idKey(SPACE.bucketSettings, bucketId), Buffer.of(TAGS_SETTING)])
}

export function encodeBucketTags(bucketId: BucketId, tags: Pairs): Buffer {
  return startRecord(TAGS_RECORD_VERSION).pairs(tags).finish(bucketTagsKey(bucketId))
}

/** @throws ObjectIndexError `corrupt` */
export function decodeBucketTags(bucketId: BucketId, bytes: Buffer): Pairs {
  const from = new RecordReader(bucketTagsKey(bucketId), bytes, TAGS_RECORD_VERSION)
  const tags = from.pairs()
  from.done()
  return tags
}

/** Any setting's record, read whole. @throws ObjectIndexError `corrupt` */
export function checkBucketSetting(key: Buffer, value: Buffer): void {
  if (key.length !== KEY_START + 1 || key[KEY_START] !== TAGS_SETTING) {
    throw new RecordReader(key, value, TAGS_RECORD_VERSION).wrong('an unknown setting')
  }
  decodeBucketTags(readId<BucketId>(key, 1), value)
}
