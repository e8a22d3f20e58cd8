// The kernel's errors as a disk's.

import { DiskError } from '../base/disk.ts'
import type { DiskErrorCode } from '../base/disk.ts'

const CODES: Readonly<Record<string, DiskErrorCode>> = {
  ENOENT: 'not-found',
  EEXIST: 'exists',
  ENOSPC: 'full',
  EDQUOT: 'full',
}

/** What failed, where, and why, with the kernel's error as its cause. */
export function diskError(what: string, path: string, cause: unknown): DiskError {
  const code = kernelCode(cause)
  return new DiskError(CODES[code] ?? 'io', `${what} of ${path} failed: ${code}`, cause)
}

/** ENOENT and the like; 'unknown' for whatever is no error of the kernel. */
export function kernelCode(cause: unknown): string {
  const isKernel = cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
  return isKernel ? String(cause.code) : 'unknown'
}
