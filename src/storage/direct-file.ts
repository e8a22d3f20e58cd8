// The file of a direct extent, as its streams share it. One sync runs at a time, for all who asked
// before it began: of two that run at once the kernel tells a lost write to one alone, and the other
// would vouch for bytes that are gone. A failure is the file's last: nothing is written or synced
// behind it.

import type { DiskFile } from '../base/disk.ts'
import type { ExtentId } from '../base/id.ts'
import { storageError } from './extent-files.ts'

export class DirectFile {
  readonly #extentId: ExtentId
  readonly #file: DiskFile
  #failure: { readonly cause: unknown } | null = null
  #syncing: Promise<void> | null = null
  #nextSync: Promise<void> | null = null

  constructor(extentId: ExtentId, file: DiskFile) {
    this.#extentId = extentId
    this.#file = file
  }

  /** Whether a write or sync failed, of whichever stream. */
  get isDead(): boolean {
    return this.#failure !== null
  }

  /** @throws the failure of a write or sync before */
  requireAlive(): void {
    if (this.#failure !== null) throw this.#failure.cause
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    await this.#last(async () => await this.#file.write([bytes], offset))
  }

  /** Makes durable what was written before the call. */
  async sync(): Promise<void> {
    this.#nextSync ??= this.#syncAfter(this.#syncing)
    await this.#nextSync
  }

  async #syncAfter(before: Promise<void> | null): Promise<void> {
    await before?.catch(() => undefined) // told to those who asked for it
    this.#syncing = this.#nextSync
    this.#nextSync = null
    await this.#last(async () => await this.#file.sync())
  }

  async #last(act: () => Promise<void>): Promise<void> {
    this.requireAlive()
    try {
      await act()
    } catch (error) {
      this.#failure ??= { cause: storageError(error, `extent ${this.#extentId}`) }
      throw this.#failure.cause
    }
  }

  async close(): Promise<void> {
    try {
      await this.#file.close()
    } catch (error) {
      throw storageError(error, `extent ${this.#extentId}`)
    }
  }
}
