// Checksums as clients compute them, by other code than the store's.

import { createHash } from 'node:crypto'
import { crc32, crc64 } from 'hash-wasm'

export const ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

const CRC32C_POLYNOMIAL = 0x82f63b78
const CRC64NVME_POLYNOMIAL = '9a6c9329ac4bc9b5'

/** The base64 of a checksum, as a header has it. */
export async function sumOf(algorithm: Algorithm, body: Uint8Array | string): Promise<string> {
  const bytes = Buffer.from(body)
  switch (algorithm) {
    case 'CRC32':
      return fromHex(await crc32(bytes))
    case 'CRC32C':
      return fromHex(await crc32(bytes, CRC32C_POLYNOMIAL))
    case 'CRC64NVME':
      return fromHex(await crc64(bytes, CRC64NVME_POLYNOMIAL))
    case 'SHA1':
    case 'SHA256':
      return createHash(algorithm.toLowerCase()).update(bytes).digest('base64')
  }
}

/** The composite of parts' checksums, `-N` behind it. */
export async function compositeOf(algorithm: Algorithm, sums: readonly string[]): Promise<string> {
  const raw = Buffer.concat(sums.map((sum) => Buffer.from(sum, 'base64')))
  return `${await sumOf(algorithm, raw)}-${sums.length}`
}

export function sumHeader(algorithm: Algorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`
}

function fromHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}
