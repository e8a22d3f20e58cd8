// Writing and reading compact records: whole numbers big-endian, so that they sort as bytes, and
// lengths before what they measure. A reader never passes the end; it throws what its owner gave.

import { assert } from './assert.ts'

const U8_MAX = 0xff
const U16_MAX = 0xffff
const U32_MAX = 0xffff_ffff
const U48_MAX = 0xffff_ffff_ffff
const U64_MAX = 0xffff_ffff_ffff_ffffn
const HIGH_UNIT = 0x1_0000_0000
/** Seven bits a byte: enough for every safe integer. */
const VARINT_SIZE_BYTES_MAX = 8

/**
 * Fills a buffer that grows and is used again for the next record. Not shared: one record at a
 * time. Numbers that do not fit are a programmer's error.
 */
export class ByteWriter {
  #bytes: Buffer
  #size = 0

  constructor(sizeBytes = 1024) {
    this.#bytes = Buffer.allocUnsafe(sizeBytes)
  }

  /** Bytes written since the last `reset`. */
  get sizeBytes(): number {
    return this.#size
  }

  /** Begins a record, in the place of the last one. */
  reset(): this {
    this.#size = 0
    return this
  }

  u8(value: number): this {
    assertFits(value, U8_MAX)
    const at = this.#take(1)
    this.#bytes[at] = value
    return this
  }

  u16(value: number): this {
    assertFits(value, U16_MAX)
    const at = this.#take(2)
    this.#bytes.writeUInt16BE(value, at)
    return this
  }

  u32(value: number): this {
    assertFits(value, U32_MAX)
    const at = this.#take(4)
    this.#bytes.writeUInt32BE(value, at)
    return this
  }

  u48(value: number): this {
    assertFits(value, U48_MAX)
    const at = this.#take(6)
    this.#bytes.writeUIntBE(value, at, 6)
    return this
  }

  /** Eight bytes of a number up to 2^53 - 1. */
  u64(value: number): this {
    assertFits(value, Number.MAX_SAFE_INTEGER)
    const at = this.#take(8)
    this.#bytes.writeUInt32BE(Math.floor(value / HIGH_UNIT), at)
    this.#bytes.writeUInt32BE(value % HIGH_UNIT, at + 4)
    return this
  }

  /** Eight bytes of a number up to 2^64 - 1. */
  u64big(value: bigint): this {
    assert(value >= 0n && value <= U64_MAX, 'a number fits its field')
    const at = this.#take(8)
    this.#bytes.writeBigUInt64BE(value, at)
    return this
  }

  /** One to eight bytes, lowest seven bits first, of a number up to 2^53 - 1 (LEB128). */
  varint(value: number): this {
    assertFits(value, Number.MAX_SAFE_INTEGER)
    let rest = value
    while (rest >= 0x80) {
      const at = this.#take(1)
      this.#bytes[at] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    const at = this.#take(1)
    this.#bytes[at] = rest
    return this
  }

  /** Bytes without their length. */
  raw(value: Uint8Array): this {
    const at = this.#take(value.length)
    this.#bytes.set(value, at)
    return this
  }

  /** Bytes behind their length, a varint. */
  sized(value: Uint8Array): this {
    return this.varint(value.length).raw(value)
  }

  /** A text in UTF-8 behind its length in bytes, a varint. */
  text(value: string): this {
    const size = Buffer.byteLength(value)
    this.varint(size)
    const at = this.#take(size)
    this.#bytes.write(value, at, 'utf8')
    return this
  }

  /** What was written, in place: valid until the next write or `reset`. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#size)
  }

  /** A copy of what was written, the caller's to keep. */
  copy(): Buffer {
    return Buffer.from(this.view())
  }

  #take(count: number): number {
    const at = this.#size
    this.#size += count
    if (this.#size <= this.#bytes.length) return at
    const grown = Buffer.allocUnsafe(Math.max(this.#size, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, at)
    this.#bytes = grown
    return at
  }
}

/** Reads what a `ByteWriter` wrote. Every read checks that it is there and throws `corrupt(why)`. */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #corrupt: (why: string) => Error
  #at = 0

  constructor(bytes: Uint8Array, corrupt: (why: string) => Error) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#corrupt = corrupt
  }

  /** Where the next read begins. */
  get offset(): number {
    return this.#at
  }

  /** Bytes not yet read. */
  get restBytes(): number {
    return this.#bytes.length - this.#at
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  u16(): number {
    return this.#bytes.readUInt16BE(this.#take(2))
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#take(4))
  }

  u48(): number {
    return this.#bytes.readUIntBE(this.#take(6), 6)
  }

  /** A number up to 2^53 - 1; a larger one is corrupt. */
  u64(): number {
    const at = this.#take(8)
    const value = this.#bytes.readUInt32BE(at) * HIGH_UNIT + this.#bytes.readUInt32BE(at + 4)
    if (!Number.isSafeInteger(value)) throw this.#corrupt(`a number at ${at} is too large`)
    return value
  }

  u64big(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8))
  }

  /** A number up to 2^53 - 1 in its shortest form; any other form is corrupt. */
  varint(): number {
    const start = this.#at
    let value = 0
    let unit = 1
    for (let count = 1; count <= VARINT_SIZE_BYTES_MAX; count += 1) {
      const byte = this.u8()
      value += (byte & 0x7f) * unit
      unit *= 0x80
      if (byte < 0x80) {
        const isShortest = byte !== 0 || count === 1
        if (isShortest && Number.isSafeInteger(value)) return value
        break
      }
    }
    throw this.#corrupt(`the number at ${start} is not in its shortest form or too large`)
  }

  /** The next `count` bytes, in place. */
  raw(count: number): Buffer {
    const at = this.#take(count)
    return this.#bytes.subarray(at, at + count)
  }

  /** Bytes behind their length, in place. */
  sized(): Buffer {
    return this.raw(this.varint())
  }

  /** A text behind its length; broken UTF-8 is corrupt. */
  text(): string {
    const start = this.#at
    const bytes = this.sized()
    const text = bytes.toString('utf8')
    if (text.includes('\ufffd') && !Buffer.from(text).equals(bytes)) {
      throw this.#corrupt(`the text at ${start} is not UTF-8`)
    }
    return text
  }

  /** Ends the reading: whatever is left over is corrupt. */
  end(): void {
    if (this.restBytes !== 0) throw this.#corrupt(`${this.restBytes} bytes too many`)
  }

  #take(count: number): number {
    const at = this.#at
    if (count > this.#bytes.length - at) {
      throw this.#corrupt(`ends at ${this.#bytes.length}, before ${at + count}`)
    }
    this.#at = at + count
    return at
  }
}

function assertFits(value: number, max: number): void {
  assert(Number.isSafeInteger(value) && value >= 0 && value <= max, 'a number fits its field')
}
