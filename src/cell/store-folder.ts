// A store's directory as a process opens it: is it a store, is it free, and what stands where.

import { join } from 'node:path'
import type { Disk } from '../base/disk.ts'
import { INDEX_FOLDER, readSuperblock, SuperblockError } from '../placement/superblock.ts'
import type { Superblock } from '../placement/superblock.ts'
import { systemClock } from '../platform/clock.ts'
import { openDisk } from '../platform/disk.ts'
import { tryLockFile } from '../platform/lock.ts'
import type { FileLock } from '../platform/lock.ts'
import { fileSizeBytes, hasFile, isNoFolder } from '../platform/machine.ts'

export { INDEX_FOLDER } from '../placement/superblock.ts'

const LOCK_FILE = 'lock'
/** A server that was killed frees the lock when its last process is gone, which takes a moment. */
const LOCK_WAIT_MS = 3000
const LOCK_RETRY_MS = 10

/** Why a directory is not served or changed; the message names the way out. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused'
}

/** The same while another process group has it: it may end, or be reached by its socket. */
export class StoreInUse extends StoreRefused {}

/** The directory as a disk, with its superblock. @throws StoreRefused where it is not a store */
export async function openStoreFolder(
  folder: string,
): Promise<{ disk: Disk; superblock: Superblock }> {
  if (!hasFile(folder)) {
    throw new StoreRefused(
      `${folder} does not exist; make a store there with: holdfast init ${folder}`,
    )
  }
  refuseFile(folder)
  const disk = openDisk(folder)
  try {
    return { disk, superblock: await readSuperblock(disk, folder) }
  } catch (error) {
    if (error instanceof SuperblockError) throw new StoreRefused(error.message, { cause: error })
    throw error
  }
}

/** @throws StoreRefused where the path is no directory's */
export function refuseFile(folder: string): void {
  if (isNoFolder(folder)) {
    throw new StoreRefused(`${folder} is a file; name the directory of the store`)
  }
}

/**
 * A store whose index is gone is not served with a new, empty one: every object would be missing,
 * and the change log would begin a second time. @throws StoreRefused
 */
export function requireIndex(folder: string): void {
  // One without a byte counts as a new one to the engine.
  if (fileSizeBytes(join(folder, INDEX_FOLDER, 'data.mdb')) > 0) return
  throw new StoreRefused(
    `${folder}: the index is missing or empty. Make it anew from the data with: holdfast rebuild ${folder}. ` +
      `Or move its folder \`${INDEX_FOLDER}\` back, if it was moved away; never put an older copy there`,
  )
}

/**
 * Takes the store for this process and the children that inherit it.
 * @throws StoreInUse while another has it
 */
export async function lockStore(folder: string, waitMs: number = LOCK_WAIT_MS): Promise<FileLock> {
  const startedAtMs = systemClock.monotonicMs()
  for (;;) {
    const lock = await tryLockFile(join(folder, LOCK_FILE))
    if (lock !== null) return lock
    if (systemClock.monotonicMs() - startedAtMs >= waitMs) {
      throw new StoreInUse(`${folder} is in use by another holdfast; stop that one first`)
    }
    await systemClock.sleep(LOCK_RETRY_MS)
  }
}
