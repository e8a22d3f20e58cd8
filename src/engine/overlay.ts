// What one batch has read and changed so far, over a driver's transaction, and what each of its
// commits sees of that. Changes are kept once a key: the last one wins, sums are added up.

import { assert } from '../base/assert.ts'
import type { Entry, KeyRange, Mutation, Overlay, Reads, Versionstamp } from './engine.ts'
import { asBuffer, keyBehind, keyText, lowerBound } from './key-text.ts'
import { checkKey, checkKeyRange } from './range.ts'
import { addSums, decodeSums, encodeSums } from './sum-record.ts'

/** What stands in the store below a batch. Values are the caller's to keep. */
export interface Base {
  get(key: Uint8Array): Buffer | null
  first(range: KeyRange): Entry | null
  last(range: KeyRange): Entry | null
}

/** A commit's mutations, which can be applied. */
export interface Changes {
  readonly mutations: readonly Mutation[]
  /** The text of each one's key. */
  readonly texts: readonly string[]
}

/** One key of a batch. */
export class Slot {
  readonly key: Uint8Array
  /** Whether the store below has the key. */
  readonly isInBase: boolean
  isChanged = false
  private content: Buffer | null
  /** The sums that `content` does not show yet. */
  private sums: readonly bigint[] | null = null

  constructor(key: Uint8Array, content: Buffer | null) {
    this.key = key
    this.content = content
    this.isInBase = content !== null
  }

  /** Null where there is no such key, or no more. */
  get value(): Buffer | null {
    if (this.sums !== null) {
      this.content = encodeSums(this.sums)
      this.sums = null
    }
    return this.content
  }

  set(value: Uint8Array | null): void {
    this.content = value === null ? null : asBuffer(value)
    this.sums = null
    this.isChanged = true
  }

  /** @throws EngineError `corrupt` */
  readSums(): readonly bigint[] {
    return this.sums ?? decodeSums(this.content)
  }

  add(deltas: readonly bigint[]): void {
    this.sums = addSums(this.readSums(), deltas)
    this.isChanged = true
  }
}

/** All of one batch. */
export class BatchOverlay {
  private readonly base: Base
  private readonly slots: Map<string, Slot> = new Map()
  /** Changed keys in order; made when a range is first asked for. */
  private order: string[] | null = null

  constructor(base: Base) {
    this.base = base
  }

  /** The slot of a key, read from the store where the batch has not met it. */
  slot(text: string, key: Uint8Array): Slot {
    let slot = this.slots.get(text)
    if (slot === undefined) {
      slot = new Slot(key, this.base.get(key))
      this.slots.set(text, slot)
    }
    return slot
  }

  /** Lays a commit's mutations over what is there; answers their size in bytes. */
  apply({ mutations, texts }: Changes): number {
    let sizeBytes = 0
    for (const [index, mutation] of mutations.entries()) {
      sizeBytes += mutation.key.length + (mutation.kind === 'set' ? mutation.value.length : 0)
      const text = texts[index] ?? keyText(mutation.key)
      const slot = this.slotToChange(text, mutation)
      if (!slot.isChanged && this.order !== null) {
        this.order.splice(lowerBound(this.order, text), 0, text)
      }
      if (mutation.kind === 'sum') slot.add(mutation.deltas)
      else slot.set(mutation.kind === 'set' ? mutation.value : null)
    }
    return sizeBytes
  }

  /** What a change is laid over need not be read; only sums are. */
  private slotToChange(text: string, mutation: Mutation): Slot {
    if (mutation.kind === 'sum') return this.slot(text, mutation.key)
    let slot = this.slots.get(text)
    if (slot === undefined) {
      slot = new BlindSlot(mutation.key)
      this.slots.set(text, slot)
    }
    return slot
  }

  first(range: KeyRange): Entry | null {
    const below = this.firstOfBase(range)
    const end = below === null ? keyText(range.end) : keyText(below.key)
    const order = this.sorted()
    for (let index = lowerBound(order, keyText(range.start)); index < order.length; index += 1) {
      const text = order[index] ?? ''
      if (text >= end) break
      const entry = this.entryOf(text)
      if (entry !== null) return entry
    }
    return below
  }

  last(range: KeyRange): Entry | null {
    const below = this.lastOfBase(range)
    const start = below === null ? keyText(range.start) : keyText(keyBehind(below.key))
    const order = this.sorted()
    for (let index = lowerBound(order, keyText(range.end)) - 1; index >= 0; index -= 1) {
      const text = order[index] ?? ''
      if (text < start) break
      const entry = this.entryOf(text)
      if (entry !== null) return entry
    }
    return below
  }

  /** The changed slots, each key once. */
  *changes(): Generator<Slot> {
    for (const slot of this.slots.values()) if (slot.isChanged) yield slot
  }

  private firstOfBase(range: KeyRange): Entry | null {
    let start = range.start
    for (;;) {
      const entry = this.base.first({ start, end: range.end })
      if (entry === null) return null
      const slot = this.slots.get(keyText(entry.key))
      if (slot === undefined || !slot.isChanged) return entry
      if (slot.value !== null) return { key: entry.key, value: slot.value }
      start = keyBehind(entry.key)
    }
  }

  private lastOfBase(range: KeyRange): Entry | null {
    let end = range.end
    for (;;) {
      const entry = this.base.last({ start: range.start, end })
      if (entry === null) return null
      const slot = this.slots.get(keyText(entry.key))
      if (slot === undefined || !slot.isChanged) return entry
      if (slot.value !== null) return { key: entry.key, value: slot.value }
      end = entry.key
    }
  }

  private entryOf(text: string): Entry | null {
    const slot = this.slots.get(text)
    const value = slot?.value ?? null
    return slot === undefined || value === null ? null : { key: asBuffer(slot.key), value }
  }

  private sorted(): string[] {
    if (this.order === null) {
      this.order = []
      for (const [text, slot] of this.slots) if (slot.isChanged) this.order.push(text)
      this.order.sort((a, b) => (a < b ? -1 : 1))
    }
    return this.order
  }
}

/** A key that is set or deleted without having been read. */
class BlindSlot extends Slot {
  override readonly isInBase = true

  constructor(key: Uint8Array) {
    super(key, null)
  }
}

/** What one commit sees: the reads that it names, and no more. */
export class CommitOverlay implements Overlay {
  readonly nowMs: number
  readonly versionstamp: Versionstamp
  private readonly batch: BatchOverlay
  private readonly named: Map<string, Slot> = new Map()
  private firsts: readonly KeyRange[] = []
  private lasts: readonly KeyRange[] = []

  constructor(batch: BatchOverlay, versionstamp: Versionstamp, nowMs: number) {
    this.batch = batch
    this.versionstamp = versionstamp
    this.nowMs = nowMs
  }

  /** Names more. */
  extend({ keys, firsts, lasts }: Reads): void {
    for (const key of keys ?? []) {
      checkKey(key)
      const text = keyText(key)
      this.named.set(text, this.batch.slot(text, key))
    }
    if (firsts !== undefined) this.firsts = [...this.firsts, ...checked(firsts)]
    if (lasts !== undefined) this.lasts = [...this.lasts, ...checked(lasts)]
  }

  /** Finds out that mutations can be applied, all of them. @throws EngineError `corrupt` */
  prepare(mutations: readonly Mutation[]): Changes {
    const texts = mutations.map(({ key }) => keyText(key))
    for (const [index, { key, kind }] of mutations.entries()) {
      if (kind !== 'sum') continue
      const text = texts[index] ?? ''
      const before = index === 0 ? undefined : mutations[texts.lastIndexOf(text, index - 1)]
      if (before === undefined) this.batch.slot(text, key).readSums()
      else if (before.kind === 'set') decodeSums(asBuffer(before.value))
    }
    return { mutations, texts }
  }

  get(key: Uint8Array): Buffer | null {
    return this.slot(key).value
  }

  sum(key: Uint8Array): readonly bigint[] {
    return this.slot(key).readSums()
  }

  first(range: KeyRange): Entry | null {
    assert(
      isNamed(range, this.firsts),
      'a range that decide asks the first of is one of its firsts',
    )
    return this.batch.first(range)
  }

  last(range: KeyRange): Entry | null {
    assert(isNamed(range, this.lasts), 'a range that decide asks the last of is one of its lasts')
    return this.batch.last(range)
  }

  private slot(key: Uint8Array): Slot {
    const slot = this.named.get(keyText(key))
    assert(slot !== undefined, 'a key that decide asks for is one of its keys')
    return slot
  }
}

function checked(ranges: readonly KeyRange[]): readonly KeyRange[] {
  ranges.forEach(checkKeyRange)
  return ranges
}

function isNamed(range: KeyRange, named: readonly KeyRange[]): boolean {
  return (
    named.includes(range) ||
    named.some(
      ({ start, end }) =>
        Buffer.compare(start, range.start) === 0 && Buffer.compare(end, range.end) === 0,
    )
  )
}
