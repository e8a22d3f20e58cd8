// The WebAssembly kernels and the one memory that they share with the disk's buffers, so that what
// is read from disk or about to be written is hashed where it lies. Made when first asked for.

import { BUFFER_POOL_SIZE_BYTES } from '../limits.ts'
import { CRC64NVME_WASM } from './crc64nvme-wasm.ts'
import { openModule, openMemory } from './web-assembly.ts'

const PAGE_SIZE_BYTES = 65_536
/** First page: the kernels' tables, as crc64nvme.wat lays them out. */
const SCRATCH_OFFSET: number = PAGE_SIZE_BYTES
/** Second page: where bytes from elsewhere are copied to. */
export const SCRATCH_SIZE_BYTES: number = PAGE_SIZE_BYTES
/** From here to the end: the buffer pool. Both ends lie on a page of 64 KiB. */
const POOL_OFFSET: number = SCRATCH_OFFSET + SCRATCH_SIZE_BYTES

export interface Kernel {
  /** CRC-64/NVME of `size` bytes at `at`; state in and out uninverted, as a signed number. */
  update(state: bigint, at: number, size: number): bigint
  /** What a state becomes by `size` zero bytes. */
  shift(state: bigint, size: bigint): bigint
}

/** The memory's parts. It never grows, so views of it stay valid for the process's life. */
export interface KernelMemory {
  /** All of it: bytes elsewhere have another `buffer`. */
  readonly buffer: ArrayBuffer
  readonly scratch: Uint8Array
  readonly scratchOffset: number
  /** Aligned to 64 KiB; BUFFER_POOL_SIZE_BYTES long; resident as far as it was touched. */
  readonly pool: Uint8Array
}

interface Opened {
  readonly kernel: Kernel
  readonly memory: KernelMemory
}

let opened: Opened | null = null

/** The kernels of this process. */
export function kernel(): Kernel {
  return (opened ??= open()).kernel
}

/** The memory of this process's kernels. */
export function kernelMemory(): KernelMemory {
  return (opened ??= open()).memory
}

function open(): Opened {
  const pages = Math.ceil((POOL_OFFSET + BUFFER_POOL_SIZE_BYTES) / PAGE_SIZE_BYTES)
  const memory = openMemory(pages)
  const exports = openModule<Kernel & { init(): void }>(
    Buffer.from(CRC64NVME_WASM, 'base64'),
    memory,
  )
  exports.init()
  const { buffer } = memory
  return {
    kernel: exports,
    memory: {
      buffer,
      scratch: new Uint8Array(buffer, SCRATCH_OFFSET, SCRATCH_SIZE_BYTES),
      scratchOffset: SCRATCH_OFFSET,
      pool: new Uint8Array(buffer, POOL_OFFSET, BUFFER_POOL_SIZE_BYTES),
    },
  }
}
