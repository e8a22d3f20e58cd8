// The whole proof that a store is sound: all records against their checksums, sums and reverse
// records, then all blobs against theirs. The records are split over processes of their own, so
// that a served store goes on serving.

/** `records`: stop after the records. `all`: then read every blob. */
export interface VerifyRequest {
  readonly depth: 'records' | 'all'
}

export interface Finding {
  readonly kind: string
  /** The record, bucket, extent or object that is damaged or missing, by name. */
  readonly what: string
  readonly message: string
}

export interface VerifyReport {
  readonly records: number
  readonly blobs: number
  readonly blobBytes: number
  readonly durationMs: number
  /** Empty: all was read and all is sound. */
  readonly findings: readonly Finding[]
  /** True where more was found than is listed. */
  readonly isCut: boolean
}
