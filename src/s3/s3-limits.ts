// Every bound of the protocol itself. S3's own are named by their page; the rest are ours and say
// why. What a server may hold in memory at once is not here but in base/.

/** Sizes in bytes, counts and lengths in what the name says. */
export const S3_LIMITS = {
  /** A key, in bytes of UTF-8. Source: S3 User Guide, Naming objects. */
  keySizeBytesMax: 1024,
  bucketNameLengthMin: 3,
  bucketNameLengthMax: 63,
  /** A request's XML body. */
  xmlSizeBytesMax: 1_048_576,
  /**
   * One that names many things: 10,000 parts with their checksums are about 2 MiB, 1,000 keys of
   * 1,024 bytes with versions and ETags 1.2 MiB, and more where they are escaped.
   */
  xmlListSizeBytesMax: 4_194_304,
  /** Nesting of elements; the deepest request body S3 has uses 7. */
  xmlDepthMax: 16,
  /** x-amz-meta-* names (without the prefix) and values. Source: User Guide, Object metadata. */
  metadataSizeBytesMax: 2048,
  /** One PUT, part or copy. Source: User Guide, Multipart upload limits. */
  putSizeBytesMax: 5_368_709_120,
  /** Every part but the last. */
  partSizeBytesMin: 5_242_880,
  partNumberMax: 10_000,
  /** Entries of one page of any list, and of one DeleteObjects. */
  pageEntriesMax: 1000,
  /** Buckets of one page. Source: API reference, ListBuckets. */
  bucketPageEntriesMax: 10_000,
  /** Largest number a client may ask for; above it the number is no integer to S3. */
  integerMax: 2_147_483_647,
  /** An opaque list token: a key, a version id and its check, in base64. */
  tokenLengthMax: 4096,
  objectTagsMax: 10,
  bucketTagsMax: 50,
  /** In UTF-16 units, as S3 counts characters. */
  tagKeyLengthMax: 128,
  tagValueLengthMax: 256,
  /** How far a signature's date may be off, either way. Source: S3 API, Error responses. */
  clockSkewMsMax: 900_000,
  presignExpiresSecMax: 604_800,
  /** Accounts whose signing keys are kept; the first added goes first. About 300 B each. */
  signingKeysMax: 10_000,
  /** A size line of aws-chunked with its signature is 105 bytes; this leaves some room. */
  chunkLineLengthMax: 512,
  /** One trailer line. */
  trailerLineLengthMax: 1024,
  /** Trailer lines of one body: the checksum, the signature, and a few to name in an error. */
  trailersMax: 4,
  /** Headers of one part of a form, in all. */
  formHeaderSizeBytesMax: 8192,
  /** Fields of a form before its file. Source: API reference, POST Object (20 KiB). */
  formFieldsSizeBytesMax: 20_480,
  formFieldsMax: 100,
  formBoundaryLengthMax: 70,
  /** Conditions of one POST policy; a policy of 20 KiB cannot name more that matter. */
  policyConditionsMax: 200,
} as const
