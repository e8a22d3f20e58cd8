// Reads bodies back: the blobs of a version, or a completed upload's parts from its manifest, in
// order and verified. Where bytes have moved since the version was looked up, it is looked up once
// more; a version that stands without its bytes is unavailable, never absent.

import type { BucketId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { BLOCK_SIZE_BYTES } from '../base/limits.ts'
import type {
  ManifestPart,
  ObjectIndexReader,
  ObjectVersion,
} from '../object-index/object-index.ts'
import { StorageError } from '../storage/storage.ts'
import type { Storage } from '../storage/storage.ts'
import { toGatewayError } from './gateway-errors.ts'
import { GatewayError } from './gateway.ts'

export interface ReadParts {
  readonly index: ObjectIndexReader
  readonly storage: Storage
}
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Parts of a manifest known ahead: 2 GiB of the usual 8 MiB, in about 150 KiB of memory. What is
 * known can be read to its end even when the version is replaced meanwhile.
 */
const PARTS_A_PAGE = 256

/**
 * Verified bytes [start, end) of a version, all of them. Bytes that compaction has moved are looked
 * up once more; again only when reading has come further since. @throws GatewayError
 */
export async function* readVersion(
  parts: ReadParts,
  version: ObjectVersion,
  range: ByteRange,
  signal: AbortSignal,
  bucketId: BucketId | null,
): AsyncGenerator<Uint8Array> {
  let at = range.start
  let now = version
  let lookedUpAt = -1
  while (at < range.end) {
    try {
      for await (const piece of readBody(parts, now, { start: at, end: range.end }, signal)) {
        at += piece.length
        yield piece
      }
    } catch (error) {
      const moved = lookedUpAt === at ? null : await movedVersion(parts, now, bucketId, error)
      if (moved === null) throw toGatewayError(error)
      now = moved
      lookedUpAt = at
      continue
    }
    if (at < range.end) throw tooShort(version, at)
  }
}

function tooShort({ key, versionId }: ObjectVersion, at: number): GatewayError {
  return new GatewayError(
    'damaged',
    `key ${JSON.stringify(key)}, version ${versionId}: its blobs end at byte ${at}`,
  )
}

/** The version as it is now, where `error` says that its bytes are not where they were; or null. */
export async function movedVersion(
  { index }: ReadParts,
  version: ObjectVersion,
  bucketId: BucketId | null,
  error: unknown,
): Promise<ObjectVersion | null> {
  if (bucketId === null || !(error instanceof StorageError) || error.code !== 'missing') return null
  try {
    return await sameVersionNow(index, version, bucketId)
  } catch (failure) {
    throw toGatewayError(failure)
  }
}

/** A version as it is now, where compaction may have moved its bytes; null where it is gone. */
export async function sameVersionNow(
  index: ObjectIndexReader,
  { key, versionId, etag, sizeBytes }: ObjectVersion,
  bucketId: BucketId,
): Promise<ObjectVersion | null> {
  const now = await index.lookup(bucketId, key, { kind: 'id', versionId })
  return now !== null && now.etag === etag && now.sizeBytes === sizeBytes ? now : null
}

function readBody(
  { index, storage }: ReadParts,
  version: ObjectVersion,
  range: ByteRange,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const { body } = version
  return body.kind === 'blobs'
    ? readBlobs(storage, body.locations, 0, range, signal)
    : readManifest({ index, storage }, body.uploadId, range, signal)
}

/** Bytes of `range` that lie in blobs one after another, the first at byte `offset`. */
async function* readBlobs(
  storage: Storage,
  locations: readonly Location[],
  offset: number,
  range: ByteRange,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let at = offset
  for (const location of locations) {
    const start = Math.max(range.start - at, 0)
    const end = Math.min(range.end - at, location.dataSizeBytes)
    at += location.dataSizeBytes
    if (start >= end) continue
    const isWhole = start === 0 && end === location.dataSizeBytes && end <= BLOCK_SIZE_BYTES
    if (isWhole) yield await storage.readWhole(location)
    else yield* storage.read(location, { start, end }, signal)
  }
}

async function* readManifest(
  { index, storage }: ReadParts,
  uploadId: ManifestId,
  range: ByteRange,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let at = range.start; at < range.end;) {
    const page = await index.manifestParts(uploadId, at, PARTS_A_PAGE)
    for (const part of page) {
      if (part.offset >= range.end) return
      yield* readBlobs(storage, part.locations, part.offset, range, signal)
      at = part.offset + part.sizeBytes
    }
    if (page.length === 0)
      throw new StorageError('missing', `the manifest of upload ${uploadId} ends at byte ${at}`)
  }
}

type ManifestId = Parameters<ObjectIndexReader['manifestParts']>[0]

/** The nth part (from 1) of a version: of a body that was not uploaded in parts, the whole. */
export async function partOf(
  index: ObjectIndexReader,
  version: ObjectVersion,
  ordinal: number,
): Promise<ManifestPart | null> {
  const { body, sizeBytes, etag, lastModifiedMs, checksum } = version
  if (body.kind === 'manifest') return await index.manifestPart(body.uploadId, ordinal)
  if (ordinal !== 1) return null
  return {
    partNumber: 1,
    offset: 0,
    sizeBytes,
    etag,
    lastModifiedMs,
    checksum,
    locations: body.locations,
  }
}
