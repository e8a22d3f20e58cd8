// What the drive damaged of what is there: whether bytes of a blob's record may be others than those
// that were written.

import type { Location } from '../src/base/location.ts'
import type { ObjectIndexReader, ObjectVersion } from '../src/object-index/object-index.ts'
import { recordSizeBytes } from '../src/placement/garbage.ts'
import type { Damage } from './region.ts'

const PARTS_MAX = 10_000

/** Whether any damage lies in the blob's record. */
export function isDamaged(location: Location, damage: readonly Damage[]): boolean {
  const { extentId, offset } = location
  const end = offset + recordSizeBytes(location, 'direct')
  return damage.some(
    (each) =>
      each.extentId === extentId && each.offset < end && each.offset + each.lengthBytes > offset,
  )
}

/** Where a version's bytes are. */
export async function locationsOf(
  index: ObjectIndexReader,
  { body }: ObjectVersion,
): Promise<readonly Location[]> {
  if (body.kind === 'blobs') return body.locations
  const parts = await index.manifestParts(body.uploadId, 0, PARTS_MAX)
  return parts.flatMap(({ locations }) => locations)
}
