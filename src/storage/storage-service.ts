// Storage on one drive: the extents in a folder of a disk. Opening reads nothing; an extent's file
// is opened when it is first used.

import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import type { ExtentId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import type { Random } from '../base/random.ts'
import { DirectExtent } from './direct-writer.ts'
import { ExtentFiles } from './extent-files.ts'
import { PackedExtent } from './packed-writer.ts'
import type { StreamCount } from './piece-size.ts'
import { describeBlob, readRange, readThrough, readWholeBlob } from './read-blob.ts'
import type { ReadParts } from './read-blob.ts'
import { scanExtent } from './scan-extent.ts'
import { StorageError } from './storage.ts'
import type { ScanDamage, Storage } from './storage.ts'

export interface StorageOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly random?: Random
}

/** Opens the storage of a drive; the disk stays the caller's to close. */
export function openStorage({ disk, clock }: StorageOptions): Storage {
  const files = new ExtentFiles(disk, clock)
  const streams: StreamCount = { open: 0 }
  const parts: ReadParts = { files, disk, streams }
  return {
    createExtent: async (extentId) => await files.create(extentId),
    openPacked: async (extentId, capacityBytes) =>
      new PackedExtent(extentId, await files.openEmpty(extentId, 'append'), capacityBytes),
    openDirect: async (extentId, capacityBytes) => {
      const file = await files.openEmpty(extentId, 'direct')
      return new DirectExtent({ extentId, file, disk, streams, capacityBytes })
    },
    read: (location, range, signal) => readRange(parts, location, range, signal),
    readWhole: async (location) => await readWholeBlob(files, location),
    describe: async (location) => {
      const { header, trailer } = await describeBlob(files, location)
      return { header, trailer, location }
    },
    scan: (extentId: ExtentId) => scanExtent(files, extentId),
    verify: async (location) => await verifyBlob(parts, location),
    extents: async () => await files.list(),
    removeExtent: async (extentId) => await files.remove(extentId),
    [Symbol.asyncDispose]: async () => await files[Symbol.asyncDispose](),
  }
}

/** What is wrong with a blob; null where it was read whole and is sound. */
async function verifyBlob(parts: ReadParts, location: Location): Promise<ScanDamage | null> {
  try {
    await describeBlob(parts.files, location)
    await readThrough(parts, location)
    return null
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    if (error.code !== 'damaged' && error.code !== 'missing') throw error
    const { extentId, offset } = location
    return { kind: 'damage', extentId, offset, message: error.message }
  }
}
