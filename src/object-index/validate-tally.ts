// What a scan of the index adds up: for each bucket counts, bytes and set hash, for each extent its
// references from both sides. Every record's checksum is verified; damaged ones are named. All of
// it from the engine's own memory: nothing is decoded that need not be.

import { readId, type BucketId, type ExtentId, type UploadId } from '../base/id.ts'
import { LOCATION_SIZE_BYTES, RecordReader, corrupt } from './binary.ts'
import { decodeBucketRecord, decodeRangeRecord } from './bucket-record.ts'
import { checkBucketSetting } from './bucket-settings.ts'
import { CRC_SIZE_BYTES, crcOf, isSealed, seedOf } from './checksum.ts'
import { decodeArchiveBlob, decodeConsumerRecord } from './consumer-record.ts'
import { describeKey } from './describe-key.ts'
import { decodeExtentRecord } from './extent-record.ts'
import { decodeNullSlot } from './key-state.ts'
import {
  KEY_START,
  MANIFEST_REFERRER_AT,
  ORDER_SUFFIX_BYTES,
  REFERRER_ARCHIVE,
  REFERRER_PART,
  REFERRER_VERSION,
  REVERSE_REFERRER_AT,
  SPACE,
  uploadNameKey,
} from './keys.ts'
import { ObjectIndexError } from './object-index.ts'
import { AT, FLAG, checkSealed, hasFlag, hashedEndOf, sizeOf } from './object-record.ts'
import { decodeManifestPage, decodePartRecord } from './part-record.ts'
import { checkManifestReverse } from './reverse-record.ts'
import { HashSum, hashOf, isNullSlot, recordHash } from './set-hash.ts'
import { decodeSums } from './sums.ts'
import { checkUploadName, decodeUploadRecord } from './upload-record.ts'

/** Sums of one bucket, as found. */
export class BucketTally {
  objects = 0
  bytes = 0
  otherVersions = 0
  otherBytes = 0
  readonly hash: HashSum = new HashSum()
  /** Of open uploads, by their own records. */
  uploadBytes = 0
  /** Of all parts that there are. */
  partBytes = 0
  /** Of the parts that manifests name. */
  manifestBytes = 0
}

/** Sums of one extent, as found: from its reverse records and from the records that name it. */
export class ExtentTally {
  references = 0
  bytes = 0
  readonly reverse: HashSum = new HashSum()
  readonly forward: HashSum = new HashSum()
}

/** A record that is damaged or can't be. */
export interface Damage {
  readonly what: string
  readonly message: string
}

const REFERENCE_SIZE_BYTES_MAX = 1200
const VALUE_BYTES = 10
const NO_BYTES: Buffer = Buffer.alloc(0)

export class Tally {
  recordsDone = 0
  readonly buckets: Map<BucketId, BucketTally> = new Map()
  readonly extents: Map<ExtentId, ExtentTally> = new Map()
  readonly bucketSums: Map<BucketId, readonly bigint[]> = new Map()
  readonly extentSums: Map<ExtentId, readonly bigint[]> = new Map()
  readonly extentRecords: Set<ExtentId> = new Set()
  readonly bucketRecords: Set<BucketId> = new Set()
  /** References of versions to manifests, from both sides. */
  readonly manifestForward: HashSum = new HashSum()
  readonly manifestReverse: HashSum = new HashSum()
  /** Listing entries of open uploads, and the entries that the uploads' records ask for. */
  readonly uploadNames: HashSum = new HashSum()
  readonly uploadRecords: HashSum = new HashSum()
  readonly damages: Damage[] = []
  damageCount = 0
  private readonly damagesMax: number
  private readonly scratch: Buffer = Buffer.allocUnsafeSlow(REFERENCE_SIZE_BYTES_MAX)
  /** The bucket and the extent met last: neighbours in a scan mostly share them. */
  private readonly lastBucket: { prefix: Buffer; seed: number; tally: BucketTally } = {
    prefix: Buffer.alloc(KEY_START),
    seed: 0,
    tally: new BucketTally(),
  }
  private readonly lastExtent: { prefix: Buffer; tally: ExtentTally } = {
    prefix: Buffer.alloc(KEY_START),
    tally: new ExtentTally(),
  }

  constructor(damagesMax: number) {
    this.damagesMax = damagesMax
  }

  /** Takes one record in, of any space. */
  visit(key: Buffer, value: Buffer): void {
    this.recordsDone += 1
    try {
      this.take(key, value)
    } catch (cause) {
      if (!(cause instanceof ObjectIndexError)) throw cause
      this.damageCount += 1
      if (this.damages.length < this.damagesMax) {
        this.damages.push({ what: describeKey(key), message: cause.message })
      }
    }
  }

  private take(key: Buffer, value: Buffer): void {
    switch (key[0]) {
      case SPACE.current:
        return this.takeVersion(key, value)
      case SPACE.versions:
        return this.takeVersion(key, value)
      case SPACE.reverse:
        return this.takeReverse(key, value)
      case SPACE.manifestReverse:
        checkManifestReverse(key, value)
        return this.manifestReverse.add(hashOf(key, NO_BYTES, 0))
      case SPACE.bucket: {
        const id = readId<BucketId>(key, 1)
        this.bucketRecords.add(id) // a damaged one is a finding of its own
        decodeBucketRecord(id, value)
        return
      }
      case SPACE.bucketSettings:
        return checkBucketSetting(key, value)
      case SPACE.range:
        return void decodeRangeRecord(readId<BucketId>(key, 1), value)
      case SPACE.uploadName:
        checkUploadName(key, value)
        return this.uploadNames.add(hashOf(key, NO_BYTES, 0))
      case SPACE.upload:
        return this.takeUpload(key, value)
      case SPACE.part:
        return this.takePart(key, value)
      case SPACE.manifestPage:
        return this.takePage(key, value)
      case SPACE.sweep:
        return void new RecordReader(key, value, 1).id()
      case SPACE.extent: {
        const id = readId<ExtentId>(key, 1)
        decodeExtentRecord(id, value)
        this.extentRecords.add(id)
        return
      }
      case SPACE.bucketSum:
        this.bucketSums.set(readId(key, 1), decodeSums(key, value))
        return
      case SPACE.extentSum:
        this.extentSums.set(readId(key, 1), decodeSums(key, value))
        return
      case SPACE.consumer:
        return void decodeConsumerRecord(key, value)
      case SPACE.archiveBlob:
        return this.takeArchiveBlob(key, value)
      default:
        throw corrupt(key, 'a record in a space that nobody writes')
    }
  }

  private takeVersion(key: Buffer, value: Buffer): void {
    const isSlot = isNullSlot(key)
    const bucket = this.bucketOf(key)
    if (isSlot) {
      decodeNullSlot(key, value)
      bucket.hash.add(recordHash(key, value))
      return
    }
    checkSealed(key, value, crcOf(key, KEY_START, key.length, this.lastBucket.seed))
    const at = checkShape(key, value)
    bucket.hash.add(recordHash(key, value))
    if (key[0] === SPACE.current) {
      bucket.objects += 1
      bucket.bytes += sizeOf(value)
    } else {
      bucket.otherVersions += 1
      bucket.otherBytes += sizeOf(value)
    }
    const keyEnd = key[0] === SPACE.current ? key.length : key.length - ORDER_SUFFIX_BYTES
    if (hasFlag(value, FLAG.manifest)) {
      this.takeManifestOf(key, keyEnd, value)
      return
    }
    const count = value[at] ?? 0
    for (let index = 0; index < count; index += 1) {
      const from = at + 1 + index * LOCATION_SIZE_BYTES
      const end = this.writeReferrer(REVERSE_REFERRER_AT, key, keyEnd, value)
      this.addForward(value, from, end)
    }
  }

  /** `bucket id, key, order` of a version as a referrer, from `at` on; answers the end. */
  private writeReferrer(at: number, key: Buffer, keyEnd: number, value: Buffer): number {
    const { scratch } = this
    scratch[at] = REFERRER_VERSION
    const end = at + 1 + key.copy(scratch, at + 1, 1, keyEnd)
    value.copy(scratch, end, AT.order, AT.order + 8)
    return end + 8
  }

  private takeManifestOf(key: Buffer, keyEnd: number, value: Buffer): void {
    const { scratch } = this
    const at = hashedEndOf(value) - 18
    scratch[0] = SPACE.manifestReverse
    value.copy(scratch, 1, at, at + 16)
    const end = this.writeReferrer(MANIFEST_REFERRER_AT, key, keyEnd, value)
    this.manifestForward.add(hashOf(scratch.subarray(0, end), NO_BYTES, 0))
  }

  /** A location in `from`, whose referrer stands in the scratch up to `end`. */
  private addForward(from: Buffer, at: number, end: number): void {
    const { scratch } = this
    scratch[0] = SPACE.reverse
    from.copy(scratch, 1, at, at + 22)
    from.copy(scratch, end, at + 22, at + LOCATION_SIZE_BYTES)
    const all = end + VALUE_BYTES
    this.extentOf(scratch).forward.add(hashOf(scratch.subarray(0, all), NO_BYTES, 0))
  }

  private takeReverse(key: Buffer, value: Buffer): void {
    if (
      key.length <= REVERSE_REFERRER_AT ||
      value.length < VALUE_BYTES + 2 + CRC_SIZE_BYTES ||
      value[0] !== 1 ||
      !isSealed(value, seedOf(key))
    ) {
      throw corrupt(key, 'the record fails its checksum')
    }
    const { scratch } = this
    const end = key.copy(scratch, 0)
    value.copy(scratch, end, 1, 1 + VALUE_BYTES)
    const extent = this.extentOf(key)
    extent.references += 1
    extent.bytes += value.readUInt32BE(3)
    extent.reverse.add(hashOf(scratch.subarray(0, end + VALUE_BYTES), NO_BYTES, 0))
  }

  private takeUpload(key: Buffer, value: Buffer): void {
    const uploadId = readId<UploadId>(key, 1)
    const record = decodeUploadRecord(uploadId, value)
    if (record.kind !== 'open') return
    const { upload, bucketId } = record
    this.bucketWith(bucketId).uploadBytes += record.partBytes
    const name = uploadNameKey(bucketId, upload.key, upload.initiatedAtMs, uploadId)
    this.uploadRecords.add(hashOf(name, NO_BYTES, 0))
  }

  private takePart(key: Buffer, value: Buffer): void {
    const uploadId = readId<UploadId>(key, 1)
    const part = decodePartRecord(uploadId, key.readUInt16BE(KEY_START), value)
    this.bucketWith(part.bucketId).partBytes += part.sizeBytes
    const at = value.length - CRC_SIZE_BYTES - part.locations.length * LOCATION_SIZE_BYTES
    for (let index = 0; index < part.locations.length; index += 1) {
      this.scratch[REVERSE_REFERRER_AT] = REFERRER_PART
      const end = REVERSE_REFERRER_AT + 1 + key.copy(this.scratch, REVERSE_REFERRER_AT + 1, 1)
      this.addForward(value, at + index * LOCATION_SIZE_BYTES, end)
    }
  }

  private takePage(key: Buffer, value: Buffer): void {
    const uploadId = readId<UploadId>(key, 1)
    const page = decodeManifestPage(uploadId, key.readUInt16BE(KEY_START), value)
    const bucket = this.bucketWith(page.bucketId)
    for (const part of page.parts) bucket.manifestBytes += part.sizeBytes
  }

  private takeArchiveBlob(key: Buffer, value: Buffer): void {
    decodeArchiveBlob(key, value)
    this.scratch[REVERSE_REFERRER_AT] = REFERRER_ARCHIVE
    const end = REVERSE_REFERRER_AT + 1 + key.copy(this.scratch, REVERSE_REFERRER_AT + 1, 22)
    this.addForward(value, value.length - CRC_SIZE_BYTES - LOCATION_SIZE_BYTES, end)
  }

  /** The tally of the bucket whose id stands behind the key's first byte. */
  private bucketOf(key: Buffer): BucketTally {
    const { lastBucket } = this
    if (!hasPrefix(key, lastBucket.prefix)) {
      key.copy(lastBucket.prefix, 0, 0, KEY_START)
      lastBucket.seed = seedOf(lastBucket.prefix)
      lastBucket.tally = this.bucketWith(readId(key, 1))
    }
    return lastBucket.tally
  }

  private bucketWith(id: BucketId): BucketTally {
    let tally = this.buckets.get(id)
    if (tally === undefined) {
      tally = new BucketTally()
      this.buckets.set(id, tally)
    }
    return tally
  }

  private extentOf(key: Buffer): ExtentTally {
    const { lastExtent } = this
    if (!hasPrefix(key, lastExtent.prefix)) {
      key.copy(lastExtent.prefix, 0, 0, KEY_START)
      const id = readId<ExtentId>(key, 1)
      const known = this.extents.get(id)
      lastExtent.tally = known ?? new ExtentTally()
      if (known === undefined) this.extents.set(id, lastExtent.tally)
    }
    return lastExtent.tally
  }
}

/** Space and id; a loop, for it is cheaper than a call for 17 bytes. */
function hasPrefix(key: Buffer, prefix: Buffer): boolean {
  for (let at = 0; at < KEY_START; at += 1) if (key[at] !== prefix[at]) return false
  return true
}

/** Where the locations begin; what stands behind them must end with the record. */
function checkShape(key: Buffer, value: Buffer): number {
  const at = hashedEndOf(value)
  const count = value[at] ?? 0
  if (at < AT.fields || at + 1 + count * LOCATION_SIZE_BYTES + CRC_SIZE_BYTES !== value.length) {
    throw corrupt(key, 'the record has its locations elsewhere')
  }
  return at
}
