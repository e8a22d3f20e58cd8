// The end of the record log: writes lines behind the last, durably. After a failed write nothing is sure
// of that file's end, so the next write goes to a new one.

import { assert } from '../../base/assert.ts'
import { DiskError } from '../../base/disk.ts'
import type { Disk, DiskFile } from '../../base/disk.ts'
import { STATUS_LOG_FILE_SIZE_BYTES_MAX } from '../../base/limits.ts'
import { StatusError } from '../status.ts'
import { logFile } from './load-log.ts'
import type { LoadedLog } from './load-log.ts'

interface Segment {
  readonly file: DiskFile
  readonly path: string
  /** Of what is durable. */
  sizeBytes: number
}

/** One write at a time. */
export class LogWriter implements AsyncDisposable {
  readonly #disk: Disk
  readonly #folder: string
  #last: LoadedLog['last']
  #index: number
  #segment: Segment | null = null

  constructor(disk: Disk, folder: string, { last, indexMax }: LoadedLog) {
    this.#disk = disk
    this.#folder = folder
    this.#last = last
    this.#index = indexMax
  }

  /** Durable when it resolves. @throws StatusError `full`, `unavailable` */
  async write(bytes: Buffer): Promise<void> {
    assert(bytes.length > 0, 'there is something to write')
    try {
      const segment = await this.#openSegment()
      await segment.file.write([bytes], segment.sizeBytes)
      segment.sizeBytes += bytes.length
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      if (error.code === 'exists') this.#index += 1 // one that could not be removed below
      await this.#giveUp()
      const code = error.code === 'full' ? 'full' : 'unavailable'
      throw new StatusError(code, `the record log cannot be written: ${error.message}`, error)
    }
  }

  async #openSegment(): Promise<Segment> {
    const open = this.#segment
    if (open !== null && open.sizeBytes < STATUS_LOG_FILE_SIZE_BYTES_MAX) return open
    if (open !== null) {
      this.#segment = null
      await open.file.close()
    }
    const last = this.#last
    this.#last = null
    if (last !== null) {
      const path = logFile(this.#folder, last.index)
      const file = await this.#disk.open(path, 'append')
      this.#segment = { file, path, sizeBytes: last.sizeBytes }
      return this.#segment
    }
    const path = logFile(this.#folder, this.#index + 1)
    const file = await this.#disk.create(path, 'append')
    this.#index += 1
    this.#segment = { file, path, sizeBytes: 0 }
    await this.#disk.syncFolder(this.#folder)
    return this.#segment
  }

  /** Takes back, as far as the disk lets it, what nobody was told was done. */
  async #giveUp(): Promise<void> {
    const segment = this.#segment
    this.#segment = null
    if (segment === null) return
    const { file, path, sizeBytes } = segment
    // What is left where this fails is a torn line or a record that nobody was told of: a start deals
    // with both.
    await passOver(async () => {
      await file.truncate(sizeBytes)
      await file.sync()
    })
    await passOver(async () => await file.close())
    if (sizeBytes > 0) return
    await passOver(async () => {
      await this.#disk.remove(path)
      this.#index -= 1 // names do not run out while a disk is full
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const segment = this.#segment
    this.#segment = null
    await segment?.file.close()
  }
}

async function passOver(act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
  }
}
