// The extents of a drive as files: one a piece in the folder `extents`, named by its id. Files that
// are read are kept open, the longest unused closed first, never one that is in use.

import { DiskError } from '../base/disk.ts'
import type { Disk, DiskFile, OpenMode } from '../base/disk.ts'
import { parseId } from '../base/id.ts'
import type { ExtentId } from '../base/id.ts'
import { OPEN_EXTENTS_MAX } from '../base/limits.ts'
import { StorageError } from './storage.ts'

const FOLDER = 'extents'

interface OpenFile {
  readonly file: Promise<DiskFile>
  uses: number
  isDropped: boolean
}

/** A disk's error as storage's. */
export function storageError(error: unknown, what: string): unknown {
  if (!(error instanceof DiskError)) return error
  const code = error.code === 'full' ? 'full' : error.code === 'not-found' ? 'missing' : 'io'
  return new StorageError(code, `${what}: ${error.message}`, error)
}

export class ExtentFiles implements AsyncDisposable {
  readonly #disk: Disk
  /** Longest unused first. */
  readonly #open = new Map<ExtentId, OpenFile>()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Makes an empty extent; its name is durable on return. @throws StorageError */
  async create(extentId: ExtentId): Promise<void> {
    await this.#guard(extentId, async () => {
      await this.#disk.makeFolder(FOLDER)
      const file = await this.#disk.create(pathOf(extentId), 'append')
      await file.sync()
      await file.close()
      await this.#disk.syncFolder(FOLDER)
    })
  }

  /** Opens an extent for its writer alone. @throws StorageError */
  async openFor(extentId: ExtentId, mode: OpenMode): Promise<DiskFile> {
    return await this.#guard(extentId, async () => await this.#disk.open(pathOf(extentId), mode))
  }

  /** Runs `read` on an extent's file, kept open between calls. @throws StorageError */
  async use<T>(extentId: ExtentId, read: (file: DiskFile) => Promise<T>): Promise<T> {
    const entry = this.#take(extentId)
    try {
      return await this.#guard(extentId, async () => await read(await entry.file))
    } finally {
      entry.uses--
      this.#closeIfDone(entry)
    }
  }

  #take(extentId: ExtentId): OpenFile {
    const found = this.#open.get(extentId)
    const entry = found ?? {
      file: this.#disk.open(pathOf(extentId), 'read'),
      uses: 0,
      isDropped: false,
    }
    entry.uses++
    this.#open.delete(extentId) // and again at the end: the most recently used comes last
    this.#open.set(extentId, entry)
    if (found === undefined) {
      entry.file.catch(() => this.#drop(extentId, entry))
      this.#evict()
    }
    return entry
  }

  #evict(): void {
    for (const [extentId, entry] of this.#open) {
      if (this.#open.size <= OPEN_EXTENTS_MAX) return
      if (entry.uses === 0) this.#drop(extentId, entry)
    }
  }

  #drop(extentId: ExtentId, entry: OpenFile): void {
    if (this.#open.get(extentId) === entry) this.#open.delete(extentId)
    if (entry.isDropped) return
    entry.isDropped = true
    this.#closeIfDone(entry)
  }

  #closeIfDone(entry: OpenFile): void {
    if (!entry.isDropped || entry.uses > 0) return
    void entry.file.then(async (file) => await file.close()).catch(() => undefined)
  }

  async list(): Promise<readonly ExtentId[]> {
    await this.#disk.makeFolder(FOLDER)
    const names = await this.#disk.list(FOLDER)
    return names.map((name) => parseId<ExtentId>(name)).filter((id) => id !== null)
  }

  /** Deletes an extent's file; durable on return. One that is gone already is fine. */
  async remove(extentId: ExtentId): Promise<void> {
    const entry = this.#open.get(extentId)
    if (entry !== undefined) this.#drop(extentId, entry)
    await this.#guard(extentId, async () => {
      await this.#disk.remove(pathOf(extentId)).catch((error: unknown) => {
        if (!(error instanceof DiskError) || error.code !== 'not-found') throw error
      })
      await this.#disk.syncFolder(FOLDER)
    })
  }

  async #guard<T>(extentId: ExtentId, act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      throw storageError(error, `extent ${extentId}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [extentId, entry] of this.#open) this.#drop(extentId, entry)
  }
}

function pathOf(extentId: ExtentId): string {
  return `${FOLDER}/${extentId}`
}
