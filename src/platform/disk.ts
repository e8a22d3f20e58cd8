// The machine's disk: one folder of a file system, confined to it. Extents are written past the
// page cache where the file system can; names are made durable by syncing their folder.

import { close, constants, fdatasync, fsync, mkdir, open, readdir, readFile } from 'node:fs'
import { rename, statfs, unlink, write } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { assert } from '../base/assert.ts'
import type { Disk, DiskFile, DiskSpace, OpenMode } from '../base/disk.ts'
import { bufferPool } from './buffer-pool.ts'
import { diskError, kernelCode } from './disk-error.ts'
import { OpenFile } from './disk-file.ts'
import { confine } from './disk-path.ts'

const calls = {
  open: promisify(open),
  close: promisify(close),
  fsync: promisify(fsync),
  fdatasync: promisify(fdatasync),
  write: promisify(write),
  mkdir: promisify(mkdir),
  readdir: promisify(readdir),
  readFile: promisify(readFile),
  rename: promisify(rename),
  statfs: promisify(statfs),
  unlink: promisify(unlink),
}

/** What it makes is the store's user's alone: objects are private until a policy says otherwise. */
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700
/** A file's next content, until it is renamed into place. */
const NEXT_SUFFIX = '.next'

const MODE_FLAGS: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY,
  append: constants.O_RDWR | constants.O_DSYNC,
  direct: constants.O_RDWR,
}

export interface DiskOptions {
  /** Bytes of this process's buffers, if no disk was opened before. */
  readonly poolSizeBytes?: number
}

/** A disk over the existing folder `root`, an absolute path. */
export function openDisk(root: string, options: DiskOptions = {}): Disk {
  return new FolderDisk(root, options)
}

class FolderDisk implements Disk {
  readonly #root: string
  readonly #options: DiskOptions
  /** The last replacement of each file under way: they follow one another. */
  readonly #replacing = new Map<string, Promise<void>>()

  constructor(root: string, options: DiskOptions) {
    this.#root = root
    this.#options = options
  }

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    return await this.#openFile(path, mode, 0)
  }

  async create(path: string, mode: OpenMode): Promise<DiskFile> {
    assert(mode !== 'read', 'a new file is there to be written')
    return await this.#openFile(path, mode, constants.O_CREAT | constants.O_EXCL)
  }

  async #openFile(path: string, mode: OpenMode, flags: number): Promise<DiskFile> {
    return await this.#run('open', path, async (absolute) => {
      if (mode !== 'direct') {
        const fd = await calls.open(absolute, MODE_FLAGS[mode] | flags, FILE_MODE)
        return new OpenFile({ fd, readFd: fd, mode, path })
      }
      // Made or found by plain open first: a file system that refuses O_DIRECT may do so behind
      // having made the file.
      const readFd = await calls.open(absolute, MODE_FLAGS.direct | flags, FILE_MODE)
      try {
        const fd = (await openDirect(absolute)) ?? readFd
        return new OpenFile({ fd, readFd, mode, path })
      } catch (error) {
        await calls.close(readFd)
        throw error
      }
    })
  }

  async list(folder: string): Promise<string[]> {
    const names = await this.#run(
      'list',
      folder,
      async (path) => await calls.readdir(path, 'buffer'),
    )
    return names.toSorted(Buffer.compare).map((name) => name.toString())
  }

  async makeFolder(folder: string): Promise<void> {
    await this.#run('make', folder, async (path) => {
      try {
        await calls.mkdir(path, FOLDER_MODE)
      } catch (error) {
        if (kernelCode(error) !== 'EEXIST') throw error
      }
    })
  }

  async syncFolder(folder: string): Promise<void> {
    await this.#run('sync', folder, async (path) => {
      const fd = await calls.open(path, constants.O_RDONLY | constants.O_DIRECTORY)
      try {
        await calls.fsync(fd)
      } finally {
        await calls.close(fd)
      }
    })
  }

  async rename(from: string, to: string): Promise<void> {
    const target = confine(this.#root, to)
    await this.#run('rename', from, async (path) => await calls.rename(path, target))
  }

  async remove(path: string): Promise<void> {
    await this.#run('remove', path, async (absolute) => await calls.unlink(absolute))
  }

  async readFile(path: string): Promise<Buffer> {
    return await this.#run('read', path, async (absolute) => await calls.readFile(absolute))
  }

  async replaceFile(path: string, content: Uint8Array): Promise<void> {
    const before = this.#replacing.get(path) ?? Promise.resolve()
    const replaced = before.then(
      async () => await this.#replace(path, content),
      async () => await this.#replace(path, content),
    )
    this.#replacing.set(path, replaced)
    try {
      await replaced
    } finally {
      if (this.#replacing.get(path) === replaced) this.#replacing.delete(path)
    }
  }

  async #replace(path: string, content: Uint8Array): Promise<void> {
    const next = `${path}${NEXT_SUFFIX}`
    await this.#run('write', next, async (absolute) => {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC
      const fd = await calls.open(absolute, flags, FILE_MODE)
      try {
        for (let done = 0; done < content.length;) {
          const { bytesWritten } = await calls.write(fd, content, done, content.length - done, done)
          done += bytesWritten
        }
        await calls.fdatasync(fd)
      } finally {
        await calls.close(fd)
      }
    })
    await this.rename(next, path)
    const folder = dirname(path)
    await this.syncFolder(folder === '.' ? '' : folder)
  }

  async space(): Promise<DiskSpace> {
    const stat = await this.#run('statfs', '', async (path) => await calls.statfs(path))
    return { totalBytes: stat.blocks * stat.bsize, freeBytes: stat.bavail * stat.bsize }
  }

  buffer: Disk['buffer'] = async (sizeBytes, signal) =>
    await bufferPool(this.#options.poolSizeBytes).acquire(sizeBytes, signal)

  async #run<T>(what: string, path: string, call: (absolute: string) => Promise<T>): Promise<T> {
    const absolute = confine(this.#root, path)
    try {
      return await call(absolute)
    } catch (error) {
      throw diskError(what, path === '' ? this.#root : path, error)
    }
  }
}

/** A direct descriptor of an existing file; null where the file system refuses (tmpfs, overlays). */
async function openDirect(absolute: string): Promise<number | null> {
  try {
    return await calls.open(absolute, constants.O_RDWR | constants.O_DIRECT)
  } catch (error) {
    if (kernelCode(error) === 'EINVAL') return null
    throw error
  }
}
