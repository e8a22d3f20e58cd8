// The memory in which lmdb hands over each key and value, one buffer for each. Its encoders' hooks show
// us that memory, so that entries are looked at where they are, and copied only to be kept.

import { assert } from '../base/assert.ts'
import type { Entry, RangeRead } from './engine.ts'

/** What lmdb's iterator answers for an entry here: sizes in bytes, the bytes are in the memory. */
export interface EntrySizes {
  readonly key: number
  readonly value: number
}

/** Hooks for lmdb's `keyEncoder` and `encoder` options. */
export interface Codec {
  readonly keyEncoder: {
    readonly writeKey: (key: Uint8Array, target: Uint8Array, start: number) => number
    readonly readKey: (source: Uint8Array, start: number, end: number) => number
  }
  readonly encoder: {
    readonly encode: (value: Uint8Array) => Uint8Array
    readonly decode: (bytes: Uint8Array, size: number) => number
  }
}

/** Views are kept and used again for sizes up to this: making one costs as much as an entry. */
const KEPT_VIEW_SIZE_BYTES_MAX = 2048
const NOTHING: Buffer = Buffer.alloc(0)

export class SharedMemory {
  private readonly keys: Views = new Views()
  private readonly values: Views = new Views()
  /** The entry that a visitor looks at. */
  private lent: Buffer | null = null
  /** Size of the key that was lent last; its bytes stay until the next entry is asked for. */
  private lastKeySize = 0

  get isLent(): boolean {
    return this.lent !== null
  }

  codec(): Codec {
    return {
      keyEncoder: {
        writeKey: (key, target, start) => {
          target.set(key, start)
          return start + key.length
        },
        readKey: (source, start, end) => {
          this.keys.from(source, start)
          return end - start
        },
      },
      encoder: {
        encode: (value) => value,
        decode: (bytes, size) => {
          this.values.from(bytes, 0)
          return size
        },
      },
    }
  }

  /** Has `visit` look at the entry that lmdb answered last. */
  lend({ key, value }: EntrySizes, visit: RangeRead['visit']): ReturnType<RangeRead['visit']> {
    const lent = this.keys.of(key)
    this.lent = lent
    this.lastKeySize = key
    try {
      return visit(lent, this.values.of(value))
    } finally {
      this.lent = null
    }
  }

  /** Whether `to` lies behind the key that was lent last, in the direction of the page. */
  isAhead(to: Uint8Array, isReverse: boolean): boolean {
    const order = Buffer.compare(to, this.keys.of(this.lastKeySize))
    return isReverse ? order < 0 : order > 0
  }

  copyOf({ key, value }: EntrySizes): Entry {
    return { key: Buffer.from(this.keys.of(key)), value: Buffer.from(this.values.of(value)) }
  }

  /** A copy of a value that lmdb answered in its memory. */
  copyOfValue(bytes: Uint8Array): Buffer {
    this.values.from(bytes, 0)
    return Buffer.from(this.values.of(bytes.length))
  }
}

/** Views of one place in memory, by size. */
class Views {
  private readonly kept: (Buffer | undefined)[] = Array.from({
    length: KEPT_VIEW_SIZE_BYTES_MAX + 1,
  })
  private source: Uint8Array | null = null
  private bytes: Buffer = NOTHING

  /** The place is `source` from `offset` on; where it was, nearly always. */
  from(source: Uint8Array, offset: number): void {
    if (source === this.source) return
    assert(source.buffer !== this.bytes.buffer, 'lmdb answers in memory of its own')
    this.source = source
    this.bytes = Buffer.from(source.buffer, source.byteOffset + offset)
    this.kept.fill(undefined)
  }

  of(size: number): Buffer {
    if (size > KEPT_VIEW_SIZE_BYTES_MAX) return this.bytes.subarray(0, size)
    return (this.kept[size] ??= this.bytes.subarray(0, size))
  }
}
