// The extents of a drive as files: one a piece in the folder `extents`, named by its id. Files that
// are read are kept open, the longest unused closed first, never one that is in use; and none that
// nobody reads for long, since the space of a removed file comes free when the last closes it.

import type { Clock, Timer } from '../base/clock.ts'
import { DiskError } from '../base/disk.ts'
import type { Disk, DiskErrorCode, DiskFile } from '../base/disk.ts'
import { parseId } from '../base/id.ts'
import type { ExtentId } from '../base/id.ts'
import { OPEN_EXTENT_IDLE_MS_MAX, OPEN_EXTENTS_MAX } from '../base/limits.ts'
import { StorageError, type StorageErrorCode } from './storage.ts'

const FOLDER = 'extents'

interface OpenFile {
  readonly file: Promise<DiskFile>
  uses: number
  usedAtMs: number
  isDropped: boolean
}

const CODES: Readonly<Record<DiskErrorCode, StorageErrorCode>> = {
  'not-found': 'missing',
  exists: 'io',
  full: 'full',
  io: 'io',
  closed: 'closed',
}

/** A disk's error as storage's; others as they are. */
export function storageError(error: unknown, what: string): unknown {
  if (!(error instanceof DiskError)) return error
  return new StorageError(CODES[error.code], `${what}: ${error.message}`, error)
}

export class ExtentFiles implements AsyncDisposable {
  readonly #disk: Disk
  readonly #clock: Clock
  /** Longest unused first. */
  readonly #open = new Map<ExtentId, OpenFile>()
  readonly #closing = new Set<Promise<void>>()
  #isFolderSure = false
  #timer: Timer | null = null
  #isClosed = false

  constructor(disk: Disk, clock: Clock) {
    this.#disk = disk
    this.#clock = clock
  }

  /** Makes an empty extent; its name is durable on return. @throws StorageError */
  async create(extentId: ExtentId): Promise<void> {
    await guard(`extent ${extentId}`, async () => {
      if (!this.#isFolderSure) {
        await this.#disk.makeFolder(FOLDER)
        await this.#disk.syncFolder('') // the folder's own name
        this.#isFolderSure = true
      }
      const file = await this.#disk.create(pathOf(extentId), 'append')
      try {
        await closing(file, async () => await file.sync())
        await this.#disk.syncFolder(FOLDER)
      } catch (error) {
        // Nobody has heard of it; on a full disk a new one would stay behind at each try.
        await this.#disk.remove(pathOf(extentId)).catch(() => undefined)
        throw error
      }
    })
  }

  /**
   * Opens an extent for its one writer, that has just been leased: one that has bytes already is
   * another writer's. @throws StorageError
   */
  async openEmpty(extentId: ExtentId, mode: 'append' | 'direct'): Promise<DiskFile> {
    return await guard(`extent ${extentId}`, async () => {
      const file = await this.#disk.open(pathOf(extentId), mode)
      let sizeBytes: number
      try {
        sizeBytes = await file.sizeBytes()
      } catch (error) {
        await file.close().catch(() => undefined)
        throw error
      }
      if (sizeBytes === 0) return file
      await file.close()
      const why = `it has ${sizeBytes} bytes of another writer, and is never continued`
      throw new StorageError('io', `extent ${extentId}: ${why}`)
    })
  }

  /** Runs `read` on an extent's file, kept open between calls. @throws StorageError */
  async use<T>(extentId: ExtentId, read: (file: DiskFile) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new StorageError('closed', 'storage is closed')
    const entry = this.#take(extentId)
    try {
      return await read(await entry.file)
    } catch (error) {
      throw storageError(error, `extent ${extentId}`)
    } finally {
      entry.uses--
      entry.usedAtMs = this.#clock.monotonicMs()
      this.#closeIfDone(entry)
    }
  }

  #take(extentId: ExtentId): OpenFile {
    const found = this.#open.get(extentId)
    const entry = found ?? {
      file: this.#disk.open(pathOf(extentId), 'read'),
      uses: 0,
      usedAtMs: 0,
      isDropped: false,
    }
    entry.uses++
    this.#open.delete(extentId) // and again at the end: the most recently used comes last
    this.#open.set(extentId, entry)
    if (found === undefined) {
      entry.file.catch(() => this.#drop(extentId, entry))
      this.#evict()
      this.#timer ??= this.#clock.after(OPEN_EXTENT_IDLE_MS_MAX, () => this.#sweep())
    }
    return entry
  }

  #evict(): void {
    for (const [extentId, entry] of this.#open) {
      if (this.#open.size <= OPEN_EXTENTS_MAX) return
      if (entry.uses === 0) this.#drop(extentId, entry)
    }
  }

  /** Closes what has been idle, and comes again while a file is open. */
  #sweep(): void {
    const sinceMs = this.#clock.monotonicMs() - OPEN_EXTENT_IDLE_MS_MAX
    for (const [extentId, entry] of this.#open) {
      if (entry.uses === 0 && entry.usedAtMs <= sinceMs) this.#drop(extentId, entry)
    }
    const isAgain = this.#open.size > 0
    this.#timer = isAgain ? this.#clock.after(OPEN_EXTENT_IDLE_MS_MAX, () => this.#sweep()) : null
  }

  #drop(extentId: ExtentId, entry: OpenFile): void {
    if (this.#open.get(extentId) === entry) this.#open.delete(extentId)
    if (entry.isDropped) return
    entry.isDropped = true
    this.#closeIfDone(entry)
  }

  #closeIfDone(entry: OpenFile): void {
    if (!entry.isDropped || entry.uses > 0) return
    // A file that was only read has nothing to lose by a close that fails.
    const closed = entry.file.then(async (file) => await file.close()).catch(() => undefined)
    this.#closing.add(closed)
    void closed.finally(() => this.#closing.delete(closed))
  }

  /** @throws StorageError */
  async list(): Promise<readonly ExtentId[]> {
    return await guard('the extents of the drive', async () => {
      await this.#disk.makeFolder(FOLDER)
      const names = await this.#disk.list(FOLDER)
      return names.map((name) => parseId<ExtentId>(name)).filter((id) => id !== null)
    })
  }

  /** Deletes an extent's file; durable on return. One that is gone already is fine. */
  async remove(extentId: ExtentId): Promise<void> {
    const entry = this.#open.get(extentId)
    if (entry !== undefined) this.#drop(extentId, entry)
    await guard(`extent ${extentId}`, async () => {
      await this.#disk.remove(pathOf(extentId)).catch((error: unknown) => {
        if (!(error instanceof DiskError) || error.code !== 'not-found') throw error
      })
      await this.#disk.syncFolder(FOLDER)
    })
  }

  /** Waits until every file is closed, those that are in use too. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#timer = null
    for (const [extentId, entry] of this.#open) this.#drop(extentId, entry)
    await Promise.all(this.#closing)
  }
}

/** Runs `act`, then closes `file`, whatever came of it. */
async function closing(file: DiskFile, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    await file.close().catch(() => undefined)
    throw error
  }
  await file.close()
}

async function guard<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw storageError(error, what)
  }
}

function pathOf(extentId: ExtentId): string {
  return `${FOLDER}/${extentId}`
}
