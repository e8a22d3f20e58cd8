// Which blobs of extents that were open the log has ever named, so that what it never named can be
// told from what was deleted since.

import { readId, type ExtentId } from '../base/id.ts'
import type { Mutation } from '../engine/engine.ts'
import { decodeExtentRecord } from './extent-record.ts'
import { KEY_START, SPACE } from './keys.ts'

/** Follows the log's mutations, and a checkpoint's records as sets of them. */
export class NamedBlobs {
  readonly #open: Map<ExtentId, Set<number>> = new Map()
  /** Extents whose lease was seen in the log: all that was ever named in them is known. */
  readonly #leased: Set<ExtentId> = new Set()

  /** `from` a checkpoint's record, or a log entry. */
  note(mutation: Mutation, from: 'checkpoint' | 'log'): void {
    const key = Buffer.from(mutation.key.buffer, mutation.key.byteOffset, mutation.key.length)
    if (key[0] === SPACE.extent) this.#noteExtent(key, mutation, from)
    if (key[0] !== SPACE.reverse || mutation.kind !== 'set') return
    this.#open.get(readId<ExtentId>(key, 1))?.add(key.readUIntBE(KEY_START, 6))
  }

  #noteExtent(key: Buffer, mutation: Mutation, from: 'checkpoint' | 'log'): void {
    const extentId = readId<ExtentId>(key, 1)
    const isOpen =
      mutation.kind === 'set' &&
      decodeExtentRecord(extentId, Buffer.from(mutation.value)).state === 'open'
    if (!isOpen) {
      this.#open.delete(extentId)
      this.#leased.delete(extentId)
      return
    }
    if (!this.#open.has(extentId)) this.#open.set(extentId, new Set())
    if (from === 'log') this.#leased.add(extentId)
  }

  /** Extents that were open in the end. */
  openExtents(): readonly ExtentId[] {
    return [...this.#open.keys()]
  }

  /** Open extents of which earlier log must be read to know all that was named in them. */
  incomplete(): ReadonlySet<ExtentId> {
    return new Set([...this.#open.keys()].filter((extentId) => !this.#leased.has(extentId)))
  }

  /** Notes what an entry from before the checkpoint named in these extents. */
  noteEarlier(mutation: Mutation, extentIds: ReadonlySet<ExtentId>): void {
    const key = Buffer.from(mutation.key.buffer, mutation.key.byteOffset, mutation.key.length)
    if (key.length < KEY_START) return
    const extentId = readId<ExtentId>(key, 1)
    if (!extentIds.has(extentId) || mutation.kind !== 'set') return
    if (key[0] === SPACE.extent) this.#leased.add(extentId)
    if (key[0] === SPACE.reverse) this.#open.get(extentId)?.add(key.readUIntBE(KEY_START, 6))
  }

  isNamed(extentId: ExtentId, offset: number): boolean {
    return this.#open.get(extentId)?.has(offset) ?? false
  }
}
