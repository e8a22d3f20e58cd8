// The CRCs of S3 and of blob records: CRC-32, CRC-32C, CRC-64/NVME. A checksum so far is a plain
// value that goes in and comes out, so a body may be hashed in pieces, anywhere, in any process.

import { crc32 as nativeCrc32, crc32c as nativeCrc32c } from '@node-rs/crc32'
import { kernel, kernelMemory, SCRATCH_SIZE_BYTES } from './kernel/kernel.ts'
import { crc32Shift, CRC32_POLYNOMIAL, CRC32C_POLYNOMIAL } from './crc-shift.ts'

/** CRC-32 (IEEE 802.3) of what gave `crc` and then `bytes`. Unsigned. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  return nativeCrc32(bytes, crc)
}

/** CRC-32C (RFC 3720, Castagnoli) of what gave `crc` and then `bytes`. Unsigned. */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  return nativeCrc32c(bytes, crc)
}

/** CRC-32C of bytes, or of a text as UTF-8, in 8 hex digits: how files of lines carry it. */
export function crc32cHex(content: Uint8Array | string): string {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return crc32c(bytes).toString(16).padStart(8, '0')
}

/**
 * CRC-64/NVME (NVM Express NVM Command Set 1.0, 5.2.1.3.4) of what gave `crc` and then `bytes`.
 * Unsigned. Bytes of a disk's buffer are read where they lie, others copied, 64 KiB at a time.
 */
export function crc64nvme(bytes: Uint8Array, crc = 0n): bigint {
  const { update } = kernel()
  const { buffer, scratch, scratchOffset } = kernelMemory()
  if (bytes.buffer === buffer) {
    return BigInt.asUintN(64, ~update(~crc, bytes.byteOffset, bytes.length))
  }
  let state = ~crc
  for (let start = 0; start < bytes.length; start += SCRATCH_SIZE_BYTES) {
    const size = Math.min(SCRATCH_SIZE_BYTES, bytes.length - start)
    scratch.set(size === bytes.length ? bytes : bytes.subarray(start, start + size))
    state = update(state, scratchOffset, size)
  }
  return BigInt.asUintN(64, ~state)
}

/** CRC-32 of A and B one after another, from theirs and B's length in bytes. */
export function crc32Combine(crcA: number, crcB: number, sizeB: number): number {
  return (crc32Shift(CRC32_POLYNOMIAL, crcA, sizeB) ^ crcB) >>> 0
}

/** CRC-32C of A and B one after another, from theirs and B's length in bytes. */
export function crc32cCombine(crcA: number, crcB: number, sizeB: number): number {
  return (crc32Shift(CRC32C_POLYNOMIAL, crcA, sizeB) ^ crcB) >>> 0
}

/** CRC-64/NVME of A and B one after another, from theirs and B's length in bytes. */
export function crc64nvmeCombine(crcA: bigint, crcB: bigint, sizeB: number): bigint {
  return BigInt.asUintN(64, kernel().shift(crcA, BigInt(sizeB)) ^ crcB)
}

/**
 * The plain CRC-32 of bytes whose CRC was begun with `seed` in place of 0: with
 * `seeded = crc32(bytes, seed)` this answers `crc32(bytes)`. So blocks seeded with their place still
 * give, combined, the CRC-32 of the whole object.
 */
export function crc32Unseed(seeded: number, seed: number, sizeBytes: number): number {
  return crc32Combine(seed, seeded, sizeBytes)
}

/** The plain CRC-32C of `sizeBytes` bytes that were begun with `seed`; see `crc32Unseed`. */
export function crc32cUnseed(seeded: number, seed: number, sizeBytes: number): number {
  return crc32cCombine(seed, seeded, sizeBytes)
}

/** The plain CRC-64/NVME of `sizeBytes` bytes that were begun with `seed`; see `crc32Unseed`. */
export function crc64nvmeUnseed(seeded: bigint, seed: bigint, sizeBytes: number): bigint {
  return crc64nvmeCombine(seed, seeded, sizeBytes)
}
