// Turns a body into blobs: a small one whole into the packed extent, a large one streamed into
// direct extents, 64 MiB a blob. Nothing here is visible to anybody until it is committed.

import { assert } from '../base/assert.ts'
import {
  BLOB_METADATA_SIZE_BYTES_MAX,
  BLOB_SIZE_BYTES_MAX,
  PACKED_BODY_SIZE_BYTES_MAX,
  PUT_SIZE_BYTES_MAX,
} from '../base/limits.ts'
import { newId } from '../base/id.ts'
import type { BlobId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import type { Random } from '../base/random.ts'
import type { ChecksumAlgorithm } from '../object-index/object-index.ts'
import { StorageError } from '../storage/storage.ts'
import type {
  BlobHeader,
  BlobOwner,
  BlobStream,
  BlobTrailer,
  DirectWriter,
  PackedWriter,
} from '../storage/storage.ts'
import { BodyDigests, checkClaims, digestWhole } from './body-digests.ts'
import type { BodySums, WantedDigests } from './body-digests.ts'
import type { ExtentPool, Use } from './extent-pool.ts'
import { GatewayError } from './gateway.ts'
import type { Body } from './gateway.ts'

/** A body as it was written; `end` is called once it is committed or given up. */
export interface WrittenBody {
  readonly locations: readonly Location[]
  readonly sums: BodySums
  end(): void
  /** The extents are not ours any more: nothing more goes into them. */
  retire(): void
}

export interface BodyTarget {
  readonly owner: BlobOwner
  /** Of the object, as far as it is known; too much of it is left out of the blob. */
  readonly metadata: Uint8Array
  readonly storedAlgorithm: ChecksumAlgorithm
  readonly signal: AbortSignal
}

export interface BodyWriterParts {
  readonly packed: ExtentPool<PackedWriter>
  readonly direct: ExtentPool<DirectWriter>
  readonly random: Random
}

/** Numbers of docs/formats/blob.md. */
const CHECKSUM_NUMBERS: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 1,
  CRC32C: 2,
  CRC64NVME: 3,
  SHA1: 4,
  SHA256: 5,
}
const NO_BYTES = new Uint8Array(0)
const UNFINISHED: BlobTrailer = { md5: NO_BYTES, checksumAlgorithm: 0, checksum: NO_BYTES }

/** Small bodies are kept, so that a lost lease costs them nothing. */
export interface SmallBody {
  readonly bytes: Uint8Array
  readonly sums: BodySums
}

export function isSmall(body: Body): boolean {
  return body.sizeBytes <= PACKED_BODY_SIZE_BYTES_MAX
}

/** Reads a small body whole and checks what the client claims of it. @throws GatewayError */
export async function gatherSmall(
  body: Body,
  storedAlgorithm: ChecksumAlgorithm,
): Promise<SmallBody> {
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  for (let piece = await body.next(); piece !== null; piece = await body.next()) {
    sizeBytes += piece.length
    if (sizeBytes > body.sizeBytes) throw tooLong()
    pieces.push(piece)
  }
  if (sizeBytes !== body.sizeBytes) throw new GatewayError('incomplete-body', '')
  const [only] = pieces
  const bytes = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, sizeBytes)
  const sums = digestWhole(bytes, wanted(body, storedAlgorithm))
  checkClaims(body.claims(), sums)
  return { bytes, sums }
}

/** Appends a small body as one blob. */
export async function writeSmall(
  parts: BodyWriterParts,
  target: BodyTarget,
  small: SmallBody,
): Promise<WrittenBody> {
  const header = headerOf(parts.random, target, 0, small.bytes.length)
  const { use, written } = await parts.packed.fill(
    async (writer) => await writer.append(header, [small.bytes], trailerOf(small.sums)),
  )
  return {
    locations: [written],
    sums: small.sums,
    end: () => use.end(),
    retire: () => use.retire(),
  }
}

/** Streams a large body into blobs and checks what the client claims of it. @throws GatewayError */
export async function writeLarge(
  parts: BodyWriterParts,
  target: BodyTarget,
  body: Body,
): Promise<WrittenBody> {
  assert(body.sizeBytes <= PUT_SIZE_BYTES_MAX, 'a record can name all blobs of a body')
  const uses: Use<DirectWriter>[] = []
  const end = (): void => {
    for (const use of uses.splice(0)) use.end()
  }
  try {
    const source = new BodySource(body)
    const digests = new BodyDigests(wanted(body, target.storedAlgorithm))
    const locations: Location[] = []
    let sums: BodySums | null = null
    for (let offset = 0; offset < body.sizeBytes; offset += BLOB_SIZE_BYTES_MAX) {
      const sizeBytes = Math.min(BLOB_SIZE_BYTES_MAX, body.sizeBytes - offset)
      const header = headerOf(parts.random, target, offset, sizeBytes)
      const { use, written: stream } = await parts.direct.fill((writer) =>
        writer.begin(header, (bytes) => digests.update(bytes)),
      )
      uses.push(use)
      const isLast = offset + sizeBytes === body.sizeBytes
      const location = await finishBlob({ use, stream }, async () => {
        await source.pour(stream, sizeBytes, target.signal)
        stream.settle()
        digests.endBlob(stream.crc32, sizeBytes)
        if (!isLast) return UNFINISHED
        await source.requireEnd()
        sums = digests.finish()
        checkClaims(body.claims(), sums)
        return trailerOf(sums)
      })
      locations.push(location)
    }
    if (sums === null) throw new GatewayError('incomplete-body', '')
    return { locations, sums, end, retire: () => uses.forEach((use) => use.retire()) }
  } catch (error) {
    end()
    throw error
  }
}

/**
 * Ends a blob with the trailer that `pour` answers, and abandons it where that fails. An extent
 * that storage failed to write is given up: what is sure of it stays, and nothing comes after.
 */
async function finishBlob(
  { use, stream }: { readonly use: Use<DirectWriter>; readonly stream: BlobStream },
  pour: () => Promise<BlobTrailer>,
): Promise<Location> {
  let trailer: BlobTrailer | null = null
  try {
    trailer = await pour()
    return await stream.finish(trailer)
  } catch (error) {
    if (error instanceof StorageError) use.retire()
    if (trailer === null) await stream.abandon()
    throw error
  }
}

/** A body's pieces, cut where a blob ends. */
class BodySource {
  readonly #body: Body
  #rest: Uint8Array | null = null

  constructor(body: Body) {
    this.#body = body
  }

  async pour(stream: BlobStream, sizeBytes: number, signal: AbortSignal): Promise<void> {
    for (let left = sizeBytes; left > 0;) {
      const piece = this.#rest ?? (await this.#body.next())
      if (piece === null) throw new GatewayError('incomplete-body', '')
      const part = piece.length <= left ? piece : piece.subarray(0, left)
      this.#rest = piece.length <= left ? null : piece.subarray(left)
      await stream.write(part, signal)
      signal.throwIfAborted()
      left -= part.length
    }
  }

  async requireEnd(): Promise<void> {
    if (this.#rest !== null || (await this.#body.next()) !== null) {
      throw tooLong()
    }
  }
}

function tooLong(): GatewayError {
  return new GatewayError('incomplete-body', 'the body is longer than it says')
}

function wanted(body: Body, stored: ChecksumAlgorithm): WantedDigests {
  return { stored, claimed: body.checksumAlgorithm, hasSha256: body.hasSha256 }
}

function headerOf(
  random: Random,
  { owner, metadata }: BodyTarget,
  bodyOffset: number,
  dataSizeBytes: number,
): BlobHeader {
  const fits = metadata.length <= BLOB_METADATA_SIZE_BYTES_MAX
  return {
    blobId: newId<BlobId>(random),
    owner,
    bodyOffset,
    dataSizeBytes,
    metadata: fits ? metadata : NO_BYTES,
  }
}

function trailerOf({ md5, checksums }: BodySums): BlobTrailer {
  const [stored] = checksums
  return stored === undefined
    ? { md5, checksumAlgorithm: 0, checksum: NO_BYTES }
    : { md5, checksumAlgorithm: CHECKSUM_NUMBERS[stored[0]], checksum: stored[1] }
}
