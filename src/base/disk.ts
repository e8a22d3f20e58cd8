// What the store asks of a disk. Paths are relative to the disk's root directory and never leave
// it. Nothing is durable before `sync` of the file and, for a new or removed name, `syncFolder`
// returned; in mode `append` a write is write and sync in one. The real one stands in platform/.

import { assert } from './assert.ts'
import { DISK_PAGE_SIZE_BYTES } from './limits.ts'

export type DiskErrorCode =
  | 'not-found'
  | 'exists'
  | 'full' // ENOSPC, EDQUOT
  | 'io' // EIO and whatever else the kernel says; after a failed sync nothing is sure
  | 'closed'

/** An operating error of a disk. `cause` is the kernel's. */
export class DiskError extends Error {
  override readonly name = 'DiskError'
  readonly code: DiskErrorCode
  constructor(code: DiskErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/**
 * Memory that the disk can write from and read into without a copy, aligned to 4096 bytes.
 * `bytes` is valid until `release`, which gives it back to the pool and is called exactly once.
 */
export interface DiskBuffer {
  readonly bytes: Buffer
  release(): void
}

export type OpenMode =
  | 'read' // pread only
  | 'append' // each write returns when its bytes are on the disk (O_DSYNC)
  | 'direct' // past the page cache where the file system can (O_DIRECT), from `Disk.buffer` memory,
// at offsets and in lengths of whole pages of 4096 bytes; then `sync`. Reads may be anywhere.

export interface DiskFile {
  /** Reads up to `into.length` bytes at `offset`; answers how many (fewer only at the end). */
  read(into: Uint8Array, offset: number): Promise<number>
  /** Writes all of `pieces`, one after another from `offset`; durable on return in mode `append`. */
  write(pieces: readonly Uint8Array[], offset: number): Promise<void>
  /** Makes data and length durable (fdatasync). A failed one is never repeated: close and seal. */
  sync(): Promise<void>
  sizeBytes(): Promise<number>
  /** Sets the length. */
  truncate(sizeBytes: number): Promise<void>
  /** Waits for what is under way. Idempotent; all other calls answer 'closed' from then on. */
  close(): Promise<void>
}

export interface DiskSpace {
  readonly totalBytes: number
  /** What this process may still write. */
  readonly freeBytes: number
}

export interface Disk {
  /** Opens an existing file. In `append` and `direct` it can be read too. @throws DiskError */
  open(path: string, mode: OpenMode): Promise<DiskFile>
  /** Makes a new file (never an existing one); its name is durable after `syncFolder`. */
  create(path: string, mode: OpenMode): Promise<DiskFile>
  /** Names in a folder, sorted by bytes. */
  list(folder: string): Promise<string[]>
  /** Makes a folder in one that exists; one that is there already is as good. */
  makeFolder(folder: string): Promise<void>
  syncFolder(folder: string): Promise<void>
  /** Renames a file or folder; a file at `to` is replaced. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file. */
  remove(path: string): Promise<void>
  /** A small file, whole. */
  readFile(path: string): Promise<Buffer>
  /** A small file, written beside, synced, renamed into place, folder synced. */
  replaceFile(path: string, content: Uint8Array): Promise<void>
  space(): Promise<DiskSpace>
  /**
   * A buffer of `sizeBytes` (1 B to 1 MiB and a page), rounded up to a page, out of a bounded pool;
   * waits for one when all are out. First asked, first served. Up to 64 KiB and a page are taken
   * from a slot that 15 share. Who holds one must not wait for another to go on.
   * @throws QueueFullError where too many wait; the signal's reason when aborted
   */
  buffer(sizeBytes: number, signal?: AbortSignal): Promise<DiskBuffer>
}

/** What a write in mode `direct` is, of any disk: the kernel would answer EINVAL, or its fallback hide it. */
export function assertAligned(pieces: readonly Uint8Array[], offset: number): void {
  assert(offset % DISK_PAGE_SIZE_BYTES === 0, 'a direct write begins on a page')
  for (const { byteOffset, length } of pieces) {
    assert(length % DISK_PAGE_SIZE_BYTES === 0, 'a direct write has whole pages')
    assert(byteOffset % DISK_PAGE_SIZE_BYTES === 0, 'a direct write comes from a disk buffer')
  }
}
