// An open file of a disk. Short reads and writes are continued; a file is closed when all that was
// under way has ended; behind a failed sync nothing is sure, so nothing more is written or synced.

import { close, fdatasync, fstat, ftruncate, read, write, writev } from 'node:fs'
import { promisify } from 'node:util'
import { assert } from '../base/assert.ts'
import { assertAligned, DiskError } from '../base/disk.ts'
import type { DiskFile, OpenMode } from '../base/disk.ts'
import { diskError } from './disk-error.ts'

const closeFd = promisify(close)
const syncFd = promisify(fdatasync)
const statFd = promisify(fstat)
const truncateFd = promisify(ftruncate)

export interface OpenedFile {
  readonly fd: number
  /** For reads: another descriptor where `fd` is direct, since reads need not be aligned. */
  readonly readFd: number
  readonly mode: OpenMode
  /** Relative, for messages. */
  readonly path: string
}

/** A file over descriptors that it owns. */
export class OpenFile implements DiskFile {
  readonly #opened: OpenedFile
  #underWay = 0
  #isClosed = false
  /** The sync or durable write that failed. */
  #failure: DiskError | null = null
  #onIdle: (() => void) | null = null
  #closing: Promise<void> | null = null

  constructor(opened: OpenedFile) {
    this.#opened = opened
  }

  async read(into: Uint8Array, offset: number): Promise<number> {
    return await this.#run('read', async () => {
      let done = 0
      while (done < into.length) {
        const count = await readAt(this.#opened.readFd, into, { done, offset })
        if (count === 0) break
        done += count
      }
      return done
    })
  }

  async write(pieces: readonly Uint8Array[], offset: number): Promise<void> {
    const { mode } = this.#opened
    assert(mode !== 'read', 'a file opened for reading is not written')
    if (mode === 'direct') assertAligned(pieces, offset)
    this.#requireSure()
    const isDurable = mode === 'append'
    await this.#run('write', async () => await writeAll(this.#opened.fd, pieces, offset), isDurable)
  }

  async sync(): Promise<void> {
    this.#requireSure()
    await this.#run('sync', async () => await syncFd(this.#opened.fd), true)
  }

  async sizeBytes(): Promise<number> {
    return await this.#run('stat', async () => (await statFd(this.#opened.fd)).size)
  }

  async truncate(sizeBytes: number): Promise<void> {
    assert(this.#opened.mode !== 'read', 'a file opened for reading is not truncated')
    await this.#run('truncate', async () => await truncateFd(this.#opened.fd, sizeBytes))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    // A descriptor closed under a call in a thread would be another file's by then.
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve))
    const { fd, path, readFd } = this.#opened
    try {
      if (readFd !== fd) await closeFd(readFd)
      await closeFd(fd)
    } catch (error) {
      throw diskError('close', path, error)
    }
  }

  #requireSure(): void {
    if (this.#failure === null) return
    const message = `nothing is written to ${this.#opened.path} behind a failure`
    throw new DiskError('io', message, this.#failure)
  }

  /** Runs a call of the kernel; where it made bytes durable, an I/O error is the file's last. */
  async #run<T>(what: string, call: () => Promise<T>, isDurable = false): Promise<T> {
    const { path } = this.#opened
    if (this.#isClosed) throw new DiskError('closed', `${what} of ${path}: it is closed`)
    this.#underWay += 1
    try {
      return await call()
    } catch (cause) {
      const error = diskError(what, path, cause)
      if (isDurable && (error.code === 'io' || what === 'sync')) this.#failure ??= error
      throw error
    } finally {
      this.#underWay -= 1
      if (this.#underWay === 0) this.#onIdle?.()
    }
  }
}

interface ReadPlace {
  readonly done: number
  readonly offset: number
}

function readAt(fd: number, into: Uint8Array, { done, offset }: ReadPlace): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, into, done, into.length - done, offset + done, (error, count) => {
      if (error === null) resolve(count)
      else reject(error)
    })
  })
}

async function writeAll(fd: number, pieces: readonly Uint8Array[], offset: number): Promise<void> {
  let rest = pieces.filter((piece) => piece.length > 0)
  let at = offset
  while (rest.length > 0) {
    const count = await writeAt(fd, rest, at)
    at += count
    rest = behind(rest, count)
  }
}

function writeAt(fd: number, pieces: readonly Uint8Array[], offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null, count: number): void => {
      if (error === null) resolve(count)
      else reject(error)
    }
    const [first] = pieces
    if (first !== undefined && pieces.length === 1)
      write(fd, first, 0, first.length, offset, settle)
    else writev(fd, pieces, offset, settle)
  })
}

/** What is left of `pieces` behind their first `count` bytes. */
export function behind(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  let skipped = 0
  for (const [index, piece] of pieces.entries()) {
    if (skipped + piece.length > count) {
      return [piece.subarray(count - skipped), ...pieces.slice(index + 1)]
    }
    skipped += piece.length
  }
  assert(skipped === count, 'no more is written than was given')
  return []
}
