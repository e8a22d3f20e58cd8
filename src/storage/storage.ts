// The blobs of a drive: extents, which are append-only files of self-describing blob records, and
// every read verified. Which extent to fill is placement's, which blob is whose is the index's.
// Source: DESIGN.md, Placement and storage; docs/formats/blob.md.

import type { BlobId, BucketId, ExtentId, UploadId } from '../base/id.ts'
import type { Location } from '../base/location.ts'

/** Whose bytes a blob holds, so that a record alone tells what it is. */
export type BlobOwner =
  | {
      readonly kind: 'object'
      readonly bucketId: BucketId
      readonly key: string
      /** 16 hex digits. */
      readonly versionRandom: string
    }
  | {
      readonly kind: 'part'
      readonly bucketId: BucketId
      readonly key: string
      readonly uploadId: UploadId
      readonly partNumber: number
    }
  | {
      readonly kind: 'archive-log' | 'archive-checkpoint'
      readonly incarnation: number
      readonly sequence: number
      readonly page: number
    }

export interface BlobHeader {
  readonly blobId: BlobId
  readonly owner: BlobOwner
  /** Byte position of this blob's data in the body, which may need several blobs. */
  readonly bodyOffset: number
  /** Bytes of data in this blob: 0 to 64 MiB. Known before its first byte. */
  readonly dataSizeBytes: number
  /** Headers and metadata of the object as the index's encoder made them; 8 KiB at most. */
  readonly metadata: Uint8Array
}

/** Known only at the end of a body; in the trailer of its every blob as far as known then. */
export interface BlobTrailer {
  /** Raw MD5 of the whole body; empty in all but a body's last blob. */
  readonly md5: Uint8Array
  /** The client's checksum: algorithm number (docs/formats/blob.md) and raw value; or empty. */
  readonly checksumAlgorithm: number
  readonly checksum: Uint8Array
}

export interface ScannedBlob {
  readonly header: BlobHeader
  readonly location: Location
  /** Null where the trailer is missing or damaged: the blob was never finished. */
  readonly trailer: BlobTrailer | null
}

/**
 * Fills one leased extent. Not shared: one process, one writer. A write or sync that fails is the
 * writer's last: what waits for it fails too, and nothing is tried behind it.
 */
export interface PackedWriter extends AsyncDisposable {
  /** Bytes that still fit; 0 behind a failure. What does not fit is refused with `extent-full`. */
  readonly freeBytes: number
  /**
   * Appends a whole small blob (data in pieces); durable on return. Calls in flight share a write.
   * @throws StorageError `extent-full`, `full`, `io`, `closed`
   */
  append(header: BlobHeader, data: readonly Uint8Array[], trailer: BlobTrailer): Promise<Location>
}

/** As PackedWriter, for large blobs; several are written at once. Closing waits for all to end. */
export interface DirectWriter extends AsyncDisposable {
  readonly freeBytes: number
  /**
   * Reserves room for a blob before its first byte, at a 4096-aligned offset. `tap` sees all data
   * once, in order, where it lies in the disk's buffer: what hashes it there spares a copy.
   * @throws StorageError `extent-full`, `closed`, or what failed before
   */
  begin(header: BlobHeader, tap?: BlobTap): BlobStream
}
/** Called synchronously with some of a blob's data; the bytes are the stream's again on return. */
export type BlobTap = (bytes: Uint8Array) => void
/** A blob being written. Either `finish` or `abandon` ends it, once. */
export interface BlobStream {
  /** CRC-32 of the blob's data, plain; known once `settle` or `finish` was called. */
  readonly crc32: number
  /** Hands the last data to the tap; called when all data was written, before digests are read. */
  settle(): void
  /**
   * Takes bytes in order; resolves when more may come. The piece may be reused then. A stream of
   * which a write failed, or was aborted, does not finish.
   */
  write(piece: Uint8Array, signal?: AbortSignal): Promise<void>
  /** Writes the rest and the trailer and syncs; durable on return. It has ended, also by failing. */
  finish(trailer: BlobTrailer): Promise<Location>
  /** Gives buffers back; the reserved room stays unused until compaction. */
  abandon(): Promise<void>
}

export interface Storage extends AsyncDisposable {
  /** Makes an extent's file; durable, name and all, on return. */
  createExtent(extentId: ExtentId): Promise<void>
  /** Opens an extent that nobody has written to. @throws StorageError `missing`; `io`: it has bytes */
  openPacked(extentId: ExtentId, capacityBytes: number): Promise<PackedWriter>
  openDirect(extentId: ExtentId, capacityBytes: number): Promise<DirectWriter>
  /**
   * Verified data of a blob in [start, end), in pieces. A piece is valid until the next is asked
   * for. Reads ahead by one piece. Of a blob that is read whole the last piece comes only if its
   * checksum is the location's. @throws StorageError `damaged`, `missing`, `io`; the signal's reason
   */
  read(
    location: Location,
    range: { readonly start: number; readonly end: number },
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array>
  /** A small blob, whole and verified (header, blocks, trailer, location), in memory of its own. */
  readWhole(location: Location): Promise<Uint8Array>
  /** Header and trailer at a location, verified. */
  describe(location: Location): Promise<ScannedBlob>
  /**
   * All blob records of an extent that can be found, by offset; damage is reported, not skipped
   * silently. Headers and trailers are read, the data is not: that it is sound `verify` tells.
   */
  scan(extentId: ExtentId): AsyncIterable<ScannedBlob | ScanDamage>
  /** Reads a whole blob record, every block, header and trailer; null where all is sound. */
  verify(location: Location): Promise<ScanDamage | null>
  extents(): Promise<readonly ExtentId[]>
  /** Deletes an extent's file. Only placement calls it, for an extent parked and scanned twice. */
  removeExtent(extentId: ExtentId): Promise<void>
}

export interface ScanDamage {
  readonly kind: 'damage'
  readonly extentId: ExtentId
  readonly offset: number
  readonly message: string
}

export type StorageErrorCode = 'damaged' | 'missing' | 'extent-full' | 'full' | 'io' | 'closed'

export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode
  constructor(code: StorageErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
