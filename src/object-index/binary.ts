// Writing and reading the fields of index records: a version byte first, a CRC-32 last, whole
// numbers big-endian, lengths before bytes. A reader never passes the record's end: it throws.

import { assert } from '../base/assert.ts'
import { ID_SIZE_BYTES } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { CRC_SIZE_BYTES, isSealed, sealRecord, seedOf } from './checksum.ts'
import { readUInt64, writeUInt64 } from './keys.ts'
import { ObjectIndexError, type Pairs } from './object-index.ts'
import { describeKey } from './describe-key.ts'

export const RECORD_SIZE_BYTES_MAX: number = 32 * 1024
export const LOCATION_SIZE_BYTES = 32
const HEX_PACKED = 0x80
const PACKED_PATTERN = /^(?:[0-9a-f]{2}){8,64}$/

/** Thrown for whatever does not carry its checksum or does not decode. */
export function corrupt(key: Buffer, why: string): ObjectIndexError {
  return new ObjectIndexError('corrupt', `${describeKey(key)}: ${why}`)
}

/** Whether that is what was thrown. */
export function isCorrupt(cause: unknown): boolean {
  return cause instanceof ObjectIndexError && cause.code === 'corrupt'
}

/** Fills one record at a time in memory of its own; `finish` answers a copy. */
export class RecordWriter {
  private readonly bytes: Buffer = Buffer.allocUnsafe(RECORD_SIZE_BYTES_MAX)
  private at = 0

  /** Starts a record of this version. */
  begin(version: number): this {
    this.at = 0
    return this.u8(version)
  }

  /** Bytes written so far. */
  get offset(): number {
    return this.at
  }

  /** Takes `count` bytes; these and the CRC must fit. */
  private room(count: number): number {
    const at = this.at
    this.at += count
    if (this.at + CRC_SIZE_BYTES > RECORD_SIZE_BYTES_MAX) {
      throw new RecordTooLargeError(`a record is at most ${RECORD_SIZE_BYTES_MAX} bytes`)
    }
    return at
  }

  u8(value: number): this {
    const at = this.room(1)
    this.bytes.writeUInt8(value, at)
    return this
  }

  u16(value: number): this {
    const at = this.room(2)
    this.bytes.writeUInt16BE(value, at)
    return this
  }

  u32(value: number): this {
    const at = this.room(4)
    this.bytes.writeUInt32BE(value, at)
    return this
  }

  u48(value: number): this {
    const at = this.room(6)
    this.bytes.writeUIntBE(value, at, 6)
    return this
  }

  u64(value: number): this {
    const at = this.room(8)
    writeUInt64(value, this.bytes, at)
    return this
  }

  /** Hex digits as bytes; `count` bytes of them. */
  hex(text: string, count: number): this {
    const at = this.room(count)
    const written = this.bytes.write(text, at, count, 'hex')
    assert(written === count && text.length === 2 * count, `${count} bytes as hex digits`)
    return this
  }

  id(id: string): this {
    return this.hex(id, ID_SIZE_BYTES)
  }

  /** At most 255 bytes, behind their count. */
  short(bytes: Uint8Array): this {
    this.u8(bytes.length)
    const at = this.room(bytes.length)
    this.bytes.set(bytes, at)
    return this
  }

  /** At most 65,535 bytes of UTF-8, behind their count. */
  text(text: string): this {
    const size = Buffer.byteLength(text)
    this.u16(size)
    const at = this.room(size)
    this.bytes.write(text, at, size, 'utf8')
    return this
  }

  /** An owner: 16 to 128 hex digits packed, else at most 127 bytes of text. */
  owner(id: string): this {
    if (PACKED_PATTERN.test(id)) {
      const size = id.length / 2
      return this.u8(HEX_PACKED | (size - 1)).hex(id, size)
    }
    const size = Buffer.byteLength(id)
    assert(size < HEX_PACKED, 'an owner id is at most 127 bytes')
    this.u8(size)
    const at = this.room(size)
    this.bytes.write(id, at, size, 'utf8')
    return this
  }

  pairs(pairs: Pairs): this {
    this.u8(pairs.length)
    for (const [name, value] of pairs) this.text(name).text(value)
    return this
  }

  locations(locations: readonly Location[]): this {
    this.u8(locations.length)
    for (const location of locations) this.location(location)
    return this
  }

  location(location: Location): this {
    return this.id(location.extentId)
      .u48(location.offset)
      .u16(location.headerSizeBytes)
      .u32(location.dataSizeBytes)
      .u32(location.checksum)
  }

  /** Patches a number written before. */
  patchU32(at: number, value: number): void {
    this.bytes.writeUInt32BE(value, at)
  }

  /** The record, sealed for this engine key. */
  finish(key: Uint8Array): Buffer {
    const record = Buffer.allocUnsafe(this.at + CRC_SIZE_BYTES)
    this.bytes.copy(record, 0, 0, this.at)
    sealRecord(record, seedOf(key))
    return record
  }
}

let shared: RecordWriter | null = null

/** Starts a record in the one writer of this thread; nothing else is written until `finish`. */
export function startRecord(version: number): RecordWriter {
  shared ??= new RecordWriter()
  return shared.begin(version)
}

/** More than a record can hold. Planned writes answer it as a refusal, never as a crash. */
export class RecordTooLargeError extends Error {
  override readonly name = 'RecordTooLargeError'
}

/** Reads a sealed record of the version it expects. */
export class RecordReader {
  private readonly key: Buffer
  private readonly bytes: Buffer
  private readonly end: number
  private at = 1

  /** @throws ObjectIndexError `corrupt` */
  constructor(key: Buffer, bytes: Buffer, version: number) {
    this.key = key
    this.bytes = bytes
    this.end = bytes.length - CRC_SIZE_BYTES
    if (!isSealed(bytes, seedOf(key))) throw corrupt(key, 'the record fails its checksum')
    if (bytes[0] !== version) throw corrupt(key, `the record has the unknown version ${bytes[0]}`)
  }

  private take(count: number): number {
    const at = this.at
    this.at += count
    if (this.at > this.end) throw corrupt(this.key, 'the record is too short')
    return at
  }

  get offset(): number {
    return this.at
  }

  /** Goes on at `offset`. */
  seek(offset: number): this {
    this.at = offset
    this.take(0)
    return this
  }

  u8(): number {
    return this.bytes.readUInt8(this.take(1))
  }

  u16(): number {
    return this.bytes.readUInt16BE(this.take(2))
  }

  u32(): number {
    return this.bytes.readUInt32BE(this.take(4))
  }

  u48(): number {
    return this.bytes.readUIntBE(this.take(6), 6)
  }

  u64(): number {
    const value = readUInt64(this.bytes, this.take(8))
    if (!Number.isSafeInteger(value)) throw corrupt(this.key, 'a number is over 2^53')
    return value
  }

  hex(count: number): string {
    const at = this.take(count)
    return this.bytes.toString('hex', at, at + count)
  }

  /** An id; its kind is the caller's to name. */
  id<T extends string>(): T {
    return this.hex(ID_SIZE_BYTES) as T
  }

  short(): Buffer {
    const size = this.u8()
    const at = this.take(size)
    return Buffer.from(this.bytes.subarray(at, at + size))
  }

  text(): string {
    const size = this.u16()
    const at = this.take(size)
    return this.bytes.toString('utf8', at, at + size)
  }

  owner(): string {
    const first = this.u8()
    if (first >= HEX_PACKED) return this.hex((first & 0x7f) + 1)
    const at = this.take(first)
    return this.bytes.toString('utf8', at, at + first)
  }

  pairs(): Pairs {
    const count = this.u8()
    const pairs: [string, string][] = []
    for (let index = 0; index < count; index += 1) pairs.push([this.text(), this.text()])
    return pairs
  }

  locations(): Location[] {
    const count = this.u8()
    const locations: Location[] = []
    for (let index = 0; index < count; index += 1) locations.push(this.location())
    return locations
  }

  location(): Location {
    return {
      extentId: this.id(),
      offset: this.u48(),
      headerSizeBytes: this.u16(),
      dataSizeBytes: this.u32(),
      checksum: this.u32(),
    }
  }

  /** Nothing may be left. */
  done(): void {
    if (this.at !== this.end) throw corrupt(this.key, 'the record has bytes behind its last field')
  }

  /** The error for a value that no writer wrote. */
  wrong(why: string): ObjectIndexError {
    return corrupt(this.key, why)
  }
}
