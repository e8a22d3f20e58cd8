// Entries in key order, for the memory driver: sorted chunks of a bounded size, found by binary
// search. Keys are strings of their bytes (key-text.ts).

import { asBuffer, lowerBound } from './key-text.ts'

/** A full chunk is split in two. Insertion moves half of one; 256 measured best of 64 to 1,024. */
const CHUNK_ENTRIES_MAX = 256

interface Chunk {
  readonly texts: string[]
  readonly values: Buffer[]
}

/** A place in the order; `null` is behind the last or before the first entry. */
export interface Place {
  readonly text: string
  readonly value: Buffer
}

export class SortedEntries {
  private readonly chunks: Chunk[] = [{ texts: [], values: [] }]
  private count = 0

  get size(): number {
    return this.count
  }

  get(text: string): Buffer | null {
    const chunk = this.chunkOf(text)
    const index = lowerBound(chunk.texts, text)
    return chunk.texts[index] === text ? (chunk.values[index] ?? null) : null
  }

  /** Keeps `value` as it is: the caller changes it no more. */
  set(text: string, value: Uint8Array): void {
    const chunk = this.chunkOf(text)
    const index = lowerBound(chunk.texts, text)
    if (chunk.texts[index] === text) {
      chunk.values[index] = asBuffer(value)
      return
    }
    chunk.texts.splice(index, 0, text)
    chunk.values.splice(index, 0, asBuffer(value))
    this.count += 1
    if (chunk.texts.length > CHUNK_ENTRIES_MAX) this.split(chunk)
  }

  delete(text: string): void {
    const chunkIndex = this.chunkIndexOf(text)
    const chunk = this.chunks[chunkIndex]
    const index = lowerBound(chunk?.texts ?? [], text)
    if (chunk?.texts[index] !== text) return
    chunk.texts.splice(index, 1)
    chunk.values.splice(index, 1)
    this.count -= 1
    if (chunk.texts.length === 0 && this.chunks.length > 1) this.chunks.splice(chunkIndex, 1)
  }

  /** The first entry at or behind `text`. */
  atOrBehind(text: string): Place | null {
    const chunkIndex = this.chunkIndexOf(text)
    const index = lowerBound(this.chunks[chunkIndex]?.texts ?? [], text)
    return this.place(chunkIndex, index) ?? this.place(chunkIndex + 1, 0)
  }

  /** The last entry before `text`. */
  before(text: string): Place | null {
    const chunkIndex = this.chunkIndexOf(text)
    const index = lowerBound(this.chunks[chunkIndex]?.texts ?? [], text)
    return (
      this.place(chunkIndex, index - 1) ??
      this.place(chunkIndex - 1, (this.chunks[chunkIndex - 1]?.texts.length ?? 0) - 1)
    )
  }

  private place(chunkIndex: number, index: number): Place | null {
    const chunk = this.chunks[chunkIndex]
    const text = chunk?.texts[index]
    const value = chunk?.values[index]
    return text === undefined || value === undefined ? null : { text, value }
  }

  private split(chunk: Chunk): void {
    const half = chunk.texts.length >>> 1
    const upper = { texts: chunk.texts.splice(half), values: chunk.values.splice(half) }
    this.chunks.splice(this.chunks.indexOf(chunk) + 1, 0, upper)
  }

  private chunkOf(text: string): Chunk {
    return this.chunks[this.chunkIndexOf(text)] ?? { texts: [], values: [] }
  }

  /** The last chunk whose first entry is not behind `text`. */
  private chunkIndexOf(text: string): number {
    let from = 0
    let to = this.chunks.length - 1
    while (from < to) {
      const middle = (from + to + 1) >>> 1
      if ((this.chunks[middle]?.texts[0] ?? '') <= text) from = middle
      else to = middle - 1
    }
    return from
  }
}
