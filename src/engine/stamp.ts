// Versionstamps as 16 bytes whose order is theirs, and how they are compared.

import type { Versionstamp } from './mutation.ts'

/** Incarnation and sequence, eight bytes each, big-endian. */
export const STAMP_SIZE_BYTES = 16
/** Before the first commit of a fresh store. */
export const FIRST_INCARNATION = 1

/** Negative where `a` is before `b`, 0 where they are one. */
export function compareStamps(a: Versionstamp, b: Versionstamp): number {
  return a.incarnation === b.incarnation ? a.sequence - b.sequence : a.incarnation - b.incarnation
}

/** Writes a stamp; answers the offset behind it. */
export function writeStamp(stamp: Versionstamp, into: Buffer, offset: number): number {
  writeUint64(stamp.incarnation, into, offset)
  writeUint64(stamp.sequence, into, offset + 8)
  return offset + STAMP_SIZE_BYTES
}

export function readStamp(bytes: Buffer, offset: number): Versionstamp {
  return { incarnation: readUint64(bytes, offset), sequence: readUint64(bytes, offset + 8) }
}

/** A whole number below 2^53 as eight bytes, big-endian. */
export function writeUint64(value: number, into: Buffer, offset: number): void {
  into.writeUInt32BE(Math.floor(value / 0x1_0000_0000), offset)
  into.writeUInt32BE(value >>> 0, offset + 4)
}

/** The number at `offset`; inexact above 2^53, which no writer wrote. */
export function readUint64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32BE(offset) * 0x1_0000_0000 + bytes.readUInt32BE(offset + 4)
}

/** `incarnation.sequence`, as people read it. */
export function stampText(stamp: Versionstamp): string {
  return `${stamp.incarnation}.${stamp.sequence}`
}
