// The drive as one process has it: every call takes its time, may fail, and never comes back once
// the process is dead.

import { assert } from '../src/base/assert.ts'
import { DiskError } from '../src/base/disk.ts'
import type { Disk, DiskFile, DiskSpace, OpenMode } from '../src/base/disk.ts'
import { DiskCalls } from './disk-calls.ts'
import { SimDiskFile } from './disk-file.ts'
import { DiskPool } from './disk-pool.ts'
import { DriveFile } from './drive-file.ts'
import { DriveFolder } from './drive-folder.ts'
import type { Drive } from './drive.ts'
import type { SimProcess } from './process.ts'

/** A process's disk over the machine's drive. */
export function openSimDisk(drive: Drive, process: SimProcess): Disk {
  return new SimDisk(drive, process)
}

class SimDisk implements Disk {
  readonly #calls: DiskCalls
  readonly #drive: Drive
  readonly #pool: DiskPool
  /** The last replacement of each file under way: they follow one another. */
  readonly #replacing = new Map<string, Promise<void>>()

  constructor(drive: Drive, process: SimProcess) {
    this.#calls = new DiskCalls(drive, process)
    this.#drive = drive
    this.#pool = new DiskPool()
  }

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    checkPath(path)
    return await this.#calls.run('name', `open ${path}`, () => {
      return new SimDiskFile(this.#calls, { file: this.#drive.file(path), path, mode })
    })
  }

  async create(path: string, mode: OpenMode): Promise<DiskFile> {
    checkPath(path)
    assert(mode !== 'read', 'a new file is there to be written')
    this.#drive.touch()
    return await this.#calls.run('name', `create ${path}`, () => {
      const { folder, name, entry } = this.#drive.entry(path)
      if (entry !== null) throw new DiskError('exists', `${path}: it is there`)
      if (this.#drive.freeBytes === 0) throw new DiskError('full', `create of ${path}: no room`)
      const file = new DriveFile()
      folder.change([folder, name, file])
      return new SimDiskFile(this.#calls, { file, path, mode })
    })
  }

  async list(folder: string): Promise<string[]> {
    checkPath(folder)
    return await this.#calls.run('name', `list ${folder}`, () => {
      const names = [...this.#drive.folder(folder).names.keys()].map((name) => Buffer.from(name))
      return names.toSorted(Buffer.compare).map((name) => name.toString())
    })
  }

  async makeFolder(path: string): Promise<void> {
    checkPath(path)
    await this.#calls.run('name', `make ${path}`, () => {
      const { folder, name, entry } = this.#drive.entry(path)
      if (entry === null) folder.change([folder, name, new DriveFolder()])
    })
  }

  async syncFolder(path: string): Promise<void> {
    checkPath(path)
    this.#drive.touch()
    const begin = await this.#calls.run('name', `sync ${path}`, () => {
      const folder = this.#drive.folder(path)
      return { folder, changes: folder.beginSync() }
    })
    await this.#calls.run('sync', `sync ${path}`, () => {
      if (this.#drive.faults.strikes('sync-error')) {
        throw new DiskError('io', `sync of ${path} failed`)
      }
      begin.folder.endSync(begin.changes)
    })
  }

  async rename(from: string, to: string): Promise<void> {
    checkPath(from)
    checkPath(to)
    this.#drive.touch()
    await this.#calls.run('name', `rename ${from}`, () => {
      const old = this.#drive.entry(from)
      if (old.entry === null) throw new DiskError('not-found', `${from}: it is not there`)
      const target = this.#drive.entry(to)
      target.folder.change([old.folder, old.name, null], [target.folder, target.name, old.entry])
    })
  }

  async remove(path: string): Promise<void> {
    checkPath(path)
    this.#drive.touch()
    await this.#calls.run('name', `remove ${path}`, () => {
      const { folder, name, entry } = this.#drive.entry(path)
      if (!(entry instanceof DriveFile)) throw new DiskError('not-found', `${path}: not there`)
      folder.change([folder, name, null])
    })
  }

  async readFile(path: string): Promise<Buffer> {
    const file = await this.open(path, 'read')
    const bytes = Buffer.alloc(await file.sizeBytes())
    await file.read(bytes, 0)
    await file.close()
    return bytes
  }

  async replaceFile(path: string, content: Uint8Array): Promise<void> {
    const before = this.#replacing.get(path) ?? Promise.resolve()
    const replaced = before.catch(() => undefined).then(() => this.#replace(path, content))
    this.#replacing.set(path, replaced)
    await replaced
  }

  async #replace(path: string, content: Uint8Array): Promise<void> {
    const next = `${path}.next`
    await this.remove(next).catch((error: unknown) => {
      if (!(error instanceof DiskError) || error.code !== 'not-found') throw error
    })
    const file = await this.create(next, 'append')
    try {
      await file.write([content], 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.rename(next, path)
    await this.syncFolder(path.slice(0, Math.max(0, path.lastIndexOf('/'))))
  }

  async space(): Promise<DiskSpace> {
    return await this.#calls.run('name', 'space', () => {
      const { freeBytes, totalBytes } = this.#drive
      return { freeBytes, totalBytes }
    })
  }

  buffer: Disk['buffer'] = async (sizeBytes, signal) => await this.#pool.acquire(sizeBytes, signal)
}

/** As the real disk: no path leaves the folder. */
function checkPath(path: string): void {
  if (path === '') return
  assert(!path.includes('\0'), 'a path has no NUL')
  for (const part of path.split('/')) {
    assert(part !== '' && part !== '.' && part !== '..', `a path stays in its folder: ${path}`)
  }
}
