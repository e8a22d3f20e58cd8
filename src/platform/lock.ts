// A file's lock that the kernel keeps for a whole group of processes: it belongs to the open
// descriptor, so children that inherit it hold it too, and it ends when the last of them does.

import { close, constants, open } from 'node:fs'
import { promisify } from 'node:util'
import { tryLock } from 'fs-native-extensions'

const openFd = promisify(open)
const closeFd = promisify(close)

export interface FileLock {
  /** To be inherited by children that must keep the lock. Never closed by another than `release`. */
  readonly fd: number
  /** Gives this process's hold up; those who inherited keep theirs. Idempotent. */
  release(): Promise<void>
}

/**
 * Locks the file at an absolute path, made where it is missing; null while another group has it.
 * Nothing waits. Source: fcntl(2), open file description locks.
 * @throws the kernel's error (EACCES, EROFS, ENOENT of the folder)
 */
export async function tryLockFile(path: string): Promise<FileLock | null> {
  const fd = await openFd(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  let isHeld = false
  try {
    isHeld = tryLock(fd)
  } finally {
    if (!isHeld) await closeFd(fd)
  }
  if (!isHeld) return null
  return {
    fd,
    release: async () => {
      if (!isHeld) return
      isHeld = false
      await closeFd(fd)
    },
  }
}
