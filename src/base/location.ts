// Where the bytes of a blob lie. Only the extent's record says on which drive; see
// docs/formats/blob.md for the record that stands at a location.

import type { ExtentId } from './id.ts'

export interface Location {
  readonly extentId: ExtentId
  /** Byte position of the blob record's first byte in its extent. */
  readonly offset: number
  /** Bytes of the record's header; the first data block follows it. */
  readonly headerSizeBytes: number
  /** Bytes of the client's data in this blob, 0 to 64 MiB. */
  readonly dataSizeBytes: number
  /** CRC-32 over the CRCs of all blocks, little-endian, in order. */
  readonly checksum: number
}
