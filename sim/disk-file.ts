// An open file of a simulated process. As with the real one nothing is written or synced behind a
// durable write or a sync that failed, and a close waits for what is under way.

import { assert } from '../src/base/assert.ts'
import { assertAligned, DiskError } from '../src/base/disk.ts'
import type { DiskFile, OpenMode } from '../src/base/disk.ts'
import type { CallKind, DiskCalls } from './disk-calls.ts'
import type { DriveFile } from './drive-file.ts'
import type { InFlight } from './drive.ts'

interface Opened {
  readonly file: DriveFile
  readonly path: string
  readonly mode: OpenMode
}

export class SimDiskFile implements DiskFile {
  readonly #calls: DiskCalls
  readonly #opened: Opened
  #underWay = 0
  #isClosed = false
  #failure: DiskError | null = null
  #onIdle: (() => void) | null = null

  constructor(calls: DiskCalls, opened: Opened) {
    this.#calls = calls
    this.#opened = opened
  }

  async read(into: Uint8Array, offset: number): Promise<number> {
    return await this.#run('read', 'read', () => {
      if (this.#calls.drive.faults.strikes('read-error')) throw this.#io('read')
      return this.#opened.file.read(into, offset)
    })
  }

  async write(pieces: readonly Uint8Array[], offset: number): Promise<void> {
    const { mode, file } = this.#opened
    assert(mode !== 'read', 'a file opened for reading is not written')
    if (mode === 'direct') assertAligned(pieces, offset)
    this.#requireSure()
    const { drive } = this.#calls
    // The kernel reads the caller's memory when it gets to it: at once, or only at the end.
    const isEarly = drive.faults.random.chance(0.5)
    const flight: InFlight = { file, offset, bytes: Buffer.concat(pieces) }
    drive.inFlight.add(flight)
    drive.touch()
    const land = (): void => {
      drive.inFlight.delete(flight)
      this.#land(isEarly ? flight.bytes : Buffer.concat(pieces), offset)
    }
    await this.#run('write', 'write', land, () => this.#cut(flight))
  }

  /** A whole write, or one that fails. */
  #land(bytes: Buffer, offset: number): void {
    const { mode, file, path } = this.#opened
    const { drive } = this.#calls
    const isDurable = mode === 'append'
    const { faults } = drive
    const put = (part: Buffer): void => {
      if (isDurable) file.writeDurably(part, offset)
      else file.write(part, offset)
    }
    if (bytes.length > 0 && faults.strikes('write-error')) {
      file.write(bytes.subarray(0, faults.random.below(bytes.length + 1)), offset)
      throw this.#fail(isDurable, this.#io('write'))
    }
    const neededBytes = Math.max(0, offset + bytes.length - file.allocatedBytes)
    if (neededBytes > 0 && neededBytes > drive.freeBytes) {
      file.write(bytes.subarray(0, faults.random.below(bytes.length + 1)), offset)
      throw new DiskError('full', `write of ${path}: no room`)
    }
    if (bytes.length > 0 && path.startsWith('extents/') && faults.strikes('misdirected-write')) {
      this.#misdirect(bytes, offset)
      return
    }
    put(bytes)
  }

  #misdirect(bytes: Buffer, offset: number): void {
    const { path, file } = this.#opened
    const { drive } = this.#calls
    const wrong = drive.wrongPlace(path, file, bytes.length)
    const other = drive.file(wrong.path)
    other.writeDurably(bytes, wrong.offset)
    drive.noteDamage('misdirected-write', path, offset, bytes.length)
    drive.noteDamage('misdirected-write', wrong.path, wrong.offset, bytes.length)
  }

  /** Its process died in a write: what the kernel had begun goes on without it. */
  #cut(flight: InFlight): void {
    const { drive } = this.#calls
    if (!drive.inFlight.delete(flight)) return
    const { random } = drive.faults
    const count = random.pick([0, random.below(flight.bytes.length + 1), flight.bytes.length])
    if (count === 0) return
    drive.faults.note('cut-write')
    flight.file.write(flight.bytes.subarray(0, count), flight.offset)
  }

  async sync(): Promise<void> {
    this.#requireSure()
    const { file } = this.#opened
    const point = file.beginSync()
    this.#calls.drive.touch()
    await this.#run('sync', 'sync', () => {
      if (this.#calls.drive.faults.strikes('sync-error')) throw this.#fail(true, this.#io('sync'))
      file.endSync(point)
    })
  }

  async sizeBytes(): Promise<number> {
    return await this.#run('name', 'stat', () => this.#opened.file.sizeBytes)
  }

  async truncate(sizeBytes: number): Promise<void> {
    assert(this.#opened.mode !== 'read', 'a file opened for reading is not truncated')
    await this.#run('name', 'truncate', () => this.#opened.file.truncate(sizeBytes))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#underWay === 0) return
    await new Promise<void>((resolve) => {
      const before = this.#onIdle
      this.#onIdle = () => {
        before?.()
        resolve()
      }
    })
  }

  #io(what: string): DiskError {
    return new DiskError('io', `${what} of ${this.#opened.path} failed`)
  }

  #fail(isDurable: boolean, error: DiskError): DiskError {
    if (isDurable) this.#failure ??= error
    return error
  }

  #requireSure(): void {
    if (this.#failure === null) return
    const message = `nothing is written to ${this.#opened.path} behind a failure`
    throw new DiskError('io', message, this.#failure)
  }

  async #run<T>(kind: CallKind, what: string, effect: () => T, orphan?: () => void): Promise<T> {
    const { path } = this.#opened
    if (this.#isClosed) throw new DiskError('closed', `${what} of ${path}: it is closed`)
    this.#underWay++
    try {
      return await this.#calls.run(kind, `${what} ${path}`, effect, orphan)
    } finally {
      this.#underWay--
      if (this.#underWay === 0) this.#onIdle?.()
    }
  }
}
