// What a verified object record says of its body, read from its bytes without decoding the rest;
// two bodies compared; and where a version of a key stands as a referrer.

import { ID_SIZE_BYTES, readId, type BucketId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { LOCATION_SIZE_BYTES } from './binary.ts'
import { FLAG, hasFlag, hashedEndOf } from './object-record.ts'
import type { BodyRef, Referrer } from './object-index.ts'

/** The body of a record whose checksum has been verified. */
export function bodyOf(record: Buffer): BodyRef {
  const end = hashedEndOf(record)
  if (hasFlag(record, FLAG.manifest)) {
    const at = end - ID_SIZE_BYTES - 2
    return {
      kind: 'manifest',
      uploadId: readId(record, at),
      partCount: record.readUInt16BE(end - 2),
    }
  }
  return { kind: 'blobs', locations: locationsAt(record, end) }
}

/** Locations behind their count at `at`. */
function locationsAt(record: Buffer, at: number): Location[] {
  const count = record[at] ?? 0
  const locations: Location[] = []
  for (let index = 0; index < count; index += 1) {
    const from = at + 1 + index * LOCATION_SIZE_BYTES
    locations.push({
      extentId: readId(record, from),
      offset: record.readUIntBE(from + 16, 6),
      headerSizeBytes: record.readUInt16BE(from + 22),
      dataSizeBytes: record.readUInt32BE(from + 24),
      checksum: record.readUInt32BE(from + 28),
    })
  }
  return locations
}

export function isSameLocation(a: Location, b: Location): boolean {
  return (
    a.extentId === b.extentId &&
    a.offset === b.offset &&
    a.headerSizeBytes === b.headerSizeBytes &&
    a.dataSizeBytes === b.dataSizeBytes &&
    a.checksum === b.checksum
  )
}

export function isSameBody(a: BodyRef, b: BodyRef): boolean {
  if (a.kind === 'manifest') {
    return b.kind === 'manifest' && a.uploadId === b.uploadId && a.partCount === b.partCount
  }
  return (
    b.kind === 'blobs' &&
    a.locations.length === b.locations.length &&
    a.locations.every((location, index) => {
      const other = b.locations[index]
      return other !== undefined && isSameLocation(location, other)
    })
  )
}

export function versionReferrer(bucketId: BucketId, key: string, order: number): Referrer {
  return { kind: 'version', bucketId, key, order: BigInt(order) }
}
