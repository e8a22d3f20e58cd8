// The five checksums S3 knows, and what each may be. The arithmetic stands in base/.
// Source: S3 User Guide, Checking object integrity.

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256'

/** COMPOSITE: of the parts' raw checksums. FULL_OBJECT: of the bytes, whatever the parts. */
export type ChecksumType = 'COMPOSITE' | 'FULL_OBJECT'

/** What S3 says of one algorithm. */
export interface ChecksumRules {
  /** `x-amz-checksum-crc32`. */
  readonly header: string
  /** `ChecksumCRC32`, in XML. */
  readonly element: string
  readonly sizeBytes: number
  /** Types a multipart upload may have; the first is the default. */
  readonly types: readonly ChecksumType[]
}

/** All algorithms, in the order in which AWS lists them. */
export const CHECKSUMS: Readonly<Record<ChecksumAlgorithm, ChecksumRules>> = {
  CRC32: rules('CRC32', 4, ['COMPOSITE', 'FULL_OBJECT']),
  CRC32C: rules('CRC32C', 4, ['COMPOSITE', 'FULL_OBJECT']),
  CRC64NVME: rules('CRC64NVME', 8, ['FULL_OBJECT']),
  SHA1: rules('SHA1', 20, ['COMPOSITE']),
  SHA256: rules('SHA256', 32, ['COMPOSITE']),
}

/** The names of `CHECKSUMS`. */
export const CHECKSUM_ALGORITHMS: readonly ChecksumAlgorithm[] = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
]

/** An algorithm by its name in any case, or null. */
export function parseChecksumAlgorithm(name: string): ChecksumAlgorithm | null {
  const upper = name.trim().toUpperCase()
  return CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === upper) ?? null
}

function rules(name: string, sizeBytes: number, types: readonly ChecksumType[]): ChecksumRules {
  const header = `x-amz-checksum-${name.toLowerCase()}`
  return { header, element: `Checksum${name}`, sizeBytes, types }
}
