// One file of the simulated drive: what readers see, and what of it a power cut may take back. A
// write that is not durable may be lost, whole or by sectors of 512 bytes, whatever came later.

import { assert } from '../src/base/assert.ts'
import type { Faults } from './faults.ts'

const SECTOR_SIZE_BYTES = 512
/** Room is taken in such steps. */
const STEP_SIZE_BYTES = 65_536

/** A change that a power cut may undo. */
interface Unsynced {
  readonly offset: number
  /** What stood there, and is there again when it is lost. */
  before: Buffer
  after: Buffer
}

/** What a sync that is under way will make durable. */
export interface SyncPoint {
  readonly changes: readonly Unsynced[]
  readonly sizeBytes: number
}

export class DriveFile {
  /** Longer than the file: its end is `#sizeBytes`, and zeros are behind that. */
  #bytes = Buffer.alloc(0)
  #sizeBytes = 0
  #durableSizeBytes = 0
  #unsynced: Unsynced[] = []

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Bytes that no power cut takes. */
  get durableSizeBytes(): number {
    return this.#durableSizeBytes
  }

  /** What it takes of the drive. */
  get allocatedBytes(): number {
    return Math.ceil(this.#sizeBytes / STEP_SIZE_BYTES) * STEP_SIZE_BYTES
  }

  read(into: Uint8Array, offset: number): number {
    const count = Math.max(0, Math.min(into.length, this.#sizeBytes - offset))
    if (count > 0) into.set(this.#bytes.subarray(offset, offset + count))
    return count
  }

  /** Writes; not durable before a sync that began behind it. */
  write(bytes: Buffer, offset: number): void {
    if (bytes.length === 0) return
    const end = offset + bytes.length
    this.#grow(end)
    const before = Buffer.from(this.#bytes.subarray(offset, end))
    this.#unsynced.push({ offset, before, after: bytes })
    bytes.copy(this.#bytes, offset)
    this.#sizeBytes = Math.max(this.#sizeBytes, end)
  }

  /**
   * Writes and syncs in one, as O_DSYNC does; what was written before elsewhere stays as unsure as it is,
   * and what was unsure here is so no more.
   */
  writeDurably(bytes: Buffer, offset: number): void {
    if (bytes.length === 0) return
    const end = offset + bytes.length
    this.#grow(end)
    bytes.copy(this.#bytes, offset)
    for (const change of this.#unsynced) {
      if (change.offset >= end || offset >= change.offset + change.after.length) continue
      change.before = overwritten(change.before, change.offset, bytes, offset)
      change.after = overwritten(change.after, change.offset, bytes, offset)
    }
    this.#sizeBytes = Math.max(this.#sizeBytes, end)
    this.#durableSizeBytes = Math.max(this.#durableSizeBytes, end)
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes < this.#sizeBytes) {
      const cut = Buffer.from(this.#bytes.subarray(sizeBytes, this.#sizeBytes))
      this.#unsynced.push({ offset: sizeBytes, before: cut, after: Buffer.alloc(cut.length) })
      this.#bytes.fill(0, sizeBytes, this.#sizeBytes)
    } else this.#grow(sizeBytes)
    this.#sizeBytes = sizeBytes
  }

  /** What a sync that begins now will make durable. */
  beginSync(): SyncPoint {
    return { changes: [...this.#unsynced], sizeBytes: this.#sizeBytes }
  }

  endSync({ changes, sizeBytes }: SyncPoint): void {
    const synced = new Set(changes)
    this.#unsynced = this.#unsynced.filter((change) => !synced.has(change))
    this.#durableSizeBytes = sizeBytes
  }

  /** A bit of durable data turns over. */
  flip(offset: number, bit: number): void {
    assert(offset < this.#durableSizeBytes, 'what is not durable yet is not there to rot')
    this.#bytes[offset] = (this.#bytes[offset] ?? 0) ^ (1 << bit)
  }

  /** Whether any byte of a range is not durable. */
  isUnsure(offset: number, lengthBytes: number): boolean {
    return this.#unsynced.some(
      (change) =>
        change.offset < offset + lengthBytes && offset < change.offset + change.after.length,
    )
  }

  /** The power goes, with `writing` under way: each sector that is not durable is old or new. */
  cutPower(faults: Faults, writing: readonly { bytes: Buffer; offset: number }[]): void {
    for (const { bytes, offset } of writing) this.write(bytes, offset)
    const changes = this.#unsynced.splice(0)
    const wantedSizeBytes = this.#sizeBytes
    for (const { offset, before } of changes.toReversed()) before.copy(this.#bytes, offset)
    let end = this.#durableSizeBytes
    let isEarlierLost = false
    for (const change of changes) {
      const kept = this.#keepSome(change, faults)
      end = Math.max(end, kept.end)
      if (kept.count > 0 && isEarlierLost) faults.note('reordered-write')
      isEarlierLost ||= kept.count < kept.total
      if (kept.count < kept.total) faults.note('lost-write')
      if (kept.count > 0 && kept.count < kept.total) faults.note('torn-write')
    }
    if (end < wantedSizeBytes && faults.random.chance(0.3)) end = wantedSizeBytes
    this.#grow(end)
    this.#bytes.fill(0, end)
    this.#sizeBytes = end
    this.#durableSizeBytes = end
  }

  /** Writes the sectors of a change that survive. */
  #keepSome(
    { offset, after }: Unsynced,
    { random }: Faults,
  ): { count: number; total: number; end: number } {
    // All, none, or each sector for itself: a coin a sector would hardly ever give all or none.
    const share = random.pick([0, 0.5, 0.9, 1])
    let count = 0
    let total = 0
    let end = 0
    for (let at = 0; at < after.length;) {
      const next = Math.min(
        after.length,
        at + SECTOR_SIZE_BYTES - ((offset + at) % SECTOR_SIZE_BYTES),
      )
      total++
      if (share === 1 || random.chance(share)) {
        after.copy(this.#bytes, offset + at, at, next)
        count++
        end = offset + next
      }
      at = next
    }
    return { count, total, end }
  }

  #grow(sizeBytes: number): void {
    if (sizeBytes <= this.#bytes.length) return
    const bytes = Buffer.alloc(Math.max(sizeBytes, 2 * this.#bytes.length, 4096))
    this.#bytes.copy(bytes)
    this.#bytes = bytes
  }
}

/** What stands at `at`, with `bytes` at `offset` over it where both are. */
function overwritten(stood: Buffer, at: number, bytes: Buffer, offset: number): Buffer {
  const changed = Buffer.from(stood)
  const start = Math.max(at, offset)
  bytes.copy(changed, start - at, start - offset)
  return changed
}
