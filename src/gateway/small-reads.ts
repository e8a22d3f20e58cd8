// Bodies of one block, which are most of what is asked for: read and verified in one call, and the
// hottest kept. A location's bytes never change and its place is never used again, so what was
// verified once is right for as long as an index entry names it.

import type { BucketId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { BLOCK_SIZE_BYTES } from '../base/limits.ts'
import { Lru } from '../base/lru.ts'
import { NEVER } from '../base/signal.ts'
import type { ObjectVersion } from '../object-index/object-index.ts'
import { toGatewayError } from './gateway-errors.ts'
import { movedVersion, readVersion } from './read-body.ts'
import type { ReadParts } from './read-body.ts'

/** An entry's weight beside its bytes: key, list, views. */
const ENTRY_SIZE_BYTES = 400

export class SmallReads {
  readonly #parts: ReadParts
  readonly #kept: Lru<string, Uint8Array>

  constructor(parts: ReadParts, cacheSizeBytes: number) {
    this.#parts = parts
    this.#kept = new Lru(cacheSizeBytes, (bytes) => bytes.buffer.byteLength + ENTRY_SIZE_BYTES)
  }

  /** All bytes of a version; null where they are not one block of one blob. Not to be changed. */
  read(version: ObjectVersion, bucketId: BucketId): Uint8Array | Promise<Uint8Array> | null {
    const location = smallLocationOf(version)
    if (location === null) return null
    const place = location.extentId + location.offset.toString(36)
    return this.#kept.get(place) ?? this.#readAt(place, version, location, bucketId)
  }

  async #readAt(
    place: string,
    version: ObjectVersion,
    location: Location,
    bucketId: BucketId,
  ): Promise<Uint8Array> {
    let bytes: Uint8Array
    try {
      bytes = await this.#parts.storage.readWhole(location)
    } catch (error) {
      const moved = await movedVersion(this.#parts, version, bucketId, error)
      if (moved === null) throw toGatewayError(error)
      return await this.#readMoved(moved)
    }
    this.#kept.set(place, bytes)
    return bytes
  }

  async #readMoved(version: ObjectVersion): Promise<Uint8Array> {
    const range = { start: 0, end: version.sizeBytes }
    const pieces: Uint8Array[] = []
    for await (const piece of readVersion(this.#parts, version, range, NEVER, null)) {
      pieces.push(Uint8Array.from(piece))
    }
    return Buffer.concat(pieces)
  }
}

function smallLocationOf({ body, sizeBytes }: ObjectVersion): Location | null {
  if (body.kind !== 'blobs' || sizeBytes > BLOCK_SIZE_BYTES) return null
  const [location, second] = body.locations
  const isWhole = location?.dataSizeBytes === sizeBytes && second === undefined
  return isWhole ? location : null
}
