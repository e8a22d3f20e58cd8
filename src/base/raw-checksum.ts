// The checksum of bytes that are whole in memory, by S3's name of its algorithm, as S3 compares and
// stores it: raw and big-endian.

import { crc32, crc32c, crc64nvme } from './checksum.ts'
import { digest } from './digest.ts'

/** Four bytes of a CRC-32 or CRC-32C. */
export function rawCrc32(crc: number): Buffer {
  const raw = Buffer.allocUnsafe(4)
  raw.writeUInt32BE(crc)
  return raw
}

/** Eight bytes of a CRC-64/NVME. */
export function rawCrc64(crc: bigint): Buffer {
  const raw = Buffer.allocUnsafe(8)
  raw.writeBigUInt64BE(crc)
  return raw
}

/** The checksum of `bytes`. */
export function rawChecksum(
  algorithm: 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256',
  bytes: Uint8Array,
): Buffer {
  switch (algorithm) {
    case 'SHA1':
      return digest('sha1', bytes)
    case 'SHA256':
      return digest('sha256', bytes)
    case 'CRC64NVME':
      return rawCrc64(crc64nvme(bytes))
    case 'CRC32':
      return rawCrc32(crc32(bytes))
    case 'CRC32C':
      return rawCrc32(crc32c(bytes))
  }
}
