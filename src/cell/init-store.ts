// Makes a store: ballast, index, root account and key, and last the superblock, so that what has a
// superblock is whole, and what has none yet is made anew. Also sets the root key of a store that is there.

import { join } from 'node:path'
import { openDirectory } from '../directory/directory-service.ts'
import type { Directory } from '../directory/directory.ts'
import { openLmdbEngine } from '../engine/lmdb.ts'
import { ballastSizeBytes, makeBallast } from '../placement/ballast.ts'
import { beginInit, checkInitable, endInit } from '../placement/superblock.ts'
import { makeSuperblock, SuperblockError } from '../placement/superblock.ts'
import { systemClock } from '../platform/clock.ts'
import { openDisk } from '../platform/disk.ts'
import { makeFolders, removeFolder } from '../platform/machine.ts'
import { openSystemRandom } from '../platform/random.ts'
import { AdminError, keyFor } from './admin.ts'
import { INDEX_FOLDER, lockStore, refuseFile, StoreRefused } from './store-folder.ts'

export interface RootKey {
  readonly accessKeyId: string
  readonly secretKey: string
}

const ROOT_ACCOUNT = { id: 'root', displayName: 'root', email: '', isRoot: true }

/** Makes a store in an empty or missing directory. @throws StoreRefused, AdminError */
export async function initStoreFolder(
  folder: string,
  given: {
    readonly region: string
    readonly accessKeyId: string | null
    readonly secretKey: string | null
  },
): Promise<RootKey> {
  const random = openSystemRandom()
  const { accessKeyId, secretKey } = keyFor(
    ROOT_ACCOUNT.id,
    given.accessKeyId,
    given.secretKey,
    random,
  )
  refuseFile(folder)
  makeFolders(folder)
  const disk = openDisk(folder)
  await asRefusal(async () => await checkInitable(disk, folder))
  const lock = await lockStore(folder)
  try {
    // Once more: another init may have ended before the lock was free.
    await asRefusal(async () => await checkInitable(disk, folder))
    await beginInit(disk)
    removeFolder(join(folder, INDEX_FOLDER)) // an interrupted init's
    const { totalBytes } = await disk.space()
    await makeBallast(disk, ballastSizeBytes(totalBytes))
    await using engine = await openLmdbEngine({
      path: join(folder, INDEX_FOLDER),
      clock: systemClock,
    })
    await disk.syncFolder(INDEX_FOLDER) // the names of its files: the engine syncs what is in them
    await engine.takeEpoch()
    const directory = openDirectory({ engine, random })
    await directory.apply({ kind: 'add-account', account: ROOT_ACCOUNT })
    await directory.apply({
      kind: 'add-key',
      key: { accountId: ROOT_ACCOUNT.id, accessKeyId, secretKey },
    })
    await asRefusal(
      async () =>
        await makeSuperblock(disk, folder, { region: given.region, clock: systemClock, random }),
    )
    await endInit(disk)
    return { accessKeyId, secretKey }
  } finally {
    await lock.release()
  }
}

async function asRefusal<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof SuperblockError) throw new StoreRefused(error.message, { cause: error })
    throw error
  }
}

/**
 * Makes a key the root account's only one, where it is not already.
 * @throws AdminError where another account has that access key
 */
export async function setRootKey(directory: Directory, key: RootKey): Promise<void> {
  const random = openSystemRandom()
  const wanted = keyFor(ROOT_ACCOUNT.id, key.accessKeyId, key.secretKey, random)
  const keys = await directory.accessKeys(ROOT_ACCOUNT.id)
  const isSet =
    keys.length === 1 &&
    keys[0]?.accessKeyId === wanted.accessKeyId &&
    keys[0].secretKey === wanted.secretKey
  if (isSet) return
  for (const { accessKeyId } of keys) await directory.apply({ kind: 'remove-key', accessKeyId })
  const outcome = await directory.apply({ kind: 'add-key', key: wanted })
  if (outcome !== 'done') {
    throw new AdminError(
      outcome,
      outcome === 'key-exists'
        ? `the root key cannot be set: another user has access key ${wanted.accessKeyId}`
        : `the root key cannot be set (${outcome}): this index has no root account; make it anew ` +
            'from the data with `holdfast rebuild`',
    )
  }
}
